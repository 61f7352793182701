"""Parquet parts as record batches. Delta Lake has fewer types than Tipple, so some columns come back from a wider one."""

from __future__ import annotations

from typing import Iterator, List, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .errors import TippleError
from .log import Part
from .schema import Column, make_column, parse_schema

_SCHEMA_KEY = b"tipple.schema"


class ParquetPart:
    """An open part; a context manager. `table_columns`: for files that another program wrote and that do not say their own."""

    def __init__(self, part: Part, table_columns: Sequence[Column]) -> None:
        self._path = part.path
        try:
            self._file = pq.ParquetFile(part.path)
        except FileNotFoundError as error:
            raise TippleError("the part is missing", part.path, "restore it from a backup, or read another version") from error
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(error) from error
        self.rows: int = self._file.metadata.num_rows
        stored = set(self._file.schema_arrow.names)
        exact = (self._file.metadata.metadata or {}).get(_SCHEMA_KEY)
        if exact is not None:
            self.columns = parse_schema(exact.decode("utf-8"), part.path)
        else:
            # Whoever wrote it, a column that stands in the file may be null there.
            self.columns = [make_column(column.name, column.type, True) for column in table_columns if column.name in stored]

    def __enter__(self) -> "ParquetPart":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _unreadable(self, error: Exception) -> TippleError:
        return TippleError(f"the part cannot be read: {error}", self._path, "compare it with its SHA-256: verify=True")

    def batches(self, columns: Sequence[Column]) -> Iterator[List[pa.Array]]:
        """The arrays of `columns`, which are among self.columns, for one row group after the other."""
        names = self._file.schema_arrow.names
        for group in range(self._file.num_row_groups):
            try:
                positions = sorted(names.index(column.name) for column in columns)
                table = self._file.reader.read_row_group(group, column_indices=positions, use_threads=True)
                # Several batches only where one array cannot hold a row group's texts.
                for batch in table.to_batches():
                    yield [_exact(batch.column(batch.schema.get_field_index(column.name)), column) for column in columns]
            except (OSError, ValueError, KeyError, pa.ArrowException) as error:
                raise self._unreadable(error) from error


def _exact(stored: pa.Array, column: Column) -> pa.Array:
    if column.kind == "enum":
        if pa.types.is_dictionary(stored.type):
            stored = stored.dictionary_decode()
        labels = pa.array(column.labels, pa.string())
        positions = pc.index_in(stored.cast(pa.string()), value_set=labels)
        if positions.null_count != stored.null_count:
            raise ValueError(f"a value that is no label of '{column.name}'")
        return pa.DictionaryArray.from_arrays(positions, labels)
    if pa.types.is_dictionary(stored.type):
        stored = stored.dictionary_decode()
    return stored if stored.type == column.arrow else stored.cast(column.arrow)
