"""Extras install alone: each brings the package of its integration and no other client, by pyproject.toml and by what the
installed packages say of themselves. `.ci/extras.py` installs them for real."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
TOGETHER = ("all", "test")
INTEGRATIONS = {extra for extra in EXTRAS if (ROOT / "crawlgate" / "integrations" / f"{extra}.py").exists()}
CLIENTS = ("aiohttp", "crawlee", "httpx2", "mitmproxy", "playwright", "requests", "scrapy")
"""Those that fetch; pipelines bring clients of their own."""
BY_THEMSELVES = {"scrapy": {"aiohttp"}}
"""What a client's own package wants."""


def named(extra: str) -> list[Requirement]:
    """The requirements of an extra, those of the extras it is made of among them."""
    found = []
    for line in EXTRAS[extra]:
        requirement = Requirement(line)
        if requirement.name == PROJECT["name"]:
            found += [inner for other in sorted(requirement.extras) for inner in named(other)]
        else:
            found.append(requirement)
    return found


def closure(requirements: list[Requirement]) -> set[str]:
    """Names of all packages that come with these, as far as they are installed here."""
    seen: set[tuple[str, str]] = set()
    left = [(requirement, "") for requirement in requirements]
    while left:
        requirement, extra = left.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                left += [(Requirement(line), wanted) for line in requires(name) or ()]
    return {name for name, _ in seen}


def brought_by_itself(extra: str) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in named(extra)}


@pytest.mark.parametrize("extra", sorted(set(EXTRAS) - set(TOGETHER)))
def test_an_extra_names_no_package_of_another_integration(extra: str) -> None:
    assert named(extra)
    for other in INTEGRATIONS - {extra}:
        (package, *_) = [r.name for r in named(other) if r.name not in brought_by_itself("audit")]
        assert canonicalize_name(package) not in brought_by_itself(extra), other


@pytest.mark.parametrize("extra", CLIENTS)
def test_a_client_brings_no_other_client(extra: str) -> None:
    """But for `requests`, which a package of the core wants and nothing of ours imports (docs/dependencies.md)."""
    assert extra in EXTRAS
    try:
        core = closure([Requirement(line) for line in PROJECT["dependencies"]])
        brought = closure(named(extra))
    except PackageNotFoundError as absent:
        pytest.skip(f"{absent} is not installed beside the tests; .ci/extras.py installs it")
    assert core & set(CLIENTS) == {"requests"}
    assert (brought - (core - {extra})) & set(CLIENTS) == {extra} | BY_THEMSELVES.get(extra, set())


def test_spark_brings_what_its_arrow_functions_want() -> None:
    """pyspark alone leaves out pandas and pyarrow, without which `mapInArrow` refuses to work."""
    try:
        wanted = [Requirement(line) for line in requires("pyspark") or ()]
    except PackageNotFoundError:
        pytest.skip("pyspark is not installed beside the tests; .ci/extras.py installs it")
    names = {canonicalize_name(one.name) for one in wanted if one.marker and one.marker.evaluate({"extra": "sql"})}
    assert "pandas" in names
    assert names <= brought_by_itself("spark")


def test_all_holds_every_extra_that_lives_beside_the_others() -> None:
    assert brought_by_itself("all") == {
        name for extra in set(EXTRAS) - {*TOGETHER, "mitmproxy", "ray", "spark"} for name in brought_by_itself(extra)
    }


@pytest.mark.parametrize("extra", [*CLIENTS, "serve"])
def test_what_an_extra_brings_is_bounded_and_has_its_reason(extra: str) -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    for requirement in named(extra):
        assert requirement.specifier, requirement
        assert f"{requirement.name} " in reasons or f"{requirement.name}," in reasons, requirement.name
