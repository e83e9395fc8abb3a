"""`crawlgate register`: who sells data for analysis, or did: entries of people, and what pages said in crawls."""

from __future__ import annotations

import platform
from datetime import timedelta
from pathlib import Path

import click
import orjson

from .. import __version__
from .. import url as urls
from ..clock import SystemClock
from ..criteria import CATALOGUE
from ..declaration import instant
from ..errors import ConfigError, UrlError
from ..explain import printable
from ..home import Home
from ..ledger.open import open_ledger
from ..ledger.register import KIND, read_register, register_table
from ..limits import DEFAULT_LIMITS
from ..model import Product, RegisterEntry
from ..state import State

_home = click.option(
    "--home", type=click.Path(path_type=Path), default=Path(".crawlgate"), show_default=True, help="Home of the gate."
)


@click.group()
def register() -> None:
    """The licensor register: which sites sell data for analysis, since when the collector knows, and from whom."""


@register.command()
@click.argument("host")
@click.option("--product", type=click.Choice([str(p) for p in Product]), required=True, help="What is sold.")
@click.option("--by", required=True, help="The person who enters it.")
@click.option("--name", default="", help="What the product is called.")
@click.option("--price", default="", help="The price, if it is known.")
@click.option("--currency", default="", help="Its currency (JPY, USD ...).")
@click.option("--evidence", default="", help="A URL, or words, that say so.")
@click.option("--url", "places", multiple=True, help="A URL that is the product itself; may be repeated.")
@click.option("--past", is_flag=True, help="Sold once; nothing is on offer now.")
@click.option("--first-seen", help="Since when it is known (ISO 8601; a day is its start).  [default: now]")
@click.option("--ended-at", help="When the offer ended.")
@_home
def add(
    host: str,
    product: str,
    by: str,
    name: str,
    price: str,
    currency: str,
    evidence: str,
    places: tuple[str, ...],
    past: bool,
    first_seen: str | None,
    ended_at: str | None,
    home: Path,
) -> None:
    """Enter that HOST sells data for analysis. Prints the record; gates take it up when they are opened."""
    if not by.strip():
        raise ConfigError("--by is empty; name the person who enters this")
    now = SystemClock().now()
    seen = instant(first_seen, "--first-seen") or now
    ended = instant(ended_at, "--ended-at")
    if ended is not None and ended < seen:
        raise ConfigError("--ended-at is before --first-seen; an offer ends after it was seen")
    try:
        named = urls.parse(host if "://" in host else f"https://{host}").host
        products = tuple(urls.parse(place).href for place in places)
    except UrlError as error:
        raise ConfigError(str(error)) from None
    entry = RegisterEntry(
        host=named,
        product=Product(product),
        name=name,
        price=price,
        currency=currency.upper(),
        evidence=evidence,
        first_seen=seen,
        ended_at=ended,
        past=past,
        urls=products,
        source=by.strip(),
    )
    folders = Home(home)
    folders.create()
    head = {
        "program": f"crawlgate {__version__}",
        "python": platform.python_version(),
        "rule_pack": CATALOGUE.rule_pack,
        "source_document": CATALOGUE.source_document,
        "written_by": "register",
    }
    # Opened first: an index that is made now is filled from the ledger, and must not hold the entry twice.
    state = State(folders, keep=timedelta(seconds=DEFAULT_LIMITS.refusal_memory), now=now)
    with open_ledger(folders.ledger, folders.keys, head, now=SystemClock().now) as writer:
        segment, seq = writer.append(KIND, register_table(now, entry))
    state.add_entry(entry, f"{segment}:{seq}")
    state.close()
    click.echo(f"{segment}:{seq}")


@register.command("list")
@click.option("--host", help="Only this host.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_home
def list_(host: str | None, form: str, home: Path) -> None:
    """Show the entries in the order in which they were made."""
    shown = 0
    for entry, record in read_register(Home(home).ledger):
        if host and entry.host != host:
            continue
        shown += 1
        if form == "json":
            click.echo(orjson.dumps({**register_table(entry.first_seen or SystemClock().now(), entry),
                                     "first_seen": entry.first_seen, "record": record.id}))  # fmt: skip
        else:
            since = entry.first_seen.date().isoformat() if entry.first_seen else ""
            price = f"{entry.price} {entry.currency}".strip()
            past = "past sale" if entry.past else ""
            parts = (entry.host, entry.product, entry.name, price, past, f"since {since}", entry.source, entry.evidence)
            click.echo(printable("  ".join(part for part in parts if part)))
    click.echo(f"{shown} entries", err=True)
