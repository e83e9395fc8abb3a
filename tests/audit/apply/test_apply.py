"""A dataset without the rows of a removal list: what stays is byte for byte, what goes is told, nothing in place."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

import pyarrow.parquet as pq  # noqa: E402
from click.testing import CliRunner  # noqa: E402
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]  # noqa: E402
from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]  # noqa: E402
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]  # noqa: E402

from crawlgate import ConfigError  # noqa: E402
from crawlgate.audit.apply.run import apply  # noqa: E402
from crawlgate.audit.apply.verify import verify_audit, verify_removal  # noqa: E402
from crawlgate.cli.main import cli  # noqa: E402
from tests.audit.output.audits import START, Scene, notice  # noqa: E402
from tests.test_schemas import validator  # noqa: E402

HOSTS = ["a.example", "listed.example", "b.example", "listed.example", "listed.example", "c.example"]
URLS = [f"https://{host}/{n}" for n, host in enumerate(HOSTS)]
STAY = [0, 2, 5]
TIME = (START + timedelta(days=1)).isoformat()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.notices = [notice("listed.example", 3)]
    return scene


def done(scene: Scene, path: Path) -> tuple[dict[str, Any], bytes]:
    """Audit a file and take out what its list names; the proof, and what was written."""
    scene.audit([path])
    before = path.read_bytes()
    proof = apply(scene.folder / "out", scene.folder / "clean")
    validator("removal-proof").validate(json.loads((scene.folder / "clean" / "_proof.json").read_bytes()))
    assert path.read_bytes() == before
    assert (proof["rows_in"], proof["rows_out"], proof["removed"]) == (6, 3, 3)
    assert proof["by_cause"] == {"notice": 3}
    assert not verify_removal(scene.folder / "clean", again=scene.folder / "out").problems
    return proof, (scene.folder / "clean" / path.name).read_bytes()


def lines(make: Callable[[int], str], head: str = "") -> tuple[str, str]:
    return head + "".join(map(make, range(6))), head + "".join(map(make, STAY))


TEXTS = {
    "data.csv": lines(lambda n: f'"{n}\r\n, ""x""",{URLS[n]},{TIME}\r\n', "\ufeffnote,url,time\r\n"),
    "data.tsv": lines(lambda n: f"{n}\t{URLS[n]}\t{TIME}\n", "note\turl\ttime\n"),
    "data.jsonl": lines(
        lambda n: '{ "text": "日本\\u0000",  "url":' + json.dumps(URLS[n]).replace("/", "\\/") + f',"time":"{TIME}"}}\n'
    ),
    "access.log": lines(
        lambda n: (
            f'{HOSTS[n]} 10.0.0.1 - - [02/May/2024:00:00:00 +0000] "GET /{n} HTTP/1.1" 200 5 "-" "ExampleBot/1.0"\n'
        )
    ),
}


@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
@pytest.mark.parametrize("name", ["data.csv", "data.tsv", "data.jsonl"])
def test_lines_that_stay_are_the_bytes_they_were(scene: Scene, name: str, packed: str) -> None:
    whole, rest = (text.encode() for text in TEXTS[name])
    path = scene.folder / (name + packed)
    if packed == ".zst":
        with pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd") as to:
            to.write(whole)
    else:
        path.write_bytes(gzip.compress(whole) if packed else whole)
    _, written = done(scene, path)
    if packed == ".zst":
        written = pa.CompressedInputStream(pa.BufferReader(written), "zstd").read()
    elif packed:
        written = gzip.decompress(written)
    assert written == rest


def test_a_log_loses_its_lines(scene: Scene) -> None:
    whole, rest = TEXTS["access.log"]
    path = scene.folder / "access.log"
    path.write_text(whole, "utf-8")
    assert done(scene, path)[1].decode() == rest


def test_a_last_line_without_an_end_and_lines_that_are_no_rows(scene: Scene) -> None:
    path = scene.folder / "data.jsonl"
    row = json.dumps({"url": URLS[1], "time": TIME})
    path.write_text(f"{{half\n{row}\n\n{row}\nnull\n{row}", "utf-8")
    scene.audit([path])
    proof = apply(scene.folder / "out", scene.folder / "clean")
    assert (scene.folder / "clean" / "data.jsonl").read_text("utf-8") == "{half\nnull\n"
    assert (proof["rows_in"], proof["rows_out"]) == (5, 2)


