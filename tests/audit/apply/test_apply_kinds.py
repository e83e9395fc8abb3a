"""Datasets of every kind lose the rows that go: arrays, archives in frames, WACZ, clusters, files behind fsspec."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

import pyarrow as pa
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]
from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]

from crawlgate import ConfigError
from crawlgate.audit.apply.run import apply
from crawlgate.audit.apply.verify import verify_audit, verify_removal
from crawlgate.audit.readers import Source, files
from crawlgate.audit.readers.packed import zstandard
from tests.audit.output.audits import START, Scene, notice
from tests.audit.readers.reading import urls_of
from tests.shared_data import shared
from tests.test_schemas import validator

HOSTS = ["a.example", "listed.example", "b.example", "listed.example", "listed.example", "c.example"]
URLS = [f"https://{host}/{n}" for n, host in enumerate(HOSTS)]
STAY = [0, 2, 5]
TIME = (START + timedelta(days=1)).isoformat()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.notices = [notice("listed.example", 3)]
    return scene


def cleaned(scene: Scene, *paths: Source, counts: tuple[int, int] | None = (6, 3)) -> dict[str, Any]:
    """Audit files and take out what the list names; the proof, which verifies in full."""
    scene.audit(list(paths))  # type: ignore[arg-type]
    out, clean = scene.folder / "out", scene.folder / "clean"
    proof = apply(out, clean)
    validator("removal-proof").validate(json.loads((clean / "_proof.json").read_bytes()))
    validator("audit-summary").validate(json.loads((out / "summary.json").read_bytes()))
    checked = verify_removal(clean, again=out)
    assert checked.problems == ()
    assert verify_audit(out).problems == ()
    assert counts in (None, (proof["rows_in"], proof["rows_out"]))
    return proof


# -- arrays -----------------------------------------------------------------------------------------

ITEMS = [{"url": url, "time": TIME, "more": {"日本": [n, "},{"]}} for n, url in enumerate(URLS)]
ARRAYS = {
    "one line": json.dumps(ITEMS),
    "pretty": json.dumps(ITEMS, indent=2, ensure_ascii=False),
    "an item a line": "\ufeff[\n" + ",\n".join(map(json.dumps, ITEMS)) + "\n]\n",
    "never closed": "[\n" + ",\n".join(map(json.dumps, ITEMS)) + ",\n",
}


@pytest.mark.parametrize("how", ARRAYS)
@pytest.mark.parametrize("packed", [False, True])
def test_an_array_stays_an_array(scene: Scene, how: str, packed: bool) -> None:
    path = scene.folder / ("data.json.gz" if packed else "data.json")
    data = ARRAYS[how].encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    cleaned(scene, path)
    written = (scene.folder / "clean" / path.name).read_bytes()
    text = (gzip.decompress(written) if packed else written).decode("utf-8-sig")
    if how == "never closed":
        text = text.rstrip().removesuffix(",") + "]"
    assert json.loads(text) == [ITEMS[n] for n in STAY]


@pytest.mark.parametrize("gone", [[0], [5], [0, 1, 2], [3, 4, 5], [0, 5], [0, 1, 2, 3, 4, 5], [1, 3, 5]])
def test_any_elements_may_go(scene: Scene, gone: list[int]) -> None:
    items = [{"url": f"https://{'listed' if n in gone else 'a'}.example/{n}", "time": TIME} for n in range(6)]
    path = scene.folder / "data.json"
    path.write_text(json.dumps(items[:4], indent=1) + json.dumps(items[4:]), "utf-8")
    cleaned(scene, path, counts=(6, 6 - len(gone)))
    text = (scene.folder / "clean" / "data.json").read_text("utf-8")
    first, end = json.JSONDecoder().raw_decode(text)
    assert first + json.loads(text[end:]) == [item for n, item in enumerate(items) if n not in gone]


# -- archives ---------------------------------------------------------------------------------------


def record(n: int, kind: str = "response", url: str | None = None, **more: str) -> bytes:
    """A record of WARC, not packed."""
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=False)
    headers = {"WARC-Date": "2024-05-02T00:00:00Z", "WARC-Record-ID": f"<urn:uuid:{kind}-{n}>"} | more
    http = {
        "response": StatusAndHeaders("200 OK", [("Content-Type", "text/plain")], protocol="HTTP/1.1"),
        "request": StatusAndHeaders(f"GET /{n} HTTP/1.1", [("Host", HOSTS[n])], is_http_request=True),
    }.get(kind)
    body = b"page %d " % n * 50 if kind != "request" else b""
    made = writer.create_warc_record(
        url or URLS[n], kind, io.BytesIO(body), length=len(body), http_headers=http, warc_headers_dict=headers
    )
    writer.write_record(made)
    return buffer.getvalue()


RECORDS = [record(n) for n in range(6)]


def held(data: bytes) -> list[str]:
    """The URLs of an archive's records."""
    return [one.rec_headers.get_header("WARC-Target-URI") for one in ArchiveIterator(io.BytesIO(data))]


