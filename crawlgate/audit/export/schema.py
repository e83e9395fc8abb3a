"""The tables of an export: their columns, what each means, and which records they are made of.

`docs/ledger-export.md` says the same to people, and a test compares the two and what is written. A column has one of
five types: `text`, `integer`, `boolean`, `time` (UTC) and `json` (text in JSON). Whatever a record holds that no column
takes stands in its row's `more`, so that nothing is lost in a table that is older than its ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = 1
"""Version of the tables; stands in the table `about`."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `key` is the field of the record that it takes; empty where it is made of something else."""

    name: str
    type: str
    meaning: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `kinds` are the records that become its rows field by field; `indexed` are columns asked for often."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    kinds: frozenset[str] = frozenset()
    indexed: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def _made(*rows: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in rows)


def _fields(*rows: tuple[str, str, str]) -> tuple[Column, ...]:
    """Columns that take the field of their own name."""
    return tuple(Column(name, kind, meaning, name) for name, kind, meaning in rows)


def _table(name: str, kinds: str, meaning: str, columns: tuple[Column, ...], *indexed: str) -> Table:
    """A table of whole records."""
    own = _made(("record", "text", "its place: segment:number"), ("at", "time", "when it was written or decided"))
    return Table(name, meaning, (*own, *columns, _MORE), frozenset(kinds.split()), indexed)


_MORE = Column("more", "json", "what the record holds beyond these columns")
_BASIS = Column("basis", "text", "the basis: segment:number")
_PLACE = Column("segment", "text", "name of the segment")

