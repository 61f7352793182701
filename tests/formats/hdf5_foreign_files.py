"""Writes the HDF5 files that hdf5_source_test.cpp reads: hdf5_foreign_files.py FOLDER.

types.h5 has a column of every kind, and types.arrow what they load as; the others each hold one thing that is special or refused.
"""
import sys

import h5py
import numpy as np
import pyarrow as pa

ROWS = 1000
folder = sys.argv[1]
rng = np.random.default_rng(5)


def path(name):
    return f"{folder}/{name}.h5"


# ---- every kind of column ----
expected = {}
words = ["", "a", "ein längerer Text", "日本語", "x" * 300]
with h5py.File(path("types"), "w") as f:
    for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
        info = np.iinfo(kind)
        values = rng.integers(info.min, info.max, ROWS, dtype=kind, endpoint=True)
        f.create_dataset(kind, data=values, chunks=(300,), compression="gzip", shuffle=True)
        expected[kind] = pa.array(values)
    for kind in (">i4", ">f8", "<f2", "<f4", "<f8"):
        values = rng.integers(-1000, 1000, ROWS).astype(kind)
        name = "big_" + kind[1:] if kind[0] == ">" else kind[1:]
        f.create_dataset(name, data=values, chunks=(128,), fletcher32=True)
        native = values.astype(kind[1:])
        expected[name] = pa.array(native.astype("f4") if kind == "<f2" else native)
    flags = rng.integers(0, 2, ROWS).astype(bool)
    f["flag"] = flags
    expected["flag"] = pa.array(flags)
    color = h5py.enum_dtype({"red": 5, "green": -1, "blue": 300}, basetype="i2")
    values = rng.choice([5, -1, 300], ROWS).astype("i2")
    f.create_dataset("color", data=values, dtype=color)
    expected["color"] = pa.array([{5: "red", -1: "green", 300: "blue"}[int(v)] for v in values])
    texts = [words[i] for i in rng.integers(0, len(words), ROWS)]
    f.create_dataset("vlen", data=texts, dtype=h5py.string_dtype(), chunks=(77,))
    expected["vlen"] = pa.array(texts)
    short = [t[:3] for t in texts]
    f.create_dataset("fixed", data=np.array([s.encode() for s in short], dtype="S12"))
    expected["fixed"] = pa.array(short)
    seconds = rng.integers(0, 4 * 10**9, ROWS)
    for name, units, values, scale, base in (
        ("micros", "microseconds since 1970-01-01", seconds * 10**6 + 7, 1, 0),
        ("nanos", "nanoseconds since 1970-01-01 00:00:00", (seconds // 2) * 10**9, None, 0),
        ("seconds1900", "seconds since 1900-01-01T00:00:00Z", seconds, 10**6, -2208988800 * 10**6),
        ("days", "days since 2000-1-1 12:0:0", seconds // 86400 % 20000, 86400 * 10**6, 946728000 * 10**6),
        ("hours", "hours since 2000-01-01 00:00:00 +01:00", seconds % 100000, 3600 * 10**6, (946684800 - 3600) * 10**6),
    ):
        f[name] = values
        f[name].attrs["units"] = units
        micros = values // 1000 if scale is None else values * scale + base
        expected[name] = pa.array(micros, pa.timestamp("us"))
    half_days = (seconds % 20000) / 2.0
    half_days[3] = np.nan
    f["half_days"] = half_days
    f["half_days"].attrs["units"] = "days since 1970-01-01"
    f["half_days"].attrs["calendar"] = "standard"
    expected["half_days"] = pa.array([None if np.isnan(d) else int(d * 86400 * 10**6) for d in half_days], pa.timestamp("us"))
    f["meters"] = seconds
    f["meters"].attrs["units"] = "meters since 1970-01-01"
    expected["meters"] = pa.array(seconds)
    f["noleap"] = seconds
    f["noleap"].attrs.update({"units": "days since 1970-01-01", "calendar": "noleap"})
    expected["noleap"] = pa.array(seconds)
    f["inner/deeper/x"] = np.arange(ROWS)
    expected["inner/deeper/x"] = pa.array(np.arange(ROWS))
    f["inner/other_length"] = np.arange(3)
    f["inner/picture"] = np.zeros((4, 4))
    f["scalar"] = 5
    f["soft"] = h5py.SoftLink("/i4")
    expected["soft"] = expected["i4"]
table = pa.table(expected)
with pa.ipc.new_file(f"{folder}/types.arrow", table.schema) as writer:
    writer.write_batch(table.combine_chunks().to_batches()[0])

# ---- compound ----
row = np.dtype([("id", "i4"), ("name", h5py.string_dtype()), ("place", [("x", "f8"), ("y", "f8")]), ("items", "i2", (3,)), ("ok", bool)])
rows = np.zeros(10, row)
rows["id"] = np.arange(10)
rows["name"] = [f"name {i}" for i in range(10)]
rows["place"]["x"] = np.arange(10) / 2
rows["items"][:, 1] = 7
rows["ok"] = np.arange(10) % 3 == 0
with h5py.File(path("compound"), "w") as f:
    f.create_dataset("group/rows", data=rows, chunks=(4,))
with h5py.File(path("two"), "w") as f:
    f["rows"] = rows
    f["extra"] = np.arange(10)
with h5py.File(path("long_texts"), "w") as f:
    f.create_dataset("t", data=[chr(97 + i % 26) * (2**20 - i) for i in range(40)], dtype=h5py.string_dtype())

# ---- refused ----
with h5py.File(path("target"), "w") as f:
    f["secret"] = np.arange(10)
with h5py.File(path("external_link"), "w") as f:
    f["a"] = np.arange(10)
    f["b"] = h5py.ExternalLink("target.h5", "/secret")
with h5py.File(path("soft_to_external"), "w") as f:
    f["links/out"] = h5py.ExternalLink("target.h5", "/")
    f["columns/a"] = np.arange(10)
    f["columns/b"] = h5py.SoftLink("/links/out/secret")
with h5py.File(path("external_storage"), "w") as f:
    f["a"] = np.arange(10)
    f.create_dataset("b", (10,), "i8", external=[("/etc/passwd", 0, 80)])
with h5py.File(path("virtual"), "w") as f:
    layout = h5py.VirtualLayout((10,), "i8")
    layout[:] = h5py.VirtualSource("target.h5", "secret", (10,))
    f["a"] = np.arange(10)
    f.create_virtual_dataset("b", layout)
with h5py.File(path("filter"), "w") as f:
    f["a"] = np.arange(10)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((5,))
    creation.set_filter(32001, h5py.h5z.FLAG_OPTIONAL)
    h5py.h5d.create(f.id, b"b", h5py.h5t.NATIVE_INT64, h5py.h5s.create_simple((10,)), creation)
with h5py.File(path("lengths"), "w") as f:
    f["a"] = np.arange(10)
    f["b"] = np.arange(11)
with h5py.File(path("references"), "w") as f:
    f["a"] = np.arange(2)
    f.create_dataset("pointer", data=np.array([f["a"].ref, f["a"].ref], dtype=h5py.ref_dtype))
with h5py.File(path("ragged"), "w") as f:
    f.create_dataset("lists", (2,), h5py.vlen_dtype("i4"))
with h5py.File(path("picture"), "w") as f:
    f["pixels"] = np.zeros((4, 4))
with h5py.File(path("opaque"), "w") as f:
    f["bytes"] = np.zeros(4, "V8")
with h5py.File(path("cycle"), "w") as f:
    f["a"] = np.arange(2)
    f["g/up"] = f["/"]
with h5py.File(path("bomb"), "w") as f:
    f.create_dataset("a", (10**12,), "f8", chunks=(10**6,))
with h5py.File(path("empty"), "w") as f:
    f["a"] = np.zeros(0)
    f["b"] = np.zeros(0, "i4")
with h5py.File(path("nothing"), "w") as f:
    f.create_group("g")
with h5py.File(path("unlabelled"), "w") as f:
    f.create_dataset("color", data=np.array([1, 2, 9], "u1"), dtype=h5py.enum_dtype({"red": 1, "green": 2}, basetype="u1"))
