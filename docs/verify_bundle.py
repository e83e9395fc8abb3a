"""Checks a bundle made by `crawlgate ledger bundle`, with Python 3.10 or later and nothing else.

python verify.py            in the directory of the bundle: everything, under the keys that came with it
python verify.py KEY        the same, and believe no other key: one that you have from elsewhere (name+hash+base64)

Exit code 0: verified. 3: not, and each file concerned is named.
"""

import base64
import gzip
import hashlib
import json
import os
import subprocess
import sys

SUMS, ITSELF = "SHA256SUMS", "# sha256 of the lines above: "
problems = []


def problem(name, why):
    problems.append(f"{name}: {why}")


def read(name):
    with open(os.path.join(*name.split("/")), "rb") as file:
        return file.read()


def digest(data):
    return hashlib.sha256(data).hexdigest()


# -- every byte is what was bundled -----------------------------------------------------------------------


def check_sums():
    text = read(SUMS).decode("utf-8", "replace")
    above, _, last = text.rstrip("\n").rpartition("\n")
    if last != ITSELF + digest((above + "\n").encode("utf-8")) or not text.endswith("\n"):
        return problem(SUMS, "is not what was bundled")
    listed = dict(reversed(line.split("  ", 1)) for line in above.split("\n"))
    for name, wanted in sorted(listed.items()):
        try:
            if digest(read(name)) != wanted:
                problem(name, "is not what was bundled")
        except OSError as error:
            problem(name, f"cannot be read: {error.strerror}")
    for folder, _, names in os.walk("."):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), ".").replace(os.sep, "/")
            if path not in listed and path != SUMS:
                problem(path, "is not part of the bundle")
    return None


# -- Ed25519, RFC 8032 5.1 --------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def add(a, b):
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    o, z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, z - o, z + o, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, one):
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = add(found, one)
        one, number = add(one, one), number >> 1
    return found


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public, message, signature):
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or len(signature) != 64:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# -- checkpoints are signed, and records stand in their trees ---------------------------------------------


def key_of(text):
    name, key_id, encoded = [*text.strip().split("+", 2), "", ""][:3]
    data = base64.b64decode(encoded)
    if len(data) != 33 or data[0] != 1 or digest(name.encode("utf-8") + b"\n" + data)[:8] != key_id:
        raise ValueError(f"{text.strip()} is no verifier key (name+hash+base64)")
    return name, bytes.fromhex(key_id), data[1:]


def check_note(note, keys, seen):
    """Why a signed note is not to be believed, or nothing."""
    if note not in seen:
        seen[note] = "is signed by none of the keys"
        text, _, signatures = note.rpartition("\n\n")
        ledger = text.split("\n")[0].rpartition("/")[0]
        for line in signatures.split("\n"):
            for name, key_id, public in keys:
                if name == ledger and line.startswith(f"— {name} "):
                    value = base64.b64decode(line.split(" ")[2])
                    if value[:4] == key_id:
                        good = signed(public, (text + "\n").encode("utf-8"), value[4:])
                        seen[note] = "" if good else "its signature is wrong"
    return seen[note]


def fault_of(run):
    """What `verify_record.py` says against a run of pairs, or nothing."""
    command = [sys.executable, "-I", "verify_record.py", "-", *("records/" + name for name in run)]
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stderr or done.stdout).strip().split("\n")[-1] if done.returncode else ""


def check_runs(bundle, keys):
    """Signatures of every checkpoint, and every proof by `verify_record.py`. The records proved, as tables."""
    proved, notes = {}, {}
    for run in bundle["runs"]:
        files = ["records/" + name for name in run]
        for name in files:
            if not name.endswith(".json"):
                text = read(name).decode("utf-8")
                note = text if name.endswith(".checkpoint") else text.partition("\n\n")[2]
                why = check_note(note, keys, notes)
                if why:
                    problem(name, "the checkpoint " + why)
                if not name.endswith((".checkpoint", ".consistency")):
                    segment, index = note.split("\n")[0].rpartition("/")[2], text.split("\n")[1].partition(" ")[2]
                    if name != f"records/{segment}-{index}.tlog-proof":
                        problem(name, f"proves the record {segment}:{index}")
        for record, proof in zip(run[::2], run[1::2], strict=True):
            if record.endswith(".json") and proof != record[:-5] + ".tlog-proof":
                problem("records/" + record, "has a proof of another name")
        proved.update((name, json.loads(read(name).decode("utf-8"))) for name in files if name.endswith(".json"))
    # Pairs that do not build on each other are taken together, and one by one where something is wrong.
    alone = [
        run for run in bundle["runs"] if len(run) == 2 and proved.get("records/" + run[0], {}).get("kind") != "closed"
    ]
    batches = [[name for run in alone[start : start + 100] for name in run] for start in range(0, len(alone), 100)]
    good = not any(fault_of(batch) for batch in batches)
    for run in [run for run in bundle["runs"] if not good or run not in alone]:
        fault = fault_of(run)
        if fault:
            problem(" ".join("records/" + name for name in run), fault)
            for name in run:
                proved.pop("records/" + name, None)
    for name in sorted(os.listdir("checkpoints")):
        why = check_note(read("checkpoints/" + name).decode("utf-8"), keys, notes)
        if why:
            problem("checkpoints/" + name, "the checkpoint " + why)
    return proved, len(notes)


