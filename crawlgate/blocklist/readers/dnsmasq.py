"""dnsmasq: `server=/name/`, `local=/name/` and `address=/name/...` lines. A name stands for what is below it, too.

`server=/name/#` and `server=/name/192.0.2.1` send a name to a name server after all: exceptions, which carve out of
shorter names of the same list (dnsmasq(8): the most specific domain wins).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...domains import Suffixes
from ..entry import Entry, EntryError
from ..target import shown
from .items import each
from .plain import INLINE_COMMENT, bare_name

COMMENTS = ("#",)

_SETTING = re.compile(r"(server|local|address)\s*=\s*/(.*)/([^/]*)\Z")
_OTHER = re.compile(r"(?:no-|dns-|log-)?[a-z][a-z-]*\s*(?:=|\Z)")


def read_line(text: str, suffixes: Suffixes) -> Sequence[Entry | EntryError]:
    """One line; it may hold several names: `server=/a.example/b.example/`."""
    line = INLINE_COMMENT.sub("", text).rstrip()
    match = _SETTING.match(line)
    if match is None:
        if _OTHER.match(line):
            raise EntryError("other_setting", "a setting of dnsmasq that blocks no name")
        raise EntryError("other_format", "no dnsmasq setting; a name is blocked by server=/name/ or address=/name/")
    setting, names, where = match.groups()
    exception = setting != "address" and where != ""

    def name(text: str) -> Entry:
        if text in ("", "#", "*"):
            raise EntryError("pattern", f"{shown(text)} stands for every name or for those without a dot")
        return bare_name(text, suffixes)._replace(exception=exception)

    return each(names.split("/"), name)
