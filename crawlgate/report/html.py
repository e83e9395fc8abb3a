"""The report of a home as one HTML page: no script, nothing loaded, fit for paper."""

from __future__ import annotations

from pathlib import Path

from .. import __version__
from . import svg
from .document import document, write_page
from .gist import Answer
from .markup import Html, element, join, quoted
from .provenance import ledger_state
from .sections import SECTIONS
from .shared import VERDICTS
from .summary import Summary, summarise
from .words import Words, moment, number


def write_report(home: Path, out: Path, *, lang: str = "en") -> Path:
    """Write the report on the ledger of `home` to `out` and return `out`. `lang` is `en` or `ja`.

    A ledger that does not verify is reported as far as it can be read, and the page says so. Raises
    `LedgerError` where there is no ledger, `ConfigError` where `out` cannot be written.
    """
    words = Words(lang)
    return write_page(page(summarise(home), words.lang), out)


def page(summary: Summary, lang: str = "en") -> str:
    """The whole page. All that came from elsewhere is escaped."""
    words = Words(lang)
    operator = next((found.said.operator for found in summary.conditions if found.said.operator), "")
    title = f"{words('page.title')}: {operator or words('page.nobody')}"
    sections = (
        element(
            "section",
            element("h2", words(f"section.{name}"), id=f"h-{name}"),
            section(summary, words),
            id=name,
            aria_labelledby=f"h-{name}",
        )
        for name, section in SECTIONS.items()
    )
    body = element(
        "body",
        element("a", words("page.skip"), href="#report", class_="skip"),
        svg.patterns(),
        element(
            "div",
            _header(summary, words, operator),
            _contents(words),
            element("main", *sections, id="report"),
            element("footer", element("p", words("page.hostile")), element("p", words("page.footer"))),
            class_="wrap",
        ),
    )
    return document(title, body, lang)


def _header(summary: Summary, words: Words, operator: str) -> Html:
    period = words("page.no_period")
    if summary.period is not None:
        first, last = summary.period
        period = words("page.period", first=moment(first), last=moment(last))
    made = words("page.made", at=moment(summary.made_at), version=__version__)
    note = element(
        "div",
        element("h2", words("page.note_title"), id="h-note"),
        element("p", words("page.note")),
        class_="note",
        role="note",
        aria_labelledby="h-note",
    )
    return element(
        "header",
        element("p", words("page.title"), class_="kind"),
        element("h1", operator or words("page.nobody")),
        element("p", period, class_="meta"),
        element("p", join((made, quoted(str(summary.home))), " "), class_="meta"),
        note,
        _figures(summary, words),
        ledger_state(summary, words),
    )


def _figures(summary: Summary, words: Words) -> Html:
    shown = [_figure(number(summary.asked), words("figures.asked"))]
    for answer in VERDICTS:
        label = join((svg.swatch(answer), words(f"answer.{answer}")))
        shown.append(_figure(number(summary.urls.get(answer, 0)), label))
    refused = summary.urls.get(Answer.REFUSED, 0)
    if refused:
        shown.append(_figure(number(refused), words("answer.refused")))
    state = words("figures.verified" if summary.verified.ok else "figures.not_verified")
    shown.append(_figure(state, words("figures.ledger"), "word"))
    return element("ul", *shown, class_="figures", aria_label=words("figures.title"))


def _figure(value: str, label: str, class_: str | None = None) -> Html:
    return element("li", element("strong", value, class_=class_), element("span", label))


def _contents(words: Words) -> Html:
    items = (element("li", element("a", words(f"section.{name}"), href=f"#{name}")) for name in SECTIONS)
    return element(
        "nav", element("h2", words("page.contents"), id="h-nav"), element("ol", *items), aria_labelledby="h-nav"
    )
