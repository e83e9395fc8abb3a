"""Every kind of statement is described as it is: in `kinds.toml`, and from there in docs/signals.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import crawlgate
from crawlgate.inspection import inspect_document
from crawlgate.model import Signal
from crawlgate.signals import kinds

PACKAGE = Path(crawlgate.__file__).parent
KINDS = kinds.load()
DOCS = Path(__file__).parents[2] / "docs" / "signals.md"
HEAD = "| kind | where it stands | strength | can say | about | read by |\n|---|---|---|---|---|---|\n"


def table() -> str:
    """The table of docs/signals.md. `python -m tests.signals.test_kinds` prints it."""
    rows = [
        f"| `{kind.name}` | {kind.carrier} | {', '.join(kind.strength)} | {', '.join(kind.says)} | "
        f"{', '.join(kind.about)} | `{kind.file}` |\n"
        for kind in KINDS.values()
    ]
    return HEAD + "".join(rows)


def test_the_page_lists_every_kind_as_it_is() -> None:
    assert table() in DOCS.read_text("utf-8")


def test_every_kind_that_the_code_names_is_described() -> None:
    protocols = {kind.protocol for kind in KINDS.values()}
    named = set()
    for file in (*PACKAGE.glob("signals/*.py"), PACKAGE / "site.py", *PACKAGE.glob("cases/*.py")):
        found = re.findall(r'"((?:' + "|".join(protocols) + r')\.[a-z0-9_]+)"', file.read_text("utf-8"))
        named.update(found)
    # Names of another sort: a pattern of words, fields of a case, a file.
    assert named - {"licence.deal", "robots.txt", "robots.fetched_at", "robots.status"} <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_description_names_files_that_are_there(kind: kinds.Kind) -> None:
    for name in kind.file.split(", "):
        assert (PACKAGE / "signals" / name).exists() or (PACKAGE / name).exists(), name
    assert kind.en
    assert kind.ja
    assert kind.says
    assert kind.about


def described(signal: Signal) -> bool:
    kind = KINDS[signal.kind]
    return signal.strength in kind.strength and signal.polarity in kind.says and signal.purpose in kind.about


def test_every_statement_of_the_vectors_is_as_described() -> None:
    path = Path(__file__).parents[1] / "vectors" / "own.json"
    for case in json.loads(path.read_text("utf-8"))["cases"]:
        given = {**case["in"], **{name: case[name] for name in ("url", "token") if name in case}}
        if given.get("robots", "").startswith("same as"):
            continue
        for signal in inspect_document(given).signals:
            assert described(signal), (case["id"], signal)


if __name__ == "__main__":
    print(table())
