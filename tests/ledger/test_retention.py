"""Holds, deletions, merges: what may go, what stays, and what is known afterwards."""

import os
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from ledgers import AT, HEAD, abandon, basis, clock

from crawlgate.errors import ConfigError, LedgerError, LedgerInvalid
from crawlgate.ledger import retention
from crawlgate.ledger.checkpoint import read
from crawlgate.ledger.merge import copy_in, merge, unsealed
from crawlgate.ledger.packing import pack
from crawlgate.ledger.prove import Prover
from crawlgate.ledger.query import decisions
from crawlgate.ledger.retention import add_hold, delete, holds, plan, release_hold
from crawlgate.ledger.segments import name_of, segments
from crawlgate.ledger.verify import verify
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.signed_note import SigningKey

KEY = SigningKey("crawlgate-ledger/test", bytes(32))
OTHER = SigningKey("crawlgate-ledger/other", b"\1" * 32)
DAY = timedelta(days=1)
WHO = {"by": "K. Sato", "reason": "claim 7"}


def opened(directory, at=AT, key=KEY, **options):
    return LedgerWriter(directory, HEAD, now=clock(at), key=key, tidy=False, **options)


def recorded(directory, day, *, dies=False, key=KEY, host="example.com"):
    """A segment of that day; its name."""
    at = AT + day * DAY
    ledger = opened(directory, at, key)
    for number in range(3):
        ledger.append_decision(at + timedelta(minutes=number), f"https://{host}/{day}/{number}", basis())
    if dies:
        abandon(ledger)
    else:
        ledger.close()
    return ledger.segment


def names(directory):
    return [name_of(path) for path in segments(directory)]


def run(directory, before, day=50):
    """Plan and delete."""
    decided = plan(directory, before)
    at = AT + day * DAY
    return decided, delete(lambda: opened(directory, at), directory, decided, at=at, **WHO)


# -- deletion -----------------------------------------------------------------------------------------------


def test_old_segments_go_and_the_gap_is_known(tmp_path):
    made = [recorded(tmp_path, day) for day in range(4)]
    note = Prover(tmp_path).inclusion(f"{made[1]}:2").note
    decided, record = run(tmp_path, AT + 2 * DAY)
    assert [one.segment for one in decided.going] == made[:2]
    assert decided.staying == ()
    assert names(tmp_path) == [*made[2:], record.partition(":")[0]]
    report = verify(tmp_path, keys=[KEY.verifier], checkpoints=[read(note)])
    assert (report.problems, report.warnings) == ((), ())
    assert [(gap.segment, gap.records, gap.by, gap.reason) for gap in report.deleted] == [
        (name, 6 if n else 5, "K. Sato", "claim 7") for n, name in enumerate(made[:2])
    ]
    assert [found.url for found in decisions(tmp_path)] == [
        f"https://example.com/{day}/{n}" for day in (2, 3) for n in range(3)
    ]
    recorded(tmp_path, 60)  # the chain goes on over the gap
    assert verify(tmp_path).ok


def test_a_kept_checkpoint_that_contradicts_the_deletion_is_a_problem(tmp_path):
    made = [recorded(tmp_path, day) for day in range(3)]
    kept = read(Prover(tmp_path).inclusion(f"{made[0]}:2").note)
    run(tmp_path, AT + DAY)
    assert verify(tmp_path, checkpoints=[kept]).ok
    for other, said in (
        (replace(kept, size=99), "speaks of more than"),
        (replace(kept, root=bytes(32)), "another root"),
    ):
        (problem,) = verify(tmp_path, checkpoints=[other]).problems
        assert (problem.segment, problem.code) == (made[0], "checkpoint")
        assert said in problem.message


def test_a_segment_that_vanished_without_a_record_is_still_missed(tmp_path):
    made = [recorded(tmp_path, day) for day in range(4)]
    run(tmp_path, AT + DAY)
    (tmp_path / f"{made[1]}.jsonl").unlink()
    assert {fault.code for fault in verify(tmp_path).problems} == {"missing_segment"}


