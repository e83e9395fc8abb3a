"""A feed, version 1: the two notes that say what it holds and who signs it. Text in, text out; no files, no clock.

    manifest.note            the newest manifest, a signed note (C2SP)
    keys/<serial>.note       each set of keys, a signed note
    entries/<sha256>.jsonl   entries, one canonical JSON object a line
    manifests/<version>.note every manifest so far

The specification is blocklists/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .. import signed_note
from ..errors import FeedError
from ..signed_note import NoteError, SigningKey, VerifierKey

MANIFEST = "manifest.note"
"""The newest manifest, below the feed's address."""

MANIFEST_FORMAT, KEYS_FORMAT = "crawlgate feed", "crawlgate feed keys"
FORMAT_VERSION = 1

MAX_NOTE = 64 * 1024
"""Bytes of a manifest or a key set that are read. Project choice; sixty-four keys fill a tenth of it."""

MAX_VERSION = 2**53 - 1
"""The highest version: what every JSON reader holds exactly."""

MAX_STEP = 1_000_000
"""Versions that one update may skip. Project choice: a version a minute for nearly two years; a leap beyond looks
like an attempt to leave the issuer no number to go on with (fast-forward)."""

SKEW = timedelta(minutes=10)
"""How far in the future a manifest may be issued: clocks differ. Project choice."""

_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,15})\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")


class FeedInvalid(FeedError):
    """A feed that is refused. `code` is one of

    `malformed`, `too_long`, `unknown_version` (of the format), `bad_signature`, `unknown_keys` (too few signatures
    of keys that are trusted), `origin` (another feed), `rollback`, `fast_forward`, `conflict` (two manifests of one
    version), `expired`, `future` (issued ahead of our clock), `clock` (our clock went back), `mixed` (entries that
    are not the manifest's), `not_canonical`, `duplicate_key`, `unreachable`, `slow`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[FeedInvalid], tuple[str, str]]:
        return type(self), (self.code, str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a version of a feed consists of. `keys` is the serial of the key set that signs it; times are UTC, whole
    seconds; `issuer` and `contact` are the issuer's own words."""

    origin: str
    version: int
    keys: int
    entries: int
    bytes: int
    sha256: str
    issued: datetime
    expires: datetime
    issuer: str = ""
    contact: str = ""

    @property
    def text(self) -> str:
        """The text that is signed. Raises `FeedInvalid` (`malformed`) for what no manifest can say."""
        text = write_lines(
            MANIFEST_FORMAT,
            [
                ("origin", self.origin),
                ("version", str(self.version)),
                ("keys", str(self.keys)),
                ("entries", str(self.entries)),
                ("bytes", str(self.bytes)),
                ("sha256", self.sha256),
                ("issued", stamp(self.issued)),
                ("expires", stamp(self.expires)),
                *((name, value) for name, value in (("issuer", self.issuer), ("contact", self.contact)) if value),
            ],
        )
        if parse_manifest(text) != self:
            raise FeedInvalid("malformed", "a manifest's times are whole seconds and its words stand on one line each")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """Who may sign: any `threshold` of `keys`. A set that follows is signed by `recovery_threshold` of `recovery`
    where there are such keys, otherwise by `threshold` of `keys`; and by its own keys. `resume`, if given, is the
    last version the issuer stands by: later ones of the earlier keys are void, and numbers go on from there."""

    origin: str
    serial: int
    issued: datetime
    threshold: int
    keys: tuple[VerifierKey, ...]
    recovery_threshold: int = 0
    recovery: tuple[VerifierKey, ...] = ()
    resume: int | None = None

    @property
    def text(self) -> str:
        """The text that is signed. Raises `FeedInvalid` (`malformed`) for what no key set can say."""
        lines = [("origin", self.origin), ("serial", str(self.serial)), ("issued", stamp(self.issued))]
        lines.append(("threshold", str(self.threshold)))
        lines += [("key", str(key)) for key in self.keys]
        if self.recovery:
            lines.append(("recovery-threshold", str(self.recovery_threshold)))
            lines += [("recovery", str(key)) for key in self.recovery]
        if self.resume is not None:
            lines.append(("resume", str(self.resume)))
        text = write_lines(KEYS_FORMAT, lines)
        if parse_keys(text) != self:
            raise FeedInvalid("malformed", "a key set's time is whole seconds, and a recovery threshold needs keys")
        return text

    @property
    def heirs(self) -> tuple[tuple[VerifierKey, ...], int]:
        """The keys that may name the next set, and how many of them it takes."""
        return (self.recovery, self.recovery_threshold) if self.recovery else (self.keys, self.threshold)


