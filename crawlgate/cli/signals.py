"""`crawlgate signals FILE.json`: what a site said, protocol by protocol, without a verdict."""

from __future__ import annotations

from typing import BinaryIO

import click
import orjson

from ..errors import ConfigError
from ..inspection import Inspection, inspect_document
from ..report.json import signal_object


@click.command()
@click.argument("file", type=click.File("rb"))
def signals(file: BinaryIO) -> None:
    """Read what was received and print the statements in it; `-` reads standard input.

    FILE holds one JSON object with any of robots, robots_bytes_hex, robots_status, robots_redirects, header,
    status, html, jsonld, body, tdmrep, tdm_policy, rsl, ai_txt, trust_txt, xmp, assertion, and url, token, purpose.
    Prints {"signals": [...], "effective": {"crawl": ..., "train": ...}, "lint": [...], "facts": {...}}.
    """
    try:
        table = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"{file.name}: not JSON: {error}") from None
    click.echo(orjson.dumps(inspection_object(inspect_document(table)), option=orjson.OPT_INDENT_2))


def inspection_object(inspection: Inspection) -> dict[str, object]:
    """An inspection as a JSON object."""
    return {
        "signals": [signal_object(signal) for signal in inspection.signals],
        "effective": {str(purpose): str(polarity) for purpose, polarity in inspection.effective.items()},
        "lint": [
            {"code": lint.code, "message": lint.message, "line": lint.line, "raw": lint.raw, "name": lint.name}
            for lint in inspection.lint
        ],
        "facts": dict(inspection.facts),
    }