@pytest.mark.parametrize("dictionary", [False, True])
@pytest.mark.parametrize("each", [1, 2, 6])
def test_frames_of_zstd_are_copied_or_packed_anew(scene: Scene, dictionary: bool, each: int) -> None:
    zstd = zstandard()
    known = zstd.train_dict(RECORDS * 40, 4000) if dictionary else None
    content = known.dict_content if known is not None else b""
    head = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content if dictionary else b""
    frames = [
        zstd.compress(
            b"".join(RECORDS[n : n + each]), options={zstd.CompressionParameter.checksum_flag: 1}, zstd_dict=known
        )
        for n in range(0, 6, each)
    ]
    path = scene.folder / "crawl.warc.zst"
    path.write_bytes(head + b"".join(frames))
    assert urls_of(path) == URLS
    cleaned(scene, path)
    written = (scene.folder / "clean" / path.name).read_bytes()
    assert written.startswith(head)
    assert urls_of(scene.folder / "clean" / path.name) == [URLS[n] for n in STAY]
    if each == 1:
        assert written == head + b"".join(frames[n] for n in STAY)


@pytest.mark.parametrize("how", ["no dictionary", "damaged"])
def test_a_dictionary_that_is_none_costs_what_needs_it(scene: Scene, how: str) -> None:
    zstd = zstandard()
    known = zstd.train_dict(RECORDS * 40, 4000)
    content = known.dict_content
    held = b"words" if how == "no dictionary" else content[:8] + b"\xff" * 60 + content[68:]
    path = scene.folder / "crawl.warc.zst"
    frames = [zstd.compress(RECORDS[0]), *(zstd.compress(one, zstd_dict=known) for one in RECORDS[1:])]
    path.write_bytes(b"\x5d\x2a\x4d\x18" + len(held).to_bytes(4, "little") + held + b"".join(frames))
    scene.audit([path])
    assert scene.decisions()[0]["url"] == URLS[0]
    rejects = (scene.folder / "out" / "rejects.jsonl").read_text("utf-8")
    assert "damaged" in rejects
    scene.notices = [notice("a.example", 3)]
    scene.audit([path])
    with pytest.raises(ConfigError, match=r"crawl\.warc\.zst"):
        apply(scene.folder / "out", scene.folder / "clean")


@pytest.mark.parametrize("gone", [[0, 1], [1, 3, 4], [5], [0, 1, 2, 3, 4, 5]])
def test_one_member_for_many_records_is_packed_anew(scene: Scene, gone: list[int]) -> None:
    scene.notices = [notice(host, 3) for host in sorted({HOSTS[n] for n in gone})]
    path = scene.folder / "crawl.warc.gz"
    path.write_bytes(gzip.compress(b"".join(RECORDS), mtime=0))
    stay = [n for n in range(6) if HOSTS[n] not in {HOSTS[m] for m in gone}]
    cleaned(scene, path, counts=(6, len(stay)))
    data = (scene.folder / "clean" / "crawl.warc.gz").read_bytes()
    assert gzip.decompress(data) == b"".join(RECORDS[n] for n in stay) if data else not stay


