"""The most severe effect wins (deny > review > allow). A licence in force lifts what the catalogue says it lifts; a
person's decision lifts, or denies, what it names."""

from __future__ import annotations

from ..criteria import CATALOGUE, Assessment
from ..criteria.evaluate import CRITERION_ERROR
from ..model import Basis, Finding, Outcome, Override, Stage, Verdict
from .config import Profile
from .overrides import lifts

_SEVERITY = {Verdict.ALLOW: 0, Verdict.REVIEW: 1, Verdict.DENY: 2}


def decide(
    assessment: Assessment,
    profile: Profile,
    stage: Stage,
    evidence: tuple[str, ...] = (),
    overrides: tuple[Override, ...] = (),
) -> Basis:
    """Weigh the findings of one URL. Pure: same findings, profile and overrides, same answer.

    `overrides` are those that cover the URL and are in force at its time. `reasons` are the findings that have an
    effect, most severe first; a licence that lifted an effect is among them. `temporary` is a deny that rests on
    unknown outcomes alone. The basis names the overrides that made a difference.
    """
    licensed = any(f.criterion == "D2" and f.outcome is Outcome.MET for f in assessment.findings)
    weighed: list[tuple[Verdict, Finding]] = []
    if len(overrides) > 1:  # which of two that lift the same is cited must not depend on how they were handed in
        overrides = tuple(sorted(overrides, key=lambda override: (override.at, override.record)))
    denials = [override for override in overrides if override.effect is Verdict.DENY]
    lifting: list[Override] = []
    lifted = False
    for finding in assessment.findings:
        effect = _effect(finding, profile, stage)
        if effect is Verdict.ALLOW:
            continue
        broken = finding.reason == CRITERION_ERROR  # nothing lifts what nobody could look at
        if licensed and not broken and CATALOGUE[finding.criterion].lifted_by_permission:
            lifted = True
            continue
        override = next((override for override in overrides if lifts(override, finding)), None)
        if override is not None:
            if override not in lifting:
                lifting.append(override)
            continue
        weighed.append((effect, finding))
    weighed.sort(key=lambda pair: -_SEVERITY[pair[0]])
    verdict = weighed[0][0] if weighed else Verdict.ALLOW
    if denials:
        verdict = Verdict.DENY
    reasons = tuple(finding for _, finding in weighed)
    if lifted:
        reasons += tuple(f for f in assessment.findings if f.criterion == "D2")
    temporary = (
        verdict is Verdict.DENY
        and not denials
        and all(finding.outcome is Outcome.UNKNOWN for effect, finding in weighed if effect is Verdict.DENY)
    )
    return Basis(
        stage=stage,
        verdict=verdict,
        temporary=temporary,
        findings=assessment.findings,
        reasons=reasons,
        not_assessed=assessment.not_assessed,
        evidence=evidence,
        profile=profile.name,
        rule_pack=CATALOGUE.rule_pack,
        overrides=(*denials, *lifting),
    )


def _effect(finding: Finding, profile: Profile, stage: Stage) -> Verdict:
    if finding.reason == CRITERION_ERROR:
        return Verdict.DENY
    return profile.effect(finding.criterion, finding.outcome, stage)
