"""Spawning's ai.txt: which kinds of media may be used for training, in the grammar of robots.txt.

`User-Agent`, `Allow` and `Disallow` lines whose patterns are mostly file extensions (`Disallow: *.jpg`). It is
read when media are downloaded for training, so it speaks about the file behind a URL and not about fetching.
Several formats of other people share the name; without those lines a file is none of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..limits import DEFAULT_LIMITS
from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from . import robots
from .pathmatch import spellings
from .robots_rules import Matcher, Rule
from .statement import clip, path_pattern, safe_target

PATH = "/ai.txt"
"""Where the file is looked for."""

MAX_BYTES = 32 * 1024
"""Bytes that are read. Project choice: the generator writes a line for each of some hundred extensions, below 4 KiB."""

_MEDIA: Mapping[str, str] = {
    extension: media
    for media, extensions in {
        "text": "txt pdf doc docx odt rtf tex wks wpd html htm md csv tsv json xml epub xls xlsx ods ppt pptx odp",
        "image": "jpg jpeg jpe jfif png gif webp avif heic heif bmp tif tiff svg psd ai ico raw cr2 nef dng jp2 jxl",
        "audio": "mp3 wav ogg oga opus flac aac m4a wma aif aiff mid midi mpa wpl cda",
        "video": "mp4 m4v mov avi mkv webm wmv flv mpg mpeg 3gp 3g2 h264 rm swf vob ogv",
        "code": "py js ts jsx tsx java c cc cpp cxx h hpp cs go rs rb php swift kt scala pl sh sql r ipynb vb lua",
    }.items()
    for extension in extensions.split()
}
"""Kinds of media after the switches of Spawning's generator."""

# Mistakes that are told in the words of this format.
_TOLD_HERE = ("no_leading_slash", "allow_without_slash", "absolute_url_pattern")

