"""The catalogue of AI agents."""

from __future__ import annotations

import re
import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.signals import agents
from crawlgate.signals.agents import Agent, AgentCatalogue, AgentClass

CATALOGUE = agents.load()


def test_loaded_once_with_a_version() -> None:
    assert agents.load() is CATALOGUE
    assert CATALOGUE.version == "2026-08-22"
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
        ("Applebot", AgentClass.MIXED, ""),
        ("OAI-SearchBot", AgentClass.SEARCH, "OpenAI"),
        ("ChatGPT-User", AgentClass.USER_TRIGGERED, "OpenAI"),
        ("Diffbot", AgentClass.DATA_BROKER, "Diffbot"),
        ("Claude-Code", AgentClass.CODING_AGENT, ""),
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
        assert entry.keys() <= {"class", "operator", "control_only"}
        assert not re.search(r"[\[\]()]|https?:", entry.get("operator", ""))
        assert len(entry.get("operator", "")) <= 30


def test_a_catalogue_of_ones_own() -> None:
    catalogue = AgentCatalogue("1", [Agent("X-Bot", AgentClass.SEARCH)])
    assert catalogue.get("x-bot") == Agent("X-Bot", AgentClass.SEARCH)
    assert catalogue.training == ()


@given(st.text())
def test_get_never_raises(token: str) -> None:
    CATALOGUE.get(token)
