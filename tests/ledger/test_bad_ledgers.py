"""Named bad ledgers beyond changed lines: signed segments, checkpoints kept elsewhere, files that are none."""

import os
import shutil

import orjson
import pytest
from ledgers import AT, HEAD, basis, clock, rerooted, written

from crawlgate import signed_note
from crawlgate.ledger import current
from crawlgate.ledger.checkpoint import Checkpoint, read
from crawlgate.ledger.packing import pack
from crawlgate.ledger.segments import name_of
from crawlgate.ledger.upkeep import Upkeep
from crawlgate.ledger.verify import verify
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.signed_note import SigningKey

KEY = SigningKey("crawlgate-ledger/test", bytes(32))
OTHER = SigningKey("crawlgate-ledger/test", b"\1" * 32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(current, "TREE_EVERY", 5)


def signed(directory, key=KEY):
    """A sealed segment with a checkpoint in the middle; its path and that note."""
    with LedgerWriter(directory, HEAD, now=clock(), key=key, tidy=False) as ledger:
        for number in range(6):
            ledger.append_decision(AT, f"https://example.com/{number}", basis())
        note = ledger.checkpoint()
        for number in range(6, 12):
            ledger.append_decision(AT, f"https://example.com/{number}", basis())
    return ledger.path, note


def lines_of(path):
    return path.read_bytes().splitlines()


def put(path, lines):
    path.write_bytes(b"\n".join(lines) + b"\n")


def kinds(lines):
    return [orjson.loads(line)["kind"] for line in lines]


# head basis d d d | tree d d d | checkpoint(8)? ... the places of the records that keep roots
def at(lines, kind, which=0):
    return [n for n, found in enumerate(kinds(lines)) if found == kind][which]


def changed(line, **values):
    return orjson.dumps({**orjson.loads(line), **values}, option=orjson.OPT_SORT_KEYS)


def note_of(line):
    return orjson.loads(line)["note"]


# -- what is done to a signed segment, and what verify calls it ----------------------------------------------


def forged_root(lines):
    """The checkpoint of other records, properly signed: only the root betrays it."""
    place = at(lines, "checkpoint")
    old = read(note_of(lines[place]))
    text = Checkpoint(old.origin, old.size, bytes(32)).text
    lines[place] = changed(lines[place], note=signed_note.write(text, [KEY]).decode())
    return place


def forged_signature(lines):
    place = at(lines, "checkpoint")
    note = note_of(lines[place])
    body, _, signature = note.rpartition(" ")
    lines[place] = changed(lines[place], note=f"{body} {signature[:8]}{'A' * (len(signature) - 12)}{signature[-4:]}")
    return place


def another_key(lines):
    """Signed by a key that the head does not name."""
    place = at(lines, "checkpoint")
    lines[place] = changed(lines[place], note=signed_note.write(read(note_of(lines[place])).text, [OTHER]).decode())
    return place


def old_checkpoint(lines):
    """The seal is replaced by the earlier checkpoint, which is genuine."""
    lines[-1] = changed(lines[-1], note=note_of(lines[at(lines, "checkpoint")]))
    return len(lines) - 1


def wrong_size(lines):
    place = at(lines, "checkpoint")
    old = read(note_of(lines[place]))
    text = Checkpoint(old.origin, old.size + 3, old.root).text
    lines[place] = changed(lines[place], note=signed_note.write(text, [KEY]).decode())
    return place


def another_tree(lines):
    place = at(lines, "checkpoint")
    old = read(note_of(lines[place]))
    text = Checkpoint(old.origin + "x", old.size, old.root).text
    lines[place] = changed(lines[place], note=signed_note.write(text, [KEY]).decode())
    return place


def unsigned(lines):
    """The seal without its signature, its root as it should be."""
    table = orjson.loads(lines[-1])
    root = table.pop("note").split("\n")[2]
    lines[-1] = orjson.dumps({**table, "root": root}, option=orjson.OPT_SORT_KEYS)
    return len(lines) - 1


def no_note(lines):
    place = at(lines, "checkpoint")
    lines[place] = changed(lines[place], note="hello")
    return place


def changed_root(lines):
    place = at(lines, "tree")
    lines[place] = changed(lines[place], root="A" * 43 + "=")
    return place


def changed_fingerprints(lines):
    place = at(lines, "tree")
    lines[place] = changed(lines[place], leaves="AAAAAA==")
    return place


def unreadable_fingerprints(lines):
    place = at(lines, "tree")
    lines[place] = changed(lines[place], leaves="?")
    return place


def removed_root(lines):
    place = at(lines, "tree")
    del lines[place]
    return place


def repeated_root(lines):
    place = at(lines, "tree")
    lines.insert(place, lines[place])
    return place + 1


def removed_block(lines):
    first, second = at(lines, "tree"), at(lines, "checkpoint")
    del lines[first + 1 : second + 1]
    return first + 1


def moved_block(lines):
    first, second, third = at(lines, "tree"), at(lines, "checkpoint"), at(lines, "tree", 1)
    lines[first + 1 : third + 1] = lines[second + 1 : third + 1] + lines[first + 1 : second + 1]
    return first + 1


def no_roots_at_all(lines):
    lines[:] = [line for line in lines if b'"leaves"' not in line] * 12
    return


def rewritten_without_the_key(lines):
    """Everything made good again but for the signatures, which need the key."""
    lines[3] = lines[3].replace(b"example.com/1", b"example.com/9")
    lines[:] = rerooted(lines, OTHER)
    return at(lines, "checkpoint")


BAD = [
    (forged_root, "forged_checkpoint"),
    (forged_signature, "forged_checkpoint"),
    (another_key, "wrong_key"),
    (old_checkpoint, "old_checkpoint"),
    (wrong_size, "wrong_size"),
    (another_tree, "forged_checkpoint"),
    (unsigned, "unsigned"),
    (no_note, "fields"),
    (changed_root, "root"),
    (changed_fingerprints, "root"),
    (unreadable_fingerprints, "fields"),
    (removed_root, "deleted"),
    (repeated_root, "duplicated"),
    (removed_block, "deleted"),
    (moved_block, "reordered"),
    (no_roots_at_all, None),
    (rewritten_without_the_key, "wrong_key"),
]


@pytest.mark.parametrize(("spoil", "code"), BAD, ids=[spoil.__name__ for spoil, _ in BAD])
def test_named_bad_signed_ledgers(tmp_path, spoil, code):
    path, _ = signed(tmp_path)
    assert verify(tmp_path).ok
    lines = lines_of(path)
    place = spoil(lines)
    put(path, lines)
    (problem,) = verify(tmp_path).problems
    if code is not None:
        assert (problem.code, problem.line) == (code, place + 1)
    size = path.stat().st_size
    assert 0 <= problem.offset <= size


def test_a_ledger_rewritten_with_its_key_is_shown_by_a_checkpoint_kept_elsewhere(tmp_path):
    path, note = signed(tmp_path)
    lines = lines_of(path)
    lines[3] = lines[3].replace(b"example.com/1", b"example.com/9")
    put(path, rerooted(lines, KEY))
    assert verify(tmp_path).ok  # nothing on this disk can tell
    (problem,) = verify(tmp_path, checkpoints=[read(note)]).problems
    assert problem.code == "checkpoint"
    assert "kept elsewhere" in problem.message


def test_the_end_of_a_segment_removed_is_shown_by_a_checkpoint_kept_elsewhere(tmp_path):
    path, note = signed(tmp_path)
    lines = lines_of(path)
    put(path, lines[:5])
    assert verify(tmp_path).ok
    assert [fault.code for fault in verify(tmp_path, checkpoints=[read(note)]).problems] == ["truncated"]
    path.unlink()
    written(tmp_path)
    assert [fault.code for fault in verify(tmp_path, checkpoints=[read(note)]).problems] == ["missing_segment"]


def test_only_the_keys_given_are_believed(tmp_path):
    signed(tmp_path / "mine")
    assert verify(tmp_path / "mine", keys=[KEY.verifier]).keys == {str(KEY.verifier): 2}
    assert verify(tmp_path / "mine", keys=[OTHER.verifier, KEY.verifier]).ok
    assert [fault.code for fault in verify(tmp_path / "mine", keys=[OTHER.verifier]).problems] == ["wrong_key"]
    written(tmp_path / "unsigned")
    assert verify(tmp_path / "unsigned").ok
    assert [fault.code for fault in verify(tmp_path / "unsigned", keys=[KEY.verifier]).problems] == ["unsigned"]


def test_a_head_that_names_another_key(tmp_path):
    path, _ = signed(tmp_path)
    lines = lines_of(path)
    lines[0] = changed(lines[0], key=str(OTHER.verifier))
    put(path, rerooted(lines, OTHER))
    assert verify(tmp_path).ok  # a forger with a key of his own
    assert [fault.code for fault in verify(tmp_path, keys=[KEY.verifier]).problems] == ["wrong_key"]
    lines[0] = changed(lines[0], key="nonsense")
    put(path, rerooted(lines, OTHER))
    assert [fault.code for fault in verify(tmp_path).problems] == ["fields"]


# -- any single change anywhere ------------------------------------------------------------------------------


def test_every_single_change_of_a_line_is_placed_exactly(tmp_path):
    path, _ = signed(tmp_path)
    good = lines_of(path)
    for place in range(len(good) - 1):
        for change in ("remove", "repeat", "swap", "edit", "insert"):
            lines, where = list(good), place
            if change == "remove":
                del lines[place]
            elif change == "repeat":
                lines.insert(place + 1, lines[place])
                where = place + 1
            elif change == "swap":
                if place + 2 >= len(lines):
                    continue
                lines[place], lines[place + 1] = lines[place + 1], lines[place]
            elif change == "insert":
                lines.insert(place + 1, good[2].replace(b"example.com/0", b"example.com/new"))
                where = place + 1
            else:
                lines[place] = lines[place].replace(b'"kind":', b'"kind" :')
            put(path, lines)
            problems = verify(tmp_path).problems
            assert problems, (change, place)
            assert abs(problems[0].line - 1 - where) <= 1, (change, place, problems[0])


def test_lines_removed_with_the_record_that_kept_their_root_are_placed_exactly(tmp_path, monkeypatch):
    monkeypatch.setattr(current, "TREE_EVERY", 8)
    path = written(tmp_path, 30)
    good = lines_of(path)
    for place in range(1, len(good) - 1):
        for count in range(1, len(good) - place):
            if count % 8 == 0:  # what follows moves by whole blocks: the same as if the beginning were edited
                continue
            lines = good[:place] + good[place + count :]
            put(path, lines)
            (problem,) = verify(tmp_path).problems
            where = next(n for n, pair in enumerate(zip(lines, good, strict=False)) if pair[0] != pair[1])
            assert (problem.code, problem.line - 1) == ("deleted", where), (place, count, problem)


# -- compressed segments -------------------------------------------------------------------------------------


def test_compressed_segments_are_held_to_the_same(tmp_path):
    path, note = signed(tmp_path)
    lines = lines_of(path)
    packed = pack(path)
    good = packed.read_bytes()
    assert verify(tmp_path, keys=[KEY.verifier], checkpoints=[read(note)]).ok
    for spoil in (good[:-1], good[: len(good) // 2], good + b"x", good[:20] + b"\0\0" + good[22:], b"", b"x" * 50):
        packed.write_bytes(spoil)
        assert verify(tmp_path).problems[0].code == "damaged"
    packed.unlink()
    lines[3] = lines[3].replace(b"example.com/1", b"example.com/9")
    put(path, lines)
    pack(path)
    (problem,) = verify(tmp_path).problems
    assert (problem.code, problem.line, problem.segment) == ("edited", 4, name_of(path))


def test_a_segment_plain_and_compressed(tmp_path):
    path, _ = signed(tmp_path)
    plain = path.read_bytes()
    packed = pack(path)
    path.write_bytes(plain)
    report = verify(tmp_path)
    assert (report.ok, [fault.code for fault in report.warnings]) == (True, ["twice"])
    assert pack(path) == packed  # finishes what was interrupted
    assert verify(tmp_path).warnings == ()
    path.write_bytes(plain.replace(b"example.com/1", b"example.com/9"))
    assert {fault.code for fault in verify(tmp_path).problems} >= {"twice"}


# -- files that are none -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pipe", "directory", "link to nowhere", "device"])
def test_odd_files_are_named_and_never_waited_for(tmp_path, kind):
    signed(tmp_path)
    odd = tmp_path / "20990101T000000000000Z-1-abcdef.jsonl"
    if kind == "pipe":
        os.mkfifo(odd)
    elif kind == "directory":
        odd.mkdir()
    else:
        odd.symlink_to("/dev/zero" if kind == "device" else "/no/such/file")
    report = verify(tmp_path)
    assert [(fault.code, fault.segment) for fault in report.problems] == [("odd_file", odd.name)]
    with LedgerWriter(tmp_path, HEAD, now=clock(), key=KEY, upkeep=Upkeep(pack_from=1)) as ledger:
        ledger.append("list", {"at": AT})
    assert len(verify(tmp_path).problems) == 1


def test_other_files_do_not_matter(tmp_path):
    signed(tmp_path)
    (tmp_path / "README.txt").write_text("x")
    (tmp_path / ".x.jsonl").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    assert verify(tmp_path).ok


def test_a_segment_that_is_a_link_to_a_file_is_read(tmp_path):
    path, _ = signed(tmp_path / "ledger")
    elsewhere = tmp_path / "elsewhere"
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)
    assert verify(tmp_path / "ledger").ok
