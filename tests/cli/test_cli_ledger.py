import re

import orjson
import pytest
from click.testing import CliRunner

from crawlgate.cli.ledger import ledger
from crawlgate.errors import LedgerError
from crawlgate.ledger.attempts import attempt_table
from crawlgate.ledger.canonical import moment, timestamp
from crawlgate.ledger.overrides import override_table, revocation_table
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.record import KINDS
from crawlgate.ledger.register import register_table
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import AS_DECLARED, Outcome, Override, Product, RegisterEntry, Stage, Verdict
from tests.cli.test_cli_report import command_line
from tests.report.homes import AT, HEAD, basis, clock, crawled, segment, unrooted, written

URLS = ["https://a.example/", "https://a.example/private/1", "https://a.example/noai"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return crawled(tmp_path_factory.mktemp("home"), URLS, ["https://down.example/", "data:,x"])


def run(*arguments, code=0):
    shown = CliRunner().invoke(ledger, [str(argument) for argument in arguments], catch_exceptions=False)
    assert shown.exit_code == code, shown.output
    return shown


# -- show ---------------------------------------------------------------------------------------------------


def test_one_line_for_each_record_newest_last(home):
    lines = run("show", "--home", home, "--limit", 0).stdout.splitlines()
    found = list(records(home / "ledger"))
    assert [line.split()[-1] for line in lines] == [f"[{record.segment}:{record.seq}]" for record in found]
    assert all(record.kind in line for record, line in zip(found, lines, strict=True))
    assert run("show", "--home", home, "--limit", 4).stdout.splitlines() == lines[-4:]


def test_the_limit_is_50_unless_said(tmp_path):
    written(tmp_path, [(f"https://a.example/{n}", basis()) for n in range(60)])
    shown = run("show", "--home", tmp_path).stdout.splitlines()
    assert len(shown) == 50
    assert "62 records before this seal" in shown[-1]


def test_decisions_read_well(home):
    lines = run("show", "--home", home, "--kind", "decision").stdout.splitlines()
    shown = [re.sub(r"^\S+ \S+Z  decision    |  \[.*$", "", line) for line in lines]
    assert shown == [
        "deny for now  before the fetch  B2 unknown, D4 not met  https://down.example/",
        "deny  before the fetch  only http and https URLs are asked about  data:,x",
        "allow  before the fetch  https://a.example/",
        "allow  after the fetch  https://a.example/",
        "deny  before the fetch  B2 met  https://a.example/private/1",
        "allow  before the fetch  https://a.example/noai",
        "deny  after the fetch  B2 indicated  https://a.example/noai",
    ]


def test_in_japanese(home):
    shown = run("show", "--home", home, "--kind", "decision", "--kind", "seal", "--lang", "ja").stdout
    assert "一時拒否  取得前  B2 不明" in shown
    assert "拒否  取得後  B2 該当を示す事実あり" in shown
    assert "この封印の前に" in shown


def test_kinds_are_selected_and_repeatable(home):
    shown = run("show", "--home", home, "--kind", "segment", "--kind", "outcome").stdout.splitlines()
    assert "Example Lab" in shown[0]
    assert "enforce  lists: 0" in shown[0]
    assert "released  200  text/html" in shown[1]
    assert {line[22:32].strip() for line in shown} == {"segment", "outcome"}
    assert run("show", "--home", home, "--kind", "nonsense", code=2).stdout == ""


def test_every_kind_has_a_line(tmp_path):
    written(tmp_path, [])
    with LedgerWriter(tmp_path / "ledger", HEAD, now=clock()) as writer:
        writer.append_decision(AT, "https://a.example/", basis(Verdict.REVIEW, outcome=Outcome.MET), enforced=False)
        writer.append("evidence", {"at": AT, "id": "e1", "source": "robots", "url": "https://a.example/robots.txt",
                                   "status": None, "error": "timeout", "bytes": 0})  # fmt: skip
        writer.append("outcome", {"at": AT, "decision": "x:1", "disposition": "read", "bytes": 12})
        override = Override(record="", at=AT, by="R. Mori", reason="asked them", effect=Verdict.ALLOW, scope="host",
                            value="a.example", findings={"B3": (Outcome.MET,)}, until=AT)  # fmt: skip
        writer.append("override", override_table(override))
        writer.append("revocation", revocation_table(AT, "x:1", by="K. Sato", reason="they said no"))
        attempt = attempt_table(AT, "https://a.example/", AS_DECLARED, user_agent="Bot/1", site="a.example", status=403)
        writer.append("attempt", attempt)
        entry = RegisterEntry(host="a.example", product=Product.API, source="R. Mori")
        writer.append("register", register_table(AT, entry))
        said = {"at": AT, "by": "K. Sato", "reason": "claim 7"}
        writer.append("hold", {**said, "name": "claim-7", "action": "add"})
        writer.append("hold", {**said, "name": "claim-7", "action": "release"})
        writer.append("deletion", {**said, "segments": [{"segment": "x"}]})
        writer.append("merge", {"at": AT, "segments": []})
        writer.append("list", {"at": AT, "source": "piracy.txt", "entries": 3, "sha256": "cd" * 32})
        writer.append("notice", {"at": AT, "event": "notice", "id": "n1", "scope": "host", "value": "a.example",
                                 "issuer": "RHA", "issuer_kind": "rights_holder", "verified": True,
                                 "vouched_by": "R. Mori", "received_at": "2026-11-20T09:00:00Z"})  # fmt: skip
        writer.append("outside", {"at": AT, "name": "old crawl", "by": "Kim", "reason": "no gate yet"})
        settings = [{"setting": "UA", "value": "random", "looks_like": "rotating_user_agent"}]
        writer.append("client", {"at": AT, "client": "scrapy 2", "settings": settings})
        writer.append("audit", {"at": AT, "audit": "ab" * 32, "as_of": "fetched", "inputs": {}, "outputs": {},
                                "judged": 9, "rejected": 1})  # fmt: skip
        writer.append("removal", {"at": AT, "audit": "ab" * 32, "proof": "cd" * 32, "files": [], "rows_in": 9,
                                  "removed": 2})  # fmt: skip
        for number in range(300):
            writer.append("list", {"at": AT, "source": str(number)})
    lines = run("show", "--home", tmp_path, "--limit", 0).stdout.splitlines()[2:]
    closed = lines.pop(1)
    assert re.search(r"closed      \S+ ended with 1 records", closed)
    root = next(line for line in lines if "tree" in line)
    assert re.search(r"tree        root [\w+/]{43}=", root)
    assert {line[22:32].strip() for line in [*lines, closed]} == KINDS - {"checkpoint"}
    assert [re.sub(r"^.{22}|  \[.*$", "", line) for line in [*lines[:19], lines[-1]]] == [
        "segment     crawlgate test  Example Lab  ExampleBot/1.0  standard abababababababab  enforce  lists: 0",
        "basis       review  before the fetch  B1 not met, B2 met",
        "decision    review  before the fetch  B2 met  https://a.example/  (observed only)",
        "evidence    robots  timeout  https://a.example/robots.txt  0 bytes  e1",
        "outcome     read  12 bytes  of x:1",
        "override    no longer held back  B3  a.example  until 2026-11-23T09:00:00  R. Mori  asked them",
        "revocation  of x:1  K. Sato  they said no",
        "attempt     https://a.example/  Bot/1  403",
        "register    a.example  api  R. Mori",
        "hold        hold claim-7  K. Sato  claim 7",
        "hold        hold claim-7 released  K. Sato  claim 7",
        "deletion    segments deleted: 1  K. Sato  claim 7",
        "merge       segments merged in: 0",
        "list        piracy.txt  3 entries  sha256:cdcdcdcdcdcdcdcd",
        "notice      notice  n1  host a.example  RHA  a rights holder's, checked by R. Mori  2026-11-20T09:00:00",
        "outside     old crawl  Kim  no gate yet",
        "client      scrapy 2  rotating_user_agent: UA random",
        "audit       abababababababab  fetched  9 rows judged, 1 rejected",
        "removal     abababababababab  2 of 9 rows taken out",
        "seal        321 records before this seal",
    ]


def test_json_is_the_record_as_written_joined_with_the_verdict(home):
    lines = run("show", "--home", home, "--limit", 0, "--format", "json").stdout.splitlines()
    written_lines = segment(home).read_bytes().splitlines()
    joined = {f"{d.segment}:{d.seq}": d for d in decisions(home / "ledger")}
    assert len(lines) == len(written_lines)
    for line, original in zip(lines, written_lines, strict=True):
        table, want = orjson.loads(line), orjson.loads(original)
        decision = joined.get(table.pop("record"))
        if decision is not None:
            assert table.pop("verdict") == decision.verdict
            assert table.pop("temporary") == decision.basis["temporary"]
            assert table.pop("stage") == decision.basis["stage"]
            assert table.pop("reasons") == decision.basis["reasons"]
        if "at" in want:
            want["at"] = timestamp(moment(want["at"]))
        if isinstance(want.get("decision"), int):
            want["decision"] = f"{segment(home).stem}:{want['decision']}"
        assert table == want


def test_decisions_of_several_segments_keep_their_own_basis(tmp_path):
    written(tmp_path, [("https://a.example/", basis())])
    written(tmp_path, [("https://a.example/", basis(Verdict.ALLOW, stage=Stage.POST_FETCH))])
    shown = run("show", "--home", tmp_path, "--kind", "decision", "--format", "json").stdout.splitlines()
    assert [orjson.loads(line)["verdict"] for line in shown] == ["deny", "allow"]


def test_hostile_text_stays_on_its_line(tmp_path):
    written(tmp_path, [("https://a.example/\n\x1b[2J\u202eevil", basis())], mode="\x07\nx")
    for lang in ("en", "ja"):
        shown = run("show", "--home", tmp_path, "--lang", lang).stdout
        assert len(shown.splitlines()) == 4
        assert not set(shown) & set("\x1b\x07\u202e")
        assert r"\n\x1b[2J\u202eevil" in shown


def test_what_cannot_be_read_is_named_and_exits_with_3(tmp_path):
    written(tmp_path, [(f"https://a.example/{n}", basis()) for n in range(3)])
    path = segment(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = b"garbage\n"  # the basis
    path.write_bytes(b"".join(lines)[:-5])
    shown = run("show", "--home", tmp_path, "--kind", "decision", code=3)
    assert [line[34:].split("  ")[0] for line in shown.stdout.splitlines()] == ["cannot be read"] * 3
    assert "line 2" in shown.stderr
    assert "the last line is cut" in shown.stderr
    json = run("show", "--home", tmp_path, "--kind", "decision", "--format", "json", code=3).stdout
    assert [orjson.loads(line)["verdict"] for line in json.splitlines()] == [None] * 3


def test_nonsense_is_shown_as_far_as_it_goes(tmp_path):
    unrooted(
        tmp_path,
        [
            {"kind": "segment", "declaration": 4, "profile": "x"},
            {"kind": "basis", "id": 1, "verdict": 4, "findings": []},
            {"kind": "decision", "at": -62135596800000000, "basis": 1, "url": "x", "problem": 4},
            {"kind": "outcome", "disposition": [], "status": {}, "bytes": "x"},
            {"kind": "odd", "x": "\x1b"},
        ],
    )
    assert len(run("show", "--home", tmp_path).stdout.splitlines()) == 5
    assert len(run("show", "--home", tmp_path, "--format", "json").stdout.splitlines()) == 5


# -- verify -------------------------------------------------------------------------------------------------


def test_a_good_ledger(home):
    shown = run("verify", "--home", home)
    lines = shown.stdout.splitlines()
    count = len(list(records(home / "ledger")))
    assert lines[:2] == [f"ledger {home / 'ledger'}", f"segments 1, records {count}"]
    assert "  decision 7" in lines
    assert lines[-1] == "verified: every record is there, unchanged, and in order"


def test_a_good_ledger_for_machines(home):
    report = orjson.loads(run("verify", "--home", home, "--format", "json").stdout)
    assert report["schema"] == "crawlgate.ledger-verify/1"
    assert (report["ok"], report["segments"], report["records"]["decision"]) == (True, 1, 7)
    assert (report["problems"], report["warnings"]) == ([], [])


def test_a_bad_ledger_exits_with_3_and_says_where(tmp_path):
    written(tmp_path, [("https://a.example/1", basis()), ("https://a.example/2", basis())])
    path = segment(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2].replace(b"a.example/1", b"b.example/1"), *lines[3:]]))
    shown = run("verify", "--home", tmp_path, code=3)
    offset = len(lines[0]) + len(lines[1])
    assert f"problem: {path.stem} line 3 (byte {offset}): this is not the line that was written" in shown.stdout
    assert "DOES NOT VERIFY: 1 problem;" in shown.stdout
    report = orjson.loads(run("verify", "--home", tmp_path, "--format", "json", code=3).stdout)
    (problem,) = report["problems"]
    assert report["ok"] is False
    assert (problem["segment"], problem["line"], problem["offset"], problem["code"]) == (path.stem, 3, offset, "edited")


