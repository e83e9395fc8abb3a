"""`crawlgate inspect-site URL`: what a site says to AI crawlers, in words its owner understands."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import orjson

from ..errors import UrlError
from ..evidence.address import AddressPolicy
from ..evidence.fetch import Fetcher
from ..explain import place, printable
from ..flow import OPTIONAL_FILES, Documents, Fetch, drive, survey
from ..inspection import Inspection, inspect_received
from ..inspection.received import read_page
from ..limits import DEFAULT_LIMITS
from ..model import Evidence, EvidenceKind, Polarity, Purpose, Signal
from ..signals import response
from ..url import parse
from .asking import UNDECLARED
from .signals import inspection_object

_PURPOSES = {
    Purpose.CRAWL: "fetching this page",
    Purpose.ACCESS: "access to this page",
    Purpose.TDM: "text and data mining",
    Purpose.TRAIN: "training of AI models",
    Purpose.TRAIN_GEN: "training of generative models",
    Purpose.AI_INPUT: "input to AI answers",
    Purpose.SEARCH: "search",
}
_POLARITIES = {
    Polarity.RESERVED: "reserved: do not",
    Polarity.PRICED: "for a fee",
    Polarity.CONDITIONAL: "under conditions",
    Polarity.PERMITTED: "permitted",
    Polarity.UNSPECIFIED: "not spoken of",
}


@click.command("inspect-site")
@click.argument("url")
@click.option("--token", help="Product token to read robots.txt for; default: a crawler nobody names.")
@click.option("--allow-address", "addresses", multiple=True, metavar="CIDR", help="Address range that may be reached.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def inspect_site(url: str, token: str | None, addresses: tuple[str, ...], form: str) -> None:
    """Fetch a site's policy files and one page, and say what they tell an AI crawler, mistakes included.

    Asks for robots.txt, tdmrep.json, the licences that robots.txt names, ai.txt and trust.txt, and for the page
    itself where robots.txt lets it. Records nothing and decides nothing.
    """
    try:
        asked = parse(url)
    except UrlError as error:
        raise click.UsageError(str(error)) from None
    named = token or UNDECLARED.token
    with Fetcher(UNDECLARED.user_agent, policy=AddressPolicy(addresses), limits=DEFAULT_LIMITS) as fetcher:

        def fetch(wanted: Fetch) -> Evidence:
            return fetcher.fetch(wanted.url, kind=wanted.kind, max_bytes=wanted.max_bytes, now=datetime.now(UTC))

        surveyed = drive(survey(asked, named, optional=tuple(OPTIONAL_FILES)), fetch)
        readable = surveyed.file is None or surveyed.file.allows(asked.href, UNDECLARED.token)
        page = None
        documents = Documents(named, own={asked.origin: surveyed.file})
        documents.found.update(surveyed.documents)
        if readable and surveyed.standing != "unreachable":
            page = fetch(Fetch(asked, EvidenceKind.RESPONSE, DEFAULT_LIMITS.page_head_bytes))
            drive(documents.ask(response.named(read_page(asked, named, page))), fetch)
    inspection = inspect_received(asked, named, surveyed, page, documents.found)
    if form == "json":
        click.echo(orjson.dumps(inspection_object(inspection), option=orjson.OPT_INDENT_2))
        return
    for evidence in (*surveyed.evidence, *((page,) if page is not None else ())):
        click.echo(f"{evidence.url}: {_received(evidence)}", err=True)
    if page is None:
        click.echo(
            "the page itself was not fetched: robots.txt does not let this crawler, or could not be had", err=True
        )
    _tell(inspection)


def _received(evidence: Evidence) -> str:
    if evidence.status is None:
        return printable(evidence.error or "no answer")
    return f"{evidence.status}, {len(evidence.body)} bytes" + (", cut" if evidence.truncated else "")


def _tell(inspection: Inspection) -> None:
    click.echo(f"What this site says to an AI crawler about {printable(inspection.url.href)}")
    for purpose, polarity in inspection.effective.items():
        click.echo(f"  {_PURPOSES[purpose]:<30} {_POLARITIES[polarity]}")
    click.echo("Statements" if inspection.signals else "No statement was found.")
    for signal in inspection.signals:
        click.echo(f"  {_POLARITIES[signal.polarity]:<18} {_PURPOSES[signal.purpose]}, {_to(signal)}: {place(signal)}")
    if inspection.lint:
        click.echo("Probably not meant as it stands")
    for lint in inspection.lint:
        where = f"line {lint.line}: " if lint.line else ""
        raw = f"  ({printable(lint.raw)})" if lint.raw else ""
        click.echo(f"  {where}{lint.message} [{lint.code}]{raw}")


def _to(signal: Signal) -> str:
    return {"*": "to everybody", "ours": "to this crawler"}.get(signal.subject, f"to {printable(signal.subject)}")
