"""One rule for every client: the name that a library gives itself, which nobody chose, is replaced by the declared one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

from crawlgate.integrations.aiohttp import gate_middleware
from crawlgate.integrations.httpx import AsyncGateTransport, GateTransport
from crawlgate.integrations.httpx2 import AsyncGateTransport as AsyncGateTransport2
from crawlgate.integrations.httpx2 import GateTransport as GateTransport2
from crawlgate.integrations.requests import GateAdapter
from tests.integrations.clients import AGENT, Aiohttp, AsyncHttpx, Client, Httpx, Requests, started
from tests.webserver import Answer


class OwnHttpx(Httpx):
    def start(self) -> Any:
        return httpx.Client(transport=GateTransport(self.gate))


class OwnAsyncHttpx(AsyncHttpx):
    async def start(self) -> Any:
        return httpx.AsyncClient(transport=AsyncGateTransport(self.gate))


class OwnHttpx2(Httpx):
    def start(self) -> Any:
        return httpx2.Client(transport=GateTransport2(self.gate))


class OwnAsyncHttpx2(AsyncHttpx):
    async def start(self) -> Any:
        return httpx2.AsyncClient(transport=AsyncGateTransport2(self.gate))


class OwnRequests(Requests):
    def start(self) -> Any:
        session = requests.Session()
        session.mount("http://", GateAdapter(self.gate))
        return session


class OwnAiohttp(Aiohttp):
    async def start(self) -> Any:
        return aiohttp.ClientSession(middlewares=(gate_middleware(self.gate),))


OWN = [OwnHttpx, OwnAsyncHttpx, OwnHttpx2, OwnAsyncHttpx2, OwnRequests, OwnAiohttp]


@pytest.mark.parametrize("kind", OWN)
def test_the_name_that_nobody_chose_is_replaced_by_the_declared_one(kind: type[Client], tmp_path: Path) -> None:
    with started(kind, tmp_path) as start:
        client, site = start({"/p": Answer("tide")})
        assert client.get(f"{site}/p") == (200, b"tide")
        assert {hit.user_agent for hit in client.web.log} == {AGENT}
