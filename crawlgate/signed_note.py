"""Signed notes: a text that people can read, with Ed25519 signatures below it (C2SP signed-note).

    example.org/list            the text, ending in a newline
    12
    <blank line>
    — example.org/list Az3grl…  one line a signature: key name, and base64 of key id and signature

Checkpoints of the ledger and manifests of feeds are notes. Keys have one text form each: a verifier key
`name+hash+base64`, which may be published, and a signing key `PRIVATE+KEY+name+hash+base64`, which may not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from .errors import CrawlgateError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
"""Signature type of the key id and of the encoded keys."""

MAX_NOTE = 1_000_000
"""Bytes of a note that are read."""

MAX_SIGNATURES = 64
"""Signature lines that are read; a verifier does work for each."""

_DASH = "— "
_PRIVATE = "PRIVATE+KEY+"
_KEY_ID, _KEY, _SIGNATURE = 4, 32, 64


class NoteError(CrawlgateError):
    """A note or key that cannot be read, or a note that does not verify.

    `code` is one of `malformed`, `too_long`, `bad_key`, `bad_signature` (a known key's signature is wrong),
    `unknown_keys` (too few signatures of known keys).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[NoteError], tuple[str, str]]:
        return type(self), (self.code, str(self))


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the key it claims, by name and id, and the signature itself."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note as read. Nothing is known of its signatures before `verify`."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class VerifierKey:
    """The public half of a key: 32 bytes of Ed25519 under a name without blanks and `+`."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public) != _KEY:
            raise NoteError("bad_key", f"key {self.name!r} has {len(self.public)} bytes; Ed25519 has {_KEY}")

    @cached_property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart: a hash of name, type and key."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:_KEY_ID]

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+hash+base64`. Raises `NoteError` (`bad_key`) that says which part is wrong."""
        if text.startswith(_PRIVATE):
            raise NoteError("bad_key", "this is a signing key; give its public half, and keep this one secret")
        name, key_id, data = _split_key(text.strip(), "verifier key")
        key = cls(name, data)
        _check_id(name, key_id, key.id)
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encode(ED25519 + self.public)}"

    def verifies(self, text: str, signature: bytes) -> bool:
        """True if `signature` over the bytes of `text` is this key's."""
        return self.verifies_bytes(text.encode(), signature)

    def verifies_bytes(self, data: bytes, signature: bytes) -> bool:
        """True if `signature` over `data` is this key's."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._ed25519.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    @cached_property
    def _ed25519(self) -> Ed25519PublicKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return Ed25519PublicKey.from_public_bytes(self.public)


@dataclass(frozen=True)
class SigningKey:
    """The secret half of a key. Its `repr` holds no secret; `encoded` does."""

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.seed) != _KEY:
            raise NoteError("bad_key", f"key {self.name!r} has {len(self.seed)} bytes; Ed25519 has {_KEY}")

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """A new key from the system's randomness."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """Read `PRIVATE+KEY+name+hash+base64`. Raises `NoteError` (`bad_key`); no message holds the secret."""
        text = text.strip()
        if not text.startswith(_PRIVATE):
            raise NoteError("bad_key", f"not a signing key; one begins with {_PRIVATE}")
        name, key_id, data = _split_key(text.removeprefix(_PRIVATE), "signing key")
        key = cls(name, data)
        _check_id(name, key_id, key.verifier.id)
        return key

    @property
    def encoded(self) -> str:
        """The secret text form."""
        return f"{_PRIVATE}{self.name}+{self.verifier.id.hex()}+{_encode(ED25519 + self.seed)}"

    @cached_property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._ed25519.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """The signature over the bytes of `text`."""
        return Signature(self.name, self.verifier.id, self.sign_bytes(text.encode()))

    def sign_bytes(self, data: bytes) -> bytes:
        """The bare signature over bytes of another format, which must not be the text of a note."""
        return self._ed25519.sign(data)

    @cached_property
    def _ed25519(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)


def write(text: str, keys: Sequence[SigningKey]) -> bytes:
    """A note over `text`, signed by each key in turn. Raises `NoteError` for a text that no note can hold."""
    _check_text(text)
    if not keys:
        raise NoteError("malformed", "a note needs at least one signature; name a key")
    return format_note(Note(text, tuple(key.sign(text) for key in keys)))


