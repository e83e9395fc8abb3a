"""Other projects' test suites and real files, read from the shared folder (see docs/robots-conformance.md)."""

from __future__ import annotations

import re

import pytest

from crawlgate.signals import robots
from tests.shared_data import robots_body, rows

# The matcher behind these labels cannot read digits in tokens; ours reads tokens in full.
_DIGITS = "0123456789"


def _score(name: str) -> tuple[int, list[str]]:
    right, wrong = 0, []
    for row in rows(f"data/robots/{name}.jsonl"):
        silent = row.get("robots") is None and "robots_b64" not in row
        if "agents" in row and (len(row["agents"]) != 1 or silent or row["dup"]):
            continue
        agent = row["agent"] if "agent" in row else row["agents"][0]
        if robots.parse(robots_body(row)).allows(row["url"], agent) == row["allowed"]:
            right += 1
        else:
            wrong.append(f"{row['id']}: allowed is {row['allowed']} there")
    return right, wrong


@pytest.mark.parametrize(
    ("name", "least"), [("google_robotstxt", 141), ("google_spec_test", 389), ("crawler_commons", 538)]
)
def test_suites(name: str, least: int) -> None:
    right, wrong = _score(name)
    assert right >= least, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gov_2025-03", "protego_2019"])
def test_real_files_against_the_reference_labels(name: str) -> None:
    """No wrong allow; a wrong deny only where our reading is the stricter one on purpose."""
    bodies = {row["sha1"]: robots_body(row) for row in rows(f"data/robots/{name}.jsonl.gz")}
    allows_wrongly: list[str] = []
    denies_unexplained: list[str] = []
    checked = 0
    for label in rows(f"data/robots/{name}.google.jsonl.gz"):
        read = robots.parse(bodies[label["sha1"]])
        asked = [(agent, "/", allowed) for agent, allowed in label["root"].items()] + label["paths"]
        for agent, url, allowed in asked:
            if any(c in _DIGITS for c in agent):
                continue
            checked += 1
            answer = read.decide(url, agent)
            if answer.allowed and not allowed and url != "/robots.txt":  # RFC 9309 2.2.2: always allowed
                allows_wrongly.append(f"{label['host']} {agent} {url}")
            elif allowed and not answer.allowed and not explained(read, answer, agent, url):
                denies_unexplained.append(f"{label['host']} {agent} {url} {answer.rule}")
    assert checked > 50_000
    assert allows_wrongly == []
    assert denies_unexplained == []


def explained(read: robots.RobotsFile, answer: robots.RobotsAnswer, agent: str, url: str) -> bool:
    """True where we deny on purpose although the reference allows."""
    if answer.ambiguity or not url.isascii() or re.search("%[0-9A-F]*[a-f]", url):
        return True  # compared in one percent-encoding here, octet by octet there (RFC 9309 2.2.2)
    stricter = {"no_leading_slash", "absolute_url_pattern", "comma_list", "space_list"}
    lines = {lint.line for lint in read.lint if lint.code in stricter}
    selected = [a.line for n in read.selected(agent) for a in read.groups[n].agents]
    return (answer.rule is not None and answer.rule.line in lines) or bool(lines.intersection(selected))
