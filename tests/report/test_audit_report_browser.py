"""The report of an audit in a real browser: a telephone, both colour schemes, paper."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.report.audit.forms import make_report  # noqa: E402
from tests.report.audited import HOSTILE, audited, decisions, rewritten  # noqa: E402
from tests.report.pages import CHROMIUM, browse, in_frame  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")]
LANGS = ("en", "ja")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report in both languages, with long addresses and hostile ones among its rows."""
    folder = tmp_path_factory.mktemp("pages")
    out = audited(folder / "audit")
    rows = decisions(out)
    deny = next(row for row in rows if row["verdict"] == "deny")
    rows += [deny | {"url": f"https://x.example/{'y' * 1_500}", "host": f"{'z' * 60}.example"}] * 4
    rows += [deny | {"url": f"https://x.example/{HOSTILE}", "host": "x.example"}]
    made = rewritten(out, folder / "made", rows)
    for lang in LANGS:
        (folder / f"{lang}.html").write_text(make_report(made, lang=lang)[1], "utf-8")
    return folder


@pytest.mark.parametrize("lang", LANGS)
def test_it_fits_a_telephone(pages: Path, lang: str) -> None:
    width, ground, charts = json.loads(in_frame(pages, f"{lang}.html", 320))
    assert width <= 320
    assert ground == "rgb(251, 251, 249)"
    assert len(charts) >= 3
    assert all(200 <= wide <= 320 for wide in charts)


def test_it_is_dark_where_the_reader_wants_it_dark(pages: Path) -> None:
    _, ground, _ = json.loads(in_frame(pages, "en.html", 1200, "--blink-settings=preferredColorScheme=0"))
    assert ground == "rgb(20, 24, 28)"


def test_it_prints_on_a4(pages: Path) -> None:
    paper = pages / "ja.pdf"
    page = (pages / "ja.html").as_uri()
    browse(pages / "profile", "--no-pdf-header-footer", f"--print-to-pdf={paper}", page)
    data = paper.read_bytes()
    assert data.startswith(b"%PDF-")
    boxes = {tuple(round(float(n)) for n in box.split()) for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", data)}
    assert boxes == {(0, 0, 595, 842)}
