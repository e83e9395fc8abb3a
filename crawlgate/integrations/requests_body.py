"""The body of a response of requests as released, in the shape that urllib3 gives it."""

from __future__ import annotations

import io
from collections.abc import Generator
from functools import partial

from urllib3 import HTTPResponse

from .body import Tally

CHUNK = 64 * 1024


class Body:
    """The beginning that was held back, then the rest as it comes; tallied on the way."""

    def __init__(self, inner: HTTPResponse, held: list[bytes], tally: Tally) -> None:
        self._inner, self._held, self._tally = inner, io.BytesIO(b"".join(held)), tally
        self.closed = False

    def read(self, amount: int | None = None) -> bytes:
        if amount is None or amount < 0:
            return b"".join(iter(partial(self.read, CHUNK), b""))
        try:
            data = self._held.read(amount) or self._inner.read1(amount, decode_content=False) or b""
        except BaseException:
            self._tally.end(complete=False)
            raise
        if not data and amount:
            self._tally.end(complete=True)
            self.closed = True
        return self._tally.add(data)

    read1 = read

    def close(self) -> None:
        """The rest is not wanted, unless there is none."""
        if self._held.closed:  # collected with everything around it
            beyond = not self.closed
        else:
            beyond = self._held.tell() < len(self._held.getbuffer()) or not self._inner.closed
        self._tally.end(complete=not beyond)
        self._inner.close()
        self._inner.release_conn()
        self.closed = True


class Released(HTTPResponse):
    """A response as released. A chunked body is handed on as it comes, as urllib3 does."""

    def __init__(self, inner: HTTPResponse, body: Body, method: str | None) -> None:
        self._as_it_comes = inner.chunked
        super().__init__(
            body=body,  # type: ignore[arg-type]
            headers=inner.headers,
            status=inner.status,
            version=inner.version,
            reason=inner.reason,
            preload_content=False,
            decode_content=inner.decode_content,
            original_response=inner._original_response,  # requests takes cookies from it
            retries=inner.retries,
            enforce_content_length=False,  # the inner one does
            request_method=method,
            request_url=inner.geturl(),
            sock_shutdown=inner._sock_shutdown,
        )

    def read_chunked(self, amt: int | None = None, decode_content: bool | None = None) -> Generator[bytes, None, None]:
        """As in urllib3; the inner one has taken off what frames the chunks."""
        yield from iter(partial(self.read1, amt, decode_content), b"")

    def stream(self, amt: int | None = 2**16, decode_content: bool | None = None) -> Generator[bytes, None, None]:
        if self._as_it_comes:
            yield from self.read_chunked(amt, decode_content)
        else:
            yield from super().stream(amt, decode_content)
