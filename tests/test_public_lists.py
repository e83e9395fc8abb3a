"""A public list is never presented as a rights holder's list, in any output."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crawlgate import Blocklist, Declaration, Gate
from crawlgate.home import Home
from crawlgate.ledger.query import records
from crawlgate.lists import Lists
from crawlgate.testing import FakeWeb
from tests.cli.program import Run, run
from tests.cli.test_cli_blocklist_collect import Scene, scene

__all__ = ["run", "scene"]

DECLARATION = Declaration(operator="Lab", token="ExampleBot", user_agent="ExampleBot/1.0", token_published=True)
# How outputs say that something is not a rights holder's.
DENIED = re.compile(r"no notice of a rights holder|権利者からの通知では?ない|権利者からの通知でもない")
CLAIMED = re.compile(r"rights[ _-]holder|権利者", re.IGNORECASE)


def test_in_no_output(scene: Scene, run: Run, tmp_path: Path) -> None:
    """A file nobody checked, one that somebody vouches for, a signed feed that calls itself one, and a letter."""
    plain, vouched = tmp_path / "blp.txt", tmp_path / "ut1.txt"
    plain.write_text("plain-pirate.example\n")
    vouched.write_text("vouched-pirate.example\n")
    assert scene.add("--issuer-kind", "public", "--vouched-by", "A. R.").code == 0
    with Lists(".crawlgate") as lists:
        lists.add_notice(
            issuer="blog", issuer_kind="public", scope="host", value="noted-pirate.example", vouched_by="A. R."
        )
    lists_named = [plain, Blocklist(vouched, vouched_by="A. R.", verified=True)]
    hosts = ("plain-pirate.example", "vouched-pirate.example", "noted-pirate.example", "a.example")
    look_alikes = ("plain-pirate.test", "vouched-pirate2.example")
    web = FakeWeb()
    with Gate(DECLARATION, blocklists=lists_named, mode="observe", evidence_transport=web.transport()) as gate:
        asked = [gate.check(f"https://{host}/") for host in (*hosts, *look_alikes)]
        kept = gate.inspect(
            f"https://{hosts[1]}/x", status=200, headers={"content-type": "text/html"}, body=b"<p>x</p>"
        )
        gate.stored(kept, dataset="d", sha256="ab" * 32)
    assert [d.basis.finding("C1").reason for d in asked[:4]] == [  # type: ignore[union-attr]
        "c1.public_list",
        "c1.vouched",
        "c1.vouched",
        "c1.vouched",
    ]
    assert all(d.basis.finding("C2").reason.endswith("_public") for d in asked[4:])  # type: ignore[union-attr]

    outputs = {f"explain {lang}": "\n".join(d.explain(lang) for d in asked) for lang in ("en", "ja")}
    for lang in ("en", "ja"):
        for command in (
            ("ledger", "show", "--limit", "0", "--lang", lang),
            ("blocklist", "list", "--lang", lang),
            ("blocklist", "sweep", "--lang", lang),
            ("notice", "list", "--lang", lang),
            ("explain", asked[1].record, "--lang", lang),
            ("review", "list", "--lang", lang),
            ("inquire", hosts[1], "--lang", lang),
        ):
            done = run(*command)
            assert done.code in (0, 1), (command, done.err)
            outputs[" ".join(map(str, command))] = done.out
        assert run("report", "--out", f"report-{lang}.html", "--lang", lang).code == 0
        outputs[f"report {lang}"] = Path(f"report-{lang}.html").read_text()
    outputs["records"] = "\n".join(str(r.table) for r in records(Home(".crawlgate").ledger))
    assert sum("vouched-pirate.example" in text for text in outputs.values()) >= 10
    for name, text in outputs.items():
        for line in re.split(r"\n|</?(?:p|div|td|li|dd|dt|th|span)[^>]*>", text):
            assert not CLAIMED.search(DENIED.sub("", line)), (name, line[:400])


def test_a_list_at_hand_is_called_what_a_person_said(scene: Scene) -> None:
    scene.add("--issuer-kind", "rights_holder", "--vouched-by", "A. R.")
    assert "a rights holder's, checked by A. R." in scene.run("list").out


@pytest.mark.parametrize("kind", ["public", "unstated"])
def test_nobody_vouches(scene: Scene, kind: str) -> None:
    scene.add("--issuer-kind", kind)
    with Gate(DECLARATION, evidence_transport=FakeWeb().transport()) as gate:
        asked = gate.check("https://a.example/")
    assert asked.verdict == "review"
    assert "Rights Holders" not in asked.explain()
