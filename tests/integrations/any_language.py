"""Columns of the matrix for clients that know nothing of crawlgate: one behind the proxy, one that asks the service."""

from __future__ import annotations

import base64
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from crawlgate import Refused
from tests.integrations.clients import AGENT, DECLARATION, HERE, Client
from tests.integrations.mitmproxy_env import Absent, proxy
from tests.serve.service import service

HEAD = 256 * 1024
"""What is shown of a body before the rest is read."""


class Told(Refused):
    """A refusal as it came over HTTP."""

    def __init__(self, answer: dict[str, Any]) -> None:
        Exception.__init__(self, answer["text"])
        reasons = [SimpleNamespace(criterion=criterion) for criterion in answer["reasons"]]
        basis = SimpleNamespace(verdict=answer["verdict"], reasons=reasons)
        self.decision: Any = SimpleNamespace(basis=basis, temporary=answer["temporary"], record=answer["record"])


class Proxied(Client):
    """Any client that takes a proxy; this one stands for curl and its like."""

    patience = 1.0  # the gate is in another process

    def open(self, options: dict[str, Any]) -> None:
        self.stack = ExitStack()
        declared = {name: getattr(DECLARATION, name) for name in ("operator", "token", "user_agent", "token_published")}
        told = {**options, "declaration": declared, "allow_addresses": HERE}
        try:
            behind = self.stack.enter_context(proxy(self.home.parent / "proxy", **told))
        except Absent as absent:
            pytest.skip(str(absent))
        self.client = self.stack.enter_context(httpx.Client(proxy=behind.url, follow_redirects=True, timeout=30))

    def get(self, url: str, **headers: str) -> tuple[int, bytes]:
        answer = self.client.get(url, headers=headers)
        if answer.headers.get("Proxy-Status", "").startswith("crawlgate"):
            assert answer.headers["Crawlgate-Record"] == answer.json()["record"]
            raise Told(answer.json())
        return answer.status_code, answer.content

    def close(self) -> None:
        self.stack.close()


class Sidecar(Client):
    """A client of its own making that asks the service: check, fetch one hop, inspect, say what became of it."""

    patience = 1.0  # the gate is in another thread

    def open(self, options: dict[str, Any]) -> None:
        self.stack = ExitStack()
        self.service = self.stack.enter_context(service(web=False, allow_addresses=HERE, **options))
        self.client = self.stack.enter_context(httpx.Client(timeout=30))

    def ask(self, question: str, **told: Any) -> dict[str, Any]:
        answer = self.service.post(f"/v1/{question}", told)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, url: str, **headers: str) -> tuple[int, bytes]:
        sent = {"User-Agent": AGENT, "Accept-Encoding": "gzip, deflate", **headers}
        manner = {"user_agent": sent["User-Agent"], "proxy": "direct"}
        for _ in range(20):
            self.go_on(self.ask("check", url=url, **manner))
            with self.client.stream("GET", url, headers=sent) as answer:
                chunks = answer.iter_bytes()
                body = b""
                for chunk in chunks:
                    body += chunk
                    if len(body) >= HEAD:
                        break
                shown, whole = base64.b64encode(body[:HEAD]).decode(), len(body) < HEAD
                lines = [*answer.headers.multi_items()]
                said = self.ask(
                    "inspect", url=url, status=answer.status_code, headers=lines, body=shown, whole=whole, **manner
                )
                self.go_on(said)
                body += b"".join(chunks)
            self.ask("outcome", record=said["record"], disposition="read", size=len(body))
            if not answer.has_redirect_location:
                return answer.status_code, body
            url = urljoin(url, answer.headers["location"])
        raise AssertionError("too many hops")

    def go_on(self, said: dict[str, Any]) -> None:
        if not said["proceed"]:
            if said["stage"] == "post_fetch":
                self.ask("outcome", record=said["record"], disposition="discarded")
            raise Told(said)

    def close(self) -> None:
        self.stack.close()