def cosign(note: Note, key: SigningKey) -> Note:
    """The note with one signature more; one of the same key is replaced."""
    kept = tuple(s for s in note.signatures if (s.name, s.key_id) != (key.name, key.verifier.id))
    return Note(note.text, (*kept, key.sign(note.text)))


def format_note(note: Note) -> bytes:
    """The bytes of a note."""
    lines = [f"{_DASH}{s.name} {_encode(s.key_id + s.value)}\n" for s in note.signatures]
    return (note.text + "\n" + "".join(lines)).encode()


def parse(data: bytes) -> Note:
    """Read a note. Raises `NoteError` (`malformed`, `too_long`); signatures of unknown types are kept."""
    if len(data) > MAX_NOTE:
        raise NoteError("too_long", f"a note of {len(data)} bytes; {MAX_NOTE} are read")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise NoteError("malformed", f"not UTF-8 at byte {error.start}") from None
    text, blank, below = whole.rpartition("\n\n")
    if not blank:
        raise NoteError("malformed", "no blank line between the text and its signatures")
    text += "\n"
    _check_text(text)
    if not below.endswith("\n"):
        raise NoteError("malformed", "the last signature line is cut: it has no newline")
    lines = below[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError("too_long", f"{len(lines)} signatures; {MAX_SIGNATURES} are read")
    return Note(text, tuple(_signature(line) for line in lines))


def verify(data: bytes, keys: Collection[VerifierKey], *, threshold: int = 1) -> tuple[str, tuple[VerifierKey, ...]]:
    """The text of a note, and those of `keys` that signed it; at least `threshold` different ones.

    Signatures of other keys are passed over, and so are more signatures of a key that was seen. A wrong
    signature under a known key refuses the note, whoever else signed it. Raises `NoteError`.
    """
    if not 1 <= threshold <= len(keys):
        raise NoteError("unknown_keys", f"{threshold} signatures are asked for, of {len(keys)} known keys")
    note = parse(data)
    signed: list[VerifierKey] = []
    for signature in note.signatures:
        key = next((k for k in keys if k.name == signature.name and k.id == signature.key_id), None)
        if key is None or key in signed:
            continue
        if len(signature.value) != _SIGNATURE or not key.verifies(note.text, signature.value):
            raise NoteError("bad_signature", f"the signature of {key.name} is not over this text")
        signed.append(key)
    if len({key.public for key in signed}) < threshold:
        have = ", ".join(sorted({f"{s.name}+{s.key_id.hex()}" for s in note.signatures}))
        raise NoteError(
            "unknown_keys", f"{len(signed)} of {threshold} signatures needed are of known keys; it is signed by {have}"
        )
    return note.text, tuple(signed)


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not encoded:
        raise NoteError("malformed", f"{line[:80]!r} is no signature line; one reads '— name base64'")
    _check_name(name)
    data = _decode(encoded, "signature")
    if len(data) <= _KEY_ID:
        raise NoteError("malformed", f"the signature of {name} is too short")
    return Signature(name, data[:_KEY_ID], data[_KEY_ID:])


def _split_key(text: str, what: str) -> tuple[str, str, bytes]:
    name, plus, rest = text.partition("+")
    key_id, second, encoded = rest.partition("+")
    if not (plus and second):
        raise NoteError("bad_key", f"not a {what}; one reads name+hash+base64")
    data = _decode(encoded, what)
    if data[:1] != ED25519:
        raise NoteError("bad_key", f"{what} {name!r} is of type {data[:1].hex() or 'none'}; Ed25519 (01) is read")
    return name, key_id, data[1:]


def _check_id(name: str, given: str, computed: bytes) -> None:
    if not hmac.compare_digest(given.lower().encode("utf-8", "replace"), computed.hex().encode()):
        raise NoteError("bad_key", f"key {name!r} says hash {given[:16]!r}, its bytes give {computed.hex()}")


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise NoteError("bad_key", f"key name {name[:80]!r} is empty or holds a blank or '+'; use a domain and a path")


def _check_text(text: str) -> None:
    if not text.endswith("\n") or text == "\n":
        raise NoteError("malformed", "the text of a note is not empty and ends in a newline")
    if any(ord(c) < 32 and c != "\n" for c in text):
        raise NoteError("malformed", "the text of a note holds a control character")


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or _encode(data) != text:  # unused bits that are set would be a second spelling
        raise NoteError("malformed" if what == "signature" else "bad_key", f"{what}: not base64")
    return data
