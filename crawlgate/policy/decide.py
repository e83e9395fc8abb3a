"""The most severe effect wins (deny > review > allow). A licence in force lifts what the catalogue says it lifts; a
person's decision lifts, or denies, what it names."""

from __future__ import annotations

from ..criteria import CATALOGUE, Assessment
from ..criteria.evaluate import CRITERION_ERROR
from ..model import Basis, Finding, Outcome, Override, Stage, Verdict
from .config import Profile
from .overrides import lifts

_NOT_MET = Outcome.NOT_MET
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
    findings, weights = assessment.findings, profile.weights(stage)
    weighed: list[tuple[Verdict, Finding]] = []
    if len(overrides) > 1:  # which of two that lift the same is cited must not depend on how they were handed in
        overrides = tuple(sorted(overrides, key=lambda override: (override.at, override.record)))
    denials = [override for override in overrides if override.effect is Verdict.DENY] if overrides else []
    lifting: list[Override] = []
    licence: Finding | None = None
    not_met_counts = profile.not_met_counts
    for finding in findings:
        criterion, outcome = finding.criterion, finding.outcome
        if outcome is _NOT_MET and criterion not in not_met_counts:  # most of them
            continue
        effect = weights[criterion].get(outcome._value_)
        if finding.reason == CRITERION_ERROR:  # nobody could look at it
            effect = Verdict.DENY
        if effect is not None:
            weighed.append((effect, finding))
        elif criterion == "D2" and outcome is Outcome.MET:
            licence = finding
    lifted = False
    if weighed and licence is not None:
        standing = [pair for pair in weighed if not _covered(pair[1])]
        lifted = len(standing) < len(weighed)
        weighed = standing
    if weighed and overrides:
        standing = []
        for effect, finding in weighed:
            override = next((override for override in overrides if lifts(override, finding)), None)
            if override is None:
                standing.append((effect, finding))
            elif override not in lifting:
                lifting.append(override)
        weighed = standing
    verdict = Verdict.ALLOW
    reasons: tuple[Finding, ...] = ()
    if weighed:
        weighed.sort(key=lambda pair: -_SEVERITY[pair[0]])
        verdict = weighed[0][0]
        reasons = tuple([finding for _, finding in weighed])
    if denials:
        verdict = Verdict.DENY
    if lifted and licence is not None:
        reasons += (licence,)
    temporary = (
        verdict is Verdict.DENY
        and not denials
        and all(finding.outcome is Outcome.UNKNOWN for effect, finding in weighed if effect is Verdict.DENY)
    )
    return Basis(
        stage=stage,
        verdict=verdict,
        temporary=temporary,
        findings=findings,
        reasons=reasons,
        not_assessed=assessment.not_assessed,
        evidence=evidence,
        profile=profile.name,
        rule_pack=CATALOGUE.rule_pack,
        overrides=(*denials, *lifting) if overrides else (),
    )


def _covered(finding: Finding) -> bool:
    """True if a licence in force lifts the effect of a finding. What nobody could look at is never lifted."""
    return finding.reason != CRITERION_ERROR and CATALOGUE[finding.criterion].lifted_by_permission
