"""The permit of a gate that only observes, for a URL that cannot be asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .model import Decision
from .permit import Permit

if TYPE_CHECKING:
    from .core import Core


class Unjudged(Permit):
    """The refusal is on record, and the client goes its own way with the request as it stands, if it can send it at
    all. What comes back is not judged; that it came is recorded."""

    __slots__ = ()

    judged = False

    def __init__(self, core: Core, decision: Decision) -> None:
        self._core = core
        self.decision = decision
        self._received = None

    def enough(self, beginning: bytes) -> bool:  # noqa: ARG002
        return True

    def see_headers(
        self,
        status: int,
        headers: Any,  # noqa: ARG002
        *,
        method: str = "GET",  # noqa: ARG002
        media: bytes = b"",  # noqa: ARG002
        whole: bool = True,  # noqa: ARG002
    ) -> bool:
        """Record that an answer came; there is no page to be shown."""
        decision = self.conclude()
        self._core.outcome(decision, {"disposition": "passed_on", "status": status})
        if self._received is not None:
            self._core.received(decision, self._received)
        return False

    def named_documents(self) -> None:
        return None

    def conclude(self) -> Decision:
        """The refusal."""
        assert self.decision is not None  # noqa: S101 - it is made with one
        return self.decision

    def enforce(self) -> None:
        """Nothing is enforced."""
