"""Other projects' test suites and real files, read from the shared folder (see docs/robots-conformance.md)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crawlgate.signals import robots
from tests.shared_data import robots_body, rows

# The matcher behind these labels cannot read digits in tokens; ours reads tokens in full.
_DIGITS = "0123456789"
# Readings that are stricter than the reference's on purpose, by the lint that says so.
_STRICTER = ("no_leading_slash", "absolute_url_pattern", "comma_list", "space_list", "markup")


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
            wrong.append(f"{row['id']} {'allow' if row['allowed'] else 'deny'}")
    return right, wrong


@pytest.mark.parametrize("name", ["google_robotstxt", "google_spec_test", "crawler_commons"])
def test_suites(name: str) -> None:
    """The misses are those that docs/robots-conformance.md gives a reason for, and no others."""
    _, wrong = _score(name)
    text = (Path(__file__).parents[2] / "docs" / "robots-conformance.md").read_text("utf-8")
    told = re.findall(r"^\| `(\S+)` \| [^|]+ \| (allow|deny) \|", text, re.MULTILINE)
    suite = {"google_robotstxt": "google/", "google_spec_test": "spec/", "crawler_commons": "cc/"}[name]
    assert sorted(wrong) == sorted(f"{case} {theirs}" for case, theirs in told if case.startswith(suite))


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
    assert checked > 150_000
    assert allows_wrongly == []
    assert denies_unexplained == []


def explained(read: robots.RobotsFile, answer: robots.RobotsAnswer, agent: str, url: str) -> bool:
    """True where we deny on purpose although the reference allows."""
    if answer.ambiguity or not url.isascii() or re.search("%[0-9A-F]*[a-f]", url):
        return True  # compared in one percent-encoding here, octet by octet there (RFC 9309 2.2.2)
    lines = {lint.line for lint in read.lint if lint.code in _STRICTER}
    selected = (line.line for line in read.agent_lines(agent))
    return (answer.rule is not None and answer.rule.line in lines) or bool(lines.intersection(selected))
