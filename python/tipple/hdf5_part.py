"""HDF5 parts (docs/format-hdf5.md) as record batches."""

from __future__ import annotations

import struct
from typing import Dict, Iterator, List, Optional, Sequence

import h5py
import numpy as np
import pyarrow as pa

from . import arrays
from .errors import TippleError
from .log import Part
from .schema import Column, parse_schema

ROW_GROUP_ROWS = 65_536  # rows of a chunk
TEXT_BYTES_MAX = 2**31 - 1  # of one Arrow array of strings
_ZSTD, _LZ4, _SHUFFLE = 32015, 32004, 2


class Hdf5Part:
    """An open part; a context manager."""

    def __init__(self, part: Part) -> None:
        self._path = part.path
        try:
            # Parts never change, so nothing needs a lock; some file systems have none.
            self._file = h5py.File(part.path, "r", locking=False)
        except OSError as error:
            raise _unreadable(part.path, error) from error
        try:
            self.rows = int(self._file.attrs["tipple_rows"])
            text = self._file.attrs["tipple_schema"]
        except (KeyError, OSError, ValueError) as error:
            self._file.close()
            raise TippleError("the file is not a part of a Tipple table", part.path, "compare it with its SHA-256: verify=True") from error
        self.columns = parse_schema(text.decode("utf-8") if isinstance(text, bytes) else str(text), part.path)

    def __enter__(self) -> "Hdf5Part":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def batches(self, columns: Sequence[Column]) -> Iterator[List[pa.Array]]:
        """The arrays of `columns`, which are among self.columns, for one row group after the other."""
        text_begin: Dict[str, int] = {}
        first = 0
        while first < self.rows:
            try:
                texts = self._text_lengths(columns, first, min(ROW_GROUP_ROWS, self.rows - first))
                count = min([ROW_GROUP_ROWS, self.rows - first, *(_rows_that_fit(lengths) for lengths in texts.values())])
                yield [self._array(column, first, count, texts, text_begin) for column in columns]
            except (OSError, KeyError, ValueError, TypeError, RuntimeError, struct.error, pa.ArrowException) as error:
                raise _unreadable(self._path, error) from error
            first += count

    def _text_lengths(self, columns: Sequence[Column], first: int, count: int) -> Dict[str, np.ndarray]:
        texts = {}
        for name in (dataset_name(column.name) for column in columns if column.kind == "string"):
            texts[name] = self._read(name + ".length", first, count).astype(np.int64)
            if int(texts[name].min()) < 0:
                raise ValueError(f"a negative length in '{name}.length'")
        return texts

    def _array(self, column: Column, first: int, count: int, texts: Dict[str, np.ndarray], text_begin: Dict[str, int]) -> pa.Array:
        name = dataset_name(column.name)
        valid = self._read(name + ".valid", first, count) != 0 if column.nullable else None
        if column.kind == "string":
            begin = text_begin.get(name, 0)
            offsets = np.zeros(count + 1, dtype=np.int64)
            np.cumsum(texts[name][:count], out=offsets[1:])
            text_begin[name] = begin + int(offsets[-1])
            return arrays.strings(offsets, self._read(name, begin, int(offsets[-1])), valid)
        values = self._read(name, first, count)
        if column.kind == "fixed_string":
            return arrays.fixed_strings(values, column.width, valid)
        if column.kind == "decimal":
            return arrays.decimals(values, column, valid)
        if column.kind == "enum":
            if int(values.max()) >= len(column.labels):
                raise ValueError(f"a value beyond the labels of '{name}'")
            return arrays.labelled(values, column.labels, valid)
        if column.kind == "bool":
            return pa.array(values.astype(np.bool_), mask=None if valid is None else ~valid)
        return arrays.words(values, column.arrow, valid)

    def _read(self, name: str, first: int, count: int) -> np.ndarray:
        dataset = self._file[name]
        if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1 or first + count > dataset.shape[0]:
            raise ValueError(f"the dataset '{name}' has not the length that the rows ask for")
        if count == 0:
            return np.empty(0, dtype=dataset.dtype)
        codec = _own_codec(dataset)
        return dataset[first : first + count] if codec is None else _read_chunks(dataset, codec, first, count)


def dataset_name(name: str) -> str:
    """HDF5 gives '/', '.' and '..' a meaning of its own."""
    if name in (".", ".."):
        return name.replace(".", "%2E")
    return name.replace("/", "%2F")


def _rows_that_fit(lengths: np.ndarray) -> int:
    """How many texts one array can hold; at least one, which by itself is shorter."""
    return max(1, int(np.searchsorted(np.cumsum(lengths), TEXT_BYTES_MAX, side="right")))


def _unreadable(path: object, error: Exception) -> TippleError:
    if isinstance(error, FileNotFoundError):
        return TippleError("the part is missing", path, "restore it from a backup, or read another version")
    return TippleError(f"the part cannot be read: {error}", path, "compare it with its SHA-256: verify=True")


def _own_codec(dataset: h5py.Dataset) -> Optional[str]:
    """zstd and lz4 are filters that HDF5 does not bring along; pyarrow has them."""
    filters = dataset.id.get_create_plist()
    for i in range(filters.get_nfilters()):
        code = filters.get_filter(i)[0]
        if code in (_ZSTD, _LZ4):
            return "zstd" if code == _ZSTD else "lz4"
    return None


def _read_chunks(dataset: h5py.Dataset, codec: str, first: int, count: int) -> np.ndarray:
    rows = dataset.chunks[0]
    pieces = []
    for begin in range(first - first % rows, first + count, rows):
        chunk = _read_chunk(dataset, codec, begin, rows)
        pieces.append(chunk[max(first - begin, 0) : first + count - begin])
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _read_chunk(dataset: h5py.Dataset, codec: str, begin: int, rows: int) -> np.ndarray:
    if dataset.id.get_chunk_info_by_coord((begin,)).byte_offset is None:
        return np.full(rows, dataset.fillvalue, dtype=dataset.dtype)  # not stored: all rows have the fill value
    mask, data = dataset.id.read_direct_chunk((begin,))
    item = dataset.dtype.itemsize
    filters = dataset.id.get_create_plist()
    for i in reversed(range(filters.get_nfilters())):
        if mask >> i & 1:
            continue
        if filters.get_filter(i)[0] == _SHUFFLE:
            data = np.frombuffer(data, dtype=np.uint8).reshape(item, -1).T.tobytes()
        elif codec == "zstd":
            data = pa.decompress(data, decompressed_size=rows * item, codec="zstd", asbytes=True)
        else:
            data = _lz4(data, rows * item)
    if len(data) != rows * item:
        raise ValueError(f"a chunk of '{dataset.name}' has {len(data)} bytes, not {rows * item}")
    return np.frombuffer(data, dtype=dataset.dtype)


def _lz4(data: bytes, size: int) -> bytes:
    """HDF5's LZ4 filter: total size, block size, then the size and the bytes of each block; numbers are big-endian."""
    total, block = struct.unpack_from(">qi", data)
    if total != size or block <= 0:
        raise ValueError("an LZ4 chunk with a wrong head")
    at, out = 12, []
    for begin in range(0, total, block):
        (stored,) = struct.unpack_from(">i", data, at)
        want = min(block, total - begin)
        piece = data[at + 4 : at + 4 + stored]
        # A block that LZ4 did not make smaller is stored as it is.
        out.append(piece if stored == want else pa.decompress(piece, decompressed_size=want, codec="lz4_raw", asbytes=True))
        at += 4 + stored
    return b"".join(out)
