"""Homes that come together bring what rights holders said in each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawlgate import ConfigError
from crawlgate.lists import Lists
from crawlgate.testing import FakeClock
from tests.blocklist.feeds import DAY, NAME, ONE, START, Publisher, entry


class Machine:
    def __init__(self, home: Path, publisher: Publisher) -> None:
        self.home, self.publisher, self.clock = home, publisher, FakeClock(START)

    def lists(self) -> Lists:
        return Lists(self.home, clock=self.clock)

    def subscribe(self) -> None:
        with self.lists() as lists:
            lists.add(self.publisher.web.path, keys=[str(ONE.verifier)], issuer="Rights Holders")

    def notice(self, value: str, document: Path | None = None) -> str:
        with self.lists() as lists:
            return str(lists.add_notice(issuer="X", scope="host", value=value, document=document)["id"])


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Machine, Machine]:
    publisher = Publisher(tmp_path)
    publisher.put(entry("a"))
    return Machine(tmp_path / "mine", publisher), Machine(tmp_path / "other", publisher)


def files(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in (home / "lists").rglob("*") if not path.name.startswith(".")}


def test_lists_subscriptions_letters_and_notices_come(machines: tuple[Machine, Machine], tmp_path: Path) -> None:
    mine, other = machines
    letter = tmp_path / "letter"
    letter.write_bytes(b"To whom it may concern")
    first, second = mine.notice("one.example"), other.notice("two.example", letter)
    other.subscribe()
    (other.home / "lists" / ("0" * 64 + ".txt")).write_bytes(b"altered")
    with mine.lists() as lists:
        done = lists.bring(other.home)
        assert (done.files, done.feeds, done.notices, done.apart) == (2, (NAME,), 1, ())
        assert [path.name for path in done.damaged] == ["0" * 64 + ".txt"]
        assert [notice["id"] for notice in lists.notices()] == [first, second]
        (sub,) = lists.subscriptions()
        assert sub.current is not None
        assert sub.manifest(sub.current).version == 1
        assert {version.list for version in lists.versions()} >= {NAME}
        again = lists.bring(other.home)
        assert (again.files, again.feeds, again.notices) == (0, (), 0)
    assert files(other.home) - files(mine.home) <= {f"lists/{'0' * 64}.txt", f"lists/feeds/{NAME}/dates.json"}


def test_a_subscription_goes_on_or_stays_as_it_is_here(machines: tuple[Machine, Machine]) -> None:
    mine, other = machines
    other.subscribe()
    with mine.lists() as lists:
        lists.bring(other.home)
    other.clock.advance(DAY.total_seconds())
    other.publisher.put(entry("a"), entry("b"), now=START + DAY)
    with other.lists() as lists:
        lists.update()
    with mine.lists() as lists:
        assert lists.bring(other.home).feeds == (NAME,)
        assert [received.version for received in lists.subscription(NAME).versions] == [1, 2]
    third = Machine(mine.home.with_name("third"), mine.publisher)
    third.clock.advance(DAY.total_seconds())
    third.subscribe()
    before = files(third.home)
    with third.lists() as lists:
        done = lists.bring(mine.home)
        assert (done.feeds, done.apart) == ((), (NAME,))
        assert [received.version for received in lists.subscription(NAME).versions] == [2]
    assert before <= files(third.home)


def test_a_journal_that_cannot_be_read_is_told(machines: tuple[Machine, Machine]) -> None:
    mine, other = machines
    other.notice("two.example")
    (other.home / "lists" / "notices.jsonl").write_bytes(b"[]\n")
    with mine.lists() as lists, pytest.raises(ConfigError, match="line 1, cannot be read"):
        lists.bring(other.home)