def test_the_newest_the_living_and_what_people_said_stay(tmp_path):
    said = opened(tmp_path, AT)
    said.append("notice", {"at": AT, "id": "n1"})
    said.close()
    old = recorded(tmp_path, 1)
    with opened(tmp_path, AT + 2 * DAY) as living:
        newest = recorded(tmp_path, 3)
        decided = plan(tmp_path, AT + 400 * DAY)
    assert [one.segment for one in decided.going] == [old]
    why = dict(decided.staying)
    assert "notice" in why[said.segment]
    assert "being written" in why[living.segment]
    assert "newest" in why[newest]


def test_one_that_notes_the_end_of_a_dead_one_stays_as_long_as_it(tmp_path, monkeypatch):
    dead = recorded(tmp_path, 0, dies=True)
    closer = recorded(tmp_path, 1)
    recorded(tmp_path, 2)
    assert [one.segment for one in plan(tmp_path, AT + 2 * DAY).going] == [dead, closer]
    add_hold(lambda: opened(tmp_path, AT + 3 * DAY), tmp_path, "h", at=AT, until=AT + timedelta(hours=1), **WHO)
    decided = plan(tmp_path, AT + 2 * DAY)
    assert decided.going == ()
    assert dict(decided.staying)[closer] == f"it notes the end of {dead}, which stays and has no seal"


def test_a_segment_that_cannot_be_read_stays(tmp_path):
    made = [recorded(tmp_path, day) for day in range(3)]
    path = tmp_path / f"{made[0]}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"basis":1', b'"basis":1.5'))
    decided = plan(tmp_path, AT + 2 * DAY)
    assert "cannot be read" in dict(decided.staying)[made[0]]


def test_a_deletion_that_was_interrupted_is_finished(tmp_path, monkeypatch):
    made = [recorded(tmp_path, day) for day in range(3)]
    kept = (tmp_path / f"{made[0]}.jsonl").read_bytes()
    run(tmp_path, AT + 2 * DAY)
    (tmp_path / f"{made[0]}.jsonl").write_bytes(kept)
    report = verify(tmp_path)
    assert (report.ok, [fault.code for fault in report.warnings]) == (True, ["still_here"])
    decided, record = run(tmp_path, AT + 2 * DAY)
    assert (decided.going, record) == ((), None)
    assert made[0] not in names(tmp_path)
    assert verify(tmp_path).warnings == ()


def test_the_record_is_on_the_disk_before_a_file_goes(tmp_path, monkeypatch):
    made = [recorded(tmp_path, day) for day in range(3)]
    decided = plan(tmp_path, AT + 2 * DAY)

    def broken(*_):
        raise LedgerError("no disk", "x")

    monkeypatch.setattr(LedgerWriter, "commit", broken)
    with pytest.raises(LedgerError, match="no disk"):
        delete(lambda: opened(tmp_path, AT + 9 * DAY), tmp_path, decided, at=AT, **WHO)
    assert set(made) <= set(names(tmp_path))


# -- holds --------------------------------------------------------------------------------------------------


def test_a_hold_stands_until_it_is_released(tmp_path):
    made = [recorded(tmp_path, day) for day in range(3)]
    add_hold(lambda: opened(tmp_path, AT + 4 * DAY), tmp_path, "claim-7", at=AT, **WHO)
    with pytest.raises(ConfigError, match="is in force"):
        add_hold(lambda: opened(tmp_path, AT + 4 * DAY), tmp_path, "claim-7", at=AT, **WHO)
    with pytest.raises(ConfigError, match="in force: claim-7"):
        release_hold(lambda: opened(tmp_path, AT + 4 * DAY), tmp_path, "claim-8", at=AT, **WHO)
    (hold,) = holds(tmp_path)
    assert (hold.name, hold.by, hold.reason, hold.at) == ("claim-7", "K. Sato", "claim 7", AT)
    decided, record = run(tmp_path, AT + 3 * DAY)
    assert (decided.going, record) == ((), None)
    assert all("held: claim-7" in dict(decided.staying)[name] for name in made)
    assert set(made) <= set(names(tmp_path))
    release_hold(lambda: opened(tmp_path, AT + 4 * DAY), tmp_path, "claim-7", at=AT, **WHO)
    assert holds(tmp_path) == []
    decided, _ = run(tmp_path, AT + 3 * DAY)
    assert [one.segment for one in decided.going] == made
    # The records of the hold itself are never deleted.
    assert verify(tmp_path).records["hold"] == 2


