"""One archive for a court: complete, the same each time, and checked in an empty directory with plain Python."""

import hashlib
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawlgate import Blocklist, ConfigError, Gate, Outcome, Verdict
from crawlgate.audit.bundle import bundle
from crawlgate.errors import LedgerError, LedgerInvalid
from crawlgate.home import Home
from crawlgate.ledger.query import decisions, records
from crawlgate.lists import Lists
from crawlgate.model import IssuerKind
from crawlgate.review import decide
from crawlgate.testing import FakeClock, FakeWeb
from tests.audit.inquiries import DECLARATION, PAGE, plain
from tests.blocklist.feeds import ONE, ORIGIN, START, Publisher, entry

ROBOTS = "User-agent: *\nDisallow: /private\n"
SITES = ("a.example", "held.example")
WEB = {f"https://{site}/robots.txt": ROBOTS for site in SITES} | {"https://a.example/taken": PAGE}
VERIFIER = Path(__file__).parents[2] / "docs" / "verify_bundle.py"


def one(home, url):
    """The newest decision about a URL."""
    return [found for found in decisions(home / "ledger") if found.url == url][-1].record


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A crawl on two days with a feed, a list and a letter that deny, a page stored, and a person's decision."""
    folder = tmp_path_factory.mktemp("bundle")
    home, clock = folder / "home", FakeClock(START)
    publisher = Publisher(folder)
    publisher.put(entry("feed"), entry("other"))
    plain_list = folder / "list.txt"
    plain_list.write_text("# ours\nlisted.example\nelse.example\n", "utf-8")
    with Lists(home, clock=clock) as lists:
        lists.add(
            publisher.web.path,
            keys=[str(ONE.verifier)],
            issuer="Rights Holders",
            issuer_kind="rights_holder",
            vouched_by="A. Reviewer",
        )
        lists.add_notice(issuer="Example Press", scope="host", value="letter.example", vouched_by="A. Reviewer")
    pages = FakeWeb(WEB)
    listed = Blocklist(
        plain_list, verified=True, vouched_by="A. Reviewer", issuer="Ours", issuer_kind=IssuerKind.RIGHTS_HOLDER
    )
    with Gate(DECLARATION, home=home, clock=clock, evidence_transport=pages.transport(), blocklists=[listed]) as gate:
        for _ in range(2):
            for name in ("feed", "listed", "else", "letter"):
                gate.check(f"https://{name}.example/x")
            gate.check("https://a.example/private/1")
            with gate.httpx_client(transport=pages.transport()) as client:
                client.get("https://a.example/taken")
            page = gate.inspect("https://a.example/taken", status=200, headers={}, body=PAGE.encode())
            gate.stored(page, dataset="corpus", shard="s", offset=1, length=2, sha256="ab" * 32)
            clock.advance(2 * 86400)
    decide(
        Home(home),
        effect=Verdict.DENY,
        by="A. Person",
        reason="asked by the site",
        scope="host",
        value="held.example",
        findings={"B2": [Outcome.NOT_MET]},
        until=clock.now() + timedelta(days=30),
        clock=clock,
    )
    with Gate(DECLARATION, home=home, clock=clock, evidence_transport=pages.transport()) as gate:
        gate.check("https://held.example/x")
    return home


