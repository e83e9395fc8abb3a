"""One tree of errors.

    CrawlgateError
      ConfigError          your declaration, profile, list or home directory; exit code 2
      UrlError             the URL offered cannot be asked about; carries a short `code`
      FeedError            a list or feed of rights holders cannot be read or trusted; exit code 3
      LedgerError          our disk: a record could not be written, so no answer was given
        LedgerInvalid      a ledger does not verify; exit code 3
      Refused              the answer was not allow; raised only at the edges (adapters), never in the core
        Denied             verdict deny
        Held               verdict review: a person decides before the fetch or before the body is used

A deny is an answer, not an error: `Gate.check` returns it. `Refused` exists because a client that wraps
the gate has no other way to stop a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Decision


class CrawlgateError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigError(CrawlgateError):
    """Something the user wrote cannot be used. The message names the key, the reason and the way out."""


class UrlError(CrawlgateError):
    """A URL that cannot be asked about.

    `code` is one of `no_scheme`, `unsupported_scheme`, `no_host`, `bad_host`, `bad_port`, `userinfo`,
    `ip_literal`, `too_long`, `not_a_url`, `not_text` (in tables); `url` is the offender with any password removed.
    """

    def __init__(self, code: str, message: str, url: str) -> None:
        super().__init__(message)
        self.code = code
        self.url = url

    def __reduce__(self) -> tuple[type[UrlError], tuple[str, str, str]]:
        return type(self), (self.code, str(self), self.url)


class FeedError(CrawlgateError):
    """A list of rights holders cannot be read, or does not verify."""


class LedgerError(CrawlgateError):
    """The ledger could not be written or read. `path` is the file or directory concerned."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path

    def __reduce__(self) -> tuple[type[LedgerError], tuple[str, str]]:
        return type(self), (str(self), self.path)


class LedgerInvalid(LedgerError):
    """A ledger does not verify; the message names the first bad place and why."""


class Refused(CrawlgateError):
    """The gate's answer was not allow. `decision` says why; `str()` of the error reads as one message."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.explain(not_assessed=False))
        self.decision = decision

    def __reduce__(self) -> tuple[type[Refused], tuple[Decision]]:
        return type(self), (self.decision,)


class Denied(Refused):
    """Verdict deny: the request was not sent, or its body was not handed out."""


class Held(Refused):
    """Verdict review: held until a person decides."""
