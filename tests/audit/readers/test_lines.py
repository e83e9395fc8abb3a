"""Lines of packed and damaged text: numbered, placed, none lost; a bad member costs itself."""

from __future__ import annotations

import gzip
import sys
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate import ConfigError
from crawlgate.audit.readers import lines
from tests.audit.readers.reading import urls_of, written

zstd = import_module("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")
PACKED = {"gzip": gzip.compress, "zstd": zstd.compress}


def read(path: Path) -> tuple[list[tuple[int, int, bytes]], list[lines.Trouble]]:
    found, troubles = [], []
    for block in lines.blocks(path):
        found += list(block.lines())
        troubles += block.troubles
    return found, troubles


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_a_damaged_member_costs_itself(tmp_path: Path, pack: object) -> None:
    members = [pack(f"a{n}\nb{n}\n".encode() * 300) for n in range(4)]  # type: ignore[operator]
    bad = members[1][:5] + b"\xff" * (len(members[1]) - 5)
    path = written(tmp_path, "x.txt.packed", members[0] + bad + members[2] + members[3])
    found, troubles = read(path)
    assert {line for _, _, line in found} == {b"a0", b"b0", b"a2", b"b2", b"a3", b"b3"}
    assert len(troubles) == 1
    assert f"that begin at byte {len(members[0])} are damaged" in troubles[0].reason


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_a_cut_file_is_told_and_read_as_far_as_it_goes(tmp_path: Path, pack: object) -> None:
    whole, cut = pack(b"first\n"), pack(b"second\nthird\n" * 50)  # type: ignore[operator]
    found, troubles = read(written(tmp_path, "x", whole + cut[: len(cut) * 2 // 3]))
    assert found[0] == (0, 0, b"first")
    assert "end in the middle" in troubles[0].reason


def test_lines_have_their_numbers_and_offsets(tmp_path: Path) -> None:
    data = "one\n\r\nthréé\r\n\nlast"
    found, troubles = read(written(tmp_path, "x", "\ufeff" + data))
    assert [(number, line.decode()) for number, _, line in found] == list(enumerate(["one", "", "thréé", "", "last"]))
    whole = ("\ufeff" + data).encode()
    assert all(whole[offset:].startswith(line) for _, offset, line in found)
    assert troubles == []


def test_a_line_that_is_too_long_is_told_and_what_follows_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 1000)
    data = b"first\n" + b"x" * 2_500_000 + b"\nnext\n" + b"y" * 1_200_000
    found, troubles = read(written(tmp_path, "x", data))
    assert [(number, offset, line) for number, offset, line in found] == [(0, 0, b"first"), (2, 2_500_007, b"next")]
    assert [(one.number, one.offset) for one in troubles] == [(1, 6), (3, 2_500_012)]


def test_utf16_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="UTF-16; write it as UTF-8"):
        urls_of(written(tmp_path, "x.csv", "url,time\n".encode("utf-16")))
