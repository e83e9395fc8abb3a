"""What every page of ours must be: one file without script, fit to be read aloud and printed, readable in both schemes."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import shutil
import subprocess
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FRAME = """<!doctype html><iframe id=f src="{name}" width={width} height=800></iframe><pre id=o></pre><script>
f.onload = () => {{ const d = f.contentDocument; o.textContent = JSON.stringify([
  d.documentElement.scrollWidth, getComputedStyle(d.body).backgroundColor,
  [...d.querySelectorAll('svg[role=img]')].map(s => Math.round(s.getBoundingClientRect().width))]) }}
</script>"""


def one_file(text: str) -> LexborHTMLParser:
    """The page, after it was seen that it runs nothing and loads nothing."""
    tree = LexborHTMLParser(text)
    assert not tree.css("script, link, img, iframe, object, embed, form, base, [style]")
    assert not [name for node in tree.css("*") for name in node.attributes if name.startswith("on") or name == "src"]
    assert all((node.attributes["href"] or "").startswith("#") for node in tree.css("[href]"))
    assert not re.search(r"@import|url\((?!#)", text)
    policy = tree.css_first('meta[http-equiv="Content-Security-Policy"]').attributes["content"]
    style = tree.css_first("style").text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (policy or "").startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    return tree


def read_aloud(tree: LexborHTMLParser, lang: str) -> None:
    """Landmarks, headings in order, tables that name their rows and columns, charts that say what they show."""
    assert tree.css_first("html").attributes["lang"] == lang
    assert [len(tree.css(landmark)) for landmark in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    ids = [node.attributes["id"] for node in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    for node in tree.css("[aria-labelledby]"):
        assert node.attributes["aria-labelledby"] in ids
    for node in tree.css('[href^="#"]'):
        assert (node.attributes["href"] or "")[1:] in ids
    for table in tree.css("table"):
        assert table.css_first("caption").text()
        assert all(node.attributes.get("scope") in ("col", "row") for node in table.css("th"))
        assert {len(row.css("th, td")) for row in table.css("tr")} == {len(table.css("thead th"))}
        region = table.parent
        assert region is not None
        assert (region.attributes["role"], region.attributes["tabindex"]) == ("region", "0")  # scrolls by keyboard
    for chart in tree.css("svg"):
        told = chart.attributes.get("role") == "img" and chart.css_first("title").text()
        assert told or chart.attributes.get("aria-hidden") == "true"
    levels = [int(node.tag[1]) for node in tree.css("main h2, main h3, main h4, main h5")]
    assert all(deeper - level <= 1 for level, deeper in itertools.pairwise(levels))


def contrast(text: str, front: str, back: str) -> list[float]:
    """The contrast of two colours of the style (WCAG 2.2, 1.4.3), in the light scheme and in the dark one."""
    style = LexborHTMLParser(text).css_first("style").text()
    light, _, rest = style.partition("prefers-color-scheme: dark")
    found = []
    for scheme in (light, rest):
        colours = dict(re.findall(r"--(\w+):\s*#([0-9a-f]{6})", scheme))
        a, b = sorted((_luminance(colours[front]), _luminance(colours[back])), reverse=True)
        found.append((a + 0.05) / (b + 0.05))
    return found


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def browse(profile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the browser without a window."""
    assert CHROMIUM is not None
    quiet = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", *quiet]
    return subprocess.run(
        [*command, f"--user-data-dir={profile}", "--enable-logging=stderr", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def in_frame(folder: Path, name: str, width: int, *arguments: str) -> str:
    """What a browser makes of a page so many pixels wide: how far it reaches, its ground, how wide its charts are."""
    frame = folder / "frame.html"
    frame.write_text(_FRAME.format(name=name, width=width))
    ran = browse(
        folder / "profile",
        "--allow-file-access-from-files",
        "--virtual-time-budget=3000",
        "--dump-dom",
        *arguments,
        frame.as_uri(),
    )
    assert "Content Security Policy" not in ran.stderr  # what a refused style would be logged with
    found = re.search(r'<pre id="o">(.*?)</pre>', ran.stdout)
    assert found is not None
    return found[1]