def table() -> Any:
    made = pa.table(
        {
            "url": pa.array(URLS).dictionary_encode(),
            "time": pa.array([TIME] * 6),
            "nested": pa.array([[{"x": n}] if n % 2 else None for n in range(6)]),
            "n": pa.array(range(6), pa.int16()),
        }
    )
    return made.replace_schema_metadata({"made": "by us"})


def test_parquet_keeps_schema_codecs_order_and_row_groups(scene: Scene) -> None:
    path = scene.folder / "data.parquet"
    codecs = {"url": "SNAPPY", "time": "GZIP", "nested.list.element.x": "ZSTD", "n": "NONE"}
    pq.write_table(table(), path, row_group_size=2, compression=codecs, use_dictionary=["url"])
    done(scene, path)
    with pq.ParquetFile(scene.folder / "clean" / "data.parquet") as written, pq.ParquetFile(path) as before:
        assert written.schema_arrow.equals(before.schema_arrow, check_metadata=True)
        assert written.read().to_pylist() == before.read().take(STAY).to_pylist()
        groups = [written.metadata.row_group(n) for n in range(written.num_row_groups)]
        assert [group.num_rows for group in groups] == [1, 1, 1]
        columns = [groups[0].column(n) for n in range(4)]
        assert [one.compression for one in columns] == ["SNAPPY", "GZIP", "ZSTD", "UNCOMPRESSED"]
        assert [one.has_dictionary_page for one in columns] == [True, False, False, False]


@pytest.mark.parametrize("make", [pa.ipc.new_file, pa.ipc.new_stream])
def test_arrow_keeps_its_schema_and_its_kind(scene: Scene, make: Any) -> None:
    path = scene.folder / "data.arrow"
    with path.open("wb") as file, make(file, table().schema) as to:
        to.write_table(table(), max_chunksize=2)
    _, written = done(scene, path)
    assert written[:6] == path.read_bytes()[:6]
    read = pa.ipc.open_file(written) if make is pa.ipc.new_file else pa.ipc.open_stream(written)
    found = read.read_all()
    assert found.schema.equals(table().schema, check_metadata=True)
    assert found.to_pylist() == table().take(STAY).to_pylist()


@pytest.mark.parametrize("packed", [True, False])
def test_archives_lose_answers_and_what_only_speaks_of_them(scene: Scene, packed: bool) -> None:
    path = scene.folder / ("crawl.warc.gz" if packed else "crawl.warc")
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("crawl", {"software": "x"}))
    for n, url in enumerate(URLS):
        dated = {"WARC-Date": "2024-05-02T00:00:00Z"}
        answered = StatusAndHeaders("200 OK", [("Content-Type", "text/plain")], protocol="HTTP/1.1")
        asked = StatusAndHeaders(f"GET /{n} HTTP/1.1", [("User-Agent", "ExampleBot/1.0")], is_http_request=True)
        page = writer.create_warc_record(
            url, "response", io.BytesIO(b"page %d" % n), length=6, http_headers=answered, warc_headers_dict=dated
        )
        request = writer.create_warc_record(
            url, "request", io.BytesIO(), length=0, http_headers=asked, warc_headers_dict=dated
        )
        writer.write_request_response_pair(request, page)
    path.write_bytes(buffer.getvalue())
    proof, written = done(scene, path)
    assert proof["files"][0]["beside"] == 3
    found = [(r.rec_type, r.rec_headers.get_header("WARC-Target-URI")) for r in ArchiveIterator(io.BytesIO(written))]
    assert found == [
        ("warcinfo", None),
        *((kind, URLS[n]) for n in STAY for kind in ("response", "request")),
    ]
    assert all(part in path.read_bytes() for part in (written[:100], written[-100:]))


def test_files_keep_their_places_and_one_without_rows_to_go_its_bytes(scene: Scene) -> None:
    (scene.folder / "x" / "y").mkdir(parents=True)
    rows = [{"url": url, "time": TIME} for url in URLS]
    first = scene.write("x/1.parquet", rows)
    second = scene.write("x/y/1.parquet", [rows[0]])
    scene.audit([first, second])
    proof = apply(scene.folder / "out", scene.folder / "clean", by="R. Mori", reason="the notice of May")
    assert [one["written"] for one in proof["files"]] == ["1.parquet", "y/1.parquet"]
    assert (scene.folder / "clean" / "y" / "1.parquet").read_bytes() == second.read_bytes()
    removed = pq.read_table(scene.folder / "clean" / "_removed.parquet").to_pylist()
    assert [(row["row"], row["cause"], row["notice"]) for row in removed] == [
        (n, "notice", "n-listed.example") for n in (1, 3, 4)
    ]
    first.unlink()
    checked = verify_removal(scene.folder / "clean", again=scene.folder / "out")
    assert any("1.parquet" in problem for problem in checked.problems)
    assert "inputs that are not here any more: 1" in verify_audit(scene.folder / "out").open