def test_requests_go_whoever_names_the_other_and_so_do_texts_of_pages(scene: Scene) -> None:
    parts = []
    for n in range(6):  # some recorders let the answer name its request
        parts += [record(n, "request"), record(n, **{"WARC-Concurrent-To": f"<urn:uuid:request-{n}>"})]
        parts += [record(n, "resource", f"urn:text:{URLS[n]}"), record(n, "resource", f"urn:view:{URLS[n]}")]
        parts += [record(n, "metadata", **{"WARC-Concurrent-To": f"<urn:uuid:response-{n}>"})]
    path = scene.folder / "crawl.warc.gz"
    path.write_bytes(b"".join(map(gzip.compress, parts)))
    (told,) = cleaned(scene, path)["files"]
    assert told["beside"] == 12
    assert len(held((scene.folder / "clean" / "crawl.warc.gz").read_bytes())) == 15
    assert b"listed" not in gzip.decompress((scene.folder / "clean" / "crawl.warc.gz").read_bytes())


# -- WACZ -------------------------------------------------------------------------------------------


def wacz(path: Path, *, blocks: bool, packed: bool) -> None:
    """A WACZ with pages, index and signature, as recorders make them."""
    data, index, at = b"", [], 0
    for n, one in enumerate(RECORDS):
        piece = gzip.compress(one, mtime=0) if packed else one
        said = {"url": URLS[n], "status": "200", "offset": str(at), "length": str(len(piece)), "filename": "data.warc"}
        index.append(f"example,x)/{n} 20240502000000 {json.dumps(said)}\n".encode())
        data, at = data + piece, at + len(piece)
    pages = [{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}]
    pages += [{"id": str(n), "url": url, "ts": "2024-05-02T00:00:00Z", "text": "words"} for n, url in enumerate(URLS)]
    entries = {
        "archive/data.warc": data,
        "pages/pages.jsonl": "".join(json.dumps(page) + "\n" for page in pages).encode(),
        "datapackage-digest.json": b'{"path": "datapackage.json", "hash": "sha256:0"}',
        "logs/x.log": b"note",
    }
    if blocks:
        whole = [gzip.compress(b"".join(index[:3])), gzip.compress(b"".join(index[3:]))]
        entries |= {"indexes/index.cdx.gz": b"".join(whole), "indexes/index.idx": b"!meta 0 {}\n"}
    else:
        entries["indexes/index.cdxj"] = b"".join(index)
    resources = [
        {
            "name": name.rpartition("/")[2],
            "path": name,
            "hash": f"sha256:{hashlib.sha256(one).hexdigest()}",
            "bytes": len(one),
        }
        for name, one in entries.items()
        if name != "datapackage-digest.json"
    ]
    entries["datapackage.json"] = json.dumps(
        {"profile": "data-package", "wacz_version": "1.1.1", "resources": resources}
    ).encode()
    with zipfile.ZipFile(path, "w") as to:
        for name, one in entries.items():
            stored = zipfile.ZIP_STORED if name.startswith("archive/") else zipfile.ZIP_DEFLATED
            to.writestr(zipfile.ZipInfo(name, (2024, 5, 3, 0, 0, 0)), one, stored)


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_a_wacz_is_written_anew_with_all_that_speaks_of_its_records(scene: Scene, blocks: bool, packed: bool) -> None:
    path = scene.folder / "crawl.wacz"
    wacz(path, blocks=blocks, packed=packed)
    (told,) = cleaned(scene, path)["files"]
    out = ["datapackage-digest.json"] + (["indexes/index.cdx.gz", "indexes/index.idx"] if blocks else [])
    assert sorted(told["left_out"]) == sorted(out)
    with zipfile.ZipFile(scene.folder / "clean" / "crawl.wacz") as new:
        assert new.testzip() is None
        package = json.loads(new.read("datapackage.json"))
        named = {one["path"]: one for one in package["resources"]}
        assert set(named) | {"datapackage.json"} == set(new.namelist())
        for name, one in named.items():
            data = new.read(name)
            assert (one["hash"], one["bytes"]) == (f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))
        archive = new.read("archive/data.warc")
        assert held(archive) == [URLS[n] for n in STAY]
        for line in new.read("indexes/index.cdxj").decode().splitlines():
            said = json.loads(line[line.index("{") :])
            piece = archive[int(said["offset"]) :][: int(said["length"])]
            assert held(piece) == [said["url"]]
        assert [json.loads(line).get("url") for line in new.read("pages/pages.jsonl").splitlines()] == [
            None, *(URLS[n] for n in STAY)
        ]  # fmt: skip
        assert all(b"listed" not in new.read(name) for name in new.namelist())
    assert urls_of(scene.folder / "clean" / "crawl.wacz") == [URLS[n] for n in STAY]


