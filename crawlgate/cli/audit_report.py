"""`crawlgate audit report OUT_DIR`: what an audit found, to read, to print and to hand on."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import ConfigError


@click.command()
@click.argument("folder", metavar="OUT_DIR", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown", "json", "sarif"]),
    default="html",
    show_default=True,
    help="JSON: docs/schemas/audit-report.json. SARIF: 2.1.0, findings by site and about the set-up.",
)
@click.option("--out", type=click.Path(path_type=Path), help="File to write; - is stdout.  [default: in OUT_DIR]")
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
def report(folder: Path, form: str, out: Path | None, lang: str) -> None:
    """Write the report of an audit: coverage, verdicts, criteria, sites, what a person must decide.

    OUT_DIR is the folder that `crawlgate audit ... --out OUT_DIR` wrote. The page is one file without script; nothing
    is loaded from elsewhere. Prints the path of the report. The same audit gives the same report, byte for byte.
    """
    try:
        from ..report.audit.forms import Form, make_report
        from ..report.document import write_page
    except ImportError as error:
        raise ConfigError(
            f"reports of audits need {error.name}, which is not installed; install the extra: "
            "pip install 'crawlgate[audit]'"
        ) from None
    chosen = Form(form)
    account, text = make_report(folder, form=chosen, lang=lang)
    if str(out) == "-":
        click.echo(text, nl=False)
    else:
        click.echo(write_page(text, out or folder / f"report.{chosen.ending}"))
    covered = account.coverage
    click.echo(
        f"{covered.judged:,} rows judged, {covered.unknown + covered.not_covered:,} of them without a known answer "
        f"whether a measure covered them; {covered.rejected:,} rejected",
        err=True,
    )