def parse_manifest(text: str) -> Manifest:
    """Read the text of a manifest. Raises `FeedInvalid` (`malformed`, `unknown_version`)."""
    lines = NoteLines.of(text, MANIFEST_FORMAT)
    manifest = Manifest(
        origin=lines.origin(),
        version=lines.number("version"),
        keys=lines.number("keys"),
        entries=lines.number("entries"),
        bytes=lines.number("bytes"),
        sha256=lines.sha256("sha256"),
        issued=lines.time("issued"),
        expires=lines.time("expires"),
        issuer=lines.optional("issuer") or "",
        contact=lines.optional("contact") or "",
    )
    lines.end(("origin", "version", "keys", "entries", "bytes", "sha256", "issued", "expires", "issuer", "contact"))
    if manifest.version < 1 or manifest.keys < 1:
        raise FeedInvalid("malformed", "manifest: version and keys begin at 1")
    if manifest.expires <= manifest.issued:
        raise FeedInvalid("malformed", "manifest: expires is not after issued")
    return manifest


def parse_keys(text: str) -> KeySet:
    """Read the text of a key set. Raises `FeedInvalid` (`malformed`, `unknown_version`)."""
    lines = NoteLines.of(text, KEYS_FORMAT)
    origin, serial, issued = lines.origin(), lines.number("serial"), lines.time("issued")
    threshold, keys = lines.number("threshold"), lines.keys("key")
    recovery_threshold = 0
    recovery: tuple[VerifierKey, ...] = ()
    if lines.next_is("recovery-threshold"):
        recovery_threshold, recovery = lines.number("recovery-threshold"), lines.keys("recovery")
    resume = lines.number("resume") if lines.next_is("resume") else None
    lines.end(("origin", "serial", "issued", "threshold", "key", "recovery-threshold", "recovery", "resume"))
    if serial < 1:
        raise FeedInvalid("malformed", "key set: serial begins at 1")
    for asked, given, what in ((threshold, keys, "threshold"), (recovery_threshold, recovery, "recovery-threshold")):
        if given and not 1 <= asked <= len(given):
            raise FeedInvalid("malformed", f"key set: {what} {asked} of {len(given)} keys")
        if len({key.public for key in given}) < len(given):
            raise FeedInvalid("malformed", "key set: a key stands twice; a threshold counts different keys")
    return KeySet(
        origin=origin,
        serial=serial,
        issued=issued,
        threshold=threshold,
        keys=keys,
        recovery_threshold=recovery_threshold,
        recovery=recovery,
        resume=resume,
    )


def sign(text: str, keys: Sequence[SigningKey]) -> bytes:
    """The note over a manifest or a key set. Raises `FeedInvalid`."""
    try:
        return signed_note.write(text, keys)
    except NoteError as error:
        raise FeedInvalid(error.code if error.code == "too_long" else "malformed", str(error)) from None


def verified(data: bytes, keys: Sequence[VerifierKey], threshold: int, what: str) -> str:
    """The text of a note that `threshold` of `keys` signed. Raises `FeedInvalid`; `what` names it in messages."""
    if len(data) > MAX_NOTE:
        raise FeedInvalid("too_long", f"{what} has {len(data)} bytes; {MAX_NOTE} are read")
    try:
        return signed_note.verify(data, keys, threshold=threshold)[0]
    except NoteError as error:
        code = error.code if error.code in ("bad_signature", "unknown_keys", "too_long") else "malformed"
        raise FeedInvalid(code, f"{what}: {error}") from None


def read_manifest(data: bytes, keys: Sequence[VerifierKey], threshold: int, *, origin: str | None = None) -> Manifest:
    """A manifest that `threshold` of `keys` signed, of the feed `origin` (None: of any). Raises `FeedInvalid`."""
    manifest = parse_manifest(verified(data, keys, threshold, "manifest"))
    if origin is not None and manifest.origin != origin:
        raise FeedInvalid("origin", f"manifest of the feed {manifest.origin}, where {origin} is expected")
    return manifest


def read_next_keys(data: bytes, trusted: KeySet) -> KeySet:
    """The key set that follows `trusted`: signed by its heirs, and by enough of the new keys themselves. Raises
    `FeedInvalid`."""
    what = f"key set {trusted.serial + 1}"
    heirs, needed = trusted.heirs
    found = parse_keys(verified(data, heirs, needed, what))
    if found.origin != trusted.origin:
        raise FeedInvalid("origin", f"{what} is of the feed {found.origin}, not of {trusted.origin}")
    if found.serial != trusted.serial + 1:
        raise FeedInvalid("rollback", f"{what} says serial {found.serial}")
    verified(data, found.keys, found.threshold, f"{what}, its own keys")
    return found


def check_order(manifest: Manifest, last: Manifest | None) -> bool:
    """Whether a manifest is newer than the last one taken; False if it is the same. Raises `FeedInvalid`
    (`rollback`, `fast_forward`, `conflict`)."""
    if last is None:
        return True
    if manifest.version < last.version:
        raise FeedInvalid(
            "rollback",
            f"version {manifest.version} is offered, and version {last.version} was received before; an old version "
            "is not taken again",
        )
    if manifest.version == last.version:
        if manifest != last:
            raise FeedInvalid(
                "conflict",
                f"another manifest of version {last.version} was received before; ask the issuer which holds",
            )
        return False  # perhaps with other signatures, which changes nothing
    if manifest.version - last.version > MAX_STEP:
        raise FeedInvalid(
            "fast_forward",
            f"version {manifest.version} leaps from {last.version} by more than {MAX_STEP:,}; a key may have been "
            "misused. Ask the issuer; a new key set can name the version to go on from",
        )
    return True


