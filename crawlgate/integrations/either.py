"""One code for a library that comes with an async face and a blocking one."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def now_or_later(result: Any) -> Any:
    """What a call of an async face is going to give, or one of a blocking face gave."""
    return await result if inspect.isawaitable(result) else result


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that has nothing to wait for, as every call of the blocking API."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("a blocking call waited")  # pragma: no cover
