"""`crawlgate blocklist import`, as a person uses it."""

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from crawlgate import Declaration, Gate
from crawlgate.cli.main import cli
from crawlgate.testing import FakeWeb


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "list.txt"
    path.write_text("||pirate.example^\n@@||shop.pirate.example^\n||co.jp^\n||x.example^$third-party\n")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["blocklist", "import", *map(str, arguments)])


def test_import(listed: Path, tmp_path: Path) -> None:
    done = run(listed, "--vouched-by", "A. Reviewer", "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert done.stdout == f"{tmp_path / 'out' / 'entries.jsonl'}\n"
    for words in (
        "list.txt, read as adguard: 4 items in, 2 entries and 2 rejects out",
        "1 entry of these carve",
        "conditional: 1 reject",
        "public_suffix: 1 reject",
        "a public list, brought in by A. Reviewer; it holds and never denies",
    ):
        assert words in done.stderr


def test_as_json(listed: Path, tmp_path: Path) -> None:
    done = run(
        listed, "--vouched-by", "A. Reviewer", "--out", tmp_path / "out", "--json", "--format", "plain", "--issuer", "X"
    )
    assert done.exit_code != 0  # nothing of it is a plain line
    done = run(listed, "--vouched-by", "A. Reviewer", "--out", tmp_path / "out", "--json", "--issuer", "X")
    told = orjson.loads(done.stdout)
    assert (told["items"], told["entries"], told["rejected"], told["issuer"]) == (4, 2, 2, "X")
    assert told == orjson.loads((tmp_path / "out" / "import.json").read_bytes())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "o"], "--vouched-by"),
        (["--vouched-by", "A"], "--out"),
        (["--vouched-by", "A", "--out", "o", "--format", "hots"], "hots"),
        (["--vouched-by", "A", "--out", "o", "--column", "value"], "FIELD=NAME"),
    ],
)
def test_usage(listed: Path, arguments: list[str], words: str) -> None:
    done = run(listed, *(str(listed.parent / "o") if argument == "o" else argument for argument in arguments))
    assert done.exit_code == 2
    assert words in done.stderr


def test_an_imported_list_holds_and_is_called_public(listed: Path, tmp_path: Path) -> None:
    run(listed, "--vouched-by", "A. Reviewer", "--out", tmp_path / "out", "--issuer", "Some project")
    declared = Declaration(operator="Lab", token="ExampleBot", user_agent="ExampleBot/1", token_published=True)
    web = FakeWeb()
    with Gate(
        declared, home=tmp_path / "home", blocklists=[tmp_path / "out"], evidence_transport=web.transport()
    ) as gate:
        listed_site, like_it, excepted = (
            gate.check(url)
            for url in ("https://a.pirate.example/1", "https://pirate.test/", "https://shop.pirate.example/")
        )
    assert [d.verdict for d in (listed_site, like_it, excepted)] == ["review", "allow", "allow"]
    for decision in (listed_site, like_it, excepted):
        for lang in ("en", "ja"):
            said = decision.explain(lang)
            assert "rights holder" not in said.replace("no notice of a rights holder", "")
            assert "権利者" not in said.replace("権利者からの通知ではない", "")
    assert "a public list (Some project)" in listed_site.explain()
    assert "公開リスト（Some project）" in listed_site.explain("ja")
    c1 = excepted.basis.finding("C1")
    assert c1 is not None
    assert (c1.outcome, c1.reason, c1.params["exception"]) == ("not_met", "c1.excepted", "shop.pirate.example")
