"""Crawl logs and archives as batches of rows. What cannot be read is rejected one by one, with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ...errors import ConfigError
from ...model import Evidence
from .batch import Batch, Reject, Told
from .kinds import COMPANIONS, Kind, kind_of, spelled
from .source import Source, found, named
from .warc import policy_files


def files(names: Sequence[str], form: str | None = None) -> tuple[list[Source], list[Reject]]:
    """The files that paths, folders, patterns and fsspec URLs name, each once, in the order of their names; and the
    files in folders that are of no kind that is read. A home of the gate stands for its ledger. Raises `ConfigError`
    for a name that leads to none."""
    taken: dict[Source, None] = {}
    rejects: list[Reject] = []
    for name in names:
        sources, alone = found(name)
        home = Path(name) / "ledger"
        if not alone and home.is_dir():
            sources = [one for one in sources if isinstance(one, Path) and one.parent == home]
        if alone:
            taken.update(dict.fromkeys(sources))
            continue
        here = 0
        for source in sources:
            if source.name.endswith(COMPANIONS) or not source.stat().st_size:
                continue
            if kind_of(source, form) is None:
                why = "in this folder, but of no kind that is read; --input-format names one"
                rejects.append(Reject(str(source), None, None, "unknown_kind", why))
            else:
                taken[source] = None
                here += 1
        if not here:
            raise ConfigError(f"{name} holds no file of a kind that is read; kinds read are {spelled()}")
    return list(taken), rejects


def kind(source: Source, told: Told) -> Kind:
    """The kind of a file. Raises `ConfigError` for one of no kind that is read."""
    found_kind = kind_of(source, told.form)
    if found_kind is None:
        raise ConfigError(
            f"{source}: this kind of file is not read; kinds read are {spelled()}; --input-format names one"
        )
    return found_kind


def parts_of(source: Source, told: Told) -> list[Source]:
    """Further files that are read with a file: the parts of a cluster. A file that cannot be read has none: reading its
    rows says why."""
    try:
        this = kind(source, told)
        return [] if this.parts is None else this.parts(source)
    except (ConfigError, OSError):
        return []


def read(source: Source, told: Told) -> Iterator[Batch]:
    """The rows of one file, batch by batch. Raises `ConfigError` for a kind of file that is not read, or a file that
    cannot be read at all."""
    yield from kind(source, told).read(source, told)


def evidence_in(sources: Sequence[Source], told: Told, take: Callable[[Evidence], None]) -> None:
    """Hand the policy files that stand in archives and homes among the inputs to `take`. A file that cannot be read
    is passed over: reading its rows says why."""
    from ..sources import of_home

    homes: dict[Path, None] = {}
    for source in sources:
        try:
            this = kind(source, told)
            if not this.archive:
                continue
            if this.name == "ledger":
                if isinstance(source, Path):
                    homes[source.parent.parent] = None
            else:
                policy_files(source, take)
        except ConfigError:
            continue
    for home in homes:
        of_home(home, take)


__all__ = ["Batch", "Reject", "Source", "Told", "evidence_in", "files", "kind", "named", "parts_of", "read"]
