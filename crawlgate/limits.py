"""Every bound in one place, each with the source of its number."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .errors import ConfigError

_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on size, time and count. Sizes are bytes after decoding, times are seconds.

    Change one with `dataclasses.replace(DEFAULT_LIMITS, ...)`. A bound that cuts something is always
    recorded (`truncated`), never silent.
    """

    robots_bytes: int = 2 * 1024 * 1024
    """RFC 9309 2.5 asks for at least 500 KiB. Real files of 1.4 MB exist, and a rule that is cut off is an allow
    nobody gave; a longer file is read up to here."""

    robots_line: int = 16_663
    """Characters of one line that count: the bound of Google's parser (8 x 2,083, less a terminator)."""

    robots_redirects: int = 5
    """RFC 9309 2.3.1.2: follow at least five hops; a sixth counts as unreachable (our stricter reading)."""

    robots_max_age: float = 24 * 3600
    """RFC 9309 2.4: a cached copy should not be used for more than 24 hours."""

    unreachable_retry: float = 300
    """How long a failed evidence fetch stands before it is tried again; a longer Retry-After wins, up to
    `robots_max_age`. Project choice: short enough for a crawl to recover, long enough not to hammer."""

    wellknown_bytes: int = 512 * 1024
    """Size of /.well-known/tdmrep.json that is read. Project choice; known files are below 100 KiB."""

    named_documents: int = 16
    """Licences and policies that are asked for because an origin's files and pages name them. Project choice: real
    sites name one or two, and each costs a request and is kept in memory; further ones are told as not looked at."""

    page_head_bytes: int = 256 * 1024
    """Bytes of a page that are held back to judge its head. Project choice; on real pages the head ends
    within 100 KiB at the 95th percentile."""

    media_bytes: int = 8 * 1024 * 1024
    """Bytes of an image, sound, film or document in which embedded statements are looked for, where the body is
    in hand. Project choice; XMP and C2PA stand near the beginning."""

    header_value: int = 16 * 1024
    """Bytes of one header value that are read; longer values are cut and flagged."""

    header_count: int = 512
    """Header lines of one response that are read."""

    url_length: int = 32 * 1024
    """Bytes of a URL. RFC 9110 4.1 recommends supporting at least 8,000."""

    redirects: int = 20
    """Hops of a page fetch that a judgement keeps in view; httpx follows 20 by default."""

    evidence_deadline: float = 20.0
    """Wall-clock seconds for one evidence fetch, connect to last byte."""

    evidence_connect: float = 10.0
    """Seconds to resolve and connect for an evidence fetch."""

    feed_bytes: int = 512 * 1024 * 1024
    """Bytes of the entries of a feed that are read. Project choice: some ten million entries at half that."""

    feed_wait: float = 30.0
    """Wall-clock seconds for a manifest, and beyond the time that `feed_rate` gives for entries."""

    feed_rate: int = 64 * 1024
    """Bytes a second that a server of entries must keep up; a slower one is given up. Project choice."""

    feed_deadline: float = 600.0
    """Wall-clock seconds for the entries of a feed, whatever their size."""

    lists_recheck: float = 60.0
    """How long a running gate may work with lists that are no longer the newest it has. A look costs one
    system call."""

    raw_text: int = 400
    """Characters of a raw line that a signal quotes."""

    origins: int = 50_000
    """Origins whose evidence is kept in memory, at some 30 KiB each on real files; the oldest go first."""

    refusal_memory: float = 30 * 24 * 3600
    """Seconds for which the gates of a home remember that a site refused them. Project choice: a month; what a site
    said longer ago is asked anew."""

    policy_bytes: int = 256 * 1024 * 1024
    """Bytes of policy files, as received, whose reading is kept in memory; the oldest origins go first, and are asked
    again when they come up. A reading takes up to some ten times the file. Project choice: more than 50,000 usual
    files, and few hostile ones."""

    memo_per_origin: int = 4_096
    """Distinct answers remembered per origin; more are computed again."""

    people_recheck: float = 10.0
    """How often a running gate asks whether a person has decided anew (one stat of a file). Project choice: a
    decision, and its revocation, counts in every process that shares the home within this time."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise ConfigError(f"limits.{field.name} must be a number above 0, not {value!r}")
        if self.robots_max_age > _DAY:
            raise ConfigError("limits.robots_max_age: a copy of robots.txt is good for a day at most (RFC 9309 2.4)")


DEFAULT_LIMITS = Limits()
