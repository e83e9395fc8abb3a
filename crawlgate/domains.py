"""Public suffixes, always offline: where a site's own name ends and a shared suffix begins.

tldextract does the look-up in the snapshot it ships; nothing is downloaded and nothing is cached on disk.
Two things are added: the default rule `*` of publicsuffix.org for top-level domains that are not listed
(`.test`, `.example`, a company's own), and answers that tell a suffix from a name below one.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tldextract.tldextract import TLDExtract

REMEMBERED = 65_536
"""Hosts whose answer is remembered. Project choice: some 20 MB; a look-up costs a few microseconds."""


class _Split(NamedTuple):
    registrable: str | None
    is_suffix: bool
    is_private: bool


_NOTHING = _Split(None, False, False)


class Suffixes:
    """The public suffix list with the private section (`blogspot.com`, `github.io`), and `extra` suffixes.

    Hosts go in as `url.parse` gives them: lower case, A-labels, no trailing dot. An instance may be shared
    between threads and pickled.
    """

    __slots__ = ("_split", "extra")

    def __init__(self, extra: Iterable[str] = ()) -> None:
        self.extra = tuple(extra)
        self._split: Callable[[str], _Split] = lru_cache(REMEMBERED)(self._look_up)

    def __reduce__(self) -> tuple[type[Suffixes], tuple[tuple[str, ...]]]:
        return Suffixes, (self.extra,)

    def registrable(self, host: str) -> str | None:
        """The registrable domain of `host`; None for an IP address and for a public suffix itself."""
        return self._split(host).registrable

    def is_public_suffix(self, host: str) -> bool:
        """True if names of different owners are registered directly below `host`."""
        return self._split(host).is_suffix

    def is_shared_hosting(self, host: str) -> bool:
        """True for a public suffix of the private section: a company that hosts sites of others."""
        split = self._split(host)
        return split.is_suffix and split.is_private

    def label(self, host: str) -> str | None:
        """The registrable label: `mangasky` for `img.mangasky.co.jp`; None where there is none."""
        registrable = self._split(host).registrable
        return registrable.partition(".")[0] if registrable else None

    def _look_up(self, host: str) -> _Split:
        labels = host.split(".")
        if not all(labels) or _is_address(host):
            return _NOTHING
        found = _extractor(self.extra).extract_str(host)
        if found.suffix:
            if not found.domain:
                return _Split(None, True, found.is_private)
            return _Split(f"{found.domain}.{found.suffix}", False, found.is_private)
        # publicsuffix.org: "If no rules match, the prevailing rule is '*'"; tldextract does not apply it.
        if len(labels) == 1:
            return _Split(None, True, False)
        return _Split(".".join(labels[-2:]), False, False)


@lru_cache(maxsize=8)
def _extractor(extra: tuple[str, ...]) -> TLDExtract:
    """Building one reads the whole snapshot (some 50 ms), so instances with the same suffixes share it."""
    # Imported late: tldextract imports requests, which `import crawlgate` must not.
    from tldextract.tldextract import TLDExtract

    return TLDExtract(
        suffix_list_urls=(),
        cache_dir=None,
        include_psl_private_domains=True,
        extra_suffixes=extra,
    )


def _is_address(host: str) -> bool:
    if host[:1] != "[" and not host[-1:].isdigit():
        return False
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@cache
def psl_version() -> str:
    """Which snapshot of the list is in use, for records: its VERSION line, or a hash, and the package."""
    from importlib.resources import files

    data = files("tldextract").joinpath(".tld_set_snapshot").read_bytes()
    stamp = "sha256:" + hashlib.sha256(data).hexdigest()[:16]
    for line in data[:4096].decode("utf-8", "replace").splitlines():
        if line.startswith("// VERSION:"):
            stamp = line.removeprefix("// VERSION:").strip()
            break
    return f"{stamp} (tldextract {version('tldextract')})"
