"""Tables of columns: Parquet and Arrow. Among them Common Crawl's index, and the metadata of img2dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq

from ...errors import ConfigError
from ..rows import NO_ANSWER
from ..tables import Columns
from ..texts import readable
from .batch import Batch, Reject, Told, columns_in, nothing
from .pages import Lost, good_rows
from .source import Source, beside

_COMMON_CRAWL = frozenset(("url", "fetch_time", "fetch_status", "warc_filename"))
_IMG2DATASET = frozenset(("url", "key", "status", "error_message"))
_DAMAGED = (OSError, pa.ArrowException, ValueError, MemoryError)


def read_parquet(path: Source, said: Told) -> Iterator[Batch]:
    """The rows of a Parquet file. A damaged page costs its own rows (`pages`), and that is told. Raises `ConfigError`
    where the file cannot be opened, or has no column of URLs."""
    with _opened(path) as file:
        shape = _Shape(path, file.schema_arrow, said)
        if not file.metadata.num_rows:
            raise ConfigError(f"{path}: there is no row in it")
        first = 0
        for group in range(file.num_row_groups):
            size = file.metadata.row_group(group).num_rows
            try:
                table = shape(file.read_row_group(group, columns=shape.wanted))
            except _DAMAGED as error:
                yield from _saved(path, file, group, first, shape, said, error)
            else:
                try:
                    for start in range(0, size, said.batch):
                        yield _batch(path, first + start, table.slice(start, said.batch), shape)
                except _DAMAGED as error:
                    yield _lost(path, first, f"row group {group} ({size} rows) cannot be read: {_short(error)}")
            first += size


@contextmanager
def _opened(path: Source) -> Iterator[Any]:
    """A Parquet file; one on disk is read without Python in between. Nothing is read ahead: Arrow would keep it."""
    try:
        with path.open("rb") as opened, _parquet(path, opened) as file:
            yield file
    except _DAMAGED as error:
        raise ConfigError(f"{path}: cannot be read: {_short(error)}") from None


def _parquet(path: Source, opened: Any) -> Any:
    """Pages that carry a checksum are held against it: damage need not keep them from being unpacked."""
    return pq.ParquetFile(path if isinstance(path, Path) else opened, page_checksum_verification=True, pre_buffer=False)


def parquet_columns(path: Source, said: Told) -> Columns:
    """The columns of a Parquet file, as its schema names them. Raises `ConfigError` like `read_parquet`."""
    with _opened(path) as file:
        return _Shape(path, file.schema_arrow, said).columns


def _batch(path: Source, first: int, table: Any, shape: _Shape) -> Batch:
    """The rows of a table; what is no UTF-8 is replaced, which the judge refuses in URLs."""
    columns = shape.columns
    copies = (columns.shard, columns.offset, columns.content_hash, columns.body)
    for place, name in enumerate(table.column_names):
        column = None if name in copies else _as_text(table.column(place), nested=name == columns.url)
        if column is not None:
            table = table.set_column(place, name, column)
    return Batch(path, first, table, columns, names=shape.names)


def _as_text(column: Any, *, nested: bool) -> Any | None:
    """Bytes, text that is none and (`nested`) what is built of others, as text with what is no UTF-8 replaced; None
    where nothing is to be done."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        try:
            column.validate(full=True)
            return None
        except pa.ArrowInvalid as error:
            if "utf8" not in str(error).lower().replace("-", ""):
                raise
        raw = pa.binary_view() if pa.types.is_string_view(kind) else pa.large_binary()
        plain = [_decoded(chunk).cast(raw) for chunk in column.chunks]
    elif _is_bytes(kind) or (nested and pa.types.is_nested(kind)):
        plain = column.chunks
    else:
        return None
    return pa.chunked_array([readable(chunk) for chunk in plain], pa.large_string())


