"""The program in this process: arguments in, exit code and both streams out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from crawlgate.cli import main


class Done(NamedTuple):
    """How the program ended, and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `crawlgate` with the arguments given."""

    def program(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["crawlgate", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        code = end.value.code
        assert isinstance(code, int)
        assert "Traceback" not in err
        return Done(code, out, err)

    return program
