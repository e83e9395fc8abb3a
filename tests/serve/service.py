"""A service in a thread of this process, on a real socket, over a gate whose policy files come from memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from crawlgate import Declaration
from crawlgate.serve import MeteredGate, Metrics, create_app
from crawlgate.serve.listening import Place, listen
from crawlgate.serve.running import configuration
from crawlgate.testing import FakeWeb

AGENT = "ExampleBot/1.0 (+https://lab.example/bot)"
DECLARATION = Declaration(operator="Example Lab", token="ExampleBot", user_agent=AGENT, token_published=True)
WEB = {
    "https://a.example/robots.txt": "User-agent: *\nDisallow: /private",
    "https://ai.example/robots.txt": "User-agent: GPTBot\nDisallow: /",
    "https://b.example/robots.txt": "User-agent: ExampleBot\nDisallow: /",
}


class Running:
    """A service at work: `client` talks to it, `gate` is behind it (of another thread: look, do not ask)."""

    def __init__(self, client: httpx.Client, gate: MeteredGate, home: Path, server: uvicorn.Server) -> None:
        self.client, self.gate, self.home, self.server = client, gate, home, server

    def post(self, path: str, table: Any, **options: Any) -> httpx.Response:
        return self.client.post(path, json=table, **options)

    def check(self, url: str, **manner: Any) -> Any:
        answer = self.post("/v1/check", {"url": url, **manner})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def metric(self, line: str) -> float:
        """The value of one series, 0 where it is not there."""
        text = self.client.get("/metrics").text
        return next(
            (float(value) for name, _, value in (row.rpartition(" ") for row in text.splitlines()) if name == line), 0
        )


@contextmanager
def service(home: Path, *, web: Any = None, app: Any = None, **options: Any) -> Iterator[Running]:
    """`app` are options of `create_app`, the others those of the gate."""
    made: dict[str, Any] = {}
    ready = threading.Event()
    listener = listen(Place(port=0), token=False)
    port = listener.getsockname()[1]

    async def main() -> None:
        metrics = Metrics()
        if web is not False:
            options.setdefault("evidence_transport", FakeWeb(WEB if web is None else web).transport())
        async with MeteredGate(DECLARATION, metrics, home=home, **options) as gate:
            server = uvicorn.Server(configuration(create_app(gate, metrics=metrics, **(app or {}))))
            made.update(gate=gate, server=server)
            ready.set()
            await server.serve([listener])

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            made["error"] = error
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="test-service", daemon=True)
    thread.start()
    assert ready.wait(10)
    if "error" in made:
        listener.close()
        raise made["error"]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            yield Running(client, made["gate"], home, made["server"])
    finally:
        made["server"].should_exit = True
        thread.join(20)
        assert not thread.is_alive()
    if "error" in made:
        raise made["error"]