def test_a_wacz_whose_index_is_not_clear_loses_it_with_a_word(scene: Scene) -> None:
    path = scene.folder / "crawl.wacz"
    with zipfile.ZipFile(path, "w") as to:
        for n in range(2):
            to.writestr(f"archive/{n}.warc", b"".join(RECORDS[3 * n : 3 * n + 3]))
        to.writestr("indexes/index.cdx", "a line of another kind\n")
        to.writestr("datapackage.json", "{}")
    (told,) = cleaned(scene, path)["files"]
    assert told["left_out"] == ["indexes/index.cdx"]
    assert urls_of(scene.folder / "clean" / "crawl.wacz") == [URLS[n] for n in STAY]


# -- indexes ----------------------------------------------------------------------------------------

LINES = [f"example,x)/{n} 20240502000000 {url} text/plain 200 X - - 1 {n} a.warc.gz" for n, url in enumerate(URLS)]


def cluster(folder: Path) -> Path:
    """A zipnum cluster of two parts, three blocks; the second block loses two of its lines, the third all but one."""
    places = []
    for name, blocks in (("part-0", [LINES[:1], LINES[1:4]]), ("part-1", [LINES[4:]])):
        data = b""
        for block in blocks:
            piece = gzip.compress(("\n".join(block) + "\n").encode())
            places.append((" ".join(block[0].split(" ")[:2]), name, len(data), len(piece)))
            data += piece
        (folder / f"{name}.gz").write_bytes(data)
    (folder / "cluster.loc").write_text("part-0\t/elsewhere/part-0.gz\npart-1\tpart-1.gz\n", "utf-8")
    path = folder / "cluster.idx"
    path.write_text("".join("\t".join([*map(str, one), str(n)]) + "\n" for n, one in enumerate(places, 1)), "utf-8")
    return path


def test_a_cluster_is_written_block_by_block(scene: Scene) -> None:
    (scene.folder / "data").mkdir()
    path = cluster(scene.folder / "data")
    before = (scene.folder / "data" / "part-0.gz").read_bytes()
    proof = cleaned(scene, path)
    assert [one["written"] for one in proof["files"][0]["parts"]] == ["cluster.loc", "part-0.gz", "part-1.gz"]
    clean = scene.folder / "clean"
    assert urls_of(clean / "cluster.idx") == [URLS[n] for n in STAY]
    index = [line.split("\t") for line in (clean / "cluster.idx").read_text("utf-8").splitlines()]
    assert [(line[0], line[1], line[4]) for line in index] == [
        ("example,x)/0 20240502000000", "part-0", "1"),
        ("example,x)/2 20240502000000", "part-0", "2"),
        ("example,x)/5 20240502000000", "part-1", "3"),
    ]
    first = int(index[0][3])
    assert (clean / "part-0.gz").read_bytes()[:first] == before[:first]
    assert (clean / "cluster.loc").read_text("utf-8") == "part-0\tpart-0.gz\npart-1\tpart-1.gz\n"
    (clean / "part-1.gz").write_bytes(b"")
    assert any("part-1.gz" in problem for problem in verify_removal(clean).problems)


def test_a_part_that_changed_is_refused_and_one_that_is_an_input_too(scene: Scene) -> None:
    (scene.folder / "data").mkdir()
    path = cluster(scene.folder / "data")
    part = scene.folder / "data" / "part-1.gz"
    scene.audit([path, part])
    with pytest.raises(ConfigError, match=r"part-1\.gz would be written twice"):
        apply(scene.folder / "out", scene.folder / "clean")
    scene.audit([path])
    part.write_bytes(part.read_bytes() + b"\0")
    with pytest.raises(ConfigError, match=r"part-1\.gz is not as it was audited"):
        apply(scene.folder / "out", scene.folder / "clean")


