"""The catalogue of AI agents."""

from __future__ import annotations

import gc
import re
import tomllib
from datetime import UTC, date, datetime, timedelta, timezone
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.signals import agents
from crawlgate.signals.agents import Agent, AgentCatalogue, AgentClass

CATALOGUE = agents.load()


def test_loaded_once_with_a_version() -> None:
    assert agents.load() is CATALOGUE
    assert CATALOGUE.version == "2026-11-23"
    assert len(CATALOGUE) == len(list(CATALOGUE)) == 163


@pytest.mark.parametrize(
    ("token", "kind", "operator"),
    [
        ("GPTBot", AgentClass.TRAINING, "OpenAI"),
        ("gptbot", AgentClass.TRAINING, "OpenAI"),
        ("GPTBOT/1.1", AgentClass.TRAINING, "OpenAI"),
        ("CCBot", AgentClass.TRAINING, "Common Crawl Foundation"),
        ("Google-Extended", AgentClass.TRAINING, "Google"),
        ("SBIntuitionsBot", AgentClass.TRAINING, "SB Intuitions"),
        ("ICC-Crawler", AgentClass.TRAINING, "NICT"),
        ("Cotoyogi", AgentClass.TRAINING, "ROIS"),
        ("Applebot", AgentClass.MIXED, "Apple"),
        ("OAI-SearchBot", AgentClass.SEARCH, "OpenAI"),
        ("ChatGPT-User", AgentClass.USER_TRIGGERED, "OpenAI"),
        ("Diffbot", AgentClass.DATA_BROKER, "Diffbot"),
        ("Claude-Code", AgentClass.CODING_AGENT, "Anthropic"),
        ("Amzn-SearchBot", AgentClass.SEARCH, "Amazon"),
        ("FriendlyCrawler", AgentClass.TRAINING, ""),
        ("iaskspider/2.0", AgentClass.UNKNOWN, "iAsk"),
        (" ChatGPT Agent ", AgentClass.USER_TRIGGERED, "OpenAI"),
    ],
)
def test_get(token: str, kind: AgentClass, operator: str) -> None:
    agent = CATALOGUE.get(token)
    assert agent is not None
    assert (agent.kind, agent.operator) == (kind, operator)


@pytest.mark.parametrize("token", ["", "*", "GPT", "GPTBotX", "MyGPTBot", "Googlebot", "Bingbot", "ExampleBot", "/"])
def test_whole_tokens_only(token: str) -> None:
    assert CATALOGUE.get(token) is None


def test_classes() -> None:
    assert {agent.kind for agent in CATALOGUE.training} == {AgentClass.TRAINING}
    assert CATALOGUE.of_class("training") == CATALOGUE.training
    assert len(CATALOGUE.of_class(AgentClass.TRAINING, AgentClass.MIXED)) == len(CATALOGUE.training) + 5
    assert CATALOGUE.of_class() == ()
    assert len(CATALOGUE.of_class(*AgentClass)) == len(CATALOGUE)


def test_control_only() -> None:
    assert {agent.token for agent in CATALOGUE if agent.control_only} == {"Google-Extended", "Applebot-Extended"}


def test_the_data_holds_facts_only() -> None:
    table = tomllib.loads(resources.files("crawlgate.signals").joinpath("agents.toml").read_text("utf-8"))
    assert len({token.lower() for token in table["agents"]}) == len(table["agents"])
    for entry in table["agents"].values():
        assert entry.keys() <= {"class", "operator", "control_only", "legacy", "first_known", "source"}
        assert ("first_known" in entry) == ("source" in entry)
        assert type(entry.get("first_known", date.max)) is date
        assert not re.search(r"[\[\]()]|https?:", entry.get("operator", ""))
        assert len(entry.get("operator", "")) <= 30
        assert not re.search(r"[\[\]()]|https?:", entry.get("source", ""))


def test_a_catalogue_of_ones_own() -> None:
    catalogue = AgentCatalogue("1", [Agent("X-Bot", AgentClass.SEARCH)])
    assert catalogue.get("x-bot") == Agent("X-Bot", AgentClass.SEARCH)
    assert catalogue.training == ()


def test_legacy() -> None:
    assert {agent.token for agent in CATALOGUE if agent.legacy} == {"anthropic-ai", "Claude-Web"}


def test_dates_are_plausible() -> None:
    made = date.fromisoformat(CATALOGUE.version)
    for agent in CATALOGUE:
        if agent.first_known is None:
            assert agent.source == "catalogue"
        else:
            assert date(2008, 1, 1) <= agent.first_known <= made, agent
            assert agent.source not in ("", "catalogue")
    # The list itself begins on 2024-03-27.
    assert min(a.first_known for a in CATALOGUE if a.source == "ai.robots.txt" and a.first_known) >= date(2024, 3, 27)


def test_every_training_agent_has_a_date() -> None:
    assert [agent.token for agent in CATALOGUE.training if agent.first_known is None] == []


@pytest.mark.parametrize(
    ("token", "first_known", "source"),
    [
        ("CCBot", date(2012, 2, 5), "crawler-user-agents"),
        ("ICC-Crawler", date(2015, 11, 22), "device-detector"),
        ("img2dataset", date(2022, 11, 24), "img2dataset repository"),
        ("GPTBot", date(2023, 8, 7), "OpenAI documentation"),
        ("Google-Extended", date(2023, 9, 28), "Google announcement"),
        ("Applebot-Extended", date(2024, 6, 11), "Apple documentation"),
        ("meta-externalagent", date(2024, 7, 29), "ai.robots.txt"),
        ("SBIntuitionsBot", date(2025, 3, 17), "isbot"),
        # Names that older, unrelated crawlers bore too keep the date of the list.
        ("ExaBot", date(2026, 3, 6), "ai.robots.txt"),
        ("iaskspider", date(2025, 12, 2), "ai.robots.txt"),
    ],
)
def test_first_known(token: str, first_known: date, source: str) -> None:
    agent = CATALOGUE.get(token)
    assert agent is not None
    assert (agent.first_known, agent.source) == (first_known, source)


