"""`crawlgate demo`: crawl a small web on loopback through the gate, and show what the gate made of it."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from ..criteria import CATALOGUE
from ..demo.crawl import CrawlResult, Example, Row, Visit, crawl, settled_by
from ..demo.sites import LISTED, SITES, Site
from ..explain import OUTCOMES, printable
from ..model import Finding, Verdict

_COLOURS = {Verdict.ALLOW: "green", Verdict.REVIEW: "yellow", Verdict.DENY: "red"}
_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "allow": "allow",
        "review": "review",
        "deny": "deny",
        "start": "A small web on 127.0.0.1: {sites} sites, {urls} URLs, crawled by an httpx client behind the gate.",
        "crawling": "crawling",
        "table": "What settled the URLs, by criterion, with an example of each kind of statement:",
        "nothing": "no finding against any criterion that was assessed",
        "totals": "{urls} URLs in {seconds:.1f} s: {allow} allow, {review} review, {deny} deny "
        "({temporary} of them for now only, {redirected} where a redirect led).",
        "logs": "The sites' own access logs hold {pages} requests for pages and {policies} for policy files, and none "
        "for the {stopped} URLs that were stopped before the fetch. {listed}, which is on the list, saw "
        "{connections} connections.",
        "ledger": "Ledger",
        "evidence": "Evidence",
        "report": "Report",
        "further": "To look further:",
    },
    "ja": {
        "allow": "許可",
        "review": "保留",
        "deny": "拒否",
        "start": "127.0.0.1 上の小さなウェブ（{sites}サイト、{urls} URL）をゲート付きの httpx クライアントで巡回する。",
        "crawling": "巡回中",
        "table": "判定の根拠（基準ごと。表示の種類ごとに例を一つ）:",
        "nothing": "評価した基準に該当するものはなかった",
        "totals": "{urls} URL（{seconds:.1f} 秒）: 許可 {allow}、保留 {review}、"
        "拒否 {deny}（うち一時的なもの {temporary}、転送先によるもの {redirected}）",
        "logs": "サイト側のアクセスログには、頁への要求 {pages} 件とポリシーファイルへの要求 {policies} 件があり、"
        "取得前に止められた {stopped} URL への要求は一件もない。"
        "リストに掲載された {listed} への接続は {connections} 件。",
        "ledger": "台帳",
        "evidence": "証拠",
        "report": "報告書",
        "further": "さらに調べるには:",
    },
}


@click.command()
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("crawlgate-demo"),
    show_default=True,
    help="Directory of ledger, evidence, lists and report; may be used again.",
)
@click.option("--profile", default="standard", show_default=True, help="strict, standard, minimal, or a TOML file.")
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
def demo(home: Path, profile: str, lang: str) -> None:
    """Watch the gate work on a small web.

    Starts some twenty sites on free ports of 127.0.0.1, crawls them with an httpx client behind the gate, and
    shows the decisions by criterion with the line or header that said so. Nothing leaves this machine.
    """
    # The report pulls in more than a demo's help text should wait for.
    from ..report.html import write_report

    result = _crawl(home, profile, lang)
    out = _console()
    out.print(_say(lang, "table"), style="bold")
    out.print(_table(result, lang), "")
    out.print(_say(lang, "totals", urls=len(result.visits), seconds=result.seconds, **_counts(result)), style="bold")
    out.print(_access(result, lang), "\n", sep="")
    report = write_report(home, home / "report.html", lang=lang)
    for name, path in (("ledger", result.home.ledger), ("evidence", result.home.evidence), ("report", report)):
        out.print(f"{_WORDS[lang][name]}: {path}", soft_wrap=True)
    out.print(_say(lang, "further"))
    for words in ("ledger verify", "ledger show", "review list", "report"):
        out.print(f"  crawlgate {words} --home {shlex.quote(str(home))}", soft_wrap=True)


def _crawl(home: Path, profile: str, lang: str) -> CrawlResult:
    """The crawl, with one line on stderr for each site that is done, and a bar where stderr is a terminal."""
    err = _console(stderr=True)
    total = sum(len(site.crawl) for site in SITES)
    err.print(_say(lang, "start", sites=len(SITES), urls=total))
    seen: Counter[Verdict] = Counter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(_WORDS[lang]["crawling"], total=total)

        def tell(site: Site, visit: Visit) -> None:
            seen[visit.decision.verdict] += 1
            bar.advance(task)
            if seen.total() == len(site.crawl):
                err.print(_site_line(site, seen, lang))
                seen.clear()

        result = crawl(home, profile=profile, progress=tell)
    err.print()
    return result


def _console(*, stderr: bool = False) -> Console:
    """A console that prints text as it stands: paths and what sites wrote may hold what rich takes for markup."""
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 120  # a pipe has no width, and a file can hold lines longer than 80
    return console


def _site_line(site: Site, seen: Counter[Verdict], lang: str) -> Table:
    """How many URLs of a site met which verdict, and what the site shows."""
    line = Table.grid(padding=(0, 2))
    for verdict in Verdict:
        line.add_column(style=_COLOURS[verdict], min_width=len(_WORDS["en"][verdict]) + 2, no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(*(f"{seen[v]} {_WORDS[lang][v]}" if seen[v] else "" for v in Verdict), site.shows[lang])
    return line


def _table(result: CrawlResult, lang: str) -> Group:
    """One line for each criterion and outcome, and under it an example of each kind of statement."""
    rows = result.rows()
    names = max(cell_len(_name(row, lang)) for row in rows)
    lines: list[Table] = []
    for row in rows:
        head = Table.grid(padding=(0, 2))
        head.add_column(min_width=names, no_wrap=True, style="bold")
        head.add_column(min_width=len("review"), no_wrap=True, style=f"bold {_COLOURS[row.verdict]}")
        head.add_column(min_width=3, no_wrap=True, justify="right", style="bold")
        head.add_column(overflow="fold", style="bold")
        head.add_row(_name(row, lang), _WORDS[lang][row.verdict], str(row.count), _title(row, lang))
        body = Table.grid(padding=(0, 2))
        body.add_column(min_width=5, no_wrap=True, justify="right")
        body.add_column(overflow="fold")
        for example in row.examples:
            body.add_row(str(example.count) if len(row.examples) > 1 else "", _example(example, lang))
        lines += [head, body]
    return Group(*lines)


def _name(row: Row, lang: str) -> str:
    return "-" if row.finding is None else f"{row.finding.criterion} {OUTCOMES[lang][row.finding.outcome]}"


def _title(row: Row, lang: str) -> str:
    return _WORDS[lang]["nothing"] if row.finding is None else CATALOGUE[row.finding.criterion].title(lang)


def _example(example: Example, lang: str) -> Text:
    finding = settled_by(example.visit.decision)
    led_to = f" -> {example.visit.decision.url}" if example.visit.redirected else ""
    text = Text(printable(example.visit.url + led_to))
    if finding is not None:
        text.append(f"\n{printable(_said(finding, lang))}", style="dim")
    return text


def _said(finding: Finding, lang: str) -> str:
    """The line or header that said so, or the finding's sentence where none did (a list, a licence, a silence)."""
    if not finding.signals:
        return CATALOGUE.sentence(finding, lang)
    signal = finding.signals[0]
    raw = signal.raw
    if signal.name and not raw.lower().startswith(f"{signal.name}:"):
        raw = f"{signal.name}: {raw}"
    return f"{raw}  ({signal.kind}{f', line {signal.line}' if signal.line else ''})"


def _access(result: CrawlResult, lang: str) -> str:
    """What the sites saw, by their own logs. Raises where that contradicts what the gate said."""
    if result.sent_anyway or result.connections[LISTED]:
        raise RuntimeError(
            "the sites' access logs hold requests that the gate had stopped: "
            + (", ".join(result.sent_anyway) or f"a connection to {LISTED}")
        )
    return _say(
        lang,
        "logs",
        pages=result.page_requests,
        policies=result.policy_requests,
        stopped=len(result.not_sent),
        listed=LISTED,
        connections=result.connections[LISTED],
    )


def _counts(result: CrawlResult) -> dict[str, int]:
    counts = {str(verdict): result.verdicts[verdict] for verdict in Verdict}
    return counts | {"temporary": result.temporary, "redirected": result.redirected}


def _say(lang: str, key: str, **values: Any) -> str:
    return _WORDS[lang][key].format(**values)
