"""The end of a stream of HTTP/2 whose rest is not wanted, for httpx, httpx2 and what is built on them.

Their httpcore drops such a stream without a word to the server (as of 1.0.9), which sends on until the stream's window
is full. The stream counts as open ever after, and what came of it against the window of the connection: after a hundred
streams, or 16 MB, nothing goes over that connection any more. So the server is told (RST_STREAM, RFC 9113 6.4), and
what came is given back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio

_CANCEL = 8  # RFC 9113 7
_WRAPPED = ("_stream", "_httpcore_stream")
_DEPTH = 8
_PATIENCE = 1.0


def let_go(stream: Any) -> None:
    """End `stream`, the one of a response that is about to be closed, if it is one of HTTP/2 and not at its end. Never
    raises: a connection that is gone ended it as well."""
    with suppress(Exception):
        inner = _reset(stream)
        if inner is not None:
            inner._connection._write_outgoing_data(inner._request)


async def alet_go(stream: Any) -> None:
    """As `let_go`, for an async stream; also in a task that was cancelled."""
    with suppress(Exception):
        inner = _reset(stream)
        if inner is not None:
            with anyio.move_on_after(_PATIENCE, shield=True):
                await inner._connection._write_outgoing_data(inner._request)


def _reset(stream: Any) -> Any:
    """httpcore's stream, with what has to be sent ready in its connection; None where there is nothing to be said."""
    for _ in range(_DEPTH):
        if hasattr(stream, "_stream_id"):
            break
        stream = next((getattr(stream, name) for name in _WRAPPED if hasattr(stream, name)), None)
    if not hasattr(stream, "_stream_id") or stream._closed:
        return None
    number, state = stream._stream_id, stream._connection._h2_state
    unread = sum(getattr(event, "flow_controlled_length", 0) for event in stream._connection._events.get(number, ()))
    if unread:
        state.acknowledge_received_data(unread, number)
    state.reset_stream(number, _CANCEL)  # `StreamClosedError` where all of it came
    return stream
