"""Each integration needs its own package and no other, and says so where it is not there."""

from __future__ import annotations

import subprocess
import sys

import pytest

CLIENTS = ("httpx2", "requests", "aiohttp", "scrapy", "crawlee", "playwright")
PIPELINES = ("dagster", "datasets", "datatrove", "duckdb", "polars", "ray")
PROXY = "mitmproxy"


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", [*CLIENTS, PROXY, *PIPELINES])
def test_a_missing_package_is_told_with_its_extra(name: str) -> None:
    code = (
        f"import sys; sys.modules[{name!r}] = None\n"
        "from crawlgate import ConfigError\n"
        "try:\n"
        f"    import crawlgate.integrations.{name}\n"
        "except ConfigError as error:\n"
        "    assert isinstance(error, ImportError)\n"
        "    print(error)\n"
    )
    assert f"pip install 'crawlgate[{name}]" in python(code)


@pytest.mark.parametrize("name", CLIENTS)
def test_an_integration_loads_no_other_client(name: str) -> None:
    others = [*(other for other in CLIENTS if other != name), "crawlgate.integrations.httpx"]
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({others}))\nimport crawlgate.integrations.{name}; print('fine')"
    )
    assert python(code) == "fine\n"