TABLES = (
    Table(
        "about",
        "What this export is, one line a fact: version, program, ledger, period, when it was made.",
        _made(("name", "text", "which fact"), ("value", "text", "the fact")),
    ),
    Table(
        "columns",
        "Every column of every table with its meaning.",
        _made(
            ("table_name", "text", "the table"),
            ("column_name", "text", "the column"),
            ("type", "text", "text, integer, boolean, time or json"),
            ("meaning", "text", "what it says"),
        ),
    ),
    _table(
        "decisions",
        "decision",
        "One answer of the gate about one URL. Verdict, reasons and stage are those of its basis.",
        (
            *_fields(("url", "text", "the URL asked about")),
            *_made(
                ("host", "text", "its host, without port; empty for what is no address"),
                ("verdict", "text", "allow, review or deny; empty if the basis cannot be read"),
                ("temporary", "boolean", "true: for now, ask again later"),
                ("stage", "text", "pre_fetch, post_fetch, corpus, audit or retro: when it was asked"),
                ("reasons", "text", "criteria that decided, most severe first, parted by blanks"),
            ),
            _BASIS,
            *_made(("enforced", "boolean", "false: observed only, nothing was held back")),
            *_fields(
                ("problem", "text", "why the URL could not be asked about"),
                ("user_agent", "text", "the user agent, if not the declared one"),
                ("hop_of", "text", "the decision before this one in a chain of redirects"),
            ),
        ),
        "host",
        "basis",
        "verdict",
    ),
    Table(
        "bases",
        "What decisions rest on. Many decisions of a segment share one.",
        (
            Column("basis", "text", "its place: segment:number"),
            *_fields(
                ("verdict", "text", "allow, review or deny"),
                ("stage", "text", "pre_fetch, post_fetch, corpus, audit or retro"),
                ("temporary", "boolean", "true: for now, ask again later"),
                ("profile", "text", "name of the profile that weighed the findings"),
                ("rule_pack", "text", "version of the criteria"),
            ),
            _MORE,
        ),
        frozenset({"basis"}),
        ("basis",),
    ),
    Table(
        "findings",
        "One finding against one criterion, in a basis.",
        (
            _BASIS,
            *_made(
                ("criterion", "text", "the criterion, A1 to G2; `crawlgate explain` tells each"),
                ("outcome", "text", "met, indicated, not_met, unknown or needs_human"),
                ("decided", "integer", "1 for the most severe reason of the verdict, 2 for the next; empty for none"),
                ("reason", "text", "key of the sentence"),
                ("sentence", "text", "the sentence in English"),
                ("sentence_ja", "text", "the sentence in Japanese"),
                ("params", "json", "what the sentence is filled with"),
            ),
        ),
        indexed=("basis", "criterion"),
    ),
    Table(
        "signals",
        "What a finding rests on: one statement of a site, as it stood there.",
        (
            _BASIS,
            *_made(("criterion", "text", "the criterion of the finding"), ("number", "integer", "from 1, in order")),
            *_fields(
                ("kind", "text", "kind of statement; docs/signals.md has a row for each"),
                ("purpose", "text", "the use it speaks of"),
                ("polarity", "text", "reserved, priced, conditional, permitted or unspecified"),
                ("strength", "text", "measure, offer, preference or notice"),
                ("scope", "text", "origin, path, response, element or embedded"),
                ("subject", "text", "whom or what it addresses"),
                ("name", "text", "its name in the file or header"),
                ("raw", "text", "its words, shortened to the bound of records"),
                ("line", "integer", "the line it stands in, from 1"),
                ("span", "json", "the bytes it takes, first and last"),
                ("evidence", "text", "id of the evidence it stands in"),
                ("ambiguity", "text", "what can be read in two ways"),
                ("detail", "json", "its parts as read"),
            ),
        ),
        indexed=("basis", "kind"),
    ),
    Table(
        "not_assessed",
        "Criteria that a basis did not look at.",
        (
            _BASIS,
            *_made(
                ("criterion", "text", "the criterion or part that was not looked at"),
                ("reason", "text", "key of the sentence that says why"),
                ("sentence", "text", "the sentence in English"),
                ("sentence_ja", "text", "the sentence in Japanese"),
            ),
        ),
        indexed=("basis",),
    ),
    Table(
        "basis_evidence",
        "Which evidence a basis used. Its age at a decision is the decision's time less the evidence's.",
        (_BASIS, Column("evidence", "text", "id of the evidence")),
        indexed=("basis", "evidence"),
    ),
    Table(
        "basis_overrides",
        "Decisions of people that made a difference in a basis.",
        (
            _BASIS,
            *_fields(
                ("record", "text", "the override's record"),
                ("by", "text", "who decided"),
                ("effect", "text", "allow or deny"),
                ("until", "time", "until when it counts"),
                ("criteria", "json", "the criteria it speaks of"),
            ),
        ),
        indexed=("basis", "record"),
    ),
    _table(
        "evidence",
        "evidence",
        "What was fetched to decide, or why nothing came. All of it, whatever the period.",
        (
            *_fields(
                ("id", "text", "its id, which bases name"),
                ("source", "text", "robots, tdmrep, rsl, ai_txt, trust_txt, response ..."),
                ("url", "text", "what was asked for"),
            ),
            *_made(("host", "text", "host of that URL")),
            *_fields(
                ("final_url", "text", "where the answer came from, if elsewhere"),
                ("status", "integer", "HTTP status"),
                ("error", "text", "why nothing came"),
                ("sha256", "text", "of the body"),
                ("bytes", "integer", "length of the body"),
                ("truncated", "boolean", "true: cut at the limit"),
                ("headers", "json", "headers that bear on permission, freshness or type"),
                ("redirects", "json", "hops on the way"),
            ),
            *_made(
                ("warc_file", "text", "file in evidence/ that keeps it; empty if it was not kept"),
                ("warc_offset", "integer", "where its records begin in that file"),
                ("warc_length", "integer", "how many bytes they take"),
                ("warc_sha256", "text", "of those bytes"),
            ),
        ),
        "id",
        "host",
    ),
    _table(
        "outcomes",
        "outcome",
        "What became of a body. A stored item has its place in a dataset.",
        _fields(
            ("decision", "text", "the decision's record"),
            ("disposition", "text", "released, discarded, held, passed_on, failed, read, stored or removed"),
            ("status", "integer", "HTTP status"),
            ("sha256", "text", "of the body, or of the stored item"),
            ("bytes", "integer", "length of the body"),
            ("media_type", "text", "its type"),
            ("complete", "boolean", "false: it was not read to its end"),
            ("dataset", "text", "the dataset it went into"),
            ("shard", "text", "the file of that dataset"),
            ("offset", "integer", "where the item begins in the shard"),
            ("length", "integer", "how many bytes it takes"),
            ("to", "text", "where a redirect leads"),
            ("reason", "text", "why, in the words of who reported it"),
            ("evidence", "text", "id of the evidence of the response"),
            ("error", "text", "what failed"),
        ),
        "decision",
        "dataset",
        "sha256",
    ),
    _table(
        "attempts",
        "attempt",
        "Requests that were refused, or made otherwise than declared.",
        _fields(
            ("site", "text", "registrable domain"),
            ("url", "text", "what was asked for"),
            ("user_agent", "text", "the identity that the site saw"),
            ("decision", "text", "the decision's record"),
            ("status", "integer", "HTTP status; empty: about to be sent"),
            ("refusal", "text", "in which way the answer refused: http_403, challenge, login ..."),
            ("proxy", "text", "name of the proxy"),
            ("credentials", "text", "a reference to credentials, never the secret"),
            ("referrer", "text", "the page that led here"),
            ("challenge_solved", "boolean", "true: a challenge was solved"),
        ),
        "site",
    ),
    _table(
        "clients",
        "client",
        "Which client works behind the gate.",
        _fields(
            ("client", "text", "its name and version"),
            ("settings", "json", "settings of it that look like evasion"),
        ),
    ),
    _table(
        "overrides",
        "override",
        "What a person decided.",
        _fields(
            ("by", "text", "who"),
            ("reason", "text", "why"),
            ("effect", "text", "allow or deny"),
            ("scope", "text", "url, path, host or domain: what kind of place it covers"),
            ("value", "text", "the place"),
            ("path_prefix", "text", "the path, where the place is one"),
            ("until", "time", "until when it counts"),
            ("findings", "json", "the outcomes of criteria it speaks of"),
            ("concerns", "text", "the decision it was made about"),
            ("acknowledged", "json", "what the person answered to open questions"),
        ),
    ),
    _table(
        "revocations",
        "revocation",
        "An override was taken back.",
        _fields(
            ("override", "text", "the override's record"),
            ("by", "text", "who took it back"),
            ("reason", "text", "why"),
        ),
        "override",
    ),
    _table(
        "lists",
        "list",
        "What happened to a list of rights holders.",
        _fields(
            ("event", "text", "subscribed, keys, received, loaded, stale, refused, repaired, receipt or removed"),
            ("name", "text", "name of the list or subscription"),
            ("version", "text", "version of it"),
            ("sha256", "text", "of the list as received; its bytes stand in lists/"),
            ("manifest", "text", "sha256 of the signed manifest"),
            ("source", "text", "where it came from"),
            ("issuer", "text", "who speaks"),
            ("issuer_kind", "text", "rights holder, association, authority, own, public or not stated"),
            ("verified", "boolean", "true: a person checked who speaks and what is claimed"),
            ("vouched_by", "text", "that person"),
            ("received_at", "time", "when these bytes came first"),
            ("entries", "integer", "entries that count"),
            ("rejected", "integer", "entries that cannot be used"),
            ("code", "text", "why it was refused, as a word"),
            ("reason", "text", "why, as a sentence"),
        ),
        "name",
    ),
    _table(
        "notices",
        "notice",
        "A single notice that came by letter or e-mail, or its withdrawal.",
        _fields(
            ("event", "text", "notice or withdrawn"),
            ("id", "text", "id of the notice"),
            ("issuer", "text", "who wrote"),
            ("issuer_kind", "text", "what kind of sender that is"),
            ("vouched_by", "text", "who checked that"),
            ("scope", "text", "domain, host, path, URL, address or work"),
            ("value", "text", "the place it names"),
            ("path_prefix", "text", "the path, where the place is one"),
            ("received_at", "time", "when it arrived"),
            ("listed_at", "time", "from when on, as it says itself"),
            ("expires_at", "time", "until when, as it says itself"),
            ("withdrawn_at", "time", "when it was taken back"),
            ("reason", "text", "what it claims"),
            ("reference", "text", "its number or subject"),
            ("contact", "text", "where an appeal goes"),
            ("document", "text", "sha256 of the letter"),
        ),
        "id",
    ),
    _table(
        "register",
        "register",
        "Who sells data for analysis, as it became known.",
        _fields(
            ("host", "text", "the seller's host"),
            ("product", "text", "what kind of product"),
            ("source", "text", "how it became known"),
            ("name", "text", "its name"),
            ("price", "text", "its price, as stated"),
            ("currency", "text", "of the price"),
            ("evidence", "text", "id of the evidence that shows it"),
            ("first_seen", "time", "since when it is known, if not from this record on"),
            ("ended_at", "time", "when it ended"),
            ("past", "boolean", "true: it was sold once"),
            ("urls", "json", "where the product is"),
            ("free_urls", "json", "what is free of it"),
        ),
        "host",
    ),
    _table(
        "outside",
        "outside",
        "A collection that did not pass the gate, as a person says.",
        _fields(
            ("name", "text", "what it is called"),
            ("by", "text", "who says so"),
            ("reason", "text", "why it did not, or how it is known"),
            ("since", "time", "when it began"),
            ("until", "time", "when it ended"),
            ("dataset", "text", "the dataset it fed"),
        ),
    ),
    _table(
        "audits",
        "audit",
        "A crawl of the past was audited.",
        _fields(
            ("audit", "text", "digest of the question"),
            ("as_of", "text", "fetched, or the instant at which all rows were judged"),
            ("known_until", "time", "the last thing on record by then"),
            ("judged", "integer", "rows judged"),
            ("rejected", "integer", "rows that could not be judged"),
            ("verdicts", "json", "rows by verdict"),
            ("removals", "json", "rows of the removal list by effect"),
            ("declaration", "json", "who collected, and for what"),
            ("profile", "json", "the profile with its hash"),
            ("inputs", "json", "how many files, their digest, and the first of them"),
            ("outputs", "json", "each output with its digest"),
        ),
        "audit",
    ),
    _table(
        "removals",
        "removal",
        "A dataset was written without rows of a removal list.",
        _fields(
            ("audit", "text", "the audit whose list it was"),
            ("proof", "text", "sha256 of the proof"),
            ("by", "text", "who did so"),
            ("reason", "text", "why"),
            ("rows_in", "integer", "rows before"),
            ("rows_out", "integer", "rows after"),
            ("removed", "integer", "rows taken out"),
            ("files", "json", "the first files with their digests before and after"),
        ),
        "audit",
    ),
    _table(
        "holds",
        "hold",
        "A legal hold was laid or lifted.",
        _fields(
            ("name", "text", "what it is called"),
            ("action", "text", "add or release"),
            ("by", "text", "who"),
            ("reason", "text", "why"),
            ("from", "time", "from when on records are held"),
            ("to", "time", "until when"),
        ),
    ),
    _table(
        "deletions",
        "deletion",
        "Segments were deleted, by a rule of retention.",
        _fields(
            ("by", "text", "who"),
            ("reason", "text", "why"),
            ("before", "time", "records older than this"),
            ("segments", "json", "each segment with what it held"),
        ),
    ),
    _table(
        "merges",
        "merge",
        "Segments of another home were copied in.",
        _fields(("segments", "json", "each segment with its size and root")),
    ),
    Table(
        "segments",
        "One run of one process, and the conditions its decisions were made under.",
        (
            _PLACE,
            *_made(
                ("at", "time", "when it was opened"),
                ("program", "text", "what wrote it"),
                ("written_by", "text", "the command or part that did; empty: a gate"),
                ("mode", "text", "enforce or observe"),
                ("operator", "text", "declared operator"),
                ("token", "text", "declared robots.txt token"),
                ("user_agent", "text", "declared user agent"),
                ("profile", "text", "name of the profile"),
                ("profile_sha256", "text", "its hash"),
                ("rule_pack", "text", "version of the criteria"),
                ("ledger", "text", "the chain it belongs to"),
                ("previous", "text", "the segment opened before it"),
                ("key", "text", "verifier key of its checkpoints"),
                ("records", "integer", "lines that can be read"),
                ("decisions", "integer", "decisions among them"),
                ("first", "time", "earliest time among its decisions"),
                ("latest", "time", "latest time among its decisions"),
                ("sealed", "boolean", "true: its writer closed it"),
                ("conditions", "json", "the whole head: declaration, limits, lists, versions"),
            ),
        ),
        frozenset({"segment"}),
        ("segment",),
    ),
    _table(
        "roots",
        "tree checkpoint seal",
        "Roots of the hash tree, signed where there is a key.",
        (
            *_made(("kind", "text", "tree, checkpoint or seal")),
            *_fields(
                ("records", "integer", "how many records it covers, where it says so"),
                ("root", "text", "the root in base64, where it is not in the note"),
                ("note", "text", "the signed checkpoint"),
                ("leaves", "text", "fingerprints of the records since the last root"),
            ),
        ),
    ),
    _table(
        "closings",
        "closed",
        "A segment noted the end of another.",
        _fields(
            ("segment", "text", "the other"),
            ("records", "integer", "its good records"),
            ("bytes", "integer", "their bytes"),
            ("root", "text", "their root in base64"),
            ("sealed", "boolean", "true: a seal follows"),
            ("lost", "integer", "bytes of a cut line"),
            ("problem", "text", "why its writer gave it up"),
            ("note", "text", "a checkpoint of it"),
            ("leaves", "text", "fingerprints of its last records"),
        ),
        "segment",
    ),
    Table(
        "coverage",
        "What is missing or cannot be known: without a row here, nothing is known to be missing.",
        _made(
            ("what", "text", "gap, outside, deleted, missing, lost, open, unreadable or evidence_file"),
            ("segment", "text", "the segment concerned"),
            ("since", "time", "from when"),
            ("until", "time", "until when"),
            ("count", "integer", "line (unreadable), bytes (lost), records (deleted)"),
            ("detail", "text", "the rest in words"),
        ),
    ),
    _table(
        "others",
        "",
        "Records of kinds that this program does not know.",
        _made(("kind", "text", "the kind")),
    ),
)
"""Every table, in the order in which they are told."""

BY_NAME = {table.name: table for table in TABLES}
OF_KIND = {kind: table for table in TABLES for kind in table.kinds}