def test_damaged_evidence_exits_with_3_unless_it_is_not_asked_about(tmp_path):
    crawled(tmp_path, URLS[:1])
    (path,) = (tmp_path / "evidence").glob("*.warc.gz")
    path.write_bytes(path.read_bytes()[:-9])
    shown = run("verify", "--home", tmp_path, code=3)
    assert "problem: " in shown.stdout
    assert "evidence_cut" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "THE EVIDENCE DOES NOT VERIFY: 1 problem; the records themselves do"
    report = orjson.loads(run("verify", "--home", tmp_path, "--format", "json", code=3).stdout)
    assert (report["ok"], report["problems"], report["evidence"]["problems"][0]["code"]) == (False, [], "evidence_cut")
    run("verify", "--home", tmp_path, "--no-evidence")


def test_warnings_do_not_fail(tmp_path):
    with LedgerWriter(tmp_path / "ledger", HEAD, now=clock()) as writer:
        writer.append_decision(AT, "https://a.example/", basis())
        shown = run("verify", "--home", tmp_path)
        assert "warning: " in shown.stdout
        assert "is being written" in shown.stdout
        assert len(run("show", "--home", tmp_path).stdout.splitlines()) == 3


def test_no_ledger_exits_with_2(tmp_path, monkeypatch, capsys):
    for command in ("show", "verify"):
        with pytest.raises(LedgerError, match="there is no ledger at"):
            run(command, "--home", tmp_path / "nowhere")
        code, out, err = command_line(monkeypatch, capsys, "ledger", command, "--home", tmp_path / "nowhere")
        assert (code, out) == (2, "")
        assert err.startswith("crawlgate: there is no ledger at")
