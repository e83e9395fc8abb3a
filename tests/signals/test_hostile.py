"""No reader is slow or large on hostile input, and none is worse than linear; the inputs are in `hostile.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import effort
from tests.signals.hostile import CASES, Case

SECONDS = 1.0
"""About 50 ms are wanted of each reader; the rest is for slow and busy machines."""

BYTES = 50_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/self/clear_refs")
def test_each_costs_little() -> None:
    """All of them in a process of their own, so that memory is what one reader takes at its height."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.signals.hostile", "--json"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    costs = json.loads(done.stdout)
    assert [name for name, _, _ in costs] == [case.name for case in CASES]
    too_much = [cost for cost in costs if cost[1] > SECONDS or cost[2] > BYTES]
    assert too_much == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_twice_the_input_is_twice_the_work(case: Case) -> None:
    effort.assert_linear(case.make, case.read, case.size // case.part)


def test_the_measure_sees_what_is_not_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "seconds", lambda work: work())  # readers that say themselves what they cost
    effort.assert_linear(lambda size: size, lambda size: size / 1000, 50)
    with pytest.raises(AssertionError, match="times the input"):
        effort.assert_linear(lambda size: size, lambda size: size**2 / 1000, 50)
