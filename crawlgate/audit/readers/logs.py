"""Logs of one request a line, read by pattern: access logs, Squid's, Heritrix's crawl.log, Scrapy's.

A pattern is matched on all lines of a block at once; lines that it does not match are rejected one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...errors import ConfigError
from ...url import without_userinfo
from ..columns import NOT_TEXT
from ..rows import NO_ANSWER, ROBOTS_PRECLUDED
from ..tables import Columns
from .batch import ROW_NUMBER, Batch, Reject, Told, nothing, told
from .lines import Block, blocks
from .source import Source

_ROLES = ("time", "status", "user_agent", "redirect", "referrer", "content_hash")


@dataclass(frozen=True, slots=True)
class Log:
    """How one kind of log is read. `pattern` has groups by name (RE2); `other` matches lines that tell of no request;
    `shape` makes the columns url, time, status (and user_agent) of the groups, None where a line has no URL."""

    name: str
    pattern: str
    shape: Callable[[Any, Told], dict[str, Any]]
    what: str
    other: str = r"^\s*(#.*)?$"
    mentions: str | None = None

    def read(self, path: Source, said: Told) -> Iterator[Batch]:
        """The rows of a log. Raises `ConfigError` where there is none."""
        seen = False
        for block in blocks(path):
            batch = self._batch(path, block, said)
            seen = seen or len(batch.rows) > 0 or bool(batch.rejects)
            yield batch
        if not seen:
            raise ConfigError(f"{path}: there is no row in it ({self.what})")

    def looks(self, lines: list[str]) -> bool:
        """True if at least half of some lines are of this kind, but for those that tell of no request."""
        about = [line for line in lines if not re.match(self.other, line)]
        good = sum(re.match(self.pattern, line) is not None for line in about)
        return good > 0 and (self.mentions is not None or 2 * good >= len(about))

    def _batch(self, path: Source, block: Block, said: Told) -> Batch:
        rejects = told(path, block.troubles)
        if not block.data:
            return nothing(path, rejects)
        lines, starts = block.column()
        numbers = np.arange(len(lines)) + block.number
        about = pc.invert(pc.match_substring_regex(lines, self.other))
        if self.mentions is not None:
            about = pc.and_(about, pc.match_substring_regex(lines, self.mentions))
        lines, starts, numbers = _chosen(about, lines, starts, numbers)
        fields = pc.extract_regex(lines, self.pattern)
        for row in np.flatnonzero(fields.is_null().to_numpy(zero_copy_only=False)).tolist():
            shown = without_userinfo(lines[row].as_py().strip())[:100]
            why = f"the line is not as a line of {self.what} is: {shown!r}"
            rejects.append(Reject(str(path), int(numbers[row]), block.offset + int(starts[row]), "not_read", why))
        fields, starts, numbers = _chosen(fields.is_valid(), fields, starts, numbers)
        shaped = self.shape({name: fields.field(name) for name in (f.name for f in fields.type)}, said)
        problem = shaped.pop("problem", None)
        url = shaped["url"]
        odd = pc.fill_null(pc.match_substring_regex(url, "\ufffd|\\x00"), False).to_numpy(zero_copy_only=False)
        without = url.is_null().to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(odd | without).tolist():
            why = (problem[row].as_py() if problem is not None else None) or "the line names no URL"
            reason = NOT_TEXT if odd[row] else why
            code = "not_text" if odd[row] else "no_url"
            place = block.offset + int(starts[row])
            rejects.append(Reject(str(path), int(numbers[row]), place, code, reason, str(url[row].as_py() or "")))
        good = pa.array(~(odd | without))
        shaped[ROW_NUMBER] = pa.array(numbers)
        table = pa.table({name: column.filter(good) for name, column in shaped.items()})
        places = (starts[~(odd | without)] + block.offset).tolist()
        return Batch(
            path,
            0,
            table,
            Columns("url", **{role: role for role in _ROLES if role in shaped}),
            offsets=dict(enumerate(places)),
            rejects=tuple(rejects),
        )


def _chosen(chosen: Any, column: Any, starts: Any, numbers: Any) -> tuple[Any, Any, Any]:
    which = chosen.to_numpy(zero_copy_only=False)
    return column.filter(chosen), starts[which], numbers[which]


def mapped(column: Any, change: Callable[[str], Any], kind: Any) -> Any:
    """`change` of each text, worked out once for each that differs."""
    coded = pc.dictionary_encode(column)
    values = pa.array([None if text is None else change(text) for text in coded.dictionary.to_pylist()], kind)
    return values.take(coded.indices)


# -- access logs ------------------------------------------------------------------------------------

_QUOTED = r'"(?P<{}>(?:[^"\\]|\\.)*)"'
_ACCESS = (
    r"(?s)^(?:(?P<vhost>[A-Za-z0-9.-]*[A-Za-z][A-Za-z0-9.-]*(?::[0-9]+)?) (?P<behind>[^\s-]\S*)|(?P<client>\S+))"
    r" (?P<ident>\S+) (?P<user>[^\[]*?) ?\[(?P<time>[^\]]+)\] "
    + _QUOTED.format("request")
    + r" (?P<status>[0-9]{3}|-) (?P<size>\S+)(?: "
    + _QUOTED.format("referrer")
    + " "
    + _QUOTED.format("agent")
    + r")?(?:\s.*)?$"
)


def _access(fields: dict[str, Any], said: Told) -> dict[str, Any]:
    """The URL is that of an absolute request (as proxies get them), or the path at the virtual host in front of the
    line, or at the host that was told."""
    request = pc.extract_regex(
        fields["request"], r"^(?P<method>[A-Z]+) (?P<target>.*?)(?: (?P<protocol>HTTP/[0-9.]+))?$"
    )
    target = request.field("target")
    absolute = pc.match_substring_regex(target, r"(?i)^https?://")
    path = pc.match_substring_regex(target, "^/")
    vhost = pc.if_else(pc.equal(fields["vhost"], ""), None, fields["vhost"])
    origin = mapped(vhost, _origin, pa.large_string())
    if said.host is not None:
        origin = pc.fill_null(origin, _origin(said.host))
    nothing = pa.scalar(None, pa.large_string())
    url = pc.if_else(
        absolute,
        target,
        pc.if_else(path, pc.binary_join_element_wise(origin, target, pa.scalar("", pa.large_string())), nothing),
    )
    url = _unescaped(pc.if_else(request.is_null(), nothing, url))
    tunnel = pc.fill_null(pc.equal(request.field("method"), "CONNECT"), False)
    problem = pc.if_else(
        tunnel,
        "a tunnel (CONNECT) shows the host only, no page",
        pc.if_else(
            pc.fill_null(path, False),
            "the request names no host; pass --host, or log the virtual host in front of each line",
            "the request is none",
        ),
    )
    return {
        "url": url,
        "time": mapped(fields["time"], _clf_time, pa.large_string()),
        "status": pc.if_else(pc.equal(fields["status"], "-"), str(NO_ANSWER), fields["status"]),
        "user_agent": _said(fields["agent"]),
        "referrer": _said(fields["referrer"]),
        "problem": problem,
    }


def _said(column: Any) -> Any:
    """What a log writes a dash for is not there."""
    return pc.if_else(pc.is_in(column, pa.array(["", "-", "None"], pa.large_string())), None, column)


def _origin(host: str) -> str:
    if "://" in host:
        return host.rstrip("/")
    name, _, port = host.partition(":")
    return f"http://{host}" if port not in ("", "443") else f"https://{name}"


def _unescaped(url: Any) -> Any:
    r"""Servers write `\x..` for bytes that are no ASCII, and a backslash before quotes."""
    url = pc.replace_substring_regex(url, r"\\x([0-9A-Fa-f]{2})", r"%\1")
    return pc.replace_substring(pc.replace_substring(url, '\\"', "%22"), "\\\\", "%5C")


def _clf_time(text: str) -> str:
    try:
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").isoformat()
    except ValueError:
        return text


access = Log("access", _ACCESS, _access, "an access log (common or combined format)")


# -- Squid ------------------------------------------------------------------------------------------

_SQUID = (
    r"(?s)^\s*(?P<time>[0-9]{9,10}\.[0-9]{3})\s+(?P<elapsed>-?[0-9]+) (?P<client>\S+) (?P<result>[A-Z_]+)/"
    r"(?P<status>[0-9]{3}) (?P<size>[0-9]+) (?P<method>[A-Z_]+) (?P<url>\S+) .*$"
)


def _squid(fields: dict[str, Any], _: Told) -> dict[str, Any]:
    """What the proxy refused by itself, or got no answer to, was not answered by the site."""
    seen = pc.match_substring_regex(fields["url"], r"(?i)^[a-z]+://")
    inside = pc.or_(pc.match_substring(fields["result"], "DENIED"), pc.equal(fields["status"], "000"))
    return {
        "url": pc.if_else(seen, fields["url"], pa.scalar(None, pa.large_string())),
        "time": mapped(fields["time"], float, pa.float64()),
        "status": pc.if_else(inside, str(NO_ANSWER), fields["status"]),
        "problem": pa.repeat(
            pa.scalar("a tunnel (CONNECT) shows the host only, no page", pa.large_string()), len(seen)
        ),
    }


squid = Log("squid", _SQUID, _squid, "Squid's access.log")


# -- Heritrix ---------------------------------------------------------------------------------------

_HERITRIX = (
    r"(?s)^(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z)\s+(?P<status>-?[0-9]+)\s+(?P<size>\S+)\s+(?P<url>\S+)\s+"
    r"(?P<path>\S+)\s+(?P<via>\S+)\s+(?P<mime>\S+)\s+(?P<thread>\S+)\s+(?P<stamp>\S+)\s+(?P<digest>\S+).*$"
)


def _heritrix(fields: dict[str, Any], _: Told) -> dict[str, Any]:
    """Codes below 100 are Heritrix's own (FetchStatusCodes): nothing was answered; -9998 is "robots.txt said no"."""
    return {
        "url": fields["url"],
        "time": fields["time"],
        "status": mapped(fields["status"], _fetch_status, pa.int32()),
        "content_hash": pc.if_else(pc.equal(fields["digest"], "-"), None, fields["digest"]),
        # What a page holds, and not what it links to: the last step of the discovery path is an embed.
        "referrer": pc.if_else(pc.ends_with(fields["path"], "E"), _said(fields["via"]), None),
    }


