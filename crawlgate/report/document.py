"""A page of ours: no script, nothing loaded, fit for paper; its head, and writing it whole or not at all."""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha256
from importlib import resources
from pathlib import Path

from .. import __version__
from ..errors import ConfigError
from .markup import Html, element

_CSS = resources.files(__package__).joinpath("report.css").read_text("utf-8")
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_CSS.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)


def document(title: str, body: Html, lang: str) -> str:
    """The whole page around `body`, which is its `body` element."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="robots", content="noindex"),
        element("meta", name="generator", content=f"crawlgate {__version__}"),
        element("title", title),
        element("style", Html(_CSS)),
    )
    return f"<!doctype html>\n{element('html', head, body, lang=lang)}\n"


def write_page(text: str, out: Path) -> Path:
    """Write the page whole or not at all, and return `out`. Raises `ConfigError`."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        if out.exists() and not out.is_file():  # a device or a pipe must not be replaced by a file
            out.write_text(text, "utf-8")
            return out
        part.write_text(text, "utf-8")
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigError(f"report {out}: cannot be written: {error.strerror or error}; choose another file") from None
    return out
