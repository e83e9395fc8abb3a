"""Open questions and decisions of people as lines for people, in English or Japanese."""

from __future__ import annotations

from datetime import datetime

from ..criteria import CATALOGUE
from ..explain import OUTCOMES, place
from ..report.words import Words, moment, number
from .queue import OpenItem


def item_lines(item: OpenItem, now: datetime, words: Words) -> list[str]:
    """An open question: where, since when, what was found, and a question to begin from. Not escaped."""
    question = item.question
    outcome = OUTCOMES[words.lang][question.outcome]
    title = CATALOGUE[question.criterion].title(words.lang)
    urls = words("review.url") if item.urls == 1 else words("review.urls", count=number(item.urls))
    waiting = words("review.waiting", age=_age(item, now, words), since=moment(item.since))
    lines = [
        f"{item.id}  {question.host}  {question.criterion} {title} - {outcome}",
        f"  {urls}, {waiting}",
        f"  {words.sentence(item.finding.reason, item.finding.params)}",
        *(f"     {place(signal, words.lang)}" for signal in item.finding.signals[:3]),
        f"  {words('review.question')}: {words.suggest(question.criterion)}",
        f"  {words('review.newest')}: {item.url}  {words('example.record', record=item.record)}",
    ]
    if item.others:
        lines.append(f"  {words('review.others', criteria=', '.join(item.others))}")
    return lines


def _age(item: OpenItem, now: datetime, words: Words) -> str:
    hours = int(item.age(now).total_seconds() // 3600)
    if hours >= 48:
        return words("review.days", count=number(hours // 24))
    if hours >= 24:
        return words("review.day")
    if hours > 1:
        return words("review.hours", count=number(hours))
    return words("review.hour" if hours else "review.minutes")
