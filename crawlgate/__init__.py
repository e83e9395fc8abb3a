"""crawlgate: the gate that every fetch for AI-training collection passes."""

__version__ = "0.1.0"

from .batch import TableGate, judge_table
from .errors import ConfigError, CrawlgateError, Denied, FeedError, Held, LedgerError, Refused, UrlError
from .gate import AsyncGate, Gate
from .limits import DEFAULT_LIMITS, Limits
from .loaded import Blocklist
from .model import (
    Decision,
    Declaration,
    Evidence,
    Finding,
    Licence,
    Notice,
    Outcome,
    Polarity,
    Purpose,
    Signal,
    Stage,
    Use,
    Verdict,
)
from .permit import Permit

__all__ = [
    "DEFAULT_LIMITS",
    "AsyncGate",
    "Blocklist",
    "ConfigError",
    "CrawlgateError",
    "Decision",
    "Declaration",
    "Denied",
    "Evidence",
    "FeedError",
    "Finding",
    "Gate",
    "Held",
    "LedgerError",
    "Licence",
    "Limits",
    "Notice",
    "Outcome",
    "Permit",
    "Polarity",
    "Purpose",
    "Refused",
    "Signal",
    "Stage",
    "TableGate",
    "UrlError",
    "Use",
    "Verdict",
    "__version__",
    "judge_table",
]