def _fetch_status(text: str) -> int:
    code = int(text[:9])
    return code if code >= 100 else ROBOTS_PRECLUDED if code == ROBOTS_PRECLUDED else NO_ANSWER


heritrix = Log(
    "heritrix",
    _HERITRIX,
    _heritrix,
    "Heritrix's crawl.log",
    other=r"^\s*(#.*)?$|^\S+\s+-?[0-9]+\s+\S+\s+(?:dns|whois):",
)


# -- Scrapy -----------------------------------------------------------------------------------------

_STAMP = r"(?s)^(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:[,.][0-9]+)?) \[[^\]]*\] [A-Z]+: "
_SCRAPY = (
    _STAMP + r"(?:Crawled \((?P<status>[0-9]{3})\) <[A-Z]+ (?P<url>[^>]*)> \(referer: (?P<referrer>[^)]*)"
    r"|Redirecting \((?P<moved>[^)]*)\) to <[A-Z]+ (?P<to>[^>]*)> from <[A-Z]+ (?P<from>[^>]*)>"
    r"|(?:Gave up retrying|Retrying) <[A-Z]+ (?P<retried>[^>]*)> \(failed [0-9]+ times\): (?:(?P<failed>[0-9]{3}) )?"
    r"|Forbidden by robots\.txt: <[A-Z]+ (?P<forbidden>[^>]*)>).*$"
)
_SCRAPY_MENTIONS = (
    r"\] [A-Z]+: (?:Crawled \(|Redirecting \(|Retrying <|Gave up retrying <[^>]*> \(failed [0-9]+ times\): [^0-9]"
    r"|Forbidden by robots\.txt: <)"
)


