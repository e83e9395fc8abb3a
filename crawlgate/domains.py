"""Public suffixes, always offline: where a site's own name ends and a shared suffix begins.

The list is the snapshot that tldextract ships; nothing is downloaded and nothing is cached on disk. The look-up is the
algorithm of publicsuffix.org over dictionaries, because lists of ten million names are read through it: a name costs a
fraction of what tldextract's own walk takes, and its `requests` is never imported. Tests hold the two side by side.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import ada_url

_PRIVATE = "// ===BEGIN PRIVATE DOMAINS==="


class Split(NamedTuple):
    """`registrable` is None for an IP address and for a suffix itself; `is_private` speaks of the suffix: that of a
    company that hosts sites of others."""

    registrable: str | None
    is_suffix: bool
    is_private: bool


class _Rules(NamedTuple):
    """Rules without `!` and `*.`, each with whether it is of the private section."""

    exact: dict[str, bool]
    below: dict[str, bool]
    exceptions: dict[str, bool]


_NOTHING = Split(None, False, False)
_new = tuple.__new__  # what Split(...) does, without the call: lists of millions of names come through here


class Suffixes:
    """The public suffix list with the private section (`blogspot.com`, `github.io`), and `extra` suffixes.

    Hosts go in as `url.parse` gives them: lower case, A-labels, no trailing dot. An instance may be shared
    between threads and pickled.
    """

    __slots__ = ("_rules", "extra")

    def __init__(self, extra: Iterable[str] = ()) -> None:
        self.extra = tuple(extra)
        self._rules: _Rules | None = None

    def __reduce__(self) -> tuple[type[Suffixes], tuple[tuple[str, ...]]]:
        return Suffixes, (self.extra,)

    def registrable(self, host: str) -> str | None:
        """The registrable domain of `host`; None for an IP address and for a public suffix itself."""
        return self.split(host).registrable

    def is_public_suffix(self, host: str) -> bool:
        """True if names of different owners are registered directly below `host`."""
        return self.split(host).is_suffix

    def is_shared_hosting(self, host: str) -> bool:
        """True for a public suffix of the private section: a company that hosts sites of others."""
        split = self.split(host)
        return split.is_suffix and split.is_private

    def label(self, host: str) -> str | None:
        """The registrable label: `mangasky` for `img.mangasky.co.jp`; None where there is none."""
        registrable = self.split(host).registrable
        return registrable.partition(".")[0] if registrable else None

    def hosts_others(self, host: str) -> bool:
        """True if every name directly below `host` is a public suffix, though `host` itself is none."""
        return host in (self._rules or self._loaded()).below

    def _loaded(self) -> _Rules:
        rules = self._rules
        if rules is None:
            rules = self._rules = _rules(self.extra)
        return rules

    def split(self, host: str) -> Split:
        """Everything at once. The longest rule wins, an exception before it; where no rule matches, the prevailing
        rule is `*` (publicsuffix.org, "Algorithm")."""
        exact, below, exceptions = self._rules or self._loaded()
        if not host or host[-1] == "." or host[0] == "." or ".." in host:
            return _NOTHING
        if (host[-1].isdigit() or host[0] == "[") and _is_address(host):
            return _NOTHING
        under: str | None = None  # the name one label longer than `name`
        name = host
        while True:
            private = exact.get(name)
            if private is not None:
                return _new(Split, (under, under is None, private))
            _, dot, rest = name.partition(".")
            if rest in below:
                if name in exceptions:
                    return Split(name, False, exceptions[name])
                return _new(Split, (under, under is None, below[rest]))
            if not dot:
                return Split(under, under is None, False)
            under, name = name, rest


@lru_cache(maxsize=8)
def _rules(extra: tuple[str, ...]) -> _Rules:
    rules, private = _Rules({}, {}, {}), False
    for line in _snapshot().read_text("utf-8").splitlines():
        rule = line.strip().partition(" ")[0]
        if line.startswith("//"):
            private = private or line.startswith(_PRIVATE)
        elif rule:
            _add(rules, rule, private)
    for rule in extra:
        _add(rules, rule, False)
    return rules


def _add(rules: _Rules, rule: str, private: bool) -> None:
    if rule.startswith("!"):
        table, name = rules.exceptions, rule[1:]
    elif rule.startswith("*."):
        table, name = rules.below, rule[2:]
    else:
        table, name = rules.exact, rule
    if not name.isascii():
        name = ada_url.idna_to_ascii(name).decode()
    table[name] = private


def _snapshot() -> Path:
    # Not through importlib.resources: that imports the package, and with it requests.
    spec = find_spec("tldextract")
    if spec is None or spec.origin is None:
        raise ImportError("tldextract is not installed; its public suffix list is needed")
    return Path(spec.origin).with_name(".tld_set_snapshot")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@cache
def psl_version() -> str:
    """Which snapshot of the list is in use, for records: its VERSION line, or a hash, and the package."""
    data = _snapshot().read_bytes()
    stamp = "sha256:" + hashlib.sha256(data).hexdigest()[:16]
    for line in data[:4096].decode("utf-8", "replace").splitlines():
        if line.startswith("// VERSION:"):
            stamp = line.removeprefix("// VERSION:").strip()
            break
    return f"{stamp} (tldextract {version('tldextract')})"
