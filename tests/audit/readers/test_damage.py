"""Whatever bytes a file holds, reading it gives rows, rejects, or one error that says what is wrong; never a traceback."""

from __future__ import annotations

import gzip
import random
import warnings
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

import pyarrow.parquet as pq  # noqa: E402

from crawlgate import ConfigError  # noqa: E402
from crawlgate.audit.book import EvidenceBook  # noqa: E402
from crawlgate.audit.readers import Told, evidence_in, kind  # noqa: E402
from crawlgate.audit.readers.packed import Damage, pieces  # noqa: E402
from tests.audit.readers.reading import rows_of, written  # noqa: E402
from tests.audit.readers.test_cdx import ELEVEN  # noqa: E402
from tests.audit.readers.test_kinds import CONTENTS  # noqa: E402
from tests.audit.readers.test_warc import PAGES, wacz  # noqa: E402


def samples(folder: Path) -> dict[str, bytes]:
    """A file of each kind, plain and packed."""
    found = {name: data * 20 for name, data in CONTENTS.items() if name != "zipnum"}
    found["csv"] = b"url,time\n" + b'"https://a.example/",2024-05-01T10:00:00Z\n' * 20
    found["cdx"] = (ELEVEN.format(1) + "\n").encode() * 20
    found["warc"] = b"".join(PAGES)
    found["warc.gz"] = b"".join(gzip.compress(page) for page in PAGES)
    found |= {f"{name}.gz": gzip.compress(found[name]) for name in ("json", "access", "cdx", "heritrix")}
    found["wacz"] = wacz(folder, {"datapackage.json": b"{}", "archive/x.warc": found["warc"]}).read_bytes()
    table = pa.table({"url": [f"https://a.example/{n}" for n in range(200)], "status": list(range(200))})
    pq.write_table(table, folder / "t.parquet", row_group_size=50)
    found["parquet"] = (folder / "t.parquet").read_bytes()
    with pa.OSFile(str(folder / "t.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as to:
        to.write_table(table)
    found["arrow"] = (folder / "t.arrow").read_bytes()
    return found


def damaged(data: bytes, rnd: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rnd.choice((1, 3, 20))):
        at = rnd.randrange(len(out))
        what = rnd.randrange(5)
        if what == 0:
            out[at] = rnd.randrange(256)
        elif what == 1:
            del out[at : at + rnd.randrange(1, 40)]
        elif what == 2:
            out[at:at] = rnd.choice((b"\x00", b"\n", b'"', b"\xff\xfe", b"{", b"\r\n\r\n", b" " * 9, b"9999999999"))
        elif what == 3:
            out[at : at + 8] = bytes(rnd.randrange(256) for _ in range(8))
        else:
            del out[at:]
        if not out:
            return b"x"
    return bytes(out)


@pytest.mark.parametrize("seed", range(2))
def test_no_damage_escapes_as_anything_but_rows_rejects_or_one_error(
    tmp_path: Path, seed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    rnd = random.Random(seed)
    told: list[str] = []
    read = 0
    for name, data in samples(tmp_path).items():
        for _ in range(12):
            path = written(tmp_path, f"in/x.{name}", damaged(data, rnd))
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    rows, rejects = rows_of(path)
                except ConfigError as error:
                    told.append(str(error))
                    continue
                evidence_in([path], Told("ExampleBot"), EvidenceBook().add)
            read += 1
            assert rows or rejects, (name, kind(path, Told("x")).name)
            assert all(reject.reason and reject.file == str(path) for reject in rejects)
    assert read > 100
    assert all(str(tmp_path) in why or "no column" in why for why in told)
    assert capfd.readouterr().err == ""


def test_what_unpacks_to_very_much_comes_in_pieces(tmp_path: Path) -> None:
    path = written(tmp_path, "x.gz", gzip.compress(b"\n" * 100_000_000, 9))
    with path.open("rb") as file:
        sizes = [len(piece) for piece in pieces(file) if not isinstance(piece, Damage)]
    assert sum(sizes) == 100_000_000
    assert max(sizes) <= 1 << 24
