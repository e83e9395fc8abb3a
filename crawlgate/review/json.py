"""Open questions and decisions of people as JSON objects (docs/schemas/review-item.json, override.json)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..criteria import CATALOGUE
from ..model import Override
from ..report.json import finding_object
from .queue import OpenItem

ITEM_SCHEMA = "crawlgate.review-item/1"
OVERRIDE_SCHEMA = "crawlgate.override/1"


def item_object(item: OpenItem, now: datetime, lang: str = "en") -> dict[str, Any]:
    """An open question: where, since when, what was found, and a question to begin from."""
    question = item.question
    return {
        "schema": ITEM_SCHEMA,
        "id": item.id,
        "host": question.host,
        "criterion": question.criterion,
        "finding": finding_object(item.finding, lang),
        "question": CATALOGUE[question.criterion].suggest(lang),
        "urls": item.urls,
        "since": item.since,
        "age_seconds": int(item.age(now).total_seconds()),
        "latest": item.latest,
        "record": item.record,
        "url": item.url,
        "examples": list(item.examples),
        "others": list(item.others),
    }


def override_object(override: Override, now: datetime) -> dict[str, Any]:
    """A decision of a person as it stands at `now`."""
    return {
        "schema": OVERRIDE_SCHEMA,
        "record": override.record,
        "at": override.at,
        "by": override.by,
        "reason": override.reason,
        "effect": override.effect,
        "scope": override.scope,
        "value": override.value,
        "path_prefix": override.path_prefix,
        "findings": {name: list(outcomes) for name, outcomes in override.findings.items()},
        "until": override.until,
        "acknowledged": dict(override.acknowledged),
        "concerns": override.concerns,
        "in_force": override.in_force(now),
        "revoked_at": override.revoked_at,
        "revocation": override.revocation,
    }


__all__ = ["ITEM_SCHEMA", "OVERRIDE_SCHEMA", "item_object", "override_object"]
