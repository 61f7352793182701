"""A version of a table."""

from __future__ import annotations

import hashlib
import pathlib
from typing import Any, Dict, Iterator, List, Optional, Sequence, Union

import numpy as np
import pyarrow as pa

from .errors import TippleError, nearest_hint
from .hdf5_part import Hdf5Part
from .log import Part, Snapshot, Version, read_log
from .parquet_part import ParquetPart
from .schema import Column

_HASH_BYTES = 1 << 20


class Table:
    """A table as of one version: what was published later does not show. Holds no open files."""

    def __init__(self, folder: pathlib.Path, version: Optional[int] = None, verify: bool = False) -> None:
        self._folder = folder
        self._verify = verify
        self._verified: set[pathlib.Path] = set()
        self._snapshot: Snapshot
        self._versions: List[Version]
        self._snapshot, self._versions = read_log(folder, version)

    def __repr__(self) -> str:
        return f"<tipple.Table {self.name} version {self.version}: {self.num_rows} rows in {len(self.parts)} parts>"

    @property
    def name(self) -> str:
        return self._folder.name

    @property
    def version(self) -> int:
        return self._snapshot.version

    @property
    def format(self) -> str:
        """'hdf5' or 'parquet'."""
        return self._snapshot.format

    @property
    def columns(self) -> List[Column]:
        """The columns with their types as job files write them."""
        return list(self._snapshot.columns)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of what to_arrow() gives."""
        return pa.schema([column.field() for column in self._snapshot.columns])

    @property
    def parts(self) -> List[Part]:
        """The files of this version, in row order."""
        return list(self._snapshot.parts)

    @property
    def num_rows(self) -> Optional[int]:
        """Rows of this version, from the log; None where another program wrote it without."""
        return self._versions[-1].rows

    def versions(self) -> List[Version]:
        """The commits up to this version, oldest first."""
        return list(self._versions)

    def batches(self, columns: Optional[Sequence[str]] = None) -> Iterator[pa.RecordBatch]:
        """The rows in order, a row group at a time; only one part is open at any moment."""
        wanted = self._wanted(columns)
        schema = pa.schema([column.field() for column in wanted])
        for part in self._snapshot.parts:
            yield from self._part_batches(part, wanted, schema)

    def to_arrow(self, columns: Optional[Sequence[str]] = None) -> pa.Table:
        """All rows as an Arrow table, with the exact types of the columns."""
        schema = pa.schema([column.field() for column in self._wanted(columns)])
        return pa.Table.from_batches(self.batches(columns), schema=schema)

    def to_pandas(self, columns: Optional[Sequence[str]] = None, **options: Any) -> Any:
        """All rows as a pandas DataFrame. `options` go to pyarrow.Table.to_pandas (types_mapper=pandas.ArrowDtype keeps types exact)."""
        try:
            import pandas  # noqa: F401
        except ImportError as error:
            raise TippleError("pandas is not installed", hint="pip install pandas, or use to_arrow() or to_numpy()") from error
        return self.to_arrow(columns).to_pandas(**options)

    def to_numpy(self, columns: Optional[Sequence[str]] = None) -> Dict[str, Union[np.ndarray, np.ma.MaskedArray]]:
        """All rows as one array a column; nullable columns are masked arrays.

        Numbers and truth values have their own dtypes; dates are datetime64[D], times timedelta64[us], timestamps datetime64[us] (those
        with a zone in UTC); strings, enums and decimals are objects (str, decimal.Decimal).
        """
        table = self.to_arrow(columns)
        return {column.name: _to_numpy(table.column(i), column) for i, column in enumerate(self._wanted(columns))}

    def verify(self) -> None:
        """Hashes every part and compares it with the log. Raises TippleError for the first that is missing or changed."""
        for part in self._snapshot.parts:
            self._check(part)

    def _wanted(self, names: Optional[Sequence[str]]) -> List[Column]:
        if names is None:
            return list(self._snapshot.columns)
        if isinstance(names, str):
            raise TippleError(f"columns must be a list of names, not '{names}'", self._folder, f"as ['{names}']")
        if not names:
            raise TippleError("columns is an empty list", self._folder, "name a column, or leave it out for all")
        known = {column.name: column for column in self._snapshot.columns}
        for name in names:
            if name not in known:
                raise TippleError(f"the table {self.name} has no column '{name}'", self._folder, nearest_hint(name, known, "its columns are"))
        if len(set(names)) != len(names):
            raise TippleError("a column is named twice", self._folder)
        return [known[name] for name in names]

    def _part_batches(self, part: Part, wanted: List[Column], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        if self._verify and part.path not in self._verified:
            self._check(part)
            self._verified.add(part.path)
        is_hdf5 = self._snapshot.format == "hdf5"
        with Hdf5Part(part) if is_hdf5 else ParquetPart(part, self._snapshot.columns) as file:
            if part.rows is not None and file.rows != part.rows:
                raise TippleError(f"the part has {file.rows} rows, the log says {part.rows}", part.path, "restore it from a backup")
            own = {column.name: column for column in file.columns}
            # A column at least, to know how many rows there are when the part has none of those that are wanted.
            present = [own[column.name] for column in wanted if column.name in own] or file.columns[:1]
            for got in file.batches(present):
                arrays = {column.name: array for column, array in zip(present, got)}
                rows = len(got[0])
                yield pa.RecordBatch.from_arrays([_as(arrays.get(column.name), own.get(column.name), column, rows, part) for column in wanted], schema=schema)

    def _check(self, part: Part) -> None:
        if part.sha256 is None:
            raise TippleError("the log has no SHA-256 of this part", part.path, "another program wrote it; open the table without verify")
        digest = hashlib.sha256()
        try:
            with part.path.open("rb") as file:
                while block := file.read(_HASH_BYTES):
                    digest.update(block)
        except OSError as error:
            raise TippleError(f"the part cannot be read: {error.strerror}", part.path, "restore it from a backup") from error
        if digest.hexdigest() != part.sha256:
            raise TippleError("the part is damaged: its SHA-256 is another one", part.path, "restore it from a backup")


def _as(array: Optional[pa.Array], own: Optional[Column], column: Column, rows: int, part: Part) -> pa.Array:
    """What a part has for a column of the table: parts that are older than the table's last change have fewer columns, or narrower ones."""
    if array is None or own is None:
        if not column.nullable:
            raise TippleError(f"the part lacks the column '{column.name}'", part.path, "compare it with its SHA-256: verify=True")
        return pa.nulls(rows, column.arrow)
    if own.kind == "enum" and (column.kind != "enum" or own.labels != column.labels):
        array = array.dictionary_decode()
    try:
        if column.kind == "enum" and not pa.types.is_dictionary(array.type):
            labels = pa.array(column.labels, pa.string())
            return pa.DictionaryArray.from_arrays(pa.compute.index_in(array, value_set=labels), labels)
        return array if array.type == column.arrow else array.cast(column.arrow)
    except pa.ArrowException as error:
        raise TippleError(f"'{column.name}' is {own.type} in the part and cannot become {column.type}: {error}", part.path) from error


def _to_numpy(chunked: pa.ChunkedArray, column: Column) -> Union[np.ndarray, np.ma.MaskedArray]:
    mask = np.asarray(chunked.is_null().combine_chunks()) if column.nullable else None
    values: np.ndarray
    if column.kind in ("string", "fixed_string", "enum", "decimal"):
        if column.kind == "enum":
            chunked = chunked.cast(pa.string())
        values = np.empty(len(chunked), dtype=object)
        values[:] = chunked.to_pylist()
    else:
        integers = {"date": pa.int32(), "time": pa.int64(), "timestamp": pa.int64(), "timestamp_tz": pa.int64()}.get(column.kind)
        if integers is not None:
            chunked = chunked.cast(integers)
        if chunked.null_count:
            chunked = chunked.fill_null(False if column.kind == "bool" else 0)
        values = chunked.to_numpy()
        if column.kind == "date":
            values = values.astype("datetime64[D]")
        elif column.kind == "time":
            values = values.astype("timedelta64[us]")
        elif integers is not None:
            values = values.astype("datetime64[us]")
    return values if mask is None else np.ma.masked_array(values, mask=mask)