def _is_bytes(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _decoded(chunk: Any) -> Any:
    return chunk.dictionary_decode() if isinstance(chunk, pa.DictionaryArray) else chunk


def _saved(
    path: Source, file: Any, group: int, first: int, shape: _Shape, said: Told, error: Exception
) -> Iterator[Batch]:
    """The rows of a damaged row group whose pages are whole, and the others as rejects."""
    try:
        for found in good_rows(path, file, group, shape.wanted):
            if isinstance(found, Lost):
                last = first + found.first + found.rows - 1
                why = f"rows {first + found.first} to {last} ({found.rows} rows) cannot be read, a page of the column "
                yield _lost(path, first + found.first, f"{why}{found.column!r} is damaged: {_short(found.reason)}")
                continue
            begin, table = found
            table = shape(table)
            for start in range(0, len(table), said.batch):
                yield _batch(path, first + begin + start, table.slice(start, said.batch), shape)
    except (*_DAMAGED, KeyError, IndexError):
        size = file.metadata.row_group(group).num_rows
        yield _lost(path, first, f"row group {group} ({size} rows) cannot be read: {_short(error)}")


def _lost(path: Source, row: int, why: str) -> Batch:
    return nothing(path, [Reject(str(path), row, None, "damaged", why)])


def read_arrow(path: Source, said: Told) -> Iterator[Batch]:
    """The rows of an Arrow file or stream. A damaged batch ends a stream; in a file the others are read."""
    try:
        with path.open("rb") as source:
            yield from _arrow(path, said, source)
    except _DAMAGED as error:
        raise ConfigError(f"{path}: cannot be read: {_short(error)}") from None


def _arrow(path: Source, said: Told, source: Any) -> Iterator[Batch]:
    whole = True
    try:
        reader: Any = pa.ipc.open_file(source)
    except pa.ArrowInvalid:
        source.seek(0)
        reader, whole = pa.ipc.open_stream(source), False
    shape = _Shape(path, reader.schema, said)
    first = number = 0
    while not whole or number < reader.num_record_batches:
        try:
            batch = reader.get_batch(number) if whole else reader.read_next_batch()
            batch.validate(full=False)
            table = shape(pa.Table.from_batches([batch]).select(shape.wanted))
            starts = range(0, len(table), said.batch)
            found = [_batch(path, first + n, table.slice(n, said.batch), shape) for n in starts]
        except StopIteration:
            break
        except _DAMAGED as error:
            reject = Reject(str(path), first, None, "damaged", f"batch {number} cannot be read: {_short(error)}")
            yield nothing(path, [reject])
            if not whole:
                return
            number += 1
            continue
        yield from found
        first, number = first + len(table), number + 1
    if not number:
        raise ConfigError(f"{path}: there is no row in it")


class _Shape:
    """Which columns of a table are read, and what is made of them where the kind of table says what they mean."""

    def __init__(self, path: Source, schema: Any, said: Told) -> None:
        names = frozenset(schema.names)
        self.names = tuple(schema.names)
        self.columns = columns_in(path, schema.names, said)
        self._started: float | None = None
        self._images = names >= _IMG2DATASET
        self._utc = names >= _COMMON_CRAWL
        self.wanted = list(self.columns.names)
        if self._images and self.columns.status == "status":
            self.wanted.append("error_message")
            if self.columns.time is None and (started := _shard_started(path)) is not None:
                self._started = started
                self.columns = Columns.find([*schema.names, _STARTED], **{**said.columns, "time": _STARTED})

    def __call__(self, table: Any) -> Any:
        time, status = self.columns.time, self.columns.status
        if self._utc and time is not None and pa.types.is_timestamp(table.schema.field(time).type):
            at = table[time]
            if at.type.tz is None:  # Common Crawl's times are UTC; the table's type does not say so
                table = table.set_column(table.column_names.index(time), time, _in_utc(at))
        if self._images and status == "status":
            table = table.set_column(table.column_names.index(status), status, _image_status(table))
        if self._started is not None:
            table = table.append_column(_STARTED, pa.repeat(pa.scalar(self._started, pa.float64()), len(table)))
        return table


_STARTED = "crawlgate_started"


def _in_utc(column: Any) -> Any:
    return column.cast(pa.timestamp("us"), safe=False).cast(pa.int64()).cast(pa.timestamp("us", "UTC"))


def _image_status(table: Any) -> Any:
    """`success` was an answer with content, `failed_to_resize` too: the image came, and was not kept. The others got
    none that counts, but for the HTTP status that the message names; where img2dataset obeyed an X-Robots-Tag,
    nothing was taken either."""
    status = table["status"].combine_chunks().cast(pa.large_string())
    message = table["error_message"].combine_chunks().cast(pa.large_string())
    code = pc.struct_field(pc.extract_regex(message, r"HTTP Error (?P<code>[1-5][0-9]{2})"), "code")
    taken = pc.is_in(status, pa.array(["success", "failed_to_resize"], pa.large_string()))
    failed = pc.coalesce(code, pa.scalar(str(NO_ANSWER), pa.large_string()))
    found = pc.if_else(pc.fill_null(taken, False), "200", failed)
    return pc.if_else(status.is_valid(), found, None).cast(pa.int32())


def _shard_started(path: Source) -> float | None:
    """When the download of an img2dataset shard began, from the statistics beside its metadata (`00000_stats.json`)."""
    stats = beside(path, path.name.partition(".")[0] + "_stats.json")
    try:
        if not stats.exists():
            return None
        with stats.open("rb") as file:
            said: Mapping[str, Any] = orjson.loads(file.read(1 << 20))
        return float(said["start_time"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _short(error: object) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
