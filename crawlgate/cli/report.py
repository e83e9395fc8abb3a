"""`crawlgate report`: one HTML page from a home's ledger, to read, to print and to hand on."""

from __future__ import annotations

from pathlib import Path

import click

from . import exits


@click.command()
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=Path(".crawlgate"),
    show_default=True,
    help="Directory of ledger and evidence.",
)
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: report.html in the home]")
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
@click.pass_context
def report(context: click.Context, /, home: Path, out: Path | None, lang: str) -> None:
    """Write the report: coverage, verdicts, findings by criterion and site, what a person must decide.

    Prints the path of the page. A ledger that does not verify is reported as far as it can be read; the page
    says so, and the exit code is 3.
    """
    # Public suffixes and SQLite are more than a help text should wait for.
    from ..report.document import write_page
    from ..report.gist import Answer
    from ..report.html import page
    from ..report.summary import summarise

    summary = summarise(home)
    click.echo(write_page(page(summary, lang), out or home / "report.html"))
    counts = ", ".join(
        f"{summary.urls.get(answer, 0)} {words}"
        for answer, words in (
            (Answer.ALLOW, "allow"),
            (Answer.REVIEW, "review"),
            (Answer.DENY, "deny"),
            (Answer.FOR_NOW, "deny for now"),
            (Answer.REFUSED, "refused as a URL"),
        )
    )
    state = "the ledger verifies" if summary.verified.ok else "the ledger DOES NOT VERIFY"
    click.echo(f"{summary.asked} URLs asked: {counts}; {state}", err=True)
    if not summary.verified.ok:
        click.echo(f"crawlgate: {summary.verified.problems[0]}", err=True)
        context.exit(exits.NOT_VERIFIED)
