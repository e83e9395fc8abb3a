"""Ready means that answers can be recorded and the lists are read; stale feeds are named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from crawlgate.errors import LedgerError
from tests.serve.service import service


def test_ready_and_the_lists_that_are_loaded(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("pirate.example\nother.example\n")
    with service(tmp_path / "home", blocklists=[listed]) as running:
        assert running.client.get("/health/ready").json() == {
            "status": "ready",
            "mode": "enforce",
            "ledger": {"writable": True, "error": None},
            "lists": {"loaded": 1, "entries": 2, "stale": [], "error": None},
        }
        assert not list((tmp_path / "home").glob(".probe*"))
        assert running.metric("crawlgate_lists") == 1


def test_stale_feeds_are_named(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        running.gate.core.lists.stale = ("rha",)
        answer = running.client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert answer.json()["lists"]["stale"] == ["rha"]
        assert running.metric("crawlgate_stale_feeds") == 1


def test_a_disk_that_takes_nothing_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(tmp_path) as running:
        real = os.fsync

        def full(fd: int) -> None:
            if ".probe" in str(Path(f"/proc/self/fd/{fd}").readlink()):
                raise OSError(28, "No space left on device")
            real(fd)

        monkeypatch.setattr(os, "fsync", full)
        answer = running.client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "unready")
        assert "No space left" in answer.json()["ledger"]["error"]
        monkeypatch.undo()
        assert running.client.get("/health/ready").status_code == 200
        assert not list(tmp_path.glob(".probe*"))


def test_an_answer_that_cannot_be_recorded_is_not_given(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        running.check("https://a.example/")
        ledger: Any = running.gate.core.ledger
        whole = ledger.append_decision

        def failing(*_: Any, **__: Any) -> Any:
            raise LedgerError("the disk is full", "ledger")

        ledger.append_decision = failing
        answer = running.post("/v1/check", {"url": "https://a.example/"})
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:crawlgate:problem:ledger")
        assert "allow" not in answer.text
        batch = running.post("/v1/check/batch", {"items": [{"url": "https://a.example/"}]}).json()
        assert [result["type"] for result in batch["results"]] == ["urn:crawlgate:problem:ledger"]
        ledger.append_decision = whole
        assert running.check("https://a.example/")["verdict"] == "allow"
