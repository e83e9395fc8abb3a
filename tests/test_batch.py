"""Tables of every kind through one gate: what passes, what is told, and the same gate in other processes."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate import ConfigError, TableGate, judge_table  # noqa: E402
from crawlgate.audit.answers import SCHEMA, tally_of  # noqa: E402
from crawlgate.audit.book import EvidenceBook  # noqa: E402
from crawlgate.audit.carrying import pack  # noqa: E402
from crawlgate.audit.tables import TableJudge  # noqa: E402
from crawlgate.blocklist.match import Lists, NoticeIndex  # noqa: E402
from crawlgate.blocklist.store import COMPILED_FROM, ListStore  # noqa: E402
from crawlgate.blocklist.target import DEFAULT_SUFFIXES  # noqa: E402
from crawlgate.domains import Suffixes  # noqa: E402
from crawlgate.model import Product, RegisterEntry  # noqa: E402
from crawlgate.register import Register  # noqa: E402
from crawlgate.tally import EXAMPLES, Tally  # noqa: E402
from tests.integrations.pages import (  # noqa: E402
    AT,
    COLUMNS,
    DECLARED,
    DROPPED,
    KEPT,
    LISTED,
    VERDICTS,
    book,
    gate,
    robots,
)

TABLE = pa.table(COLUMNS)


def kinds() -> list[Any]:
    import pandas
    import polars

    return [
        TABLE,
        TABLE.to_batches()[0],
        COLUMNS,
        polars.DataFrame(COLUMNS),
        pandas.DataFrame(COLUMNS).set_index("id", drop=False),
    ]


def column(table: Any, name: str) -> list[Any]:
    values = table[name]
    if hasattr(values, "to_pylist"):
        return list(values.to_pylist())
    return [None if value != value else value for value in values]


@pytest.mark.parametrize("kind", range(5), ids=["Table", "RecordBatch", "mapping", "polars", "pandas"])
def test_a_table_of_any_kind_comes_back_as_its_kind(kind: int) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    table = kinds()[kind]
    one = gate()
    kept = one.allowed(table)
    assert type(kept) is type(table)
    assert column(kept, "id") == KEPT
    assert dict(one.tally.dropped) == DROPPED
    judged = one.judged(table)
    assert type(judged) is type(table)
    assert column(judged, "verdict") == VERDICTS
    assert column(judged, "text") == COLUMNS["text"]
    assert column(judge_table(table, DECLARED, evidence=book(), notices=one.options["notices"]), "verdict") == VERDICTS


def test_answers_are_those_of_the_judge_and_alike_from_every_worker() -> None:
    answers = gate().answers(TABLE)
    assert answers.schema == SCHEMA
    judged = TableJudge(DECLARED, evidence=book(), notices=NoticeIndex([LISTED], DEFAULT_SUFFIXES))(TABLE)
    for name in ("verdict", "findings", "criteria", "robots_line", "problem"):
        assert answers[name].to_pylist() == judged[name].to_pylist(), name
    assert answers["reasons"].to_pylist()[:4] == [None, "B2;B5", None, "C1;B2;D4"]
    backwards = TABLE.take(list(range(len(TABLE) - 1, -1, -1)))
    assert gate().answers(backwards).to_pylist()[::-1] == answers.to_pylist()


def test_nothing_is_dropped_while_observing_and_all_is_told() -> None:
    one = gate(mode="observe")
    assert one.allowed(TABLE).num_rows == TABLE.num_rows
    assert dict(one.tally.dropped) == DROPPED


def test_rows_at_one_instant_need_no_times() -> None:
    table = TABLE.drop_columns(["time"])
    assert gate(as_of=AT).mask(table).to_pylist() == [True, False, True, False, False, False, False, True]
    with pytest.raises(ConfigError, match="no column of times was found among id, url, text; name it with time="):
        gate().mask(table)


def test_times_without_a_zone_are_none_until_somebody_says_which() -> None:
    table = {"url": ["https://open.example/"] * 2, "time": [datetime(2024, 5, 1, 13), datetime(2024, 5, 1, 22)]}  # noqa: DTZ001
    assert gate().answers(table)["problem"].to_pylist() == ["no_zone"] * 2
    assert gate(zone="UTC").mask(table).to_pylist() == [True, True]
    told = judge_table(table, DECLARED, evidence=book(), zone="Asia/Tokyo")  # before the evidence, and after
    assert told["verdict"] == ["review", "allow"]
    with pytest.raises(ConfigError, match="Mars: not a zone; write UTC, an offset"):
        gate(zone="Mars")


def test_values_of_several_kinds_are_told_never_raised() -> None:
    odd = {"url": ["https://open.example/", 7, b"\xff", None, float("nan"), "https://open.example/\ud800"]}
    answers = gate(as_of=AT).answers(odd)
    assert answers["verdict"].to_pylist()[:5] == ["allow", None, None, None, None]
    assert None not in answers["problem"].to_pylist()[1:5]
    mixed = {"url": ["https://open.example/"] * 3, "time": [AT, "2024-05-01T13:00:00Z", 1714564800]}
    assert gate().answers(mixed)["verdict"].to_pylist()[:2] == ["allow", "allow"]


def test_what_is_no_table_or_no_gate_is_told() -> None:
    with pytest.raises(ConfigError, match="int is no table; pass an Arrow table"):
        gate().mask(7)
    with pytest.raises(ConfigError, match="mode 'perhaps' is unknown; use enforce or observe"):
        gate(mode="perhaps")
    with pytest.raises(ConfigError, match="has no zone"):
        gate(as_of=datetime(2024, 5, 1))  # noqa: DTZ001


def test_evidence_comes_from_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "robots.csv"
    file.write_text(
        "host,time,status,body\nclosed.example,2024-05-01T12:00:00Z,200,User-agent: *\\nDisallow: /x\n"
        'open.example,2024-05-01T12:00:00Z,200,"User-agent: *\nDisallow: /x"\nopen.example,yesterday,200,\n'
    )
    one = TableGate(DECLARED, evidence=[file])
    assert column(judge_table(TABLE, DECLARED, evidence=[file]), "verdict") == column(one.judged(TABLE), "verdict")
    assert one.mask({"url": ["https://open.example/x"], "time": [AT]}).to_pylist() == [False]
    assert "evidence that cannot be used" in caplog.text
    assert "row 2" in caplog.text


# -- in other processes -----------------------------------------------------------------------------------------------


def test_a_copy_judges_alike_and_counts_for_itself() -> None:
    one = gate()
    assert one.mask(TABLE).to_pylist() == pickle.loads(pickle.dumps(one)).mask(TABLE).to_pylist()
    assert one.tally.rows == len(TABLE)
    first, second = (pickle.loads(pickle.dumps(one)) for _ in range(2))
    first.mask(TABLE)
    assert (first.tally.rows, second.tally.rows) == (len(TABLE), 0)
    assert first.fingerprint == second.fingerprint == one.fingerprint
    assert copy.deepcopy(one) is one


def test_a_worker_learns_once_however_often_the_gate_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = TableJudge.__init__
    monkeypatch.setattr(TableJudge, "__init__", lambda self, *a, **k: (made.append(1), make(self, *a, **k))[1])
    sent = pickle.dumps(gate(as_of=datetime(2024, 5, 1, 13, 59, tzinfo=UTC)))
    for _ in range(3):
        assert pickle.loads(sent).mask(TABLE).to_pylist()[:2] == [True, False]
    assert len(made) == 1


SAY = "from tests.integrations.pages import gate; g = gate(); g.mask({'url': [], 'time': []}); print(g.fingerprint)"


def test_the_fingerprint_is_the_same_in_every_process_and_follows_what_is_asked() -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    said = subprocess.run([sys.executable, "-c", SAY], env=environment, capture_output=True, text=True, check=True)
    one = gate()
    one.mask(TABLE)
    assert said.stdout.strip() == one.fingerprint
    others = [
        gate(profile="strict"),
        gate(notices=None),
        gate(evidence=EvidenceBook([robots("open.example", "", 404)])),
        gate(as_of=AT),
        gate(stage="pre_fetch"),
        gate(url="url"),
        gate(register=Register([RegisterEntry(host="press.example", product=Product.API)])),
    ]
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == len(others) + 1


def test_equal_books_are_equal_bytes_however_they_came() -> None:
    later = robots("closed.example", "User-agent: *\nDisallow: /\n", at=datetime(2024, 5, 2, tzinfo=UTC))
    items = [robots("open.example", "", 404), robots("closed.example", "User-agent: *\nDisallow: /x\n"), later]
    one, other = EvidenceBook(items), EvidenceBook(reversed(items))
    assert pack(one) == pack(other)
    again = pickle.loads(pickle.dumps(one))
    assert pack(again) == pack(one)
    assert (again.count, list(again.origins())) == (3, ["https://closed.example", "https://open.example"])
    assert again.in_force("https://closed.example", 2**60)[0][1].evidence == later


def test_long_lists_are_mapped_by_workers(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    names = [f"{'x' * 40}{n:06}.example" for n in range(COMPILED_FROM // 50)]
    file.write_text("\n".join(["pirate.example", *names]) + "\n")
    kept = ListStore(tmp_path / "lists").receive(
        file, at=datetime(2024, 1, 1, tzinfo=UTC), verified=True, vouched_by="P"
    )
    one = gate(notices=Lists([kept.listing]))
    sent = pickle.dumps(one)
    assert len(sent) < 20_000
    assert pickle.loads(sent).answers(TABLE)["verdict"].to_pylist() == VERDICTS
    (tmp_path / "lists").rename(tmp_path / "elsewhere")
    other = pickle.dumps(gate(notices=kept.listing, mode="observe"))
    with pytest.raises(ConfigError, match=r"cannot be opened here .* under the same path on every machine"):
        pickle.loads(other)


def test_registers_and_notices_survive_pickling() -> None:
    entry = RegisterEntry(host="press.example", product=Product.API)
    assert list(pickle.loads(pickle.dumps(Register([entry], Suffixes(["press.example"])))).__iter__()) == [entry]
    index = pickle.loads(pickle.dumps(NoticeIndex([LISTED], DEFAULT_SUFFIXES)))
    assert [index.notice(0)] == [LISTED]


def test_threads_may_share_a_gate() -> None:
    one = gate()
    results: list[list[bool]] = []
    threads = [threading.Thread(target=lambda: results.append(one.mask(TABLE).to_pylist())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [gate().mask(TABLE).to_pylist()] * 8
    assert one.tally.rows == 8 * len(TABLE)


# -- what is told at the end ------------------------------------------------------------------------------------------


def test_the_tally_says_what_was_dropped_and_why(caplog: pytest.LogCaptureFixture) -> None:
    one = gate()
    one.mask(TABLE)
    told = one.tally.as_dict()
    assert told["rows"] == len(TABLE)
    assert told["verdicts"] == {"not_judged": 3, "allow": 2, "deny": 2, "review": 1}
    assert told["dropped"] == DROPPED
    assert told["criteria"] == {"B2": 3, "D4": 2, "B5": 1, "C1": 1}
    assert told["examples"]["C1"] == ["https://img.pirate.example/1"]
    with caplog.at_level("INFO", "crawlgate"):
        one.log_tally("a test")
    assert "a test: 8 rows: 3 not_judged, 2 allow, 2 deny, 1 review" in caplog.text
    assert "B2 A measure against AI collection covers this fetch, such as 'https://closed.example/x/1'" in caplog.text


def test_tallies_add_up_and_come_from_answers_too() -> None:
    one, other = gate(), gate()
    answers = one.answers(TABLE)
    other.mask(TABLE)
    assert one.tally == other.tally
    assert tally_of(answers).as_dict() | {"examples": {}} == one.tally.as_dict() | {"examples": {}}
    both = one.tally + other.tally
    assert both.rows == 2 * len(TABLE)
    assert both.dropped["B2"] == 2 * DROPPED["B2"]
    assert one.tally.rows == len(TABLE)
    assert pickle.loads(pickle.dumps(both)) == both


def test_examples_are_few_and_hostile_ones_are_shown_with_escapes() -> None:
    tally = Tally()
    for n in range(10):
        tally.show(tally.refuse("no_scheme"), [f"\x1b[2J{n}"])
    assert len(tally.examples["not_judged: no_scheme"]) == EXAMPLES
    assert "\x1b" not in str(tally)


def test_answers_of_one_instant_are_weighed_the_same_however_they_came_and_in_every_process() -> None:
    said = [robots("twice.example", "User-agent: *\nDisallow: /", status, AT) for status in (404, 403, 200)]
    rows = {"url": ["https://twice.example/x"], "time": ["2024-05-01T13:00:00Z"]}
    gates = [gate(evidence=EvidenceBook(order)) for order in (said, said[::-1], said[1:] + said[:1])]
    gates += [pickle.loads(pickle.dumps(one)) for one in gates]
    answers = [column(one.judged(rows), "findings") for one in gates]
    assert answers == answers[:1] * len(gates)
    assert len({one.fingerprint for one in gates}) == 1
