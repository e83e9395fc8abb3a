"""What the demo's sites send: answers as plain values, and small HTML pages made from prose."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

# One grey pixel: a picture as far as HTTP is concerned.
_PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==")


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: status, header lines in order, body."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Prose:
    """The text of one page: where it stands, its title, its paragraphs."""

    path: str
    title: str
    paragraphs: tuple[str, ...]


def text(body: str | bytes, *headers: tuple[str, str], status: int = 200, media_type: str = TEXT) -> Answer:
    """An answer that holds text, such as a robots.txt."""
    data = body if isinstance(body, bytes) else body.encode()
    return Answer(status, (("Content-Type", media_type), *headers), data)


def json_file(value: Any) -> Answer:
    """An answer that holds JSON, such as tdmrep.json."""
    return text(json.dumps(value, ensure_ascii=False, indent=1), media_type="application/json")


def image(*headers: tuple[str, str]) -> Answer:
    """An answer that holds a picture."""
    return Answer(200, (("Content-Type", "image/png"), *headers), _PNG)


def redirect(location: str) -> Answer:
    """An answer that sends the client elsewhere."""
    return text("", ("Location", location), status=302)


def refusal(status: int, title: str, *headers: tuple[str, str]) -> Answer:
    """A short page that says no."""
    head, body = f"<title>{escape(title)}</title>", f"<p>{escape(title)}</p>"
    html = f"<!doctype html>\n<html><head>{head}</head><body>{body}</body></html>\n"
    return text(html, *headers, status=status, media_type=HTML)


def page(
    prose: Prose, *, lang: str, name: str, others: Sequence[Prose] = (), head: str = "", footer: str = ""
) -> Answer:
    """A small real page: title, links to `others`, paragraphs, footer. `head` is markup that goes into the head."""
    links = "".join(f'<li><a href="{escape(other.path)}">{escape(other.title)}</a></li>' for other in others)
    paragraphs = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in prose.paragraphs)
    return text(
        f"""<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<title>{escape(prose.title)} | {escape(name)}</title>
<meta name="viewport" content="width=device-width">
{head}</head>
<body>
<header><p>{escape(name)}</p><nav><ul>{links}</ul></nav></header>
<main>
<h1>{escape(prose.title)}</h1>
{paragraphs}
</main>
<footer><p>{escape(footer or name)}</p></footer>
</body>
</html>
""",
        media_type=HTML,
    )


def jsonld(value: Any) -> str:
    """A JSON-LD block for the head of a page."""
    # `</` would end the script element, whatever the JSON means.
    body = json.dumps(value, ensure_ascii=False, indent=1).replace("</", "<\\/")
    return f'<script type="application/ld+json">\n{body}\n</script>\n'
