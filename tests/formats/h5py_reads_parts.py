"""Reads a part or a view with h5py alone, by the rules of docs/format-hdf5.md, and compares every column with an Arrow IPC file.

Usage: h5py_reads_parts.py FILE.h5 EXPECTED.arrow
"""

import json
import sys

import h5py
import numpy as np
import pyarrow as pa


def read_column(file, column):
    """A column as a list of Python values; None for null."""
    name, kind = column["name"], column["type"]
    if kind == "string":
        lengths = file[name + ".length"][:]
        data = file[name][:].tobytes()
        ends = np.cumsum(lengths, dtype=np.int64)
        values = [data[end - length:end].decode() for end, length in zip(ends, lengths)]
    else:
        values = read_values(file[name], kind)
    if column["nullable"]:
        valid = file[name + ".valid"][:]
        values = [value if ok else None for value, ok in zip(values, valid)]
    return values


def read_values(dataset, kind):
    raw = dataset[:]
    if kind.startswith("string("):
        return [value.decode() for value in raw]
    if kind.startswith("decimal("):
        assert dataset.attrs["scale"] == int(kind[:-1].split(",")[1])
        if raw.dtype.names:
            return [(int(v["high"]) << 64) | int(v["low"]) for v in raw]
        return raw.tolist()
    if kind == "bool":
        assert raw.dtype == np.bool_, raw.dtype
    if kind == "date":
        assert dataset.attrs["units"].decode() == "days since 1970-01-01"
    if kind == "time":
        assert dataset.attrs["units"].decode() == "microseconds since midnight"
    if kind.startswith("timestamp"):
        assert dataset.attrs["units"].decode() == "microseconds since 1970-01-01T00:00:00"
        assert ("timezone" in dataset.attrs) == (kind == "timestamp_tz")
    if kind.startswith("enum("):
        labels = h5py.check_enum_dtype(dataset.dtype)
        assert labels == {label: i for i, label in enumerate(kind[5:-1].split(","))}
    return raw.tolist()


def expected_column(array, kind):
    if kind.startswith("decimal("):
        scale = int(kind[:-1].split(",")[1])
        return [None if v is None else int(v.scaleb(scale)) for v in array.to_pylist()]
    if kind == "date":
        array = array.cast(pa.int32())
    if kind == "time" or kind.startswith("timestamp"):
        array = array.cast(pa.int64())
    return array.to_pylist()


def main(path, expected_path):
    import decimal
    decimal.getcontext().prec = 60
    table = pa.ipc.open_file(expected_path).read_all()
    with h5py.File(path, "r") as file:
        assert file.attrs["tipple_format"] == b"1"
        schema = json.loads(file.attrs["tipple_schema"])
        assert file.attrs["tipple_rows"] == table.num_rows
        for i, column in enumerate(schema):
            got = read_column(file, column)
            want = expected_column(table.column(i), column["type"])
            assert got == want, f"{column}: {got[:5]} {want[:5]}"
    print(f"{len(schema)} columns, {table.num_rows} rows")


main(*sys.argv[1:])
