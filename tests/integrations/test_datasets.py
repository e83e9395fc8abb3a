"""Hugging Face datasets behind the gate: whole and streamed, in one process and several, from the cache too."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")
hf = pytest.importorskip("datasets", reason="the datasets extra is not installed")

from datasets.fingerprint import Hasher  # noqa: E402

from crawlgate import ConfigError, TableGate  # noqa: E402
from crawlgate.integrations.datasets import GateFilter, allowed, judged  # noqa: E402
from tests.integrations.pages import AT, COLUMNS, DROPPED, KEPT, ROWS, VERDICTS, book, gate  # noqa: E402

# datasets leaves its memory-mapped cache files to the garbage collector, and forks while Arrow's threads are there.
pytestmark = [
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    hf.disable_progress_bars()
    yield
    hf.enable_progress_bars()


@pytest.fixture
def pages(tmp_path: Path) -> Any:
    """A dataset that stands in a file, so that what is made of it is cached beside it."""
    hf.Dataset.from_dict(COLUMNS).save_to_disk(tmp_path / "pages")
    return hf.load_from_disk(str(tmp_path / "pages"))


def test_a_dataset_is_filtered_and_told(pages: Any) -> None:
    one = gate()
    kept = allowed(pages, one)
    assert kept["id"][:] == KEPT
    assert kept.column_names == pages.column_names
    assert one.tally.as_dict()["dropped"] == DROPPED
    assert one.tally.examples["C1"] == ["https://img.pirate.example/1"]
    assert allowed(pages.select([7, 2, 1, 0]), gate())["id"][:] == [3, 1]
    assert len(allowed(pages.select([]), gate())) == 0


@pytest.mark.parametrize("chosen", [[0, 2], [0], [2, 0], [1, 3], [1, 0, 2, 3]])
def test_rows_that_are_allowed_may_stand_together(chosen: list[int], pages: Any) -> None:
    some = pages.select(chosen).flatten_indices()
    assert allowed(some, gate())["id"][:] == [n + 1 for n in chosen if n + 1 in KEPT]


def test_the_cache_answers_and_is_counted(pages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = allowed(pages, gate())
    monkeypatch.setattr(TableGate, "fates", lambda *_: pytest.fail("judged anew"))
    again = gate()
    kept = allowed(pages, again)
    assert kept["id"][:] == KEPT
    assert again.tally.as_dict()["dropped"] == DROPPED
    assert kept._fingerprint == first._fingerprint
    with pytest.raises(pytest.fail.Exception, match="judged anew"):
        allowed(pages, gate(profile="strict"))


def test_processes_share_the_work_and_the_count_is_whole(pages: Any) -> None:
    one = gate()
    assert allowed(pages, one, num_proc=2, batch_size=2)["id"][:] == KEPT
    assert one.tally.as_dict()["dropped"] == DROPPED
    assert pages.filter(GateFilter(gate()), batched=True, num_proc=2)["id"][:] == KEPT


@pytest.mark.parametrize("form", [None, "arrow", "numpy", "pandas", "polars"])
def test_filter_and_map_by_hand_in_every_format(form: str | None, pages: Any) -> None:
    one, rows = gate(), pages.with_format(form)
    assert rows.filter(GateFilter(one), batched=True, batch_size=3).with_format(None)["id"][:] == KEPT
    assert dict(one.tally.dropped) == DROPPED


@pytest.mark.parametrize("form", [None, "arrow", "numpy", "pandas", "polars"])
def test_the_answers_as_columns_in_every_format(form: str | None, pages: Any) -> None:
    one, rows = gate(), pages.with_format(form)
    answered = judged(rows, one, batch_size=3)
    assert answered.format["type"] == form
    assert answered.with_format(None)["verdict"][:] == VERDICTS
    assert answered.with_format(None)["text"][:] == COLUMNS["text"]
    assert one.tally.as_dict()["dropped"] == DROPPED
    stream = judged(rows.to_iterable_dataset(num_shards=2).with_format(form), gate(), batch_size=3)
    found = list(stream.with_format(None))
    assert [row["verdict"] for row in found] == VERDICTS
    assert found[1]["robots_line"] == 2
    assert set(stream.column_names) == set(answered.column_names)


def test_columns_of_the_same_name_are_left_alone(pages: Any) -> None:
    rows = pages.add_column("verdict", ["mine"] * len(ROWS)).with_format("numpy", columns=["id"])
    answered = judged(rows, gate())
    assert set(answered[0]) == {"id", "crawlgate_verdict", "reasons", "findings", "criteria", "robots_line", "problem"}
    assert answered.with_format(None)["verdict"][:] == ["mine"] * len(ROWS)
    stream = judged(rows.with_format(None).to_iterable_dataset(), gate())
    assert [row["crawlgate_verdict"] for row in stream] == VERDICTS
    for twice in (answered, stream):
        with pytest.raises(ConfigError, match="drop or rename the older answers"):
            judged(judged(twice, gate()), gate())


def test_single_rows_are_filtered_too(pages: Any) -> None:
    assert pages.filter(GateFilter(gate()))["id"][:] == KEPT


def test_equal_gates_have_equal_fingerprints(pages: Any) -> None:
    one, other = gate(), gate()
    one.mask(COLUMNS)
    assert Hasher.hash(GateFilter(one)) == Hasher.hash(GateFilter(other))
    assert Hasher.hash(GateFilter(one)) != Hasher.hash(GateFilter(gate(notices=None)))


def test_dictionaries_of_splits(pages: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "crawlgate")
    one = gate()
    splits = allowed(hf.DatasetDict({"train": pages, "test": pages}), one)
    assert {name: part["id"][:] for name, part in splits.items()} == {"train": KEPT, "test": KEPT}
    assert one.tally.rows == 2 * len(ROWS)
    told = [record.getMessage().partition(" rows")[0] for record in caplog.records]
    assert told == [f"datasets: {len(ROWS)}"] * 2  # each of itself


def test_observing_keeps_every_row(pages: Any) -> None:
    one = gate(mode="observe")
    assert allowed(pages, one)["id"][:] == COLUMNS["id"]
    assert one.tally.as_dict()["dropped"] == DROPPED


def test_a_dataset_without_urls_or_times_is_told(pages: Any) -> None:
    with pytest.raises(ConfigError, match="no column of URLs was found among id, text"):
        allowed(pages.select_columns(["id", "text"]), gate())
    with pytest.raises(ConfigError, match="no column of times was found among id, url"):
        allowed(pages.select_columns(["id", "url"]), gate())
    assert allowed(pages.select_columns(["id", "url"]), gate(as_of=AT))["id"][:] == [*KEPT, 8]


@pytest.mark.parametrize("form", [None, "arrow", "numpy", "pandas", "polars"])
def test_a_stream_in_every_format(form: str | None, pages: Any) -> None:
    one = gate()
    stream = allowed(pages.to_iterable_dataset(num_shards=2).with_format(form), one, batch_size=3)
    assert one.tally.rows == 0
    assert [row["id"] for row in stream.with_format(None)] == KEPT
    assert dict(one.tally.dropped) == DROPPED


# -- a project that was there before ----------------------------------------------------------------------------------


def written(folder: Path, rows: int) -> list[str]:
    """Shards of JSON lines, as crawls are handed on."""
    files = []
    for shard in range(3):
        file = folder / f"crawl-{shard}.jsonl.gz"
        with gzip.open(file, "wt", encoding="utf-8") as out:
            for n in range(rows):
                kind = ("open.example/", "closed.example/x/", "closed.example/y/", "pirate.example/")[n % 4]
                row = {"url": f"https://{kind}{shard}-{n}", "time": "2024-05-01T13:00:00Z", "text": f"text {n} " * 5}
                out.write(json.dumps(row) + "\n")
        files.append(str(file))
    return files


def project(files: list[str], gate: TableGate | None) -> Any:
    """A pipeline as people write it: streamed, cleaned, shuffled, tokenised, batched. The gate is one line of it."""

    def tokenise(batch: dict[str, list[Any]]) -> dict[str, list[list[int]]]:
        return {"tokens": [[len(word) for word in text.split()] for text in batch["text"]]}

    rows = hf.load_dataset("json", data_files={"train": files}, split="train", streaming=True)
    if gate is not None:
        rows = allowed(rows, gate)
    rows = rows.filter(lambda row: len(row["text"]) > 10)
    rows = rows.map(tokenise, batched=True, remove_columns=["text"])
    return rows.shuffle(seed=7, buffer_size=50)


def test_a_streaming_project_keeps_working_with_one_line_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hf.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    files, one = written(tmp_path, 200), gate(zone="UTC")  # the reader of JSON takes the Z away
    before = {row["url"]: row["tokens"] for row in project(files, None)}
    after = list(project(files, one))
    expected = {url for url in before if "closed.example/x/" not in url and "pirate.example" not in url}
    assert {row["url"] for row in after} == expected
    assert all(row["tokens"] == before[row["url"]] for row in after)
    assert [row["url"] for row in after] != sorted(row["url"] for row in after)
    assert one.tally.as_dict()["dropped"] == {"B2": 150, "C1": 150}
    assert one.tally.verdicts["allow"] == len(after) == 300

    stream = project(files, gate(zone="UTC")).batch(batch_size=32)
    first = [row["url"] for batch in stream.take(2) for row in [{"url": url} for url in batch["url"]]]
    assert len(first) == 64
    assert set(first) <= expected


def test_a_stream_continues_where_it_stopped_and_is_split_among_workers(tmp_path: Path) -> None:
    files = written(tmp_path, 40)
    rows = hf.load_dataset("json", data_files=files, split="train", streaming=True, cache_dir=str(tmp_path / "cache"))
    stream = allowed(rows, gate(zone="UTC"), batch_size=8)
    whole = [row["url"] for row in stream]
    passing = iter(stream)
    begun = [next(passing)["url"] for _ in range(17)]
    place = stream.state_dict()
    again = allowed(rows, gate(zone="UTC"), batch_size=8)
    again.load_state_dict(place)
    assert begun + [row["url"] for row in again] == whole
    shards = [[row["url"] for row in stream.shard(3, n)] for n in range(3)]
    assert sorted(chain(*shards)) == sorted(whole)


def test_evidence_of_files_and_named_columns(tmp_path: Path, pages: Any) -> None:
    named = pages.rename_columns({"url": "source", "time": "when"})
    one = gate(evidence=book(), url="source", time="when")
    assert allowed(named, one)["id"][:] == KEPT
