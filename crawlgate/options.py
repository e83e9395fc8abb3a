"""What a gate is told when it is made, and what its callers tell it of a request or a body."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Required, TypedDict

from .clock import Clock
from .declaration import suggestion
from .errors import ConfigError
from .ledger.anchor import anchor
from .ledger.upkeep import CHECKPOINT_INTERVAL, COMMIT_INTERVAL, Anchor, Upkeep
from .limits import Limits
from .loaded import Blocklist

DURABILITY = ("process", "disk")


class GateOptions(TypedDict, total=False):
    """The options that `Gate` and `AsyncGate` share; see `Gate`."""

    profile: str | PathLike[str]
    blocklists: Sequence[str | PathLike[str] | Blocklist]
    home: str | PathLike[str]
    mode: str
    allow_addresses: Sequence[str]
    policy_files: Sequence[str]
    page_evidence: str
    durability: str
    commit_interval: float
    checkpoint_interval: float
    anchors: Sequence[str | Anchor]
    ledger_key: str | PathLike[str] | None
    limits: Limits
    clock: Clock


class Place(TypedDict, total=False):
    """Where a body is: `length` bytes at `offset` of `shard` in `dataset`, counted from 0; `sha256` (hexadecimal) and
    `size` are of the body as stored. `dataset` is needed, the rest is what there is to say."""

    dataset: Required[str]
    shard: str
    offset: int
    length: int
    sha256: str
    size: int
    media_type: str


class Manner(TypedDict, total=False):
    """How a request is made, where it is not the usual way. Never holds a secret.

    `user_agent` is the header that is sent, if it is not the declared one; `credentials` names what is used to log in
    (`licensed:KRI-77`), `proxy` the route; `referrer` is the page that led here; `challenge_solved` says that software
    or a service answers, or answered, a challenge for it. `cookies` is the `Cookie` header: it is compared with what
    the site gave to the anonymous crawler, and only a name of it is ever kept.
    """

    user_agent: str | None
    credentials: str | None
    proxy: str | None
    referrer: str | None
    challenge_solved: bool
    cookies: str | None


@dataclass(frozen=True, slots=True)
class Keeping:
    """How the ledger of a gate is kept: `durability` is `process` or `disk`; `key_file` signs, None the home's key."""

    durability: str = "process"
    key_file: Path | None = None
    upkeep: Upkeep = field(default_factory=Upkeep)

    def __post_init__(self) -> None:
        if self.durability not in DURABILITY:
            hint = suggestion(self.durability, DURABILITY)
            known = ", ".join(DURABILITY)
            raise ConfigError(f"durability {self.durability!r} is unknown{hint}; use one of {known}")


def keeping(options: GateOptions) -> Keeping:
    """How the ledger is to be kept. Raises `ConfigError`."""
    anchors = options.get("anchors", ())
    if isinstance(anchors, (str, bytes)):
        raise ConfigError("anchors is one string; write a list")
    for name in ("commit_interval", "checkpoint_interval"):
        seconds = options.get(name, 1.0)
        if not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
            raise ConfigError(f"{name} is {seconds!r}; write a number of seconds above 0")
    key = options.get("ledger_key")
    return Keeping(
        durability=options.get("durability", "process"),
        key_file=None if key is None else Path(key),
        upkeep=Upkeep(
            commit_interval=options.get("commit_interval", COMMIT_INTERVAL),
            checkpoint_interval=options.get("checkpoint_interval", CHECKPOINT_INTERVAL),
            anchors=[anchor(given) if isinstance(given, str) else given for given in anchors],
        ),
    )
