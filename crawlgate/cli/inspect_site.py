"""`crawlgate inspect-site URL`: what a site says to AI crawlers, in words its owner understands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
import orjson

from ..errors import UrlError
from ..evidence.address import AddressPolicy
from ..evidence.fetch import Fetcher
from ..explain import printable
from ..flow import OPTIONAL_FILES, Fetch, drive
from ..inspection import Visit, inspect_visit, visit
from ..inspection.words import describe
from ..limits import DEFAULT_LIMITS
from ..model import Evidence
from ..url import parse
from .asking import UNDECLARED
from .signals import inspection_object

SCHEMA = "crawlgate.inspection/1"


@click.command("inspect-site")
@click.argument("url")
@click.option("--token", help="Product token to read robots.txt for; default: a crawler nobody names.")
@click.option("--allow-address", "addresses", multiple=True, metavar="CIDR", help="Address range that may be reached.")
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def inspect_site(url: str, token: str | None, addresses: tuple[str, ...], lang: str, form: str) -> None:
    """Fetch a site's policy files and one page, and say what they tell an AI crawler, mistakes included.

    Asks for robots.txt, tdmrep.json, ai.txt and trust.txt, for the licences and policies that these and the page
    name, and for the page itself where robots.txt lets it; follows redirects. Records nothing and decides nothing.
    """
    try:
        asked = parse(url if "://" in url else f"https://{url}")
    except UrlError as error:
        raise click.UsageError(str(error)) from None
    named = token or UNDECLARED.token
    with Fetcher(UNDECLARED.user_agent, policy=AddressPolicy(addresses), limits=DEFAULT_LIMITS) as fetcher:

        def fetch(wanted: Fetch) -> Evidence:
            return fetcher.fetch(wanted.url, kind=wanted.kind, max_bytes=wanted.max_bytes, now=datetime.now(UTC))

        flow = visit(asked, named, visitor=UNDECLARED.token, optional=tuple(OPTIONAL_FILES))
        seen = drive(flow, fetch)
    inspection = inspect_visit(seen, named)
    if form == "json":
        click.echo(orjson.dumps(_object(seen, named, inspection_object(inspection)), option=orjson.OPT_INDENT_2))
        return
    for evidence in seen.evidence:
        click.echo(f"{printable(evidence.url)}: {_received(evidence)}", err=True)
    if seen.hops:
        click.echo(f"{printable(seen.asked.href)} leads to {printable(seen.url.href)}", err=True)
    if seen.page is None:
        click.echo(
            "the page itself was not fetched: robots.txt does not let this crawler, or could not be had", err=True
        )
    for line in describe(inspection, lang):
        click.echo(line)


def _object(seen: Visit, token: str, inspected: dict[str, object]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "asked": seen.asked.href,
        "url": seen.url.href,
        "token": token,
        "received": [
            {
                "kind": evidence.kind,
                "url": evidence.url,
                "final_url": evidence.final_url,
                "status": evidence.status,
                "bytes": len(evidence.body),
                "sha256": evidence.sha256,
                "truncated": evidence.truncated,
                "error": evidence.error,
                "id": evidence.id,
            }
            for evidence in seen.evidence
        ],
        **inspected,
    }


def _received(evidence: Evidence) -> str:
    if evidence.status is None:
        return printable(evidence.error or "no answer")
    return f"{evidence.status}, {len(evidence.body)} bytes" + (", cut" if evidence.truncated else "")
