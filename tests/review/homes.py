"""A web on paper, gates on it, and a clock that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from crawlgate import Declaration, Gate

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
DECLARATION = Declaration(operator="Example Lab", token="ExampleBot", user_agent="ExampleBot/1.0", token_published=True)
ROBOTS = {
    "held.example": "User-agent: GPTBot\nDisallow: /\n",
    "news.held.example": "User-agent: CCBot\nDisallow: /\n",
    "shut.example": "User-agent: *\nDisallow: /\n",
}


class Moved:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def ticks(self) -> float:
        return (self.at - START).total_seconds()

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


class Web:
    """Answers robots.txt of the hosts above; counts what is asked of each host."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.host)
        if request.url.path == "/robots.txt":
            return httpx.Response(200, text=ROBOTS.get(request.url.host, ""))
        if request.url.path.startswith("/.well-known"):
            return httpx.Response(404)
        if request.url.path == "/refused":
            return httpx.Response(200, html="<head><title>a</title></head><p>AI学習禁止")
        return httpx.Response(200, html="<head><title>a</title></head><p>hello")


def gate(home: Path, clock: Moved, web: Web | None = None, **options: Any) -> Gate:
    return Gate(DECLARATION, home=home, clock=clock, evidence_transport=httpx.MockTransport(web or Web()), **options)


def lift(**changes: Any) -> dict[str, Any]:
    """Arguments of `decide` that lift B3 met on held.example for a month."""
    from crawlgate.model import Outcome, Verdict

    values: dict[str, Any] = {
        "effect": Verdict.ALLOW,
        "by": "R. Mori",
        "reason": "the publisher agreed in a letter",
        "scope": "host",
        "value": "held.example",
        "findings": {"B3": [Outcome.MET]},
        "until": START + timedelta(days=30),
    }
    return values | changes