def test_equal_removals_have_equal_proofs(scene: Scene) -> None:
    path = scene.write(rows=[{"url": url, "time": TIME} for url in URLS])
    scene.audit([path])
    for name in ("one", "two"):
        apply(scene.folder / "out", scene.folder / name)
    one, two = ({f.name: f.read_bytes() for f in (scene.folder / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert sorted(one) == ["_proof.json", "_removed.parquet", "data.parquet"]


def test_effects_and_causes_are_chosen(scene: Scene) -> None:
    scene.notices.append(notice("b.example", 3, issuer_verified=False))
    path = scene.write(rows=[{"url": url, "time": TIME} for url in URLS])
    scene.audit([path])
    assert apply(scene.folder / "out", scene.folder / "1")["removed"] == 3
    assert apply(scene.folder / "out", scene.folder / "2", effects=["deny", "review"])["removed"] == 4
    assert (
        apply(scene.folder / "out", scene.folder / "3", effects=["deny", "review"], causes=["opt_out"])["removed"] == 0
    )


def test_what_cannot_be_done_is_refused_and_leaves_nothing(scene: Scene) -> None:
    path = scene.write(rows=[{"url": url, "time": TIME} for url in URLS])
    out, clean = scene.folder / "out", scene.folder / "clean"
    with pytest.raises(ConfigError, match="holds no finished audit"):
        apply(scene.folder, clean)
    scene.audit([path])
    with pytest.raises(ConfigError, match="nothing is written in place"):
        apply(out, scene.folder)
    with pytest.raises(ConfigError, match="is not empty"):
        apply(out, out)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(ConfigError, match=r"data.parquet is not as it was audited; audit it again"):
        apply(out, clean)
    assert list(clean.iterdir()) == []
    path.write_bytes(whole)
    (out / "removals.parquet").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"removals.parquet is not the one that .*summary.json names"):
        apply(out, clean)


def test_a_damaged_file_is_refused(scene: Scene) -> None:
    path = scene.folder / "data.jsonl.gz"
    rows = [gzip.compress(json.dumps({"url": url, "time": TIME}).encode() + b"\n") for url in URLS]
    path.write_bytes(b"".join([*rows[:5], rows[5][:-9], rows[0]]))
    scene.audit([path])
    with pytest.raises(ConfigError, match="a damaged file cannot be copied, repair it first"):
        apply(scene.folder / "out", scene.folder / "clean")


def test_altered_files_do_not_verify(scene: Scene) -> None:
    path = scene.write(rows=[{"url": url, "time": TIME} for url in URLS])
    scene.audit([path])
    clean = scene.folder / "clean"
    apply(scene.folder / "out", clean)
    whole = path.read_bytes()
    (clean / "data.parquet").write_bytes(whole)
    (problem,) = verify_removal(clean).problems
    assert "data.parquet is not the one that was named" in problem
    # A forger who names the wrong file in the proof as well is found when it is written once more.
    proof = json.loads((clean / "_proof.json").read_bytes())
    import hashlib

    proof["files"][0]["after"] |= {"bytes": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}
    (clean / "_proof.json").write_text(json.dumps(proof), "utf-8")
    assert verify_removal(clean).problems == ()
    (problem,) = verify_removal(clean, again=scene.folder / "out").problems
    assert "is not what" in problem
    (scene.folder / "out" / "rejects.jsonl").write_text("x", "utf-8")
    assert any("rejects.jsonl" in one for one in verify_audit(scene.folder / "out").problems)


def run(*arguments: object, code: int = 0) -> str:
    ran = CliRunner().invoke(cli, ["audit", *map(str, arguments)])
    assert ran.exit_code == code, ran.output + str(ran.exception)
    return ran.output


def test_from_the_command_line_signed_and_on_record(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # no usual home is there
    home, out, clean = tmp_path / "home", tmp_path / "out", tmp_path / "clean"
    path = scene.write(rows=[{"url": url, "time": TIME} for url in URLS])
    listed = tmp_path / "list.txt"
    listed.write_text("listed.example\n", "utf-8")
    me = tmp_path / "me.toml"
    me.write_text('operator = "Example Lab"\ntoken = "ExampleBot"\nuser_agent = "ExampleBot/1.0"\n', "utf-8")
    run(path, "--declaration", me, "--home", home, "--blocklist", listed, "--vouched-by", "A. Reader", "--out", out)
    said = run("apply", out, "--to", clean, "--home", home, "--by", "R. Mori", "--reason", "the list of May")
    assert "3 of 6 rows taken out" in said
    told = json.loads(run("verify", clean, "--home", home, "--audit", out, "--format", "json"))
    validator("audit-verify").validate(told)
    assert told["ok"]
    assert told["open"] == []
    assert "the signature is good" in told["looked"]
    told = json.loads(run("verify", out, "--home", home, "--format", "json"))
    assert told["open"] == []
    shown = CliRunner().invoke(cli, ["ledger", "show", "--home", str(home), "--kind", "removal"]).output
    assert "3 of 6 rows taken out  R. Mori  the list of May" in shown
    assert CliRunner().invoke(cli, ["ledger", "verify", "--home", str(home)]).exit_code == 0
    # The home is found by what the runs wrote beside their outputs.
    told = json.loads(run("verify", clean, "--audit", out, "--format", "json"))
    assert (told["open"], told["home"], told["ok"]) == ([], str(home), True)
    assert f"home {home}, as {out / 'recorded.json'} says; --home names another" in run("verify", out)
    assert f"on record in {home}" in run("apply", out, "--to", tmp_path / "again")
    home.rename(tmp_path / "moved")
    said = run("verify", clean)
    assert f"home {home}, which {clean / '_recorded.json'} names, is not there" in said
    assert "not looked at: no home was named" in said
    assert "the signature is good" in run("verify", clean, "--home", tmp_path / "moved")
    (tmp_path / "moved").rename(home)
    note = json.loads((clean / "_recorded.json").read_bytes())
    for other in ({"sha256": "0"}, {"home": str(clean / "home")}):  # of something else; brought along
        (clean / "home").mkdir(exist_ok=True)
        (clean / "_recorded.json").write_text(json.dumps(note | other), "utf-8")
        assert json.loads(run("verify", clean, "--format", "json"))["home"] is None
    other = tmp_path / "other"
    CliRunner().invoke(cli, ["ledger", "keygen", "--home", str(other)])
    said = run("verify", clean, "--home", other, code=3)
    assert "problem: the ledger of" in said
    signed = json.loads((clean / "_proof.dsse.json").read_bytes())
    signed["signatures"][0]["sig"] = "AAAA"
    (clean / "_proof.dsse.json").write_text(json.dumps(signed), "utf-8")
    assert "no key that is believed signed it" in run("verify", clean, "--home", home, code=3)


def test_what_was_written_can_be_audited_as_it_is(scene: Scene) -> None:
    from crawlgate.audit.readers import files

    path = scene.write(rows=[{"url": url, "time": TIME} for url in URLS])
    scene.audit([path])
    apply(scene.folder / "out", scene.folder / "clean")
    found, rejects = files([str(scene.folder / "clean")])
    assert (found, rejects) == ([scene.folder / "clean" / "data.parquet"], [])
    scene.audit([scene.folder / "clean" / "data.parquet"])
    assert scene.removals() == []


def test_a_run_that_was_broken_is_told_and_done_anew(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from crawlgate.audit.apply import run as running

    path = scene.write(rows=[{"url": url, "time": TIME} for url in URLS])
    scene.audit([path])
    clean = scene.folder / "clean"
    (clean / ".unfinished").mkdir(parents=True)
    (clean / ".unfinished" / "data.parquet").write_bytes(b"half")
    assert "was not finished" in str(CliRunner().invoke(cli, ["audit", "verify", str(clean)]).exception)
    with monkeypatch.context() as patched:
        patched.setattr(running, "digest_of", lambda _path: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(ConfigError, match="No space left"):
            apply(scene.folder / "out", clean)
    assert list(clean.iterdir()) == []
    assert apply(scene.folder / "out", clean)["removed"] == 3