def test_a_hold_of_a_time_keeps_that_time(tmp_path):
    made = [recorded(tmp_path, day) for day in range(4)]
    add_hold(
        lambda: opened(tmp_path, AT + 9 * DAY),
        tmp_path,
        "h",
        at=AT,
        since=AT + DAY,
        until=AT + DAY + timedelta(hours=1),
        **WHO,
    )
    assert [one.segment for one in plan(tmp_path, AT + 4 * DAY).going] == [made[0], *made[2:]]


def test_a_hold_that_comes_between_plan_and_deletion_wins(tmp_path):
    made = [recorded(tmp_path, day) for day in range(3)]
    decided = plan(tmp_path, AT + 2 * DAY)
    add_hold(lambda: opened(tmp_path, AT + 9 * DAY), tmp_path, "late", at=AT, **WHO)
    with pytest.raises(ConfigError, match="'late' came meanwhile"):
        delete(lambda: opened(tmp_path, AT + 9 * DAY), tmp_path, decided, at=AT, **WHO)
    assert set(made) <= set(names(tmp_path))
    assert "deletion" not in verify(tmp_path).records


def test_a_hold_that_comes_after_an_interrupted_deletion_keeps_what_is_left(tmp_path):
    made = [recorded(tmp_path, day) for day in range(3)]
    kept = (tmp_path / f"{made[0]}.jsonl").read_bytes()
    run(tmp_path, AT + 2 * DAY)
    (tmp_path / f"{made[0]}.jsonl").write_bytes(kept)
    decided = plan(tmp_path, AT + 2 * DAY)
    add_hold(lambda: opened(tmp_path, AT + 60 * DAY), tmp_path, "late", at=AT, **WHO)
    with pytest.raises(ConfigError, match="'late' came meanwhile"):
        delete(lambda: opened(tmp_path, AT + 61 * DAY), tmp_path, decided, at=AT, **WHO)
    decided, record = run(tmp_path, AT + 2 * DAY, day=62)
    assert (decided.going, decided.leftover, record) == ((), (), None)
    assert "held: late" in dict(decided.staying)[made[0]]
    assert made[0] in names(tmp_path)


def test_a_segment_compressed_since_the_plan_goes_too(tmp_path):
    made = [recorded(tmp_path, day) for day in range(3)]
    decided = plan(tmp_path, AT + 2 * DAY)
    pack(tmp_path / f"{made[0]}.jsonl")
    delete(lambda: opened(tmp_path, AT + 9 * DAY), tmp_path, decided, at=AT, **WHO)
    assert not set(made[:2]) & set(names(tmp_path))
    assert verify(tmp_path).warnings == ()


