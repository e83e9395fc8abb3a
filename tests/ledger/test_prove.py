"""Proofs, checked by ours and by the verifier that has nothing of ours."""

import subprocess
import sys
from pathlib import Path

import pytest
from ledgers import AT, HEAD, abandon, basis, clock

from crawlgate import signed_note
from crawlgate.ledger import current
from crawlgate.ledger.checkpoint import Checkpoint, read
from crawlgate.ledger.merkle import check_consistency, leaf_hash, root_from_inclusion
from crawlgate.ledger.prove import ProofError, Prover
from crawlgate.ledger.record import RecordError
from crawlgate.ledger.upkeep import Upkeep
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.signed_note import SigningKey

KEY = SigningKey("crawlgate-ledger/test", bytes(32))
VERIFIER = Path(__file__).parents[2] / "docs" / "verify_record.py"


def opened(directory, **options):
    return LedgerWriter(directory, HEAD, now=clock(), key=KEY, tidy=False, **options)


def fill(ledger, count):
    return ["{}:{}".format(*ledger.append_decision(AT, f"https://example.com/{n}", basis())) for n in range(count)]


def verifier(key, *files):
    done = subprocess.run([sys.executable, VERIFIER, key, *map(str, files)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def files(place, proof, name="record"):
    """The two files of a proof."""
    record, text = place / f"{name}.json", place / f"{name}.tlog-proof"
    record.write_bytes(proof.line)
    text.write_bytes(proof.text)
    return record, text


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """A segment with a checkpoint in the middle, kept elsewhere; names of decisions, and the note."""
    monkeypatch.setattr(current, "TREE_EVERY", 8)
    with opened(tmp_path / "ledger") as ledger:
        names = fill(ledger, 20)
        kept = ledger.checkpoint()
        names += fill(ledger, 17)
    return tmp_path / "ledger", names, kept


def test_the_verifier_is_sixty_lines_and_has_nothing_of_ours():
    text = VERIFIER.read_text("utf-8")
    assert len(text.splitlines()) <= 60
    assert "import crawlgate" not in text


def test_every_record_is_proved(ledger):
    directory, names, _ = ledger
    prover = Prover(directory)
    for name in names:
        proof = prover.inclusion(name)
        assert proof.record == name
        checkpoint = Checkpoint.parse(signed_note.verify(proof.note, [KEY.verifier])[0])
        assert root_from_inclusion(leaf_hash(proof.line), proof.index, checkpoint.size, proof.path) == checkpoint.root


def test_an_outsider_checks_a_record_with_its_context(ledger, tmp_path):
    directory, names, _ = ledger
    prover = Prover(directory)
    segment = names[0].partition(":")[0]
    assert prover.context(names[5]) == [f"{segment}:0", f"{segment}:1"]
    given = [f for n, name in enumerate([names[5], *prover.context(names[5])])
             for f in files(tmp_path, prover.inclusion(name), f"r{n}")]  # fmt: skip
    code, said = verifier(str(KEY.verifier), *given)
    assert (code, said.count("ok: ")) == (0, 3), said
    assert verifier("-", *given[:2])[1].strip().endswith("SIGNATURES NOT CHECKED")


@pytest.mark.parametrize("given", [[], ["record.json"], ["record.json", "proof", "another.json"]])
def test_the_verifier_never_passes_what_it_was_not_given(given):
    code, said = verifier("-", *given)
    assert (code, "NOT PROVED" in said) == (1, True)


def test_the_verifier_refuses(ledger, tmp_path):
    directory, names, kept = ledger
    proof = Prover(directory).inclusion(names[3])
    record, text = files(tmp_path, proof)
    whole = text.read_text("utf-8")

    def refused(key=str(KEY.verifier), line=proof.line, proof=whole):
        record.write_bytes(line)
        text.write_text(proof, "utf-8")
        code, said = verifier(key, record, text)
        return code == 1 and ("NOT PROVED" in said or "InvalidSignature" in said)

    assert verifier(str(KEY.verifier), record, text)[0] == 0
    assert refused(line=proof.line.replace(b"/3", b"/4"))
    assert refused(proof=whole.replace("index 5", "index 6"))
    assert refused(proof=whole.replace("index 5", "index 500"))
    lines = whole.split("\n")
    assert refused(proof="\n".join([*lines[:2], *lines[3:]]))
    assert refused(proof="\n".join([*lines[:2], lines[2], *lines[2:]]))
    assert refused(proof=whole.replace(lines[0], "c2sp.org/tlog-proof@v2"))
    other = SigningKey("crawlgate-ledger/test", b"\1" * 32)
    assert refused(key=str(other.verifier))
    forged = signed_note.write(proof.note.decode().partition("\n\n")[0] + "\n", [other])
    claimed = forged.replace(other.verifier.id, KEY.verifier.id)
    assert refused(proof=whole.partition("\n\n")[0] + "\n\n" + forged.decode())
    assert refused(proof=whole.partition("\n\n")[0] + "\n\n" + claimed.decode())
    assert refused(proof=whole.partition("\n\n")[0] + "\n\n" + kept.decode())


def test_a_kept_checkpoint_proves_what_came_before_it_and_holds_in_later_ones(ledger, tmp_path):
    directory, names, kept = ledger
    prover = Prover(directory)
    assert prover.inclusion(names[3], kept).note == kept
    with pytest.raises(ProofError, match="no checkpoint covers"):
        prover.inclusion(names[-1], kept)
    proof = prover.consistency(kept)
    old, new = read(kept), read(proof.note)
    assert check_consistency(old.size, old.root, new.size, new.root, proof.path)
    (tmp_path / "kept").write_bytes(kept)
    (tmp_path / "proof").write_bytes(proof.text)
    assert proof.text.startswith(b"old %d\n" % old.size)
    code, said = verifier(str(KEY.verifier), tmp_path / "kept", tmp_path / "proof")
    assert code == 0, said
    (tmp_path / "proof").write_bytes(proof.text.replace(b"old %d" % old.size, b"old %d" % (old.size - 1)))
    assert verifier(str(KEY.verifier), tmp_path / "kept", tmp_path / "proof")[0] == 1


def test_consistency_from_every_size(tmp_path, monkeypatch):
    """Each checkpoint of a tree that grows, against the last, checked by the outsider's verifier in one run."""
    monkeypatch.setattr(current, "TREE_EVERY", 4)
    notes = []
    with opened(tmp_path / "ledger") as ledger:
        for _ in range(20):
            fill(ledger, 1)
            notes.append(ledger.checkpoint())
    prover, given = Prover(tmp_path / "ledger"), []
    for n, note in enumerate(notes):
        given += [tmp_path / f"{n}.checkpoint", tmp_path / f"{n}.consistency"]
        given[-2].write_bytes(note)
        given[-1].write_bytes(prover.consistency(note).text)
    code, said = verifier(str(KEY.verifier), *given)
    assert (code, said.count("ok: ")) == (0, 20), said


def test_a_later_segments_checkpoint_covers_the_earlier_ones(tmp_path):
    with opened(tmp_path / "ledger") as first:
        (name, *_) = fill(first, 3)
    dead = opened(tmp_path / "ledger")
    (died, *_) = fill(dead, 3)
    abandon(dead)
    with opened(tmp_path / "ledger"):
        pass
    with opened(tmp_path / "ledger") as last:
        kept = last.checkpoint()
    prover = Prover(tmp_path / "ledger")
    for record, steps in ((name, 3), (died, 2)):
        chain = prover.chain(record.partition(":")[0], kept)
        assert len(chain) == steps
        assert chain[-1].note == kept
        given = [
            f for n, proof in enumerate([prover.inclusion(record), *chain]) for f in files(tmp_path, proof, f"s{n}")
        ]
        code, said = verifier(str(KEY.verifier), *given)
        assert (code, said.count("ok: ")) == (0, steps + 1), said
        other = [*files(tmp_path, prover.inclusion(f"{last.segment}:0"), "x"), *given[2:]]
        assert "another root" in verifier(str(KEY.verifier), *other)[1]
    with pytest.raises(ProofError, match="does not cover"):
        prover.chain(last.segment, prover.inclusion(name).note)


def test_what_cannot_be_proved(tmp_path):
    with opened(tmp_path / "ledger") as ledger:
        (name, *_) = fill(ledger, 3)
        prover = Prover(tmp_path / "ledger")
        with pytest.raises(ProofError, match="was signed yet"):
            prover.inclusion(name)
        ledger.checkpoint()
        later = fill(ledger, 1)[0]
    prover = Prover(tmp_path / "ledger")
    prover.inclusion(later)
    with pytest.raises(ProofError, match="there is no record"):
        prover.inclusion(f"{ledger.segment}:99")
    with pytest.raises(ProofError, match="there is no segment"):
        prover.inclusion("nowhere:0")
    with pytest.raises(RecordError):
        prover.inclusion("nonsense")
    strange = signed_note.write(Checkpoint(f"x/{ledger.segment}", 3, bytes(32)).text, [KEY])
    with pytest.raises(ProofError, match="does not hold"):
        prover.inclusion(name, strange)
    with LedgerWriter(tmp_path / "unsigned", HEAD, now=clock(), upkeep=Upkeep(pack_from=None)) as unsigned:
        (name, *_) = fill(unsigned, 1)
    with pytest.raises(ProofError, match="was signed yet"):
        Prover(tmp_path / "unsigned").inclusion(name)
