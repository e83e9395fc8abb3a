import os
import shutil

import orjson
import pytest
from ledgers import AT, HEAD, basis, clock, rerooted, tables, written

from crawlgate.errors import LedgerError, LedgerInvalid
from crawlgate.ledger import examine as examine_module
from crawlgate.ledger import segments as segments_module
from crawlgate.ledger.verify import verify
from crawlgate.ledger.writer import LedgerWriter

# -- named bad ledgers: each takes the lines of a sealed segment (head, basis, 5 decisions, seal) -------------


def edited(lines):
    lines[3] = lines[3].replace(b"example.com/1", b"example.com/9")


def edited_number(lines):
    lines[3] = lines[3].replace(b'"basis":1', b'"basis":2')


def deleted(lines):
    del lines[3]


def deleted_head(lines):
    del lines[0]


def reordered(lines):
    lines[3], lines[4] = lines[4], lines[3]


def moved_to_the_front(lines):
    lines.insert(2, lines.pop(5))


def duplicated(lines):
    lines.insert(4, lines[3])


def repeated_later(lines):
    lines.insert(6, lines[3])


def doubled_key(lines):
    lines[1] = lines[1].replace(b'"verdict":"allow"', b'"verdict":"deny","verdict":"allow"')


def blank(lines):
    lines[3] = lines[3].replace(b'"basis":1', b'"basis": 1')


def odd_number(lines):
    lines[3] = lines[3].replace(b'"basis":1', b'"basis":1e0')


def number_with_fraction(lines):
    lines[3] = lines[3].replace(b'"basis":1', b'"basis":1.0')


def other_escape(lines):
    lines[3] = lines[3].replace(b"https", b"\\u0068ttps")


def not_json(lines):
    lines[3] = b"hello"


def an_array(lines):
    lines[3] = b"[1]"


def empty_line(lines):
    lines.insert(3, b"")


def after_the_seal(lines):
    lines.append(lines[3])


def rubbish_after_the_seal(lines):
    lines.append(b"rubbish")


def forged(change):
    """A change after which roots and fingerprints are made good again."""

    def make(lines):
        parsed = [orjson.loads(line) for line in lines]
        change(parsed)
        lines[:] = rerooted([orjson.dumps(table) for table in parsed])

    make.__name__ = f"forged_{change.__name__}"
    return make


@forged
def unknown_kind(parsed):
    parsed[3]["kind"] = "miracle"


@forged
def basis_of_nobody(parsed):
    parsed[3]["basis"] = 2


@forged
def negative_basis(parsed):
    parsed[3]["basis"] = -1


@forged
def basis_out_of_place(parsed):
    parsed[1]["id"] = 0


@forged
def seal_that_miscounts(parsed):
    del parsed[3]


@forged
def second_head(parsed):
    parsed[3] = parsed[0]


@forged
def no_head(parsed):
    del parsed[0]


@forged
def time_in_another_form(parsed):
    parsed[3]["at"] = "2026-11-23T09:00:00Z"


@forged
def time_beyond_the_calendar(parsed):
    parsed[3]["at"] = 2**62


@forged
def reference_to_a_later_record(parsed):
    parsed[3]["hop_of"] = 4


@forged
def format_of_tomorrow(parsed):
    parsed[0]["format"] = 3


@forged
def no_url(parsed):
    del parsed[3]["url"]


@forged
def another_name(parsed):
    parsed[0]["segment"] = "20200101T000000000000Z-1-abcdef"


