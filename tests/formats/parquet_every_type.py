"""Writes a Parquet file of every type that pyarrow writes, and what each column must load as.

parquet_every_type.py FOLDER  ->  FOLDER/plain.parquet, int96.parquet, integers.parquet; FOLDER/expected.arrow
Every column has nulls; expected.arrow holds the values in the types that parquet_source_test.cpp declares, made from Python's own
values and not by a cast.
"""
import datetime
import decimal
import json
import random
import sys

import numpy
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

ROWS = 1000
EPOCH = datetime.datetime(1970, 1, 1)
random.seed(4)


def some(make, share=0.2):
    return [None if random.random() < share else make() for _ in range(ROWS)]


def micros(value):
    return None if value is None else (value - EPOCH) // datetime.timedelta(microseconds=1)


def moment():
    return EPOCH + datetime.timedelta(milliseconds=random.randrange(-10**12, 4 * 10**12))


def day():
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=random.randrange(-100000, 100000))


def clock():
    return random.randrange(86400000) * 1000


def text():
    return random.choice(["", "a", "short", "ein längerer Text", "日本語", "x" * 300])


columns = {}  # name -> (array, expected array)


def add(name, values, stored, expected, expected_values=None):
    columns[name] = (pa.array(values, stored), pa.array(values if expected_values is None else expected_values, expected))


add("bool", some(lambda: random.random() < 0.5), pa.bool_(), pa.bool_())
for bits in (8, 16, 32, 64):
    add(f"int{bits}", some(lambda: random.randrange(-2**(bits - 1), 2**(bits - 1))), getattr(pa, f"int{bits}")(), getattr(pa, f"int{bits}")())
    add(f"uint{bits}", some(lambda: random.randrange(2**bits)), getattr(pa, f"uint{bits}")(), getattr(pa, f"uint{bits}")())
halves = some(lambda: float(numpy.float16(random.uniform(-100, 100))))
add("float16", [None if v is None else numpy.float16(v) for v in halves], pa.float16(), pa.float32(), halves)
add("float32", some(lambda: float(numpy.float32(random.uniform(-1e30, 1e30)))), pa.float32(), pa.float32())
add("float64", some(lambda: random.uniform(-1e300, 1e300)), pa.float64(), pa.float64())
for precision, scale in ((5, 2), (9, 0), (18, 6), (38, 10)):
    # 28 digits are what Python's decimals keep of a product
    digits = min(precision, 28)
    values = some(lambda: decimal.Decimal(random.randrange(-10**digits + 1, 10**digits)).scaleb(-scale))
    add(f"decimal{precision}", values, pa.decimal128(precision, scale), pa.decimal128(precision, scale))
days = some(day)
add("date32", days, pa.date32(), pa.date32())
add("date64", days, pa.date64(), pa.date32())
times = some(clock)
add("time32", [None if t is None else t // 1000 for t in times], pa.time32("ms"), pa.time64("us"), times)
add("time64us", times, pa.time64("us"), pa.time64("us"))
add("time64ns", [None if t is None else t * 1000 for t in times], pa.time64("ns"), pa.time64("us"), times)
moments = some(moment)
seconds = [None if m is None else m.replace(microsecond=0) for m in moments]
for unit, values in (("s", seconds), ("ms", moments), ("us", moments), ("ns", moments)):
    add(f"timestamp_{unit}", values, pa.timestamp(unit), pa.timestamp("us"), [micros(v) for v in values])
    add(f"timestamp_{unit}_utc", values, pa.timestamp(unit, "UTC"), pa.timestamp("us", "UTC"), [micros(v) for v in values])
add("duration", some(lambda: random.randrange(10**9)), pa.duration("ms"), pa.int64())
texts = some(text)
for name, kind in (("string", pa.string()), ("large_string", pa.large_string()), ("string_view", pa.string_view())):
    add(name, texts, kind, pa.string())
raw = [None if t is None else t.encode() for t in texts]
for name, kind in (("binary", pa.binary()), ("large_binary", pa.large_binary())):
    add(name, raw, kind, pa.string(), texts)
fixed = some(lambda: f"{random.randrange(10**8):08d}")
add("fixed", [None if t is None else t.encode() for t in fixed], pa.binary(8), pa.string(), fixed)
colors = some(lambda: random.choice(["red", "green", "blue"]))
columns["dictionary"] = (pa.array(colors).dictionary_encode(), pa.array(colors, pa.string()))
columns["enum"] = (pa.array(colors).dictionary_encode(),
                   pa.array([None if c is None else ["red", "green", "blue"].index(c) for c in colors], pa.uint16()))
columns["nothing"] = (pa.nulls(ROWS), pa.nulls(ROWS, pa.int32()))


def as_json(value):
    return None if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


lists = some(lambda: [random.choice([None, random.randrange(100)]) for _ in range(random.randrange(4))])
columns["list"] = (pa.array(lists, pa.list_(pa.int32())), pa.array([as_json(v) for v in lists], pa.string()))
structs = some(lambda: {"a": random.choice([None, random.randrange(100)]), "b": {"c": text()}})
columns["struct"] = (pa.array(structs, pa.struct([("a", pa.int64()), ("b", pa.struct([("c", pa.string())]))])),
                     pa.array([as_json(v) for v in structs], pa.string()))
maps = some(lambda: {f"k{i}": random.randrange(100) for i in range(random.randrange(3))})
columns["map"] = (pa.array([None if m is None else list(m.items()) for m in maps], pa.map_(pa.string(), pa.int32())),
                  pa.array([as_json(m) for m in maps], pa.string()))

folder = sys.argv[1]
table = pa.table({name: stored for name, (stored, _) in columns.items()})
inner = [None if s is None else s["b"]["c"] for s in structs]
expected = pa.table({**{name: wanted for name, (_, wanted) in columns.items()}, "inner": pa.array(inner, pa.string())})
pq.write_table(table, f"{folder}/plain.parquet", row_group_size=300, write_page_checksum=True, use_dictionary=["string", "int32"])
pq.write_table(table.drop(["timestamp_ns_utc"]), f"{folder}/int96.parquet", row_group_size=300, use_deprecated_int96_timestamps=True,
               compression="zstd", data_page_version="2.0")
pq.write_table(table, f"{folder}/integers.parquet", store_decimal_as_integer=True, compression="gzip", use_byte_stream_split=["float32", "float64"],
               use_dictionary=False)
with pa.ipc.new_file(f"{folder}/expected.arrow", expected.schema) as writer:
    writer.write_batch(expected.combine_chunks().to_batches()[0])
