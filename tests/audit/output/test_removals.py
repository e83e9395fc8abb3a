"""The removal list: what puts a row out, split by what was known at its fetch; and nothing else is on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.model import IssuerKind, Outcome, Override, Verdict
from tests.audit.output.audits import CLOSED, DAY, OPEN, START, Scene, notice, robots


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_notice_is_split_by_what_was_known_at_the_fetch(scene: Scene) -> None:
    scene.evidence = [robots("a.example", days, OPEN) for days in (0, 2, 4, 6)]
    scene.notices = [notice("a.example", 3, listed_at=START + 2 * DAY, effective_at=START + 5 * DAY)]
    for path, days in (("1", 0.5), ("2", 2.5), ("3", 4.5), ("4", 6.5)):
        scene.row(f"https://a.example/{path}", days)
    scene.row("https://b.example/", 0.5)
    summary = scene.audit().summary
    assert scene.said() == [
        ("a.example/1", "notice", "deny", "before_receipt", "C3=met"),
        ("a.example/2", "notice", "deny", "before_receipt", "C3=met"),
        ("a.example/3", "notice", "deny", "between_receipt_and_load", "C1=met"),
        ("a.example/4", "notice", "deny", "after_load", "C1=met"),
    ]
    rows = scene.removals()
    assert [row["published"] for row in rows] == [False, True, False, False]
    assert {(row["notice"], row["list"], row["issuer"], row["received_at"]) for row in rows} == {
        ("n-a.example", "press version 1", "Press Association", START + 3 * DAY)
    }
    assert summary["removals"]["by_known"] == {"before_receipt": 2, "between_receipt_and_load": 1, "after_load": 1}
    assert summary["removals"]["by_list"] == {"press version 1": 4}
    assert summary["known_until"] == (START + 6 * DAY).isoformat()


def test_a_notice_of_places_speaks_of_its_places(scene: Scene) -> None:
    scene.notices = [
        notice("a.example", 3, scope="path_prefix", path_prefix="/x"),
        notice("https://a.example/x/9", 4, scope="url"),
    ]
    for path in ("x/1", "y", "x/9"):
        scene.row(f"https://a.example/{path}", 1)
    scene.audit()
    assert [(row["row"], row["notice"]) for row in scene.removals()] == [(0, "n-a.example"), (2, "n-a.example")]


def test_an_unverified_notice_holds_and_one_that_ended_does_nothing(scene: Scene) -> None:
    scene.notices = [
        notice("a.example", 3, issuer_verified=False),
        notice("b.example", 3, withdrawn_at=START + 4 * DAY),
        notice("c.example", 3, expires_at=START + 4 * DAY),
        notice("d.example", 3, issuer_kind=IssuerKind.PUBLIC, issuer_verified=False),
        replace(notice("e.example", 3), received_at=None, effective_at=None, listed_at=START),
    ]
    for host in "abcde":
        scene.row(f"https://{host}.example/", 1)
    scene.audit()
    assert scene.said() == [
        ("a.example/", "notice", "review", "before_receipt", "C3=needs_human"),
        ("d.example/", "notice", "review", "before_receipt", "C3=needs_human"),
    ]


def test_a_later_opt_out_is_told_and_the_profile_says_what_follows(scene: Scene) -> None:
    scene.evidence = [robots("a.example", 0, OPEN), robots("a.example", 5, CLOSED), robots("c.example", 0, OPEN)]
    scene.evidence += [robots("d.example", 0, CLOSED), robots("d.example", 5, CLOSED + "Disallow: /x\n")]
    scene.evidence += [robots("e.example", 5, CLOSED), robots("f.example", 0, CLOSED), robots("f.example", 5, OPEN)]
    for host in "abcdef":
        scene.row(f"https://{host}.example/", 0.5)
    summary = scene.audit().summary
    opted_out, mistaken, unknown, open_now = scene.removals()
    assert scene.said() == [
        ("a.example/", "opt_out", "allow", "before_receipt", "D5=met"),
        ("d.example/", "mistake", "deny", "after_load", "B2=met;B5=met"),
        ("e.example/", "opt_out", "allow", "before_receipt", "D5=unknown"),  # nobody knows what stood there then
        ("f.example/", "mistake", "deny", "after_load", "B2=met;B5=met"),
    ]
    assert (opted_out["robots_at"], opted_out["robots_line"]) == (START + 5 * DAY, 2)
    assert opted_out["robots"] == unknown["robots"]
    assert mistaken["robots_at"] == open_now["robots_at"] == START  # the file of its time
    assert (summary["removals"]["looked_again"], summary["removals"]["not_looked_again"]) == (4, 2)
    scene.audit(profile="strict")
    assert [said[2] for said in scene.said() if said[4] == "D5=met"] == ["review"]


def test_a_mistake_and_a_notice_are_both_named(scene: Scene) -> None:
    scene.evidence = [robots("a.example", 0, CLOSED)]
    scene.notices = [notice("a.example", 3)]
    scene.row("https://a.example/", 0.5)
    scene.audit()
    (row,) = scene.removals()
    assert (row["cause"], row["causes"], row["criteria"]) == ("notice", "notice;mistake", "C3=met;B2=met;B5=met")


def test_where_the_copies_are_is_carried_through(scene: Scene) -> None:
    scene.notices = [notice("a.example", 3)]
    scene.row("https://a.example/1", 1, shard="s-0.tar", offset=7, sha256="ab" * 32)
    scene.row("https://b.example/", 1, shard="s-0.tar", offset=8, sha256="cd" * 32)
    scene.row("https://a.example/2", 1, shard=None, offset=None, sha256=None)
    scene.audit()
    assert [(r["row"], r["shard"], r["offset"], r["content_hash"]) for r in scene.removals()] == [
        (0, "s-0.tar", 7, "ab" * 32),
        (2, None, None, None),
    ]
    text = (scene.folder / "out" / "removals.csv").read_text("utf-8").splitlines()
    assert len(text) == 3
    assert text[0].startswith('"file","row","url","host","time","effect"')
    assert ',"s-0.tar",7,' in text[1]


def override(host: str, days: float, effect: Verdict, *criteria: str, until: float = 2000) -> Override:
    return Override(
        record=f"s:{host}",
        at=START + days * DAY,
        by="R. Mori",
        reason="asked them",
        effect=effect,
        scope="host",
        value=host,
        findings=dict.fromkeys(criteria, (Outcome.MET, Outcome.NEEDS_HUMAN)),
        until=START + until * DAY,
        acknowledged=dict.fromkeys(criteria, "they know us"),
    )


def test_decisions_of_people_count_from_when_they_were_made(scene: Scene) -> None:
    scene.evidence = [robots("a.example", days, CLOSED) for days in (0, 3)]
    scene.people = [override("a.example", 2, Verdict.ALLOW, "B2", "B5", until=4)]
    for days in (0.5, 3.5, 4.5):
        scene.row("https://a.example/", days)
    scene.audit()
    assert [row["verdict"] for row in scene.decisions()] == ["deny", "allow", "deny"]
    bases = {row["basis"]: row for row in _bases(scene)}
    assert [bases[row["basis"]]["overrides"] for row in scene.decisions()] == [[], ["s:a.example"], []]


def test_removals_follow_what_people_decided_since(scene: Scene) -> None:
    scene.evidence = [robots("a.example", 0, CLOSED), robots("c.example", 0, OPEN)]
    scene.notices = [notice("b.example", 3), notice("d.example", 3)]
    scene.people = [
        override("a.example", 5, Verdict.ALLOW, "B2", "B5"),
        override("b.example", 5, Verdict.ALLOW, "C1"),
        override("c.example", 5, Verdict.DENY, "B4"),
    ]
    for host in "abcd":
        scene.row(f"https://{host}.example/", 0.5)
    summary = scene.audit().summary
    assert scene.said() == [
        ("a.example/", "mistake", "allow", "after_load", "B2=met;B5=met"),
        ("b.example/", "notice", "allow", "before_receipt", "C3=met"),
        ("c.example/", "person", "deny", "before_receipt", ""),
        ("d.example/", "notice", "deny", "before_receipt", "C3=met"),
    ]
    assert [row["override"] for row in scene.removals()] == ["s:a.example", "s:b.example", "s:c.example", None]
    assert summary["removals"]["by_effect"] == {"allow": 2, "review": 0, "deny": 2}
    scene.audit(now=START + 4 * DAY)  # nobody has decided anything yet
    assert [row["override"] for row in scene.removals()] == [None] * 3


def test_as_of_one_instant_nothing_is_said_of_the_time_of_the_fetch(scene: Scene) -> None:
    scene.evidence = [robots("a.example", 5, CLOSED)]
    scene.notices = [notice("b.example", 3)]
    for host in "abc":
        scene.row(f"https://{host}.example/", 1)
    summary = scene.audit(as_of=START + 5.5 * DAY).summary
    assert scene.said() == [
        ("a.example/", "opt_out", "deny", None, "B2=met"),
        ("b.example/", "notice", "deny", None, "C1=met"),
    ]
    assert summary["removals"]["looked_again"] is None


def test_equal_records_give_equal_lists_on_any_day(scene: Scene) -> None:
    scene.evidence = [robots("a.example", 0, CLOSED)]
    scene.notices = [notice("b.example", 3)]
    scene.row("https://a.example/", 0.5)
    scene.row("https://b.example/", 0.5)
    outputs = []
    for days in (10, 400):
        scene.audit(now=START + days * DAY)
        outputs.append({file.name: file.read_bytes() for file in (scene.folder / "out").iterdir()})
    assert outputs[0] == outputs[1]


def _bases(scene: Scene) -> list[dict[str, object]]:
    import pyarrow.parquet as pq

    found: list[dict[str, object]] = pq.read_table(scene.folder / "out" / "bases.parquet").to_pylist()
    return found
