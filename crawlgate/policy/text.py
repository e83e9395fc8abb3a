"""A profile as the text of a TOML file that a person reads, copies and changes."""

from __future__ import annotations

import json

from ..criteria import CATALOGUE
from ..criteria.limits import LIMITS, KnownLimit
from ..model import NamedLimit, Outcome, Verdict
from .config import Profile

_WORDS = {
    "en": {
        "head": "Every outcome that a criterion is weighed by has its effect here:\n"
        "allow, review (a person decides) or deny. An outcome that is not listed has no effect.",
        "audit": "Where an old log is audited, evidence that nobody kept is not the site's refusal.",
        "limits": "Figures that the source document does not give.\n"
        "Set one by taking its # away: value, owner, date, reason.",
    },
    "ja": {
        "head": "各基準の結果ごとの効果: allow（許可）、review（人の判断を待つ）、deny（拒否）。\n"
        "記載のない結果は効果を持たない。",
        "audit": "過去のログの監査では、証拠が保存されていないことをサイトの拒否とは扱わない。",
        "limits": "典拠文書が数値を示していない事項。\n行頭の # を外し、値・責任者・設定日・理由を記入する。",
    },
}


def profile_toml(profile: Profile, lang: str = "en") -> str:
    """The whole profile as TOML with a comment for each criterion, in `en` or `ja`. Read again it has the same
    hash; limits that are not set stand in it as comments."""
    words = _WORDS[lang]
    parts = [_comment(words["head"]), f"name = {_quoted(profile.name)}"]
    for key, value in (("description", profile.description), ("description_ja", profile.description_ja)):
        if value:
            parts.append(f"{key} = {_quoted(value)}")
    for name, criterion in CATALOGUE.criteria.items():
        row = profile.effects.get(name, {})
        shown = [o for o in Outcome if o in criterion.weighed or row.get(o, Verdict.ALLOW) is not Verdict.ALLOW]
        if shown:
            cells = [f'{outcome} = "{row[outcome]}"' for outcome in shown]
            parts += ["", f"# {criterion.title(lang)}", f"[effects.{name}]", *cells]
    for name, row in profile.audit_effects.items():
        parts += ["", _comment(words["audit"]), f"[audit_effects.{name}]"]
        parts += [f'{outcome} = "{effect}"' for outcome, effect in row.items()]
    parts += ["", _comment(words["limits"])]
    for known in LIMITS.values():
        parts += ["", *_limit(known, profile.limits.get(known.name), lang)]
    return "\n".join(parts) + "\n"


def _limit(known: KnownLimit, limit: NamedLimit | None, lang: str) -> list[str]:
    told = [f"# {known.criterion}: {known.meaning(lang)}"]
    if limit is None:
        lines = [f"[limits.{known.name}]", "value =", f'unit = "{known.unit}"', 'owner = ""', "date =", 'reason = ""']
        return told + [f"# {line}" for line in lines]
    return [
        *told,
        f"[limits.{known.name}]",
        f"value = {limit.value}",
        f'unit = "{limit.unit}"',
        f"owner = {_quoted(limit.owner)}",
        f"date = {limit.date.isoformat()}",
        f"reason = {_quoted(limit.reason)}",
    ]


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in text.split("\n"))


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