def unpacked(archive, folder):
    folder.mkdir(parents=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder


def check(folder, *arguments):
    """What the verifier says, run by plain Python: no site packages, nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", folder / "verify.py", *arguments], capture_output=True, text=True, cwd="/"
    )
    return done.returncode, done.stdout + done.stderr


def told(folder):
    return json.loads((folder / "bundle.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def opened(home, tmp_path_factory):
    """A bundle of everything that can be asked for, unpacked in an empty directory."""
    folder = tmp_path_factory.mktemp("opened")
    names = [one(home, f"https://{name}.example/x") for name in ("feed", "listed", "else", "letter", "held")]
    names += [one(home, "https://a.example/taken"), one(home, "https://a.example/private/1")]
    bundle(home, tuple(names), folder / "b.zip")
    return unpacked(folder / "b.zip", folder / "here")


def test_it_verifies_with_plain_python_in_an_empty_directory(opened):
    code, said = check(opened)
    assert (code, said.splitlines()[-1]) == (0, "VERIFIED")
    assert "Compare each key" in said


def test_what_belongs_to_the_records_is_in_it(opened, home):
    manifest = told(opened)
    kinds = {each["kind"] for each in manifest["records"]}
    assert kinds >= {"decision", "basis", "segment", "evidence", "outcome", "override", "notice", "list"}
    lines = {record.id: record for record in records(home / "ledger")}
    for each in manifest["records"]:
        written = json.loads((opened / each["file"]).read_bytes())
        assert written["kind"] == each["kind"] == lines[each["record"]].kind
        assert (opened / each["file"]).with_suffix(".tlog-proof").exists()
    feed, listed = sorted(manifest["lists"], key=lambda each: each["name"].startswith("list.txt"))
    assert feed["name"] == f"{ORIGIN} version 1"
    assert [json.loads(each["text"])["value"] for each in feed["entries"]] == ["feed.example"]
    assert hashlib.sha256((opened / feed["file"]).read_bytes()).hexdigest() == feed["sha256"]
    assert b"crawlgate feed 1\n" in (opened / feed["manifest_file"]).read_bytes()
    assert listed["entries"] == [
        {"line": 2, "text": "listed.example"},
        {"line": 3, "text": "else.example"},
    ]
    assert "technical measures" in (opened / "criteria" / "B2.md").read_text("utf-8")
    for name in ("README.en.md", "README.ja.md", "summary.en.txt", "summary.ja.txt"):
        assert len((opened / name).read_text("utf-8")) > 500
    assert "Disallow: /private" in (opened / "summary.en.txt").read_text("utf-8")
    assert "拒否" in (opened / "summary.ja.txt").read_text("utf-8")
    events = [json.loads((opened / each["file"]).read_bytes()).get("event") for each in manifest["records"]]
    assert {"subscribed", "received", "notice"} <= set(events)


def test_the_evidence_is_what_was_stored_with_the_body_of_a_revisit(opened):
    fastwarc = pytest.importorskip("fastwarc.warc")
    manifest = told(opened)
    bodies = [each for each in manifest["evidence"] if "body_file" in each]
    assert bodies  # robots.txt of the second day had not changed
    for each in manifest["evidence"]:
        with (opened / each["file"]).open("rb") as file:
            assert next(record.headers["Crawlgate-Evidence"] for record in fastwarc.ArchiveIterator(file)) == each["id"]
    with (opened / bodies[0]["body_file"]).open("rb") as file:
        read = [record.reader.read() for record in fastwarc.ArchiveIterator(file, parse_http=True)]
    assert read == [ROBOTS.encode()]


def test_one_byte_changed_in_any_file_is_named(opened, tmp_path):
    files = sorted(path for path in opened.rglob("*") if path.is_file())
    proofs = [path for path in files if path.parent.name == "records"]
    for path in [path for path in files if path not in proofs] + proofs[::12]:
        whole = path.read_bytes()
        if not whole:
            continue
        place = whole.index(b"def body_of") + 4 if path.name == "verify.py" else len(whole) // 2
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        code, said = check(opened)
        path.write_bytes(whole)
        assert code != 0, path
        assert path.relative_to(opened).as_posix() in said, said
        assert "VERIFIED" not in said.replace("NOT VERIFIED", "")
    (opened / "more.txt").write_text("x")
    assert "more.txt: is not part" in check(opened)[1]
    (opened / "more.txt").unlink()
    (opened / "README.ja.md").rename(tmp_path / "README.ja.md")
    assert "README.ja.md: cannot be read" in check(opened)[1]
    (tmp_path / "README.ja.md").rename(opened / "README.ja.md")
    assert check(opened)[0] == 0


def resummed(folder):
    """The digests made good again, as a forger would."""
    lines = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    )
    digest = hashlib.sha256(lines.encode()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{lines}# sha256 of the lines above: {digest}\n")


def test_a_forger_who_mends_the_digests_is_found_by_the_proofs(opened, tmp_path):
    archive = opened.parent / "b.zip"
    manifest = told(opened)
    record = next(each["file"] for each in manifest["records"] if each["kind"] == "decision")
    note = next(path.name for path in (opened / "checkpoints").iterdir())
    cases = {
        record: lambda data: data.replace(b"example", b"examplf"),
        manifest["evidence"][0]["file"]: lambda data: data[:-3] + b"abc",
        next(each["body_file"] for each in manifest["evidence"] if "body_file" in each): None,
        manifest["lists"][0]["file"]: lambda data: data.replace(b"example", b"examplf"),
        manifest["lists"][0].get("manifest_file") or manifest["lists"][1]["manifest_file"]: lambda data: data + b"x",
        f"checkpoints/{note}": lambda data: data.replace(data.split(b"\n")[1], b"9" + data.split(b"\n")[1], 1),
        record.replace(".json", ".tlog-proof"): lambda data: data.rstrip(b"\n")[:-8] + b"AAAAAAA=\n",
    }
    for number, (name, forge) in enumerate(cases.items()):
        folder = unpacked(archive, tmp_path / str(number))
        path = folder / name
        data = path.read_bytes()
        other = next(each for each in sorted(folder.glob("evidence/*.gz")) if ".body." not in each.name).read_bytes()
        path.write_bytes(other if forge is None else forge(data))
        assert path.read_bytes() != data
        resummed(folder)
        code, said = check(folder)
        assert code == 3, (name, said)
        assert name in said, (name, said)


def test_records_that_are_swapped_or_left_out_are_found(opened, tmp_path):
    archive = opened.parent / "b.zip"

    def rewritten(folder, change):
        manifest = told(folder)
        change(manifest)
        (folder / "bundle.json").write_text(json.dumps(manifest))
        resummed(folder)
        code, said = check(folder)
        assert code == 3, said
        return said

    def renamed(manifest):
        one, other = [each for each in manifest["records"] if each["kind"] == "decision"][:2]
        one["record"], other["record"] = other["record"], one["record"]

    assert "is said to be the record" in rewritten(unpacked(archive, tmp_path / "1"), renamed)

    def without(kind):
        return lambda manifest: manifest.update(records=[one for one in manifest["records"] if one["kind"] != kind])

    assert "which is not in the bundle" in rewritten(unpacked(archive, tmp_path / "2"), without("basis"))
    assert "was asked for and is not" in rewritten(unpacked(archive, tmp_path / "3"), without("decision"))

    folder = unpacked(archive, tmp_path / "4")
    one, other = [each["file"] for each in told(folder)["records"] if each["kind"] == "decision"][:2]
    for suffix in (".json", ".tlog-proof"):  # each under the other's name
        first, second = ((folder / file).with_suffix(suffix) for file in (one, other))
        data = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(data)
    assert "proves the record" in rewritten(folder, lambda _: None)

    def odd(manifest):  # proofs under names that say nothing
        for number, run in enumerate(manifest["runs"]):
            for place in range(1, len(run), 2):
                (folder / "records" / run[place]).rename(folder / "records" / f"{number}-{place}.txt")
                run[place] = f"{number}-{place}.txt"

    assert "has a proof of another name" in rewritten(folder, odd)

    def unproved(manifest):
        manifest["runs"] = [run for run in manifest["runs"] if "records/" + run[0] != one]

    assert f"{one}: no proof of it holds" in rewritten(unpacked(archive, tmp_path / "5"), unproved)

    def lost(manifest):
        gone = {each["file"] for each in manifest["records"] if each["kind"] == "evidence"}
        manifest["records"] = [each for each in manifest["records"] if each["kind"] != "evidence"]
        manifest["evidence"] = []
        manifest["runs"] = [run for run in manifest["runs"] if "records/" + run[0] not in gone]

    assert "rests on the evidence" in rewritten(unpacked(archive, tmp_path / "6"), lost)


def test_what_no_checkpoint_covers_yet_is_named(tmp_path):
    home, pages = tmp_path / "home", FakeWeb(WEB)
    with Gate(DECLARATION, home=home, evidence_transport=pages.transport(), checkpoint_interval=3600) as gate:
        page = gate.inspect("https://a.example/taken", status=200, headers={}, body=PAGE.encode())
        with pytest.raises(LedgerError, match="no checkpoint"):
            bundle(home, (page.record,), tmp_path / "x.zip")
        covering_checkpoint_of(gate)
        gate.stored(page, dataset="corpus", shard="s", offset=1, length=2, sha256="ab" * 32)
        done = bundle(home, (page.record,), tmp_path / "y.zip")
    assert next(one.why for one in done.missing if one.what.startswith("record")).startswith("no checkpoint covers")
    assert check(unpacked(done.path, tmp_path / "y"))[0] == 0


def covering_checkpoint_of(gate):
    """Sign what a gate at work has written so far, as it does at intervals."""
    gate.core.ledger.checkpoint()


def test_another_key_is_not_believed(opened):
    key = (opened / "keys" / "ledger.pub").read_text().strip()
    assert check(opened, key)[0] == 0
    code, said = check(opened, str(ONE.verifier))
    assert code == 3
    assert "signed by none of the keys" in said
    for wrong in ("x", "a+b+c", key[:-4] + "AAAA"):
        code, said = check(opened, wrong)
        assert code == 3
        assert "Traceback" not in said


def test_signatures_are_checked_as_cryptography_does():
    code = compile(VERIFIER.read_text("utf-8"), str(VERIFIER), "exec")
    space = {"__name__": "verifier"}
    exec(code, space)
    for number in range(4):
        key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        public, message = key.public_key().public_bytes_raw(), b"m" * number
        good = key.sign(message)
        assert space["signed"](public, message, good)
        assert not space["signed"](public, message + b"x", good)
        assert not space["signed"](public, message, good[:5] + bytes([good[5] ^ 1]) + good[6:])
        assert not space["signed"](public, message, good[:63] + bytes([good[63] ^ 128]))


def test_the_same_ledger_gives_the_same_bytes(home, tmp_path):
    name = one(home, "https://a.example/taken")
    first, second = (bundle(home, (name, name), tmp_path / file) for file in ("1.zip", "2.zip"))
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert first.missing == ()


def test_no_secret_is_in_it(home, opened):
    private = (home / "keys" / "ledger.key").read_text().strip().split("+", 4)[4].encode()
    assert len(private) > 40
    for path in opened.rglob("*"):
        assert not path.is_file() or private not in path.read_bytes()


def test_under_a_checkpoint_kept_elsewhere(home, tmp_path):
    note = next(path for path in unpacked_checkpoints(home, tmp_path))
    done = bundle(home, (one(home, "https://a.example/private/1"),), tmp_path / "k.zip", kept=note)
    folder = unpacked(done.path, tmp_path / "k")
    assert check(folder)[0] == 0


def unpacked_checkpoints(home, tmp_path):
    """Checkpoints as somebody kept them: that of the newest segment covers all before it."""
    bundle(home, (one(home, "https://held.example/x"),), tmp_path / "c.zip")
    return sorted(unpacked(tmp_path / "c.zip", tmp_path / "c").glob("checkpoints/*"), reverse=True)


def test_a_name_that_names_nothing_is_told_with_the_one_that_is_near(home, tmp_path):
    name = one(home, "https://a.example/taken")
    segment = name.rpartition(":")[0]
    for wrong in (f"{segment}:99999", f"{segment[:-1]}x:3"):
        with pytest.raises(ConfigError, match="did you mean"):
            bundle(home, (wrong,), tmp_path / "x.zip")
    with pytest.raises(ConfigError, match="names no record"):
        bundle(home, ("nonsense",), tmp_path / "x.zip")
    with pytest.raises(LedgerError):
        bundle(tmp_path / "none", (name,), tmp_path / "x.zip")
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over_and_a_bad_place_is_named(home, tmp_path):
    name = one(home, "https://a.example/taken")
    (tmp_path / "x.zip").write_text("mine")
    with pytest.raises(ConfigError, match="--force"):
        bundle(home, (name,), tmp_path / "x.zip")
    assert (tmp_path / "x.zip").read_text() == "mine"
    assert zipfile.is_zipfile(bundle(home, (name,), tmp_path / "x.zip", force=True).path)
    for place in (tmp_path / "no" / "x.zip", tmp_path / "x.zip" / "y.zip"):
        with pytest.raises(ConfigError, match="cannot be written"):
            bundle(home, (name,), place)
    with pytest.raises(ConfigError, match="is a directory"):
        bundle(home, (name,), tmp_path, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_evidence_that_was_changed_makes_no_bundle(home, tmp_path):
    copy = tmp_path / "home"
    for path in home.rglob("*"):
        if path.is_file() and path.name != "state.sqlite":
            (copy / path.relative_to(home)).parent.mkdir(parents=True, exist_ok=True)
            (copy / path.relative_to(home)).write_bytes(path.read_bytes())
    name = one(copy, "https://a.example/private/1")
    for path in (copy / "evidence").glob("*.warc.gz"):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 3] + bytes(len(data) - len(data) // 3))
    with pytest.raises(LedgerInvalid, match="is not the one that was stored"):
        bundle(copy, (name,), tmp_path / "x.zip")
    for path in (copy / "evidence").glob("*.warc.gz"):
        path.unlink()
    with pytest.raises(LedgerError, match="cannot read evidence"):
        bundle(copy, (name,), tmp_path / "x.zip")
    for edited in plain(copy):
        edited.write_bytes(edited.read_bytes().replace(b"letter.example/x", b"better.example/x"))
    with pytest.raises(LedgerError, match="does not hold what the checkpoint"):
        bundle(copy, (one(copy, "https://better.example/x"),), tmp_path / "x.zip")