BAD = [
    (edited, "edited", 4),
    (edited_number, "edited", 4),
    (deleted, "deleted", 4),
    (deleted_head, "deleted", 1),
    (reordered, "reordered", 4),
    (moved_to_the_front, "reordered", 3),
    (duplicated, "duplicated", 5),
    (repeated_later, "duplicated", 7),
    (doubled_key, "duplicate_key", 2),
    (blank, "not_canonical", 4),
    (odd_number, "float", 4),
    (number_with_fraction, "float", 4),
    (other_escape, "not_canonical", 4),
    (not_json, "not_json", 4),
    (an_array, "not_object", 4),
    (empty_line, "not_json", 4),
    (after_the_seal, "after_seal", 9),
    (rubbish_after_the_seal, "after_seal", 9),
    (unknown_kind, "kind", 4),
    (basis_of_nobody, "basis", 4),
    (negative_basis, "basis", 4),
    (basis_out_of_place, "basis", 2),
    (seal_that_miscounts, "seal", 7),
    (second_head, "head", 4),
    (no_head, "head", 1),
    (time_in_another_form, "fields", 4),
    (time_beyond_the_calendar, "time", 4),
    (reference_to_a_later_record, "reference", 4),
    (format_of_tomorrow, "format", 1),
    (no_url, "fields", 4),
    (another_name, "swapped", 1),
]


@pytest.mark.parametrize(("spoil", "code", "line"), BAD, ids=[spoil.__name__ for spoil, _, _ in BAD])
def test_named_bad_ledgers(tmp_path, spoil, code, line):
    path = written(tmp_path)
    lines = path.read_bytes().splitlines()
    spoil(lines)
    path.write_bytes(b"\n".join(lines) + b"\n")
    report = verify(tmp_path)
    assert not report.ok
    first = report.problems[0]
    assert (first.segment, first.code, first.line) == (path.stem, code, line)
    start = sum(len(before) + 1 for before in lines[: line - 1])
    assert start <= first.offset <= start + len(lines[line - 1])
    with pytest.raises(LedgerInvalid, match=f"line {line} ") as caught:
        report.require()
    assert caught.value.path == str(path)


def test_any_changed_byte_of_a_sealed_segment_is_seen(tmp_path):
    path = written(tmp_path, decisions=1)
    whole = path.read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    for index in range(0, last, 3):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :])
        report = verify(tmp_path)
        assert not report.ok, index
        assert report.problems[0].line <= 1 + whole.count(b"\n", 0, index)


def three(directory):
    return [written(directory, decisions=count) for count in (2, 3, 4)]


def test_a_good_ledger(tmp_path):
    three(tmp_path)
    report = verify(tmp_path)
    assert report.ok
    assert report.segments == 3
    assert report.warnings == ()
    assert report.records == {"segment": 3, "basis": 3, "closed": 2, "decision": 9, "seal": 3}
    assert report.last.segment == segments_module.name_of(max(tmp_path.iterdir()))
    assert report.last.size == 7
    report.require()


@pytest.mark.parametrize("index", [0, 1])
def test_a_missing_segment(tmp_path, index):
    paths = three(tmp_path)
    paths[index].unlink()
    report = verify(tmp_path)
    assert [(fault.code, fault.segment) for fault in report.problems] == [("missing_segment", paths[index + 1].stem)]
    assert paths[index].stem in report.problems[0].message


def test_swapped_segments(tmp_path):
    first, second, _ = three(tmp_path)
    a, b = first.read_bytes(), second.read_bytes()
    first.write_bytes(b)
    second.write_bytes(a)
    report = verify(tmp_path)
    assert {(fault.segment, fault.code) for fault in report.problems} >= {
        (first.stem, "swapped"),
        (second.stem, "swapped"),
    }


def test_a_segment_rewritten_as_a_whole_breaks_the_link(tmp_path):
    first, _, _ = three(tmp_path)
    parsed = tables(first)
    parsed[3]["url"] = "https://elsewhere.example/"
    first.write_bytes(b"\n".join(rerooted([orjson.dumps(table) for table in parsed])) + b"\n")
    assert [fault.code for fault in verify(tmp_path).problems] == ["previous"]


def test_a_segment_cut_between_lines_breaks_the_link(tmp_path):
    first, _, _ = three(tmp_path)
    first.write_bytes(b"".join(first.read_bytes().splitlines(keepends=True)[:-2]))
    assert [fault.code for fault in verify(tmp_path).problems] == ["truncated"]


