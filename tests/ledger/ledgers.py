"""Values and small ledgers for the tests of this folder."""

import base64
from datetime import UTC, datetime, timedelta

import orjson

from crawlgate import signed_note
from crawlgate.ledger import answers
from crawlgate.ledger.checkpoint import Checkpoint, encode_hash
from crawlgate.ledger.merkle import leaf_hash, root_of
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import (
    Basis,
    Finding,
    Outcome,
    Polarity,
    Purpose,
    Signal,
    Stage,
    Strength,
    Verdict,
)

AT = datetime(2026, 11, 23, 9, 0, 0, 250, tzinfo=UTC)
HEAD = {"program": "crawlgate test", "declaration": {"user_agent": "ExampleBot/1.0", "token": "ExampleBot"}}
HOSTILE = 'line\nfeed\r\x00 \x1b[31mred\x1b[0m \u202e\u2028 \udc80\ud800 </script> =cmd() \x7f "\\'


def clock(start=AT):
    """A clock that goes on by a second at each look."""
    state = [start]

    def now():
        state[0] += timedelta(seconds=1)
        return state[0]

    return now


def basis(verdict=Verdict.ALLOW, **changes):
    signal = Signal(
        kind="robots.disallow",
        purpose=Purpose.CRAWL,
        polarity=Polarity.RESERVED,
        strength=Strength.MEASURE,
        raw="Disallow: /private",
        evidence="ev1",
        line=7,
        span=(10, 28),
        name="robots",
        detail={"pattern": "/private"},
    )
    values = {
        "stage": Stage.PRE_FETCH,
        "verdict": verdict,
        "temporary": False,
        "findings": (
            Finding(
                criterion="B2", outcome=Outcome.MET, reason="b2.robots", params={"rule": "/private"}, signals=(signal,)
            ),
            Finding(criterion="A1", outcome=Outcome.NOT_MET, reason="a1.none"),
        ),
        "reasons": (),
        "not_assessed": {"C1": "not_assessed.no_list"},
        "evidence": ("ev1",),
        "profile": "standard",
        "rule_pack": "2026-11",
    }
    return Basis(**{**values, **changes})


def outcome(number):
    """What is written with the decision of that number: with every second one nothing, then what pages usually get,
    and what redirects get."""
    if number % 2:
        return None
    usual = {"disposition": "released", "media_type": "text/html", "status": 200}
    return answers.Outcome(
        AT, usual if number % 4 else {"disposition": "passed_on", "status": 302, "to": "https://b.example/"}
    )


def written(directory, decisions=5, *, seal=True, **options):
    """A segment with that many decisions; its path."""
    writer = LedgerWriter(directory, HEAD, now=clock(), **options)
    shared = basis()
    for number in range(decisions):
        writer.append_decision(AT + timedelta(seconds=number), f"https://example.com/{number}", shared)
    path = writer.path
    if seal:
        writer.close()
    else:
        abandon(writer)
    return path


def abandon(writer):
    """End a writer as kill -9 would."""
    writer._current.drop()
    writer._current = None
    writer._closed = True


def tables(path):
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def rerooted(lines, key=None):
    """The lines with all roots and fingerprints made good again, as a careful forger would; signed by `key`."""
    out, since = [], 0
    for line in lines:
        table = orjson.loads(line)
        if table.get("kind") in ("tree", "checkpoint", "seal"):
            leaves = b"".join(leaf_hash(one)[:2] for one in out[since:])
            root, since = root_of(map(leaf_hash, out)), len(out)
            table["leaves"] = base64.b64encode(leaves).decode()
            if "note" in table:
                text = Checkpoint(table["note"].partition("\n")[0], len(out), root).text
                table["note"] = signed_note.write(text, [key]).decode()
            else:
                table["root"] = encode_hash(root)
        out.append(orjson.dumps(table, option=orjson.OPT_SORT_KEYS))
    return out
