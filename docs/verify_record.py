"""Checks proofs of a crawlgate ledger by the published rules alone: RFC 6962 and 9162, C2SP tlog-proof and signed-note.
python verify_record.py KEY RECORD.json PROOF.tlog-proof ...        a record is in the tree of a signed checkpoint
python verify_record.py KEY KEPT.checkpoint PROOF.consistency ...   an earlier checkpoint still holds in a later one
KEY is name+hash+base64 (needs `cryptography`) or -. In later pairs a `closed` record must tell the root before it."""

import base64, hashlib, json, sys  # noqa: E401, I001


def need(true, why):
    if not true:
        sys.exit(f"NOT PROVED: {why}")


def opened(note, key):  # C2SP signed-note and tlog-checkpoint: origin, size and root
    text, _, signatures = note.rpartition("\n\n")
    if key != "-":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        name, key_id, public = key.split("+", 2)
        found = [base64.b64decode(s.split(" ")[2]) for s in signatures.splitlines() if s.startswith(f"— {name} ")]
        mine = next((each[4:] for each in found if each[:4].hex() == key_id), b"")
        need(mine, f"no signature of {name}+{key_id}")
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public)[1:]).verify(mine, (text + "\n").encode())
    origin, size, root = text.split("\n")
    return origin, int(size), base64.b64decode(root)


def climb(here, last, start, path):  # RFC 9162, 2.1.3.2 and 2.1.4.2: the roots of the smaller and of the whole tree
    first = second = start
    for sibling in path:
        need(last > 0, "the proof is too long")
        if left := here % 2 or here == last:
            first = hashlib.sha256(b"\1" + sibling + first).digest()
        second = hashlib.sha256(b"\1" + (sibling + second if left else second + sibling)).digest()
        while left and here % 2 == 0 and here:
            here, last = here // 2, last // 2
        here, last = here // 2, last // 2
    need(last == 0, "the proof is too short")
    return first, second


key, before = (sys.argv[1], None) if len(sys.argv) in range(4, 9999, 2) else need(False, __doc__)
for name, proof in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
    given, (head, _, note) = open(name, "rb").read(), open(proof, encoding="utf-8").read().partition("\n\n")
    (kind, *lines), (origin, size, root) = head.split("\n"), opened(note, key)
    path = [base64.b64decode(line) for line in lines if " " not in line]
    if kind.startswith("old "):
        same, old, kept = opened(given.decode(), key)
        need((same, kind) == (origin, f"old {old}") and 0 < old < size, "the proof is of other checkpoints")
        up = (old & -old).bit_length() - 1  # levels below which the two trees are one
        start = path.pop(0) if old & (old - 1) else kept
        need(climb(old - 1 >> up, size - 1 >> up, start, path) == (kept, root), "the tree does not begin as was kept")
    else:
        need(kind == "c2sp.org/tlog-proof@v1" and lines[0].startswith("index "), "this is no tlog-proof")
        index, table, leaf = int(lines[0][6:]), json.loads(given), hashlib.sha256(b"\0" + given.rstrip(b"\n")).digest()
        need(index < size and climb(index, size - 1, leaf, path)[1] == root, "the record is not in this tree")
        told = (table.get("segment"), table.get("records"), base64.b64decode(table.get("root", "")))
        need(not before or table["kind"] != "closed" or told == before, "another root than that of the pair before")
        before = (origin.rpartition("/")[2], size, root)
    print(f"ok: {name} stands in {origin}, {size} records" + ("" if key != "-" else "; SIGNATURES NOT CHECKED"))