def test_the_document_counts_the_sources() -> None:
    text = (Path(__file__).parents[2] / "docs" / "agents.md").read_text("utf-8")
    told = dict(re.findall(r"^\| ([^|]+?) \| (\d+) \|", text, re.MULTILINE))
    counted: dict[str, int] = {}
    for agent in CATALOGUE:
        counted[agent.source] = counted.get(agent.source, 0) + 1
    assert {source: int(count) for source, count in told.items()} == counted
    assert f"Version {CATALOGUE.version}" in text


def test_as_of_knows_the_names_of_its_day() -> None:
    before, after = CATALOGUE.as_of(date(2023, 1, 1)), CATALOGUE.as_of(date(2024, 1, 1))
    assert before.get("GPTBot") is None
    assert before.get("CCBot") is not None
    for token in ("GPTBot", "gptbot", " GPTBOT/1.1 ", "google-EXTENDED"):
        assert after.get(token) is CATALOGUE.get(token) is not None
    assert after.get("Applebot-Extended") is None
    assert set(before) < set(after) < set(CATALOGUE)
    assert list(after) == [agent for agent in CATALOGUE if agent in set(after)]
    assert set(after.training) == set(after) & set(CATALOGUE.training)
    assert len(CATALOGUE.as_of(date(2000, 1, 1))) == 0


def test_as_of_begins_on_the_day_itself() -> None:
    assert CATALOGUE.as_of(date(2023, 8, 6)).get("GPTBot") is None
    assert CATALOGUE.as_of(date(2023, 8, 7)).get("GPTBot") is not None


@pytest.mark.parametrize(
    ("at", "knows"),
    [
        (datetime(2023, 8, 6, 23, 59, tzinfo=UTC), False),
        (datetime(2023, 8, 7, tzinfo=UTC), True),
        (datetime(2023, 8, 7, 8, 59, tzinfo=timezone(timedelta(hours=9))), False),
        (datetime(2023, 8, 7, 9, 0, tzinfo=timezone(timedelta(hours=9))), True),
        (datetime(2023, 8, 6, 20, 0, tzinfo=timezone(timedelta(hours=-4))), True),
        (datetime(2023, 8, 7), True),  # noqa: DTZ001 - a time without a zone is UTC
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=9))), False),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-9))), True),
    ],
)
def test_as_of_a_time_is_its_day_in_utc(at: datetime, knows: bool) -> None:
    assert (CATALOGUE.as_of(at).get("GPTBot") is not None) is knows


def test_as_of_says_so_in_its_version() -> None:
    assert CATALOGUE.as_of(date(2024, 1, 1)).version == "2026-11-23 as of 2024-01-01"
    assert CATALOGUE.version == "2026-11-23"


def test_as_of_today_is_the_catalogue_itself() -> None:
    assert CATALOGUE.as_of(date.fromisoformat(CATALOGUE.version)) is CATALOGUE
    assert CATALOGUE.as_of(date.max) is CATALOGUE


def test_as_of_a_view_never_knows_more() -> None:
    view = CATALOGUE.as_of(date(2024, 1, 1))
    assert view.as_of(date(2025, 1, 1)) is view
    earlier = view.as_of(date(2023, 1, 1))
    assert list(earlier) == list(CATALOGUE.as_of(date(2023, 1, 1)))
    assert earlier.version == "2026-11-23 as of 2023-01-01"


def test_agents_without_a_date_are_known_from_the_catalogue_on() -> None:
    agents_ = [Agent("X-Bot", AgentClass.SEARCH), Agent("Y", AgentClass.SEARCH, first_known=date(2020, 1, 1))]
    dated = AgentCatalogue("1", agents_, dated=date(2024, 5, 1))
    assert [agent.token for agent in dated.as_of(date(2024, 4, 30))] == ["Y"]
    assert dated.as_of(date(2024, 5, 1)) is dated
    undated = AgentCatalogue("1", agents_)
    assert [agent.token for agent in undated.as_of(date(1999, 1, 1))] == ["X-Bot"]
    empty = AgentCatalogue("1", [])
    assert empty.as_of(date(1999, 1, 1)) is empty


def test_as_of_is_cheap() -> None:
    catalogue = AgentCatalogue("1", CATALOGUE)
    day = date(2024, 1, 1)
    assert catalogue.as_of(day) is catalogue.as_of(datetime(2024, 1, 1, 12, tzinfo=UTC))
    view = catalogue.as_of(day)
    assert all(catalogue.as_of(day) is view for _ in range(100)), "a view is made once"


def test_as_of_keeps_a_bounded_number_of_views() -> None:
    def alive() -> int:
        gc.collect()
        return sum(type(thing) is AgentCatalogue for thing in gc.get_objects())

    catalogue = AgentCatalogue("1", CATALOGUE)
    before = alive()
    for n in range(1000):
        catalogue.as_of(date(2020, 1, 1) + timedelta(days=n))
    assert alive() - before <= 100


@given(st.dates() | st.datetimes() | st.datetimes(timezones=st.timezones()))
def test_as_of_never_raises(at: date) -> None:
    view = CATALOGUE.as_of(at)
    assert len(view) <= len(CATALOGUE)
    assert view is CATALOGUE or view.version.startswith(f"{CATALOGUE.version} as of ")


@given(st.text())
def test_get_never_raises(token: str) -> None:
    CATALOGUE.get(token)