def test_lines_of_a_part_without_its_index_are_parted_where_blocks_end(scene: Scene) -> None:
    path = scene.folder / "index.cdx.gz"
    path.write_bytes(b"".join(gzip.compress("\n".join(LINES[n : n + 2]).encode()) for n in range(0, 6, 2)))
    cleaned(scene, path)
    written = gzip.decompress((scene.folder / "clean" / "index.cdx.gz").read_bytes()).decode()
    assert written.splitlines() == [LINES[n] for n in STAY]


# -- elsewhere --------------------------------------------------------------------------------------


def test_inputs_behind_fsspec_are_written_here(scene: Scene) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    place = f"/apply-{scene.folder.name}"
    lines = "".join(json.dumps(item) + "\n" for item in ITEMS)
    memory.pipe(f"{place}/x/log.jsonl.gz", gzip.compress(lines.encode()))
    memory.pipe(f"{place}/y/crawl.warc.gz", b"".join(map(gzip.compress, RECORDS)))
    memory.pipe(f"{place}/y/table.parquet", parquet())
    sources, _ = files([f"memory:/{place}"])
    proof = cleaned(scene, *sources, counts=(18, 9))
    assert [one["written"] for one in proof["files"]] == ["x/log.jsonl.gz", "y/crawl.warc.gz", "y/table.parquet"]
    for one in proof["files"]:
        assert urls_of(scene.folder / "clean" / one["written"]) == [URLS[n] for n in STAY]
    memory.pipe(f"{place}/x/log.jsonl.gz", b"")
    with pytest.raises(ConfigError, match=r"log\.jsonl\.gz is not as it was audited"):
        apply(scene.folder / "out", scene.folder / "again")


def parquet() -> bytes:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table({"url": URLS, "time": [TIME] * 6}), sink)
    return sink.getvalue()


def test_two_inputs_of_one_name_are_not_written_over_each_other(scene: Scene) -> None:
    fsspec = pytest.importorskip("fsspec")
    packs = []
    for name in ("one", "two"):
        packs.append(scene.folder / f"{name}.zip")
        with zipfile.ZipFile(packs[-1], "w") as to:
            to.writestr("log.jsonl", "".join(json.dumps(item) + "\n" for item in ITEMS))
    assert fsspec is not None
    sources, _ = files([f"zip://log.jsonl::{path}" for path in packs])
    scene.audit(sources)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"two inputs would be written to log\.jsonl"):
        apply(scene.folder / "out", scene.folder / "clean")
    cleaned(scene, sources[0])


def test_a_ledger_is_never_rewritten(scene: Scene) -> None:
    from crawlgate import Gate
    from crawlgate.testing import FakeClock
    from tests.audit.output.audits import DECLARED

    home = scene.folder / "home"
    with Gate(DECLARED, home=home, clock=FakeClock(START)) as gate:
        for url in URLS:
            gate.inspect(url, status=200, headers={}, body=b"")
    sources, _ = files([str(home)])
    scene.audit(sources)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"is a ledger: evidence of what was done, .*audit the dataset itself"):
        apply(scene.folder / "out", scene.folder / "clean")


def test_the_archives_of_others_lose_a_page_and_stay_whole(scene: Scene) -> None:
    """Every archive that can be read is written without the pages of one of its hosts, and verifies."""
    place = shared("data/archives")
    names = ["pywb/waczs/valid_example_1.wacz", "pywb/warcs/iana.warc.gz", "pywb/warcs/example.arc.gz"]
    names += ["pywb/warcs/httpbin-resource.warc.gz", "pywb/zipcdx/zipnum-sample.idx", "pywb/cdx/iana.cdx"]
    names += ["warcio/example.warc", "pywb/warcs/example-wget-1-14.warc.gz", "warcio/example.arc"]
    listed = ["example.com", "www.example.com", "iana.org", "www.iana.org", "httpbin.org"]
    for number, name in enumerate(names):
        path = place / name
        urls = [url for url in urls_of(path) if url.startswith("http")]
        host = next(one for one in listed if any(f"//{one}/" in url for url in urls))
        one = Scene(scene.folder / str(number))
        one.folder.mkdir()
        one.notices = [notice(host, -9000)]
        proof = cleaned(one, path, counts=None)
        assert proof["removed"] > 0
        left = [url for url in urls if f"//{host}/" not in url]
        assert urls_of(one.folder / "clean" / path.name) == left if left else True