# -- what the records rest on is here ---------------------------------------------------------------------


def check_records(bundle, proved):
    for told in bundle["records"]:
        table = proved.get(told["file"])
        if table is None:
            problem(told["file"], "no proof of it holds")
        elif table["kind"] != told["kind"]:
            problem(told["file"], "is no record of kind {}".format(told["kind"]))
        elif told["file"] != "records/{}-{}.json".format(*told["record"].rsplit(":", 1)):
            problem(told["file"], "is said to be the record {}".format(told["record"]))
    here = {told["record"] for told in bundle["records"]}
    for name in bundle["asked"]:
        if name not in here:
            problem("bundle.json", f"{name} was asked for and is not in the bundle")
    seen = {table.get("id") for table in proved.values() if table["kind"] == "evidence"}
    lacking = [told["what"] for told in bundle["missing"]]
    for told in bundle["records"]:
        table, segment = proved.get(told["file"], {}), told["record"].rpartition(":")[0]
        for key in ("basis", "decision", "hop_of"):
            name = table.get(key)
            name = f"{segment}:{name}" if isinstance(name, int) else name
            if isinstance(name, str) and name not in here:
                problem(told["file"], f"rests on {name}, which is not in the bundle")
        for name in table.get("evidence", ()) if table.get("kind") == "basis" else ():
            if name not in seen and not any(name in what.split(" ") for what in lacking):
                problem(told["file"], f"rests on the evidence {name}, which is not in the bundle")


def check_evidence(bundle, proved):
    for told in bundle["evidence"]:
        table = proved.get(told["record_file"], {})
        location = table.get("location") or {}
        data = read(told["file"])
        if table.get("id") != told["id"] or location.get("sha256") != digest(data):
            problem(told["file"], "is not what the record of the evidence names")
        if "body_file" in told:
            body = body_of(read(told["body_file"]))
            if digest(body) != table.get("sha256"):
                problem(told["body_file"], "holds another body than the record of the evidence names")


def body_of(member):
    """The body of an HTTP response in a WARC record."""
    head, _, block = gzip.decompress(member).partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return block[: int(lengths[0])].partition(b"\r\n\r\n")[2]


def check_lists(bundle, proved):
    stated = json.dumps([proved[told["file"]] for told in bundle["records"] if told["file"] in proved])
    for told in bundle["lists"]:
        data = read(told["file"]) if "file" in told else b""
        if data and digest(data) != told["sha256"]:
            problem(told["file"], "is not the list it is said to be")
        if told["sha256"] not in stated:
            problem("bundle.json", "no record names the list {}".format(told["sha256"]))
        if "manifest_file" in told and digest(read(told["manifest_file"])) not in stated:
            problem(told["manifest_file"], "no record names this manifest")
        for entry in told["entries"] if data else ():
            if data.decode("utf-8", "replace").split("\n")[entry["line"] - 1].rstrip("\r") != entry["text"]:
                problem(told["file"], "line {line} is not the entry told".format(**entry))


def main(given):
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    check_sums()
    if not problems:
        bundle = json.loads(read("bundle.json").decode("utf-8"))
        keys = [key_of(given)] if given else [key_of(read(name).decode("utf-8")) for name in bundle["keys"]]
        proved, notes = check_runs(bundle, keys)
        for check in (check_records, check_evidence, check_lists):
            try:
                check(bundle, proved)
            except (OSError, LookupError, TypeError, ValueError) as error:
                problem("bundle.json", f"does not fit what is there: {type(error).__name__}: {error}")
    if problems:
        print("\n".join("NOT VERIFIED: " + one for one in problems))
        return 3
    print(f"ok: {len(proved)} records proved under {notes} signed checkpoints")
    print("ok: {} pieces of evidence are what the records name".format(len(bundle["evidence"])))
    for told in bundle["missing"]:
        print("note: {}: {}".format(told["what"], told["why"]))
    for name, key_id, public in keys:
        print("key:  {}+{}+{}".format(name, key_id.hex(), base64.b64encode(b"\1" + public).decode()))
    if not given:
        print("Compare each key with one that you have from elsewhere: whoever holds a key can sign anything.")
    print("VERIFIED")
    return 0


if __name__ == "__main__":
    try:
        code = main(sys.argv[1] if len(sys.argv) > 1 else "")
    except (OSError, LookupError, TypeError, ValueError) as error:
        print("\n".join("NOT VERIFIED: " + one for one in [*problems, f"{type(error).__name__}: {error}"]))
        code = 3
    sys.exit(code)
