"""Which list speaks of a row stands beside it, whatever way leads to the listed site."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from tests.audit.output.audits import OPEN, Scene, notice, robots


def test_rows_that_lead_to_a_listed_site_name_its_list(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.evidence = [robots("a.example", 0, OPEN), robots("web.archive.org", 0, OPEN)]
    scene.notices = [notice("listed.example", 0.1)]
    seen = {"status": 200, "user_agent": "ExampleBot/1.0", "redirect": None, "referrer": None}
    scene.row("https://a.example/1", 0.5, **seen)
    scene.row("https://a.example/2", 0.5, **seen | {"redirect": "https://listed.example/x"})
    scene.row("https://a.example/3", 0.5, **seen | {"redirect": "https://listed.example/x", "status": 302})
    scene.row("https://a.example/4", 0.5, **seen | {"referrer": "https://listed.example/x"})
    scene.row("https://web.archive.org/web/20240101000000/https://listed.example/x", 0.5, **seen)
    scene.audit()
    rows = scene.decisions()
    assert ["C1=met" in row["findings"] for row in rows] == [False, True, False, False, False]
    assert ["C2=indicated" in row["findings"] for row in rows] == [False, False, True, True, True]
    assert [row["list"] for row in rows] == [None, *["press version 1"] * 4]
    assert {row["notice"] for row in rows[1:]} == {"n-listed.example"}
