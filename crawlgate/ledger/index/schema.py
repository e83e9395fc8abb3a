"""The tables of `state.sqlite`: places of records, and the few numbers needed to choose among them.

It is an index and nothing else: no word of an answer comes out of it, and it can be deleted at any time. A file of
another version is made anew.
"""

from __future__ import annotations

NAME = "state.sqlite"
APPLICATION = 0x43724761  # "CrGa"
VERSION = 1

MARK_EVERY = 32
"""Lines between two remembered offsets of a segment."""

TABLES = """
CREATE TABLE segment (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
  stamp TEXT NOT NULL,      -- size, time and inode of the file when all of it was read; empty before
  noted_stamp TEXT NOT NULL,
  head BLOB,                -- sha256 of its first line
  last BLOB,                -- sha256 of the last line that was read
  last_at INTEGER NOT NULL, -- where that line begins
  done INTEGER NOT NULL,    -- bytes read into every table
  lines INTEGER NOT NULL,   -- lines in them
  noted INTEGER NOT NULL,   -- bytes in which statements were looked for
  noted_lines INTEGER NOT NULL,
  first INTEGER, latest INTEGER,      -- times of its records, seconds since 1970
  decisions INTEGER NOT NULL, outcomes INTEGER NOT NULL,
  sealed INTEGER NOT NULL,
  gist TEXT                 -- of its head, as JSON
);
CREATE TABLE closed (name TEXT, segment INTEGER, seq INTEGER, lost INTEGER NOT NULL, problem TEXT,
  PRIMARY KEY (name, segment, seq)
) WITHOUT ROWID;
CREATE TABLE mark (segment INTEGER, n INTEGER, offset INTEGER NOT NULL, PRIMARY KEY (segment, n)) WITHOUT ROWID;
CREATE TABLE host (
  key INTEGER PRIMARY KEY, surt TEXT NOT NULL,
  n INTEGER NOT NULL, keys INTEGER NOT NULL, seqs INTEGER NOT NULL  -- of its decisions: number and sums
);
CREATE TABLE decision (
  host INTEGER, key INTEGER, segment INTEGER, seq INTEGER, at INTEGER NOT NULL, basis INTEGER NOT NULL,
  flags INTEGER NOT NULL, PRIMARY KEY (host, key, segment, seq)
) WITHOUT ROWID;
CREATE TABLE outcome (
  of_segment INTEGER, of_seq INTEGER, segment INTEGER, seq INTEGER, disposition INTEGER NOT NULL,
  PRIMARY KEY (of_segment, of_seq, segment, seq)
) WITHOUT ROWID;
CREATE TABLE hop (
  of_segment INTEGER, of_seq INTEGER, segment INTEGER, seq INTEGER, PRIMARY KEY (of_segment, of_seq, segment, seq)
) WITHOUT ROWID;
CREATE TABLE basis (
  segment INTEGER, seq INTEGER, verdict TEXT NOT NULL, stage TEXT NOT NULL, temporary INTEGER NOT NULL,
  reasons TEXT NOT NULL, PRIMARY KEY (segment, seq)
) WITHOUT ROWID;
CREATE TABLE evidence (
  host INTEGER, at INTEGER, segment INTEGER, seq INTEGER, id TEXT NOT NULL, source TEXT NOT NULL, sha BLOB,
  file TEXT, offset INTEGER, length INTEGER, PRIMARY KEY (host, at, segment, seq)
) WITHOUT ROWID;
CREATE TABLE archive (name TEXT PRIMARY KEY, stamp TEXT NOT NULL, done INTEGER NOT NULL, problem TEXT) WITHOUT ROWID;
CREATE TABLE unrecorded (
  file TEXT, offset INTEGER, length INTEGER NOT NULL, id TEXT NOT NULL, host INTEGER NOT NULL, at INTEGER NOT NULL,
  source TEXT NOT NULL, url TEXT NOT NULL, sha BLOB, PRIMARY KEY (file, offset)
) WITHOUT ROWID;
CREATE TABLE statement (
  kind TEXT, segment INTEGER, seq INTEGER, offset INTEGER NOT NULL, PRIMARY KEY (kind, segment, seq)
) WITHOUT ROWID;
CREATE TABLE fault (
  segment INTEGER, line INTEGER, offset INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  PRIMARY KEY (segment, line)
) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

INDEXES = """
CREATE INDEX host_surt ON host (surt);
CREATE INDEX evidence_id ON evidence (id);
CREATE INDEX evidence_sha ON evidence (sha);
CREATE INDEX evidence_place ON evidence (file, offset);
CREATE INDEX unrecorded_sha ON unrecorded (sha);
CREATE INDEX unrecorded_host ON unrecorded (host, at);
"""

DISPOSITIONS = (
    "other",
    "released",
    "read",
    "stored",
    "removed",
    "discarded",
    "held",
    "passed_on",
    "failed",
    "quarantined",
)
"""What may become of a body, in the order of the numbers that stand for it."""

OBSERVED, PROBLEM = 1, 2
"""Flags of a decision: not enforced; the URL could not be asked about."""

NO_STATEMENTS = frozenset(
    {"segment", "basis", "evidence", "decision", "outcome", "tree", "checkpoint", "closed", "seal"}
)
"""Kinds that have tables of their own, or that nobody looks up. Every other kind is a statement."""