def check_issued(manifest: Manifest, now: datetime) -> None:
    """Raises `FeedInvalid` (`future`) where a manifest was issued after `now`, the difference of clocks granted."""
    if manifest.issued > now + SKEW:
        raise FeedInvalid(
            "future",
            f"version {manifest.version} was issued {stamp(manifest.issued)}, and the clock here says "
            f"{stamp(now)}; one of the two clocks is wrong",
        )


def check_fresh(manifest: Manifest, now: datetime) -> None:
    """Raises `FeedInvalid` (`expired`) where a manifest is out of its term."""
    if manifest.expires <= now:
        raise FeedInvalid(
            "expired",
            f"version {manifest.version} expired {stamp(manifest.expires)}; the issuer has not signed since, or "
            "somebody keeps newer versions back",
        )


def stamp(at: datetime) -> str:
    """A time as it stands in a note: RFC 3339 in UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_lines(form: str, lines: Sequence[tuple[str, str]]) -> str:
    """The text of a note: its form and version, then `name value` lines."""
    return f"{form} {FORMAT_VERSION}\n" + "".join(f"{name} {value}\n" for name, value in lines)


class NoteLines:
    """The lines of a note after its first: `name value`, the known ones in their order, unknown ones at the end."""

    def __init__(self, form: str, lines: list[str]) -> None:
        self._form = form
        self._lines = lines
        self._at = 0

    @classmethod
    def of(cls, text: str, form: str) -> NoteLines:
        """The lines of a text of that form. Raises `FeedInvalid` (`malformed`, `unknown_version`), as every method."""
        first, *rest = text.split("\n")[:-1]
        if not first.startswith(f"{form} ") or not first.removeprefix(f"{form} ").isdecimal():
            raise FeedInvalid("malformed", f"the first line reads {first[:80]!r}, not '{form} {FORMAT_VERSION}'")
        if first != f"{form} {FORMAT_VERSION}":
            raise FeedInvalid(
                "unknown_version",
                f"'{first[:80]}': this program reads version {FORMAT_VERSION}; update crawlgate, or ask the issuer for "
                "one of that version",
            )
        return cls(form, rest)

    def next_is(self, name: str) -> bool:
        return self._at < len(self._lines) and self._lines[self._at].startswith(f"{name} ")

    def optional(self, name: str) -> str | None:
        if not self.next_is(name):
            return None
        value = self._lines[self._at].removeprefix(f"{name} ")
        self._at += 1
        if not value.strip() or value != value.strip() or not value.isprintable():
            raise FeedInvalid("malformed", f"{self._form}: the value of {name} is empty or holds odd characters")
        return value

    def text(self, name: str) -> str:
        value = self.optional(name)
        if value is None:
            have = self._lines[self._at][:40] if self._at < len(self._lines) else "the end"
            raise FeedInvalid("malformed", f"{self._form}: line {self._at + 2} is to be '{name} …', not {have!r}")
        return value

    def origin(self) -> str:
        value = self.text("origin")
        if any(char.isspace() or char == "+" for char in value) or len(value) > 200:
            raise FeedInvalid("malformed", f"{self._form}: origin {value[:80]!r} is no name; use a domain and a path")
        return value

    def number(self, name: str) -> int:
        value = self.text(name)
        if not _NUMBER.match(value) or int(value) > MAX_VERSION:
            raise FeedInvalid("malformed", f"{self._form}: {name} {value[:40]!r} is no whole number up to 2^53-1")
        return int(value)

    def sha256(self, name: str) -> str:
        value = self.text(name)
        if not _SHA256.match(value):
            raise FeedInvalid("malformed", f"{self._form}: {name} is not 64 hexadecimal digits in lower case")
        return value

    def time(self, name: str) -> datetime:
        value = self.text(name)
        try:
            if not _TIME.match(value):
                raise ValueError
            return datetime.fromisoformat(value)
        except ValueError:
            raise FeedInvalid(
                "malformed", f"{self._form}: {name} {value[:40]!r} is no time; one reads 2026-07-01T00:00:00Z"
            ) from None

    def keys(self, name: str) -> tuple[VerifierKey, ...]:
        found = [self.text(name)]
        while self.next_is(name):
            found.append(self.text(name))
        try:
            return tuple(VerifierKey.parse(text) for text in found)
        except NoteError as error:
            raise FeedInvalid("malformed", f"{self._form}: {error}") from None

    def end(self, known: Sequence[str]) -> None:
        """Later versions of the format may add lines below; a known one there would be a second reading."""
        for line in self._lines[self._at :]:
            if not line or line.partition(" ")[0] in known:
                raise FeedInvalid("malformed", f"{self._form}: line {line[:40]!r} is out of place or stands twice")
