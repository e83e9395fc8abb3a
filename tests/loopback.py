"""Names of test sites without DNS."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch


@contextmanager
def names(*, others: bool = True) -> Iterator[None]:
    """Every name under .test and .example is this machine; others are looked up as ever, or not at all."""
    look_up = socket.getaddrinfo

    def local(host: Any, port: Any = None, *given: Any, **named: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        if name and name.endswith((".test", ".example")):
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]
        if not others and name and not name.replace(".", "").isdigit():
            raise socket.gaierror(socket.EAI_NONAME, f"{name} is not looked up in tests")
        return look_up(host, port, *given, **named)

    with patch("socket.getaddrinfo", local):
        yield
