"""What a judgement rests on as bytes: the same rules, lists and evidence give the same bytes in every process, so that
they can be sent to workers once and told apart by their hash."""

from __future__ import annotations

import hashlib
import io
import pickle
from typing import Any

from .. import __version__
from ..criteria import CATALOGUE
from ..domains import psl_version
from ..signals import agents


def pack(value: object) -> bytes:
    """A value as bytes that depend on nothing but the value."""
    out = io.BytesIO()
    pickler = pickle.Pickler(out, protocol=5)
    pickler.fast = True  # a memo would tell equal strings from the same string
    pickler.dump(value)
    return out.getvalue()


def unpack(data: bytes) -> Any:
    """What was packed, in a process of one's own; never of bytes from elsewhere."""
    return pickle.loads(data)  # noqa: S301 - what the same job packed a moment ago


def fingerprint(data: bytes) -> str:
    """The sha256 of packed bytes and of the versions that read them."""
    versions = "\n".join((__version__, CATALOGUE.rule_pack, psl_version(), agents.load().version))
    return hashlib.sha256(versions.encode() + b"\n\n" + data).hexdigest()
