"""Knowledge is dated: what a notice counts for at a time (law 4.4)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.blocklist.knowledge import NoticeStatus, status
from crawlgate.model import Notice


def day(number: int | None) -> datetime | None:
    return None if number is None else datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def notice(
    listed: int | None = None,
    received: int | None = None,
    effective: int | None = None,
    expires: int | None = None,
    withdrawn: int | None = None,
) -> Notice:
    return Notice(
        id="1",
        issuer="RHA",
        scope="registrable_domain",
        value="a.test",
        listed_at=day(listed),
        received_at=day(received),
        effective_at=day(effective),
        expires_at=day(expires),
        withdrawn_at=day(withdrawn),
    )


@pytest.mark.parametrize(
    ("told", "at", "expected"),
    [
        (notice(listed=1, received=3, effective=3), 0, NoticeStatus.LATER),
        (notice(listed=1, received=3, effective=3), 1, NoticeStatus.PUBLISHED),
        (notice(listed=1, received=3, effective=3), 3, NoticeStatus.KNOWN),
        (notice(listed=1, received=3, effective=5), 4, NoticeStatus.KNOWN_NOT_LOADED),
        (notice(listed=1, received=3, effective=5), 5, NoticeStatus.KNOWN),
        (notice(listed=1, received=3), 9, NoticeStatus.KNOWN_NOT_LOADED),
        (notice(listed=1), 9, NoticeStatus.PUBLISHED),
        (notice(received=3, effective=3), 1, NoticeStatus.LATER),
        (notice(), 9, NoticeStatus.LATER),
        (notice(listed=1, received=3, effective=3, withdrawn=6), 5, NoticeStatus.KNOWN),
        (notice(listed=1, received=3, effective=3, withdrawn=6), 6, NoticeStatus.WITHDRAWN),
        (notice(listed=1, received=8, effective=8, withdrawn=6), 2, NoticeStatus.PUBLISHED),
        (notice(listed=1, received=8, effective=8, withdrawn=6), 9, NoticeStatus.WITHDRAWN),
        (notice(listed=1, received=3, effective=3, expires=6), 5, NoticeStatus.KNOWN),
        (notice(listed=1, received=3, effective=3, expires=6), 6, NoticeStatus.EXPIRED),
    ],
)
def test_status(told: Notice, at: int, expected: NoticeStatus) -> None:
    when = day(at)
    assert when is not None
    assert status(told, when) is expected
    assert status(told, when).counts == expected.value.startswith("known")


DAYS = st.none() | st.integers(0, 9)


@given(DAYS, DAYS, DAYS, st.integers(0, 9), st.integers(0, 9))
def test_an_end_never_works_backwards(
    listed: int | None, received: int | None, effective: int | None, end: int, at: int
) -> None:
    when = day(at)
    assert when is not None
    open_ended = status(notice(listed, received, effective), when)
    for ended in (notice(listed, received, effective, expires=end), notice(listed, received, effective, withdrawn=end)):
        if at < end:
            assert status(ended, when) is open_ended
        else:
            assert not status(ended, when).counts
