"""Limits that a project names in its profile: complete, in their unit, and refused with the key path."""

from __future__ import annotations

from datetime import date

import pytest

from crawlgate.criteria.limits import LIMITS
from crawlgate.errors import ConfigError
from crawlgate.model import NamedLimit
from crawlgate.policy.config import BUILT_IN, load_profile
from crawlgate.policy.limits import read_limits

GOOD = {"value": 5000, "unit": "pages", "owner": "R. Mori", "date": date(2026, 4, 1), "reason": "below a section"}


def test_a_limit_has_value_unit_owner_date_and_reason() -> None:
    assert read_limits({"site_pages": GOOD}, "limits") == {
        "site_pages": NamedLimit(
            name="site_pages",
            value=5000,
            unit="pages",
            owner="R. Mori",
            date=date(2026, 4, 1),
            reason="below a section",
        )
    }
    assert read_limits({"site_pages": GOOD | {"date": "2026-04-01"}}, "limits") == read_limits(
        {"site_pages": GOOD}, "limits"
    )


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"site_page": GOOD}, "limits.site_page is no limit, did you mean 'site_pages'"),
        ({"site_pages": 5000}, "limits.site_pages must be a table with value"),
        ({"site_pages": GOOD | {"ownr": "x"}}, "limits.site_pages.ownr is unknown, did you mean 'owner'"),
        ({"site_pages": {k: v for k, v in GOOD.items() if k != "owner"}}, "limits.site_pages.owner is missing"),
        ({"site_pages": GOOD | {"unit": "percent"}}, "write 'pages'"),
        ({"site_pages": GOOD | {"value": 0}}, "limits.site_pages.value must be a whole number of pages above 0"),
        ({"site_pages": GOOD | {"value": 0.5}}, "not 0.5"),
        ({"site_pages": GOOD | {"value": True}}, "not True"),
        ({"site_share": GOOD | {"unit": "percent", "value": 101}}, "more than 100 percent"),
        ({"site_pages": GOOD | {"owner": "  "}}, "limits.site_pages.owner is empty"),
        ({"site_pages": GOOD | {"reason": 3}}, "limits.site_pages.reason is empty"),
        ({"site_pages": GOOD | {"date": "April"}}, "limits.site_pages.date: 'April' is not a day"),
        ({"site_pages": GOOD | {"date": 20260401}}, "limits.site_pages.date must be a day"),
        ([], "limits must be a table"),
    ],
)
def test_a_limit_that_is_not_whole_is_told_where(table: object, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_limits(table, "limits")
    assert told in str(error.value)


def test_no_profile_ships_a_figure_and_every_known_limit_is_described() -> None:
    assert all(not load_profile(name).limits for name in BUILT_IN)
    for known in LIMITS.values():
        assert known.meaning("en")
        assert known.meaning("ja") != known.meaning("en")
