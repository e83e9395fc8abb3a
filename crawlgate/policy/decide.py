"""The most severe effect wins (deny > review > allow); a licence in force lifts what the catalogue says it lifts."""

from __future__ import annotations

from ..criteria import CATALOGUE, Assessment
from ..criteria.evaluate import CRITERION_ERROR
from ..model import Basis, Finding, Outcome, Stage, Verdict
from .config import Profile

_SEVERITY = {Verdict.ALLOW: 0, Verdict.REVIEW: 1, Verdict.DENY: 2}


def decide(assessment: Assessment, profile: Profile, stage: Stage, evidence: tuple[str, ...] = ()) -> Basis:
    """Weigh the findings of one URL. Pure: same findings and profile, same answer.

    `reasons` are the findings that have an effect, most severe first; a licence that lifted an effect is
    among them. `temporary` is a deny that rests on unknown outcomes alone.
    """
    licensed = any(f.criterion == "D2" and f.outcome is Outcome.MET for f in assessment.findings)
    weighed: list[tuple[Verdict, Finding]] = []
    lifted = False
    for finding in assessment.findings:
        effect = _effect(finding, profile, stage)
        if effect is Verdict.ALLOW:
            continue
        broken = finding.reason == CRITERION_ERROR  # nothing lifts what nobody could look at
        if licensed and not broken and CATALOGUE[finding.criterion].lifted_by_permission:
            lifted = True
            continue
        weighed.append((effect, finding))
    weighed.sort(key=lambda pair: -_SEVERITY[pair[0]])
    verdict = weighed[0][0] if weighed else Verdict.ALLOW
    reasons = tuple(finding for _, finding in weighed)
    if lifted:
        reasons += tuple(f for f in assessment.findings if f.criterion == "D2")
    temporary = verdict is Verdict.DENY and all(
        finding.outcome is Outcome.UNKNOWN for effect, finding in weighed if effect is Verdict.DENY
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
    )


def _effect(finding: Finding, profile: Profile, stage: Stage) -> Verdict:
    if finding.reason == CRITERION_ERROR:
        return Verdict.DENY
    return profile.effect(finding.criterion, finding.outcome, stage)
