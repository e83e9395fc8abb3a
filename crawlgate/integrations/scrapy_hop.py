"""One request under way behind the gate, and what Scrapy's signals show of its answer while it comes in."""

from __future__ import annotations

import sys
from collections.abc import Callable

from scrapy.exceptions import StopDownload
from scrapy.http import Headers, Request

from ..errors import Refused
from ..permit import Permit
from .body import HeadReader

_FRAMES = 12


class Hop:
    """A permit, and how much of the response it was shown. `refused`: the download is to be stopped; `fault`: what
    went wrong in a signal's handler, where Scrapy would log it and go on."""

    __slots__ = ("fault", "permit", "reader", "refused", "seen")

    def __init__(self, permit: Permit) -> None:
        self.permit = permit
        self.reader: HeadReader | None = None
        self.seen = self.refused = False
        self.fault: Exception | None = None

    def see_headers(self, status: int, headers: Headers, method: str) -> None:
        self.seen = True
        if self.permit.see_headers(status, headers, method=method):
            self.reader = HeadReader(self.permit)

    def see_bytes(self, data: bytes) -> None:
        if self.reader is not None and self.reader.feed(data):
            self.reader.judge(whole=False)
            self.reader = None

    def stop_unless_good(self, look: Callable[[], None]) -> None:
        """Raise `StopDownload` where what `look` showed is refused; not while a page or a licence is to be read."""
        try:
            look()
            if self.reader is None and self.permit.named_documents() is None:
                self.permit.enforce()
        except Refused:
            self.refused = True
        except Exception as error:
            self.fault = error
        if self.refused or self.fault is not None:
            raise StopDownload(fail=True)


def stays(request: Request) -> bool:
    """True for a request that does not leave the machine."""
    return request.url[:5].lower() in ("data:", "file:")


def status_announced() -> int | None:
    """The status of the response whose headers are announced. Scrapy's signal leaves it out, and a body must not be
    waited for to learn it; the download handler that sends the signal has it at hand. None if it has not: the
    response is judged when it is whole."""
    frame = sys._getframe(1)
    for _ in range(_FRAMES):
        if frame is None:
            break
        local = frame.f_locals
        for holder, name in (("txresponse", "code"), ("response", "status_code"), ("response", "status")):
            status = getattr(local.get(holder), name, None)
            if isinstance(status, int):
                return status
        frame = frame.f_back  # type: ignore[assignment]
    return None
