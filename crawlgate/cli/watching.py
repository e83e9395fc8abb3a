"""How a long audit goes, on stderr: a bar on a terminal, a line every ten seconds into a file or a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from ..audit.output.course import Moment, Watch

EVERY = 10.0
_PHASES = {
    "evidence": "reading evidence",
    "digests": "digests of the inputs",
    "behaviour": "looking for refusals",
    "rows": "judging rows",
    "outputs": "writing outputs",
}


@contextmanager
def watching(*, quiet: bool, every: float = EVERY) -> Iterator[Watch | None]:
    """Gives what an audit is to tell how it goes; None for one that shall say nothing."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield Lines(every)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Bar(bar, bar.add_task("", total=None, said=""))


class Pace:
    """Rate and time left, from what was done since the first moment that was told."""

    def __init__(self) -> None:
        self._start: tuple[float, int, float] | None = None

    def said(self, moment: Moment, now: float) -> str:
        """`1,200,000 rows, 410,000 a second, 1:20 left`; without what cannot be told yet."""
        if self._start is None:
            self._start = (now, moment.rows, moment.share)
        began, rows, share = self._start
        parts = [f"{moment.rows:,} rows"]
        if now > began and moment.rows > rows:
            parts.append(f"{(moment.rows - rows) / (now - began):,.0f} a second")
        if now > began and moment.share > share:
            parts.append(f"{_clock((now - began) * (1 - moment.share) / (moment.share - share))} left")
        return ", ".join(parts)


class Lines:
    """Plain lines, at most one in `every` seconds; nothing for a run that is shorter."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._said = time.monotonic()
        self._pace = Pace()

    def phase(self, name: str) -> None:
        """Said with the next line that is due."""
        if self._due():
            click.echo(f"crawlgate audit: {_PHASES.get(name, name)}", err=True)

    def moment(self, moment: Moment) -> None:
        """A line, if it is time for one."""
        now = time.monotonic()
        told = self._pace.said(moment, now)
        if self._due():
            click.echo(f"crawlgate audit: {moment.share:.0%} read, {told} ({moment.file})", err=True)

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._said < self._every:
            return False
        self._said = now
        return True


class Bar:
    """A bar with rate and time left."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task
        self._pace = Pace()

    def phase(self, name: str) -> None:
        """Name what is done now."""
        self._bar.update(self._task, description=_PHASES.get(name, name), total=None, said="")

    def moment(self, moment: Moment) -> None:
        """Move the bar."""
        said = self._pace.said(moment, time.monotonic())
        self._bar.update(self._task, total=1.0, completed=moment.share, said=said)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
