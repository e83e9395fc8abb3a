"""One archive for a court or a counterpart: records, what they rest on, proofs, and the means to check all of it."""

from __future__ import annotations

from .make import Bundled, bundle

__all__ = ["Bundled", "bundle"]
