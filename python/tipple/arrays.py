"""Arrow arrays made from NumPy's without a detour through Python objects."""

from __future__ import annotations

from typing import Optional, Sequence

import numpy as np
import pyarrow as pa

from .schema import Column


def bitmap(valid: Optional[np.ndarray]) -> Optional[pa.Buffer]:
    """Arrow's validity bits of an array of truth values; None: all are valid."""
    if valid is None or bool(valid.all()):
        return None
    return pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())


def strings(offsets: np.ndarray, text: np.ndarray, valid: Optional[np.ndarray]) -> pa.Array:
    """Strings whose bytes lie one after the other; `offsets` has one more element than there are rows."""
    if text.dtype != np.uint8:
        raise ValueError(f"text stored as {text.dtype}")
    array = pa.StringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(np.ascontiguousarray(offsets, dtype=np.int32)), pa.py_buffer(np.ascontiguousarray(text)), bitmap(valid)
    )
    array.validate(full=True)  # bytes that are not UTF-8 would fail much later, in whoever looks at them
    return array


def fixed_strings(values: np.ndarray, width: int, valid: Optional[np.ndarray]) -> pa.Array:
    """Strings of at most `width` bytes, padded with NULs."""
    if values.dtype != np.dtype(f"S{width}"):
        raise ValueError(f"strings of {values.dtype.itemsize} bytes where the schema says {width}")
    values = np.ascontiguousarray(values)
    cells = values.view(np.uint8).reshape(len(values), width)
    lengths = np.char.str_len(values).astype(np.int32)
    offsets = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return strings(offsets, cells[np.arange(width, dtype=np.int32) < lengths[:, None]], valid)


def words(values: np.ndarray, arrow_type: pa.DataType, valid: Optional[np.ndarray]) -> pa.Array:
    """Values whose bits are the Arrow array's."""
    if values.dtype.itemsize * 8 != arrow_type.bit_width:
        raise ValueError(f"values of {values.dtype.itemsize} bytes where the schema says {arrow_type}")
    return pa.Array.from_buffers(arrow_type, len(values), [bitmap(valid), pa.py_buffer(np.ascontiguousarray(values))])


def decimals(values: np.ndarray, column: Column, valid: Optional[np.ndarray]) -> pa.Array:
    """Unscaled values: int64, or {low: uint64, high: int64}."""
    narrow = column.arrow.precision <= 18
    if narrow and values.dtype == np.int64:
        wide = np.empty(len(values), dtype=[("low", "<i8"), ("high", "<i8")])
        wide["low"], wide["high"] = values, values >> 63
    elif narrow or values.dtype.names != ("low", "high"):
        raise ValueError(f"{column.type} stored as {values.dtype}")
    else:
        wide = np.empty(len(values), dtype=[("low", "<u8"), ("high", "<i8")])
        wide["low"], wide["high"] = values["low"], values["high"]
    return words(wide, column.arrow, valid)


def labelled(indices: np.ndarray, labels: Sequence[str], valid: Optional[np.ndarray]) -> pa.Array:
    """An enum: positions in `labels`, each below their number."""
    return pa.DictionaryArray.from_arrays(
        pa.array(indices.astype(np.int32), mask=None if valid is None else ~valid), pa.array(labels, pa.string())
    )