def test_a_segment_slipped_in(tmp_path):
    _, second, _ = three(tmp_path)
    other = tmp_path / "other"
    strange = written(other)
    name = second.stem[:-6] + "ffffff"
    parsed = tables(strange)
    parsed[0]["segment"] = name
    (tmp_path / f"{name}.jsonl").write_bytes(b"\n".join(rerooted([orjson.dumps(t) for t in parsed])) + b"\n")
    shutil.rmtree(other)
    codes = [fault.code for fault in verify(tmp_path).problems]
    assert codes == ["unlinked", "unlinked"]


@pytest.mark.parametrize("cut", [1, 2, 10, 60])
def test_a_truncated_line(tmp_path, cut):
    path = written(tmp_path)
    os.truncate(path, path.stat().st_size - cut)
    (fault,) = verify(tmp_path).problems
    assert fault.code == "cut"
    assert fault.offset == path.read_bytes().rfind(b"\n") + 1


def test_a_noted_cut_does_not_excuse_other_changes(tmp_path):
    path = written(tmp_path, seal=False)
    os.truncate(path, path.stat().st_size - 5)
    with LedgerWriter(tmp_path, HEAD, now=clock()) as ledger:
        ledger.append("list", {"at": AT})
    good = path.read_bytes()
    assert verify(tmp_path).ok
    for changed, code in (
        (good + b"x", "cut"),
        (good[:-1], "cut"),
        (good[: good.rfind(b"\n") + 1], "truncated"),
        (b"".join(good.splitlines(keepends=True)[:-2]), "truncated"),
        (good.replace(b"example.com/0", b"example.com/7"), "edited"),
        (b"", "truncated"),
    ):
        path.write_bytes(changed)
        assert verify(tmp_path).problems[0].code == code, changed[-80:]
    path.unlink()
    assert {fault.code for fault in verify(tmp_path).problems} == {"missing_segment"}


def test_open_segments_are_warnings(tmp_path):
    dead = written(tmp_path, seal=False)
    with LedgerWriter(tmp_path, HEAD, now=clock()) as living:
        living.append_decision(AT, "https://example.com/", basis())
        report = verify(tmp_path)
        assert report.ok
        assert [(fault.segment, fault.code) for fault in report.warnings] == [
            (dead.stem, "open"),
            (living.segment, "open"),
        ]
        assert "died" in report.warnings[0].message
        assert "is being written" in report.warnings[1].message


def test_a_line_without_end_is_refused_in_bounded_memory(tmp_path, monkeypatch):
    path = written(tmp_path)
    for module in (examine_module, segments_module):
        monkeypatch.setattr(module, "MAX_LINE", 4096)
    with path.open("ab") as file:
        file.write(b"x" * 10_000)
    assert verify(tmp_path).problems[0].code == "after_seal"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]) + b"x" * 10_000)
    assert verify(tmp_path).problems[0].code == "too_long"


def test_a_broken_link_of_a_head(tmp_path):
    path = written(tmp_path)
    lines = path.read_bytes().splitlines()
    lines[0] = lines[0].replace(b'"previous":null', b'"previous":7')
    path.write_bytes(b"\n".join(rerooted(lines)) + b"\n")
    assert [fault.code for fault in verify(tmp_path).problems] == ["fields"]


def test_nothing_to_verify(tmp_path):
    for place, words in ((tmp_path / "nowhere", "no ledger"), (tmp_path, "empty")):
        with pytest.raises(LedgerError, match=words) as caught:
            verify(place)
        assert caught.value.path == str(place)
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError):
        verify(tmp_path / "file")


def test_a_fault_reads_as_one_sentence(tmp_path):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"basis":1', b'"basis":1.5'))
    offset = path.read_bytes().find(b"1.5")
    assert str(verify(tmp_path).problems[0]).startswith(f"{path.stem} line 3 (byte {offset}): ")
