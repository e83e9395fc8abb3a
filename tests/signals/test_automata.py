"""Automata that are kept: the same ones, made for this machine, or made anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crawlgate import kept
from crawlgate.signals import automata, live, triggers

hyperscan = pytest.importorskip("hyperscan")

PATTERNS = [(number, b"wo?rd%d[a-z]{0,9}end" % number) for number in range(200)]
PAGE = b" ".join(b"WORD%dxyEND wrd%dend" % (number, number) for number in range(0, 200, 7))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRAWLGATE_CACHE", str(tmp_path))
    return tmp_path


def hits() -> list[automata.Hit]:
    return sorted(automata.Automaton(PATTERNS, [(1000, b"xyend")]).hits(PAGE))


def never(*_: object) -> Any:
    raise AssertionError("compiled again")


def test_a_kept_automaton_says_the_same_and_is_not_compiled_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = hits()
    assert len(made) == 29 + 29
    assert len(names(cache)) == 1
    monkeypatch.setattr(automata, "_compiled", never)
    assert hits() == made


def test_another_pattern_number_or_flag_is_another_automaton(cache: Path) -> None:
    hits()
    automata.Automaton([*PATTERNS, (201, b"a")], [(1000, b"xyend")])
    automata.Automaton(PATTERNS, [(1001, b"xyend")])
    automata.Automaton([*PATTERNS, (1000, b"xyend")])
    assert len(names(cache)) == 4


def test_small_automata_are_not_kept(cache: Path) -> None:
    assert automata.Automaton([(7, b"word")]).hits(b"a word") == [(7, 6)]
    assert names(cache) == []


def test_an_automaton_of_another_version_or_machine_has_another_name(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = hits()
    for other in (("0.8.0",), ("0.9.1", "b'Version: 5.4.12 Features: AVX512 Mode: BLOCK'", "linux", "x86_64")):
        monkeypatch.setattr(automata, "_made_for", lambda other=other: other)
        assert hits() == made
    assert len(names(cache)) == 3


# Where the header of a kept automaton has them: Hyperscan's mark, its version, the features of the processor.
@pytest.mark.parametrize("place", [0, 5, 12, 13, 400], ids=["mark", "version", "processor", "features", "octets"])
def test_one_that_hyperscan_does_not_take_is_made_anew(cache: Path, place: int) -> None:
    made = hits()
    (name,) = names(cache)
    good = kept.read(name)
    assert good is not None
    for bits in (0xFF, 0x80, 0x04):
        forged = bytearray(good)
        forged[place] ^= bits
        assert kept.write(name, bytes(forged))
        with pytest.raises(automata.Failed):
            hyperscan.loadb(bytes(forged), hyperscan.HS_MODE_BLOCK)
        assert hits() == made
        assert kept.read(name) == good  # replaced by what was made anew


@pytest.mark.parametrize("octets", [b"", b"\xdb\xdb\xdb\xdb", bytes(4096)])
def test_octets_that_are_no_automaton_are_not_used(cache: Path, octets: bytes) -> None:
    made = hits()
    (name,) = names(cache)
    assert kept.write(name, octets)
    assert hits() == made


def test_without_a_cache_the_answers_are_the_same(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = hits()
    for elsewhere in ("off", "/proc/nowhere"):
        monkeypatch.setenv("CRAWLGATE_CACHE", elsewhere)
        assert hits() == made
    monkeypatch.setenv("CRAWLGATE_CACHE", str(cache))
    cache.chmod(0o777)
    monkeypatch.setattr(kept, "write", never)  # nothing is written for others to change
    with pytest.raises(AssertionError, match="compiled again"):
        hits()


def test_processes_make_the_same_automata_and_the_second_makes_none(cache: Path) -> None:
    code = (
        "from crawlgate.signals import automata, live, triggers\n"
        "compiled, made = automata._compiled, []\n"
        "def noted(patterns, *more):\n"
        "    made.append(compiled(patterns, *more))\n"
        "    return made[-1]\n"
        "automata._compiled = noted\n"
        "triggers.Triggers(), live._opening()\n"
        "print(sum(database.size() >= automata._LEAST for database in made))\n"
    )

    def run(seed: str) -> int:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "CRAWLGATE_CACHE": str(cache)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        return int(done.stdout)

    first = run("1")
    assert first == len(names(cache)) > 3
    assert run("2") == 0  # the order of sets is another
    assert len(names(cache)) == first


def test_kept_triggers_see_what_made_ones_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = b"<p>No part may be used for <b>AI</b> training.</p><meta name=robots content=noai><a rel=license href=x>"
    monkeypatch.setenv("CRAWLGATE_CACHE", "off")
    made = triggers.Triggers().look(page)
    monkeypatch.setenv("CRAWLGATE_CACHE", str(cache))
    triggers.Triggers()
    again = triggers.Triggers().look(page)
    assert (again.triggers, sorted(again.marks), again.metas) == (made.triggers, sorted(made.marks), made.metas)
    assert made.triggers & triggers.Trigger.META
    assert made.marks
    assert live.live(page) is not None
