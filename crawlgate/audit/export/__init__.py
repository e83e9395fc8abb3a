"""The ledger as tables for other people's tools: SQLite, Parquet, CSV."""

from __future__ import annotations

from .run import FORMATS, Exported, export

__all__ = ["FORMATS", "Exported", "export"]