def test_a_release_in_another_home_does_not_end_the_hold_of_this_one(tmp_path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    made = recorded(mine, 1)
    recorded(mine, 2)
    recorded(other, 1, key=OTHER)
    first = add_hold(lambda: opened(mine, AT + 3 * DAY), mine, "claim-7", at=AT, **WHO)
    add_hold(lambda: opened(other, AT + 4 * DAY, OTHER), other, "claim-7", at=AT, **WHO)
    release_hold(lambda: opened(other, AT + 5 * DAY, OTHER), other, "claim-7", at=AT, **WHO)
    second = add_hold(lambda: opened(other, AT + 6 * DAY, OTHER), other, "claim-7", at=AT, by="M. Ito", reason="r")
    merged(mine, other)
    assert [hold.record for hold in holds(mine)] == [first, second]
    assert "held" in dict(plan(mine, AT + 3 * DAY).staying)[made]
    with pytest.raises(ConfigError, match="2 holds 'claim-7' are in force") as refused:
        release_hold(lambda: opened(mine, AT + 99 * DAY), mine, "claim-7", at=AT, **WHO)
    assert f"{second} by M. Ito" in str(refused.value)
    release_hold(lambda: opened(mine, AT + 99 * DAY), mine, second, at=AT, **WHO)
    assert [hold.record for hold in holds(mine)] == [first]


def test_no_ledger_no_lock(tmp_path):
    with pytest.raises(LedgerError, match="cannot lock"), retention.retention_lock(tmp_path / "nowhere"):
        pass


# -- merging ------------------------------------------------------------------------------------------------


def merged(target, *sources):
    return merge(
        target,
        sources,
        now=clock(AT + 90 * DAY),
        open_writer=lambda: opened(target, AT + 90 * DAY, ended=unsealed(target)),
    )


def test_ledgers_of_several_machines_come_together(tmp_path):
    mine, one, two = tmp_path / "mine", tmp_path / "one", tmp_path / "two"
    recorded(mine, 2)
    first = recorded(one, 1, key=OTHER, host="one.example")
    dead = recorded(two, 3, dies=True, key=None, host="two.example")
    copied = merged(mine, one, two)
    assert [each.new for each in copied] == [(first,), (dead,)]
    report = verify(mine)
    assert report.problems == ()
    assert report.records["decision"] == 9
    assert report.records["merge"] == 1
    assert set(report.keys) == {str(KEY.verifier), str(OTHER.verifier)}
    assert {found.url.split("/")[2] for found in decisions(mine)} == {"example.com", "one.example", "two.example"}
    assert Prover(mine).inclusion(f"{first}:2").record == f"{first}:2"
    again = merged(mine, one, two)
    assert [(each.new, each.known) for each in again] == [((), (first,)), ((), (dead,))]
    assert verify(mine).records["merge"] == 1
    # All go on: the others with more segments, mine with its own chain.
    second = recorded(one, 5, key=OTHER, host="one.example")
    recorded(mine, 100)
    assert merged(mine, one)[0].new == (second,)
    assert verify(mine).problems == ()


def test_what_was_deleted_here_does_not_come_back(tmp_path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    recorded(mine, 30)
    made = [recorded(other, day, key=OTHER) for day in range(3)]
    merged(mine, other)
    run(mine, AT + 2 * DAY, day=95)
    (again,) = merged(mine, other)
    assert (again.new, again.known, again.deleted) == ((), (made[2],), tuple(made[:2]))
    report = verify(mine)
    assert (report.problems, report.warnings) == ((), ())


def test_what_is_being_written_is_left_for_the_next_time(tmp_path):
    with opened(tmp_path / "other", key=OTHER) as living:
        assert copy_in(tmp_path / "mine", tmp_path / "other").written == (living.segment,)
    assert copy_in(tmp_path / "mine", tmp_path / "other").new == (living.segment,)


def test_a_bad_ledger_is_not_merged(tmp_path):
    recorded(tmp_path / "mine", 1)
    name = recorded(tmp_path / "other", 0, key=OTHER)
    path = tmp_path / "other" / f"{name}.jsonl"
    good = path.read_bytes()
    path.write_bytes(good.replace(b"example.com/0/1", b"example.com/0/9"))
    with pytest.raises(LedgerInvalid):
        merged(tmp_path / "mine", tmp_path / "other")
    path.write_bytes(good)
    merged(tmp_path / "mine", tmp_path / "other")
    shutil.rmtree(tmp_path / "other")
    again = recorded(tmp_path / "other", 0, key=OTHER, host="changed.example")
    (tmp_path / "other" / f"{again}.jsonl").rename(path)
    path.write_bytes(path.read_bytes().replace(again.encode(), name.encode()))
    with pytest.raises(LedgerInvalid):
        merged(tmp_path / "mine", tmp_path / "other")
    assert len(names(tmp_path / "mine")) == 3


def test_a_copy_that_fails_leaves_nothing(tmp_path, monkeypatch):
    recorded(tmp_path / "other", 0, key=OTHER)

    def broken(_):
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr("crawlgate.ledger.merge.os.fsync", broken)
        with pytest.raises(LedgerError, match="No space left"):
            copy_in(tmp_path / "mine", tmp_path / "other")
    assert list((tmp_path / "mine").iterdir()) == []