_VALUE = re.compile(r"[^:\s]*+(?:\s*+:\s*+|\s++)")
_STAR_EXTENSION = re.compile(r"\*(\.[A-Za-z0-9]{1,12})\$?")
_BARE_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,12}(?=\s|#|\Z)")
_DOT = re.compile(r"\.[a-z0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class _Reading:
    """A rule as it is matched: the pattern, and the second reading where the stricter was taken."""

    rule: Rule
    pattern: str
    ambiguity: str | None = None


class AiTxt:
    """ai.txt as read. `is_ai_txt` is False for whatever else was served under that name."""

    __slots__ = ("_extensions", "_paths", "_signals", "is_ai_txt", "lint")

    def __init__(
        self,
        readings: Iterable[_Reading] = (),
        lint: Iterable[Lint] = (),
        *,
        is_ai_txt: bool = False,
        subject: str = "*",
        evidence: str = "",
    ) -> None:
        self.is_ai_txt = is_ai_txt
        self.lint = tuple(lint)
        self._signals: list[Signal] = []
        # Refused extensions are looked up; every other pattern is left to the matching of robots.txt, a set for each
        # polarity.
        self._extensions: dict[str, int] = {}
        paths: dict[bool, list[tuple[int, bool, str]]] = {True: [], False: []}
        for reading in readings:
            index = len(self._signals)
            self._signals.append(_signal(reading, subject, evidence))
            extension = _STAR_EXTENSION.fullmatch(reading.pattern)
            if extension is not None and not reading.rule.allow:
                self._extensions.setdefault(extension[1].lower(), index)
            else:
                # Either polarity is asked by itself: what is the longest that matches?
                paths[reading.rule.allow].append((index, False, path_pattern(reading.pattern).pattern))
        self._paths = {allow: Matcher(rules) for allow, rules in paths.items()}

    def __bool__(self) -> bool:
        return bool(self._signals)

    def match(self, target: str) -> tuple[int, ...]:
        """Indices of the rules in force for `target` (path and query), by longest match (RFC 9309 2.2.2).

        No document settles a tie between Allow and Disallow here, so both are told and the restriction decides.
        Extensions are refused without regard to case: whoever lists `*.jpg` means `.JPG` too.
        """
        if not self._signals:
            return ()
        target = safe_target(target)
        best = {allow: self._longest(target, allow) for allow in (False, True)}
        longest = max(length for length, _ in best.values())
        return tuple(index for length, index in best.values() if index >= 0 and length == longest)

    def signals(self, matched: tuple[int, ...]) -> tuple[Signal, ...]:
        """The signals of the rules that `match` returned."""
        found = tuple(self._signals[index] for index in matched)
        if len({signal.polarity for signal in found}) > 1:
            return tuple(replace(signal, ambiguity=signal.ambiguity or "tie") for signal in found)
        return found

    def all_signals(self) -> tuple[Signal, ...]:
        """The signals of every rule, for whatever path."""
        return tuple(self._signals)

    def _longest(self, target: str, allow: bool) -> tuple[int, int]:
        """Length and index of the longest rule of one polarity that matches; (-1, -1) without one."""
        length, _, index = self._paths[allow].longest(spellings(target))
        if not allow:
            found = max(filter(self._extensions.__contains__, self._beginnings(target)), key=len, default=None)
            if found is not None and len(found) + 1 > length:
                return len(found) + 1, self._extensions[found]
        return length, index

    def _beginnings(self, target: str) -> set[str]:
        """Every beginning of every extension in the path or the query (`/img.php?f=a.jpg`), lower case.

        A pattern without `$` goes on after its end, so that `*.htm` covers `.html` too.
        """
        if not self._extensions:
            return set()
        text = target.replace("%2E", ".").replace("%2e", ".").lower()
        extensions = {found[0] for found in _DOT.finditer(text)}
        return {extension[:end] for extension in extensions for end in range(2, len(extension) + 1)}


def parse(body: bytes, *, agent: str = "*", evidence: str = "") -> AiTxt:
    """Read an ai.txt body for `agent` (its group, else that of `*`). Never raises; the body is cut at a bound."""
    file = robots.parse(body, limits=replace(DEFAULT_LIMITS, robots_bytes=MAX_BYTES))
    if file.content == "html":
        return AiTxt(lint=(Lint(code="html_not_ai_txt", message="the body is a page, not an ai.txt"),))
    if file.content == "empty":
        return AiTxt(lint=(Lint(code="empty", message="the body is empty"),))
    if not any(group.rules for group in file.groups):
        message = "without User-Agent and Allow or Disallow lines this is another format of the same name"
        return AiTxt(lint=(Lint(code="not_spawning_format", message=message),))
    lint = [item for item in file.lint if item.code not in _TOLD_HERE]
    chosen = {rule.line for rule in file.rules(agent)}
    readings: list[_Reading] = []
    for group in file.groups:
        for rule in group.rules:
            reading = _read(rule, lint)
            if reading is not None and rule.line in chosen:
                readings.append(reading)
    subject = "ours" if agent != "*" and file.names(agent) else "*"
    return AiTxt(readings, lint, is_ai_txt=True, subject=subject, evidence=evidence)


def _read(rule: Rule, lint: list[Lint]) -> _Reading | None:
    """The rule as it is matched, None where it can match nothing."""
    if not rule.pattern:
        return None
    written = _VALUE.sub("", rule.raw, count=1)
    bare = _BARE_EXTENSION.match(written)
    if bare is not None:
        written = bare[0]
        message = f"{written} matches nothing; write *{written} for every file of that kind"
        lint.append(Lint(code="extension_without_star", message=message, raw=rule.raw, line=rule.line))
        # A plain wish in a wrong form: it can restrict, and it never permits.
        return None if rule.allow else _Reading(rule, "*" + written, "extension_without_star")
    if written[:1] not in ("/", "*"):
        message = "a pattern begins with / or *"
        lint.append(Lint(code="no_leading_slash", message=message, raw=rule.raw, line=rule.line))
        return None if rule.allow else _Reading(rule, rule.pattern, "no_leading_slash")
    return _Reading(rule, rule.pattern)


def _signal(reading: _Reading, subject: str, evidence: str) -> Signal:
    allow = reading.rule.allow
    detail = {"path": clip(reading.pattern)}
    extension = _STAR_EXTENSION.fullmatch(reading.pattern)
    if extension is not None:
        detail["extension"] = extension[1].lower().lstrip(".")
        if media := _MEDIA.get(detail["extension"]):
            detail["media"] = media
    return Signal(
        kind="ai_txt.allow" if allow else "ai_txt.disallow",
        purpose=Purpose.TRAIN,
        polarity=Polarity.PERMITTED if allow else Polarity.RESERVED,
        strength=Strength.PREFERENCE,
        scope=Scope.PATH,
        subject=subject,
        raw=clip(reading.rule.raw),
        evidence=evidence,
        line=reading.rule.line,
        detail=detail,
        ambiguity=reading.ambiguity,
    )
