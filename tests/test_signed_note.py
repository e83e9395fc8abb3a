"""Signed notes: the published example, round trips, and every way in which a note is refused."""

from __future__ import annotations

import pickle

import pytest

from crawlgate import signed_note
from crawlgate.signed_note import NoteError, SigningKey, VerifierKey

# The example of the C2SP signed-note specification.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

ONE, TWO, THREE = (SigningKey(f"press.example/{n}", bytes([n] * 32)) for n in (1, 2, 3))
TEXT = "press.example/list\n7\n"


def code_of(data: bytes, keys: list[VerifierKey], threshold: int = 1) -> str:
    with pytest.raises(NoteError) as caught:
        signed_note.verify(data, keys, threshold=threshold)
    return caught.value.code


def test_the_published_example_verifies() -> None:
    key = VerifierKey.parse(EXAMPLE_KEY)
    assert signed_note.verify(EXAMPLE, [key]) == ("This is an example message.\n", (key,))
    assert str(key) == EXAMPLE_KEY
    assert key.id.hex() == "530d903a"


def test_keys_have_one_text_form_each() -> None:
    made = SigningKey.generate("press.example/list")
    assert SigningKey.parse(made.encoded + "\n") == made
    assert VerifierKey.parse(str(made.verifier)) == made.verifier
    assert made.encoded not in repr(made)
    assert made.seed.hex() not in repr(made)


def test_a_note_of_ours_verifies_with_cryptography_alone() -> None:
    import base64

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    text, _, line = signed_note.write(TEXT, [ONE]).decode().rpartition("\n\n")
    data = base64.b64decode(line.split()[2])
    Ed25519PublicKey.from_public_bytes(ONE.verifier.public).verify(data[4:], (text + "\n").encode())
    assert data[:4] == ONE.verifier.id


@pytest.mark.parametrize(
    "text", [TEXT, "one\n\nblank line inside\n", "日本語 — dash\n", "\nbegins with a blank line\n"]
)
def test_any_text_comes_back(text: str) -> None:
    assert signed_note.verify(signed_note.write(text, [ONE]), [ONE.verifier])[0] == text


def test_several_keys_have_to_sign() -> None:
    keys = [ONE.verifier, TWO.verifier, THREE.verifier]
    both = signed_note.write(TEXT, [ONE, TWO])
    assert signed_note.verify(both, keys, threshold=2)[1] == (ONE.verifier, TWO.verifier)
    assert code_of(both, keys, 3) == "unknown_keys"
    assert code_of(both, [ONE.verifier], 2) == "unknown_keys"
    assert code_of(both, [], 1) == "unknown_keys"
    # One key twice, or one key under two names, is one signer.
    assert code_of(signed_note.write(TEXT, [ONE, ONE]), keys, 2) == "unknown_keys"
    alias = SigningKey("other.example/x", ONE.seed)
    assert code_of(signed_note.write(TEXT, [ONE, alias]), [ONE.verifier, alias.verifier], 2) == "unknown_keys"


def test_signatures_of_others_are_passed_over_and_a_wrong_one_of_ours_is_not() -> None:
    stranger = SigningKey("press.example/1", bytes([9] * 32))  # the same name, another key
    assert signed_note.verify(signed_note.write(TEXT, [stranger, ONE]), [ONE.verifier])[1] == (ONE.verifier,)
    forged = signed_note.Note(TEXT, (TWO.sign(TEXT), ONE.sign("other\n")))
    assert code_of(signed_note.format_note(forged), [ONE.verifier, TWO.verifier]) == "bad_signature"


def test_cosigning_adds_and_replaces() -> None:
    note = signed_note.parse(signed_note.write(TEXT, [ONE]))
    twice = signed_note.cosign(signed_note.cosign(note, TWO), TWO)
    assert [s.name for s in twice.signatures] == [ONE.name, TWO.name]
    assert signed_note.verify(signed_note.format_note(twice), [TWO.verifier])[0] == TEXT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"\n\n",
        "text\n\n— name".encode(),
        "text\n\n— name \n".encode(),
        "text\n\n— name !!!\n".encode(),
        "text\n\n— name QUJD\n".encode(),
        b"text\n\n-- name QUJDREVG\n",
        b"te\x00xt\n\n" + EXAMPLE.partition(b"\n\n")[2],
        b"te\rxt\n\n" + EXAMPLE.partition(b"\n\n")[2],
        b"te\xffxt\n\n" + EXAMPLE.partition(b"\n\n")[2],
        EXAMPLE[:-1],
        EXAMPLE + b"\n",
    ],
)
def test_malformed_notes(data: bytes) -> None:
    assert code_of(data, [VerifierKey.parse(EXAMPLE_KEY)]) == "malformed"


def test_every_changed_byte_of_a_note_refuses_it() -> None:
    data = signed_note.write(TEXT, [ONE])
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert code_of(changed, [ONE.verifier]) in ("malformed", "bad_signature", "unknown_keys", "bad_key"), at


def test_bounds() -> None:
    assert code_of(b"x" * (signed_note.MAX_NOTE + 1), [ONE.verifier]) == "too_long"
    line = EXAMPLE.partition(b"\n\n")[2]
    assert code_of(b"text\n\n" + line * (signed_note.MAX_SIGNATURES + 1), [ONE.verifier]) == "too_long"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "reads name"),
        ("name+00000000", "reads name"),
        (EXAMPLE_KEY.replace("530d903a", "530d903b"), "its bytes give 530d903a"),
        (EXAMPLE_KEY.replace("+AekyeR", "+Aekye!"), "not base64"),
        ("a b" + EXAMPLE_KEY, "blank"),
        ("x+00000000+BAAA", "type 04"),
        ("x+00000000+AQAA", "2 bytes"),
        (ONE.encoded, "keep this one secret"),
    ],
)
def test_keys_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(NoteError, match=words) as caught:
        VerifierKey.parse(text)
    assert caught.value.code == "bad_key"
    assert ONE.encoded not in str(caught.value)


def test_texts_no_note_can_hold() -> None:
    for text in ("", "\n", "no newline", "tab\there\n"):
        with pytest.raises(NoteError):
            signed_note.write(text, [ONE])
    with pytest.raises(NoteError, match="name a key"):
        signed_note.write(TEXT, [])


def test_errors_travel_between_processes() -> None:
    error = pickle.loads(pickle.dumps(NoteError("malformed", "why")))
    assert (error.code, str(error)) == ("malformed", "why")
