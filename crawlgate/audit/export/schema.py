"""The tables of an export: their columns, what each means, and which records they are made of.

`docs/ledger-export.md` says the same to people, and a test compares the two and what is written. A column has one of
five types: `text`, `integer`, `boolean`, `time` (UTC) and `json` (text in JSON). Whatever a record holds that no column
takes stands in its row's `more`, so that nothing is lost in a table that is older than its ledger.
"""

from __future__ import annotations

from .answers import ANSWERS
from .columns import PLACE, Column, Table, fields, made, table
from .events import EVENTS

__all__ = ["BY_NAME", "OF_KIND", "TABLES", "VERSION", "Column", "Table"]

VERSION = 1
"""Version of the tables; stands in the table `about`."""

TABLES = (
    Table(
        "about",
        "What this export is, one line a fact: version, program, ledger, period, when it was made.",
        made(("name", "text", "which fact"), ("value", "text", "the fact")),
    ),
    Table(
        "columns",
        "Every column of every table with its meaning.",
        made(
            ("table_name", "text", "the table"),
            ("column_name", "text", "the column"),
            ("type", "text", "text, integer, boolean, time or json"),
            ("meaning", "text", "what it says"),
        ),
    ),
    *ANSWERS,
    *EVENTS,
    Table(
        "segments",
        "One run of one process, and the conditions its decisions were made under.",
        (
            PLACE,
            *made(
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
    table(
        "roots",
        "tree checkpoint seal",
        "Roots of the hash tree, signed where there is a key.",
        (
            *made(("kind", "text", "tree, checkpoint or seal")),
            *fields(
                ("records", "integer", "how many records it covers, where it says so"),
                ("root", "text", "the root in base64, where it is not in the note"),
                ("note", "text", "the signed checkpoint"),
                ("leaves", "text", "fingerprints of the records since the last root"),
            ),
        ),
    ),
    table(
        "closings",
        "closed",
        "A segment noted the end of another.",
        fields(
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
        made(
            ("what", "text", "gap, outside, deleted, missing, lost, open, unreadable or evidence_file"),
            ("segment", "text", "the segment concerned"),
            ("since", "time", "from when"),
            ("until", "time", "until when"),
            ("count", "integer", "line (unreadable), bytes (lost), records (deleted)"),
            ("detail", "text", "the rest in words"),
        ),
    ),
    table(
        "others",
        "",
        "Records of kinds that this program does not know.",
        made(("kind", "text", "the kind")),
    ),
)
"""Every table, in the order in which they are told."""

BY_NAME = {table.name: table for table in TABLES}
OF_KIND = {kind: table for table in TABLES for kind in table.kinds}
