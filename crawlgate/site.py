"""One origin as its policy files describe it, ready to be asked about many URLs.

Reading happens once. What depends on the URL is reduced to a small hashable `Answer` (which rule, which
usage lines, which TDMRep entry), so that equal answers can share their signals and their findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from . import url as urls
from .criteria.facts import named_checks
from .flow import Survey
from .limits import DEFAULT_LIMITS
from .model import Evidence, Lint, Polarity, Purpose, Scope, Signal, Strength
from .signals import ai_txt, robots, rsl, tdm_policy, tdmrep, trust_txt, usage
from .signals.agents import AgentCatalogue, AgentClass
from .signals.lines import ExtensionLine
from .signals.precedence import in_force
from .signals.reading import SILENCE, Reading
from .signals.robots import AgentRules, RobotsAnswer, RobotsFile
from .signals.robots_agents import product_token
from .signals.robots_rules import RuleSet
from .signals.robots_standing import Standing
from .signals.rsl import RslDocument
from .url import Url

COLLECTORS = (AgentClass.TRAINING, AgentClass.DATA_BROKER, AgentClass.MIXED)
"""Refusing one of these by name speaks about AI training (B3); the order is the order of telling."""

_AGENTS_SHOWN = 8


class Answer(NamedTuple):
    """What this origin says about one URL. `rule` is the line of the rule that keeps us out, 0 if none does."""

    rule: int
    ambiguity: str | None
    agents: tuple[bool, ...]
    usage: tuple[int, ...]
    tdm: int | None
    licences: tuple[tuple[int, ...], ...] = ()
    media: tuple[int, ...] = ()


class _RefusableAgents(NamedTuple):
    rules: RuleSet
    tokens: tuple[str, ...]
    kind: AgentClass


class Outline(NamedTuple):
    """A site whose statements about a URL are its robots.txt rules and nothing else: what to ask of many URLs at
    once. Two sites of equal `kind`, whose rules answer alike, are spoken of alike."""

    kind: tuple[object, ...]
    own: AgentRules
    agents: tuple[RuleSet, ...]


class Site:
    """An origin's robots.txt and tdmrep.json, read for one product token."""

    __slots__ = (
        "_agents",
        "_ai_txt",
        "_elsewhere",
        "_file",
        "_licence_lint",
        "_licences",
        "_not_looked",
        "_own",
        "_policies",
        "_signals",
        "_simple",
        "_tdm",
        "_trust",
        "_usage",
        "_without_licence",
        "evidence",
        "fetched_at",
        "names_us",
        "not_looked",
        "origin",
        "reason",
        "standing",
        "survey",
        "token",
    )

    def __init__(self, survey: Survey, token: str, catalogue: AgentCatalogue) -> None:
        self.survey = survey
        self.origin = survey.origin
        self.token = token
        self.standing = survey.standing
        self.reason = survey.reason
        self.not_looked = survey.not_looked
        self.fetched_at: datetime | None = survey.robots.fetched_at if survey.robots else None
        self.evidence = tuple(evidence.id for evidence in survey.evidence)
        file = survey.file or robots.NO_FILE
        self._file = file
        self._own = file.rules_for(token)
        self.names_us = file.names(token)
        self._agents = tuple(_agents_named(file, token, catalogue))
        robots_id = survey.robots.id if survey.robots else ""
        ours, _ = file.extension_lines(token)
        subject = "ours" if self.names_us else "*"
        doubtful = file.doubtful_lines(token)
        self._usage = usage.read(ours, subject=subject, evidence=robots_id, doubtful=doubtful)
        tdm = survey.tdmrep
        self._tdm = (
            tdmrep.parse_file(tdm.body, base=urls.parse(tdm.url), evidence=tdm.id)
            if tdm is not None and _had(tdm)
            else None
        )
        self._policies = {href: tdm_policy.from_evidence(found) for href, found in survey.policies.items()}
        self._read_licences()
        self._read_optional()
        self._signals: dict[Answer, tuple[Signal, ...]] = {}
        self._elsewhere: dict[Answer, tuple[Signal, ...]] = {}
        self._not_looked: dict[tuple[tuple[str, str], ...], tuple[Mapping[str, str], Mapping[str, str]]] = {}
        spoken = self._agents or self._usage or self._tdm or self._licences or self._ai_txt
        self._simple = not spoken

    def _read_licences(self) -> None:
        """RSL documents; one that cannot be had or is not valid licenses nothing (RSL 1.0 4.3)."""
        documents: list[RslDocument] = []
        missing: list[Signal] = []
        lint: list[Lint] = []
        base = urls.parse(self.origin)
        for reference, evidence in self.survey.licences:
            document, problem = rsl.from_evidence(evidence, reference, base=base)
            if document:
                documents.append(document)
            else:
                lint.extend(document.lint)
                missing.append(problem)
        self._licences = tuple(documents)
        self._without_licence = tuple(missing)
        self._licence_lint = tuple(lint)

    def _read_optional(self) -> None:
        files = self.survey.optional
        found = files.get("ai_txt")
        self._ai_txt = ai_txt.parse(found.body, agent=self.token, evidence=found.id) if found and _had(found) else None
        found = files.get("trust_txt")
        self._trust = trust_txt.parse(found.body, evidence=found.id) if found and _had(found) else None

    @property
    def keeps_us_out(self) -> bool:
        """True if robots.txt keeps this crawler out of something, or may be read so."""
        return self._own.own.refuses or not self._own.certain

    @property
    def lint(self) -> tuple[Lint, ...]:
        """What the authors of the policy files got wrong; `name` is the field, or else the file."""
        readers = (
            *(("robots.txt", reader) for reader in (self._file, self._usage)),
            ("/.well-known/tdmrep.json", self._tdm),
            *(("RSL", reader) for reader in self._licences),
            *(("tdm-policy", reader) for reader in self._policies.values()),
            *(("ai.txt", self._ai_txt), ("trust.txt", self._trust)),
        )
        found = [(name, lint) for name, reader in readers if reader is not None for lint in reader.lint]
        found += [("RSL", lint) for lint in self._licence_lint]
        return tuple(lint if lint.name else replace(lint, name=name) for name, lint in found)

    @property
    def extension_lines(self) -> tuple[list[ExtensionLine], list[ExtensionLine]]:
        """Lines of other protocols in robots.txt: those that speak to our token, and the rest."""
        return self._file.extension_lines(self.token)

    def answer(self, url: Url) -> Answer:
        """What applies to `url`; cheap, and equal for URLs that are spoken of alike."""
        target = url.target
        rule, ambiguity = 0, None
        if self._own.allows(target):
            if self._simple:
                return _NOTHING
        else:
            rule, ambiguity = self._own.refusal(target)
        return Answer(
            rule,
            ambiguity,
            tuple(not named.rules.allows(target) for named in self._agents),
            self._usage_at(target, refused=bool(rule)) if self._usage else (),
            self._tdm.match(target) if self._tdm is not None else None,
            tuple(document.match(target) for document in self._licences),
            self._ai_txt.match(target) if self._ai_txt is not None else (),
        )

    def outline(self) -> Outline | None:
        """The site in outline, or None where a statement about a URL rests on more than rules."""
        more = (self._usage, self._tdm, self._licences, self._without_licence, self._ai_txt, self._trust)
        rules = [self._own.own, *(named.rules for named in self._agents)]
        if any(more) or not self._own.certain or not all(each.certain for each in rules):
            return None
        looked = tuple(sorted(self.not_looked.items()))
        kind = (self.standing, self.reason, self.names_us, self._file.content, looked)
        return Outline((*kind, *(named.kind for named in self._agents)), self._own, tuple(rules[1:]))

    def _usage_at(self, target: str, *, refused: bool) -> tuple[int, ...]:
        """The usage lines in force. Content-Usage speaks of crawlable paths only: where every reading of the rules
        keeps us out, it states no preference (draft-ietf-aipref-attach)."""
        matched = self._usage.match(target)
        if refused and self._own.surely_refuses(target):
            return tuple(index for index in matched if self._usage.rules[index].protocol != "aipref")
        return matched

    def signals(
        self, answer: Answer, url: Url, reading: Reading = SILENCE, *, more: Iterable[Signal] = ()
    ) -> tuple[Signal, ...]:
        """The statements in force for URLs with this answer, and with what a response said of one of them. `more` are
        statements of the site that were not surveyed."""
        known = self._signals.get(answer)
        if known is None:
            known = tuple(self._robots_signals(answer, url))
            if len(self._signals) < DEFAULT_LIMITS.memo_per_origin:
                self._signals[answer] = known
        tdm_file = self._tdm.signals(answer.tdm) if self._tdm is not None else ()
        if reading is SILENCE and not tdm_file and not more:
            return known
        return in_force((*known, *more), tdm_file, reading, self._policies)

    def elsewhere(self, answer: Answer) -> tuple[Signal, ...]:
        """Statements about use that this origin makes, but not for these URLs."""
        if self._tdm is None and not self._usage.rules:
            return ()
        known = self._elsewhere.get(answer)
        if known is None:
            known = self._for_others(answer)
            if len(self._elsewhere) < DEFAULT_LIMITS.memo_per_origin:
                self._elsewhere[answer] = known
        return known

    def not_looked_with(self, more: tuple[tuple[str, str], ...]) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The checks of this site that were not made, and `more` of them; and the same as an assessment tells them.
        Not to be changed: few sets are asked for, again and again."""
        known = self._not_looked.get(more)
        if known is None:
            checks = {**self.not_looked, **dict(more)}
            known = self._not_looked[more] = checks, named_checks(checks)
        return known

    def _for_others(self, answer: Answer) -> tuple[Signal, ...]:
        others = tuple(n for n in range(len(self._usage.rules)) if n not in answer.usage)
        found = list(self._usage.signals(others))
        if self._tdm is not None:
            here = set(map(id, self._tdm.signals(answer.tdm)))
            found += [s for s in self._tdm.all_signals() if id(s) not in here]
        return tuple(found)

    def _robots_signals(self, answer: Answer, url: Url) -> list[Signal]:
        evidence = self.survey.robots.id if self.survey.robots else ""
        found: list[Signal] = []
        if self._file.content not in ("robots", "absent"):
            found.append(_no_robots_signal(self._file, evidence))
        if answer.rule:
            decided = self._own.decide(url.target)
            found.append(_own_signal(decided, self._file, self.token, self.names_us, evidence))
        elif self.names_us:
            agent = self._file.agent_line(self.token)
            found.append(
                Signal(
                    kind="robots.allow",
                    purpose=Purpose.CRAWL,
                    polarity=Polarity.PERMITTED,
                    strength=Strength.PREFERENCE,
                    scope=Scope.PATH,
                    subject="ours",
                    raw=agent.raw if agent else "",
                    line=agent.line if agent else None,
                    evidence=evidence,
                )
            )
        if answer.usage:
            found.extend(self._usage.signals(answer.usage))
        for matched, document in zip(answer.licences, self._licences, strict=False):
            found.extend(document.signals(matched))
        found.extend(self._without_licence)
        if self._ai_txt is not None:
            found.extend(self._ai_txt.signals(answer.media))
        if self._trust is not None:
            found.extend(self._trust.signals())
        for refused, named in zip(answer.agents, self._agents, strict=True):
            if refused:
                found.append(_agents_signal(named, self._file, url, evidence))
        return found


_NOTHING = Answer(0, None, (), (), None)


def _had(evidence: Evidence) -> bool:
    return evidence.status == 200 and evidence.error is None


def _agents_named(file: RobotsFile, token: str, catalogue: AgentCatalogue) -> list[_RefusableAgents]:
    """Known AI collectors the file names, by rule set and class; those that no path is refused to are left out.
    An agent that is named in several spellings is one."""
    ours = product_token(token)
    named = {agent.token: agent for name in file.tokens() if (agent := catalogue.get(name)) is not None}
    sets: dict[tuple[int, AgentClass], tuple[RuleSet, list[str]]] = {}
    for agent in named.values():
        if agent.kind not in COLLECTORS or product_token(agent.token) == ours:
            continue
        rules = file.rules_for(agent.token).own
        if rules.refuses:
            sets.setdefault((id(rules), agent.kind), (rules, []))[1].append(agent.token)
    return sorted(
        (_RefusableAgents(rules, tuple(sorted(names)), kind) for (_, kind), (rules, names) in sets.items()),
        key=lambda named: (COLLECTORS.index(named.kind), named.tokens),
    )


def _no_robots_signal(file: RobotsFile, evidence: str) -> Signal:
    """What was served in place of a robots.txt says nothing about crawling, and that is told."""
    number, raw = file.beginning
    return Signal(
        kind="robots.not_robots_txt",
        purpose=Purpose.CRAWL,
        polarity=Polarity.UNSPECIFIED,
        strength=Strength.PREFERENCE,
        scope=Scope.ORIGIN,
        raw=raw,
        line=number or None,
        evidence=evidence,
        detail={"content": file.content},
    )


def _own_signal(answer: RobotsAnswer, file: RobotsFile, token: str, named: bool, evidence: str) -> Signal:
    rule = answer.rule
    agent = file.agent_line(token)
    return Signal(
        kind="robots.disallow",
        purpose=Purpose.CRAWL,
        polarity=Polarity.RESERVED,
        strength=Strength.MEASURE,
        scope=Scope.PATH,
        subject="ours" if named else "*",
        raw=rule.raw if rule else "",
        line=rule.line if rule else None,
        evidence=evidence,
        detail={"agent": agent.raw if agent else "", "agent_line": str(agent.line if agent else "")},
        ambiguity=answer.ambiguity,
    )


def _agents_signal(named: _RefusableAgents, file: RobotsFile, url: Url, evidence: str) -> Signal:
    _, number, _ = named.rules.decide(url.target)
    rule = None if number is None else file.rule(number)
    lines = [line for token in named.tokens if (line := file.agent_line(token)) is not None]
    agent = min(lines, key=lambda line: line.line, default=None)
    shown = ", ".join(named.tokens[:_AGENTS_SHOWN])
    if len(named.tokens) > _AGENTS_SHOWN:
        shown += f" and {len(named.tokens) - _AGENTS_SHOWN} more"
    return Signal(
        kind="robots.ai_agent",
        purpose=Purpose.TRAIN,
        polarity=Polarity.RESERVED,
        strength=Strength.MEASURE,
        scope=Scope.PATH,
        subject=shown,
        raw=f"{agent.raw if agent else ''} / {rule.raw if rule else ''}",
        line=agent.line if agent else None,
        evidence=evidence,
        detail={"class": str(named.kind), "count": str(len(named.tokens))},
    )


__all__ = ["Answer", "Site", "Standing"]
