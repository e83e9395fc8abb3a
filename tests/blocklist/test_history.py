"""What was known of an entry at a time, from the versions received: a pure function, and later versions change nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawlgate.blocklist.history import History, ReceivedVersion, knowledge_at
from crawlgate.blocklist.knowledge import NoticeStatus, status
from crawlgate.model import Notice


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def notice(name: str, value: str = "", listed: int = 1, **dates: int) -> Notice:
    return Notice(
        id=name,
        issuer="RHA",
        scope="registrable_domain",
        value=value or f"{name}.example",
        listed_at=day(listed),
        **{f"{word}_at": day(number) for word, number in dates.items()},  # type: ignore[arg-type]
    )


def version(
    number: int, received: int, *notices: Notice, effective: int | None = 0, name: str = "feed"
) -> ReceivedVersion:
    loaded = None if effective is None else day(effective or received)
    return ReceivedVersion(
        list=name, label=f"version {number}", received_at=day(received), effective_at=loaded, notices=notices
    )


def states(versions: Iterable[ReceivedVersion], name: str, *days: int) -> list[str]:
    """How the entry stands at each day, by what was known then."""
    versions = tuple(versions)
    found = []
    for number in days:
        known = [n for n in knowledge_at(day(number), versions) if n.id == name]
        found.append(str(status(known[0], day(number))) if known else "-")
        assert len(known) < 2
    return found


A, B = notice("a"), notice("b")


def test_an_entry_through_its_life() -> None:
    """It appears in version 3, changes in 5, and is withdrawn in 6."""
    changed = replace(B, reason="more works", expires_at=day(90))
    gone = replace(changed, withdrawn_at=day(55))
    versions = [
        version(1, 10, A),
        version(2, 20, A),
        version(3, 30, A, B, effective=32),
        version(4, 40, A, B),
        version(5, 50, A, changed),
        version(6, 60, A, gone),
    ]
    # Listed on day 1; received on 30, loaded on 32; withdrawn by the issuer on 55, which reached us on 60.
    assert states(versions, "b", 0, 5, 29, 30, 31, 32, 45, 57, 60, 99) == [
        "-",
        "published",
        "published",
        "known_not_loaded",
        "known_not_loaded",
        "known",
        "known",
        "known",
        "withdrawn",
        "withdrawn",
    ]
    (claim,) = [c for c in History(versions).claims if c.key.id == "b"]
    assert [(s.label, s.since, s.notice is not None) for s in claim.statements] == [
        ("version 3", day(30), True),
        ("version 5", day(50), True),
        ("version 6", day(60), True),
    ]
    assert {s.notice.received_at for s in claim.statements if s.notice} == {day(30)}
    assert claim.at(day(45)).reason == ""  # type: ignore[union-attr]
    assert claim.at(day(55)).reason == "more works"  # type: ignore[union-attr]


def test_expiry_as_it_was_known() -> None:
    versions = [
        version(1, 10, replace(A, expires_at=day(30))),
        version(2, 40, replace(A, expires_at=day(80))),
    ]
    assert states(versions, "a", 29, 30, 39, 40, 80) == ["known", "expired", "expired", "known", "expired"]


def test_an_entry_dropped_without_a_word_and_named_again() -> None:
    versions = [version(1, 10, A, B), version(2, 20, A), version(3, 30, A, B, effective=31)]
    assert states(versions, "b", 15, 20, 29, 30, 31) == ["known", "-", "-", "known_not_loaded", "known"]
    (claim,) = [c for c in History(versions).claims if c.key.id == "b"]
    assert claim.status(day(25)) is NoticeStatus.WITHDRAWN
    assert claim.notice.received_at == day(30)


def test_an_id_that_names_another_site_is_another_claim() -> None:
    versions = [version(1, 10, A), version(2, 20, replace(A, value="other.example"))]
    history = History(versions)
    assert [(c.key.value, c.status(day(15)), c.status(day(25))) for c in history.claims] == [
        ("a.example", NoticeStatus.KNOWN, NoticeStatus.WITHDRAWN),
        ("other.example", NoticeStatus.PUBLISHED, NoticeStatus.KNOWN),
    ]


def test_a_version_that_no_gate_ever_loaded() -> None:
    versions = [version(1, 10, A, effective=None), version(2, 20, A, B, effective=25)]
    assert states(versions, "a", 10, 24, 25) == ["known_not_loaded", "known_not_loaded", "known"]
    assert states([version(1, 10, A, effective=None)], "a", 99) == ["known_not_loaded"]


def test_what_an_own_reviewer_knew_before() -> None:
    versions = [version(1, 10, replace(A, received_at=day(5)))]
    assert states(versions, "a", 4, 5, 9, 10) == ["published", "known_not_loaded", "known_not_loaded", "known"]


def test_lists_do_not_answer_for_each_other() -> None:
    versions = [version(1, 10, A, name="one"), version(1, 20, A, name="two"), version(2, 30, name="two")]
    known = [n for n in knowledge_at(day(25), versions) if status(n, day(25)).counts]
    assert len(known) == 2
    assert [n.received_at for n in knowledge_at(day(35), versions)] == [day(10)]


_OPTIONS = st.lists(
    st.tuples(
        st.sets(st.sampled_from("abc"), max_size=3),
        st.sampled_from([None, 12, 33]),
        st.sampled_from([None, 14, 45]),
        st.sampled_from([None, 0, 3]),
    ),
    min_size=1,
    max_size=5,
)


@given(_OPTIONS, st.integers(0, 60))
def test_later_versions_never_change_what_was_known(
    options: list[tuple[set[str], int | None, int | None, int | None]], at: int
) -> None:
    """A slow reference: only versions received by then, the newest of them, and first receipts within a run."""
    versions = []
    for number, (names, expires, withdrawn, lag) in enumerate(options, 1):
        said = [
            replace(
                notice(name),
                expires_at=None if expires is None else day(expires),
                withdrawn_at=None if withdrawn is None else day(withdrawn),
            )
            for name in sorted(names)
        ]
        effective = None if lag is None else number * 10 + lag
        versions.append(version(number, number * 10, *said, effective=effective))
    moment = day(at)
    by_then = [v for v in versions if v.received_at <= moment]
    counts = {n.id for n in knowledge_at(moment, versions) if status(n, moment).counts}
    assert counts == {n.id for n in knowledge_at(moment, by_then) if status(n, moment).counts}
    expected = {
        n.id
        for n in (by_then[-1].notices if by_then else ())
        if not (n.withdrawn_at and n.withdrawn_at <= moment) and not (n.expires_at and n.expires_at <= moment)
    }
    assert counts == expected