def _scrapy(fields: dict[str, Any], _: Told) -> dict[str, Any]:
    """One line a request: `Crawled`, `Redirecting` (from), `Retrying` (the attempt that failed), `Forbidden by
    robots.txt`; `Gave up retrying` where no answer came, as another answer is told of again by `Crawled`."""
    urls = [
        pc.if_else(pc.equal(fields[name], ""), None, fields[name]) for name in ("url", "from", "retried", "forbidden")
    ]
    moved = mapped(fields["moved"], _moved, pa.large_string())
    forbidden = pc.if_else(pc.equal(fields["forbidden"], ""), None, pa.scalar(str(ROBOTS_PRECLUDED), pa.large_string()))
    codes = [pc.if_else(pc.equal(fields[name], ""), None, fields[name]) for name in ("status", "failed")]
    status = pc.coalesce(codes[0], moved, codes[1], forbidden, pa.scalar(str(NO_ANSWER), pa.large_string()))
    redirect = pc.if_else(pc.equal(fields["to"], ""), None, fields["to"])
    return {
        "url": pc.coalesce(*urls),
        "time": fields["time"],
        "status": status,
        "redirect": redirect,
        "referrer": _said(fields["referrer"]),
    }


def _moved(text: str) -> str | None:
    """The status of a redirect; one that a page asks for (meta refresh) came with a page."""
    return text if text.isdecimal() else "200" if text else None


scrapy = Log("scrapy", _SCRAPY, _scrapy, "Scrapy's log", other=r"^\s*$", mentions=_SCRAPY_MENTIONS)
LOGS = (heritrix, squid, access, scrapy)
