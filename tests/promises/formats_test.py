"""The promises for every format: the same rows are the same table, the same bytes come out at any size and after any kill, and what is
broken gets a clear message while the old version stays."""

import bz2
import csv
import datetime
import gzip
import hashlib
import io
import itertools
import json
import lzma
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import unittest
import zipfile
import zlib
from decimal import Decimal

import h5py
import numpy
import pyarrow
import pyarrow.parquet

from harness import SEED, TippleTest

ROWS = 3000
COLUMNS = """\
      id: int64
      day: date
      at: timestamp
      amount: decimal(9,2)
      ratio: float64
      kind: "enum(bus,tram,train)"
      code: string(6)
      note: {type: string, nullable: true}
"""
NAMES = ["id", "day", "at", "amount", "ratio", "kind", "code", "note"]
FIXED_WIDTHS = [8, 10, 19, 10, 26, 5, 6, 40]
PATTERN = "|".join(f"(?P<{name}>[^|]*)" for name in NAMES).replace("|(", r"\|(")


def sample_rows(count, nulls, first=0):
    rng = random.Random(SEED + first)
    notes = ["plain", 'said "so"', "a, b; c", "größer", "日本", "x" * 30] + ([None] if nulls else [])
    for number in range(first, first + count):
        yield [number, datetime.date(2010, 1, 1) + datetime.timedelta(days=rng.randrange(5000)),
               datetime.datetime(2024, 2, 1) + datetime.timedelta(seconds=rng.randrange(2_000_000)),
               Decimal(rng.randrange(-999_999, 9_999_999)) / 100, rng.uniform(-1e6, 1e6), rng.choice(["bus", "tram", "train"]),
               f"c{rng.randrange(99999)}", rng.choice(notes)]


def texts(row):
    """A row as text formats write it; None for null."""
    return [None if value is None else repr(value) if isinstance(value, float) else str(value) for value in row]


def csv_bytes(rows):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(NAMES)
    writer.writerows([value or "" for value in texts(row)] for row in rows)
    return out.getvalue().encode()


def json_bytes(rows):
    lines = []
    for row in rows:
        values = dict(zip(NAMES, texts(row)))
        # Nested, in another order, null or absent: what JSON can do and CSV cannot.
        record = {"note": values["note"], "trip": {"when": [values["day"], values["at"]], "kind": values["kind"]}, "code": values["code"],
                  "amount": float(row[3]) if row[0] % 2 else values["amount"], "id": row[0], "ratio": row[4]}
        if row[0] % 3 and row[7] is None:
            del record["note"]
        lines.append(json.dumps(record, ensure_ascii=row[0] % 2 == 0) + "\n")
    return "".join(lines).encode()


def fixed_bytes(rows):
    out = []
    for row in rows:
        out.append("".join((value or "").ljust(width) for value, width in zip(texts(row), FIXED_WIDTHS)).rstrip() + "\n")
    return "".join(out).encode()


def log_bytes(rows):
    return "".join("|".join(value or "" for value in texts(row)) + "\n" for row in rows).encode()


def parquet_bytes(rows):
    columns = list(zip(*rows))
    types = [pyarrow.int64(), pyarrow.date32(), pyarrow.timestamp("ms"), pyarrow.decimal128(9, 2), pyarrow.float64(),
             pyarrow.dictionary(pyarrow.int8(), pyarrow.string()), pyarrow.string(), pyarrow.large_string()]
    table = pyarrow.table([pyarrow.array(values, kind) for values, kind in zip(columns, types)], names=NAMES)
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, row_group_size=400)
    return out.getvalue()


def hdf5_bytes(rows):
    columns = dict(zip(NAMES, zip(*rows)))
    epoch = datetime.datetime(1970, 1, 1)
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        def put(name, values, **options):
            file.create_dataset(f"rows/{name}", data=values, chunks=(min(500, len(rows)),), compression="gzip", **options)
        put("id", numpy.array(columns["id"], dtype=">i8"))
        put("day", numpy.array([(day - epoch.date()).days for day in columns["day"]], dtype="int32"))
        file["rows/day"].attrs["units"] = "days since 1970-01-01"
        put("at", numpy.array([int((at - epoch).total_seconds()) for at in columns["at"]]))
        file["rows/at"].attrs["units"] = "seconds since 1970-01-01"
        put("amount", numpy.array([float(amount) for amount in columns["amount"]]))
        put("ratio", numpy.array(columns["ratio"]))
        put("kind", numpy.array([["bus", "tram", "train"].index(kind) for kind in columns["kind"]], dtype="int8"),
            dtype=h5py.enum_dtype({"bus": 0, "tram": 1, "train": 2}, basetype="int8"))
        put("code", numpy.array([code.encode() for code in columns["code"]], dtype="S6"))
        put("note", list(columns["note"]), dtype=h5py.string_dtype())
    return out.getvalue()


def bgzip_bytes(content, block=30_000):
    out = []
    for begin in [*range(0, len(content), block), len(content)]:  # the last one is empty: the end marker
        piece = content[begin:begin + block]
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(piece) + packer.flush()
        header = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(packed) + 25)
        out.append(header + packed + struct.pack("<II", zlib.crc32(piece), len(piece)))
    return b"".join(out)


def zip_bytes(content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in.csv", content)
    return out.getvalue()


def in_members(compress, content, size=60_000):
    return b"".join(compress(content[begin:begin + size]) for begin in range(0, len(content), size))


COMPRESSIONS = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "gzips": lambda content: in_members(lambda piece: gzip.compress(piece, mtime=0), content),
    "bgzip": bgzip_bytes,
    "bzip2": bz2.compress,
    "bzip2s": lambda content: in_members(bz2.compress, content),
    "xz": lzma.compress,
    "zstd": lambda content: pyarrow.compress(content, "zstd", asbytes=True),
    "zstds": lambda content: in_members(lambda piece: pyarrow.compress(piece, "zstd", asbytes=True), content),
    "lz4": lambda content: pyarrow.compress(content, "lz4", asbytes=True),
    "zip": zip_bytes,
}

# name -> (how its bytes are made of rows, the source's keys besides its path, the map of a fan-in)
JSON_FIELDS = '{day: "trip.when[0]", at: "trip.when[1]", kind: trip.kind}'
FIXED_FIELDS = ", ".join(f"{name}: [{sum(FIXED_WIDTHS[:i]) + 1}, {FIXED_WIDTHS[i]}]" for i, name in enumerate(NAMES))
FORMATS = {
    "csv": (csv_bytes, "format: csv", ""),
    "json": (json_bytes, "format: jsonl", JSON_FIELDS),
    "fixed": (fixed_bytes, f"format: fixed, fields: {{{FIXED_FIELDS}}}", ""),
    "log": (log_bytes, f"format: log, pattern: '{PATTERN}'", ""),
    "parquet": (parquet_bytes, "format: parquet", ""),
    **{name: (lambda rows, compress=compress: compress(csv_bytes(rows)), "format: csv", "") for name, compress in COMPRESSIONS.items()},
    "json_gzip": (lambda rows: gzip.compress(json_bytes(rows), mtime=0), "format: jsonl", JSON_FIELDS),
    "hdf5": (hdf5_bytes, "format: hdf5, group: rows", ""),
}


class FormatsTest(TippleTest):
    def write_input(self, name, rows, path=None):
        path = path or self.folder / f"{name}.in"
        path.write_bytes(FORMATS[name][0](rows))
        return path

    def formats_job(self, folder, names, chunk_bytes=1 << 20, rejects=0, table_format="hdf5"):
        """A job with one table for each of the formats `names`, which reads the file NAME.in."""
        (self.folder / folder).mkdir()
        sources, tables = "", ""
        for name in names:
            _, keys, fields = FORMATS[name]
            sources += f"  {name}: {{path: \"{self.folder}/{name}.in\", {keys}}}\n"
            origin = f"[{{source: {name}, columns: {fields}}}]" if fields else name
            tables += f"  {name}:\n    from: {origin}\n    format: {table_format}\n    rejects: {{max_rows: {rejects}}}\n    columns:\n{COLUMNS}"
        job = self.folder / folder / "job.yaml"
        job.write_text(f"version: 1\njob: formats\nwarehouse: warehouse\nchunk_bytes: {chunk_bytes}\nsources:\n{sources}tables:\n{tables}")
        return job

    @staticmethod
    def all_parts(job):
        return {str(path.relative_to(job.parent)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted((job.parent / "warehouse").glob("*/data/*"))}

    @staticmethod
    def published_files(job):
        warehouse = job.parent / "warehouse"
        files = [path for pattern in ("*/data/*", "*/_*log/*.json", "*/*.h5") for path in warehouse.glob(pattern)]
        return {str(path.relative_to(warehouse)): path.read_bytes() for path in sorted(files)}


class SameBytes(FormatsTest):
    def test_every_format_at_any_size(self):
        rows = list(sample_rows(ROWS, nulls=True))
        names = [name for name in FORMATS if name != "hdf5"]
        for name in names:
            self.write_input(name, rows)
        contents = {}
        for chunk_bytes in (20_000, 1 << 20):
            seen = {}
            for ranks, threads in itertools.product((1, 2), (1, 2)):
                job = self.formats_job(f"c{chunk_bytes}r{ranks}t{threads}", names, chunk_bytes)
                tables = self.tipple("run", job, "--ranks", ranks, "--threads", threads, "--json").json["tables"]
                for name in names:
                    self.assertEqual((tables[name]["rows_in"], tables[name]["rows_out"]), (ROWS, ROWS), name)
                    contents.setdefault(tables[name]["content_digest"], set()).add(name)
                seen[ranks, threads] = self.all_parts(job)
            self.assertGreaterEqual(len(seen[1, 1]), len(names))
            for size, parts in seen.items():
                self.assertEqual(parts, seen[1, 1], f"{size[0]} ranks, {size[1]} threads, chunks of {chunk_bytes}")
        self.assertEqual(len(contents), 1, f"the same rows in every format: {contents}")

    def test_hdf5_at_any_size_and_the_same_rows_as_csv(self):
        rows = list(sample_rows(ROWS, nulls=False))
        for name in ("csv", "hdf5"):
            self.write_input(name, rows)
        contents = set()
        for chunk_bytes in (30_000, 1 << 20):
            seen = []
            for ranks, threads in itertools.product((1, 2), (1, 2)):
                job = self.formats_job(f"c{chunk_bytes}r{ranks}t{threads}", ["csv", "hdf5"], chunk_bytes)
                tables = self.tipple("run", job, "--ranks", ranks, "--threads", threads, "--json").json["tables"]
                contents |= {tables[name]["content_digest"] for name in ("csv", "hdf5")}
                seen.append(self.all_parts(job))
            self.assertEqual(seen, [seen[0]] * 4)
        self.assertEqual(len(contents), 1)

    def test_parquet_tables_hold_the_same_rows_and_bytes(self):
        names = ["csv", "json", "parquet"]
        rows = list(sample_rows(ROWS, nulls=True))
        for name in names:
            self.write_input(name, rows)
        seen = []
        for ranks, threads in ((1, 1), (1, 2), (2, 2)):
            job = self.formats_job(f"r{ranks}t{threads}", names, 50_000, table_format="parquet")
            tables = self.tipple("run", job, "--ranks", ranks, "--threads", threads, "--json").json["tables"]
            seen.append((self.all_parts(job), {tables[name]["content_digest"] for name in names}))
            self.assertEqual(len(seen[-1][1]), 1)
        self.assertEqual(seen, [seen[0]] * 3)
        verified = self.tipple("verify", job, "--digest", "--json").json["tables"]
        self.assertEqual({table["content_digest"] for table in verified.values()}, seen[0][1])

    def test_a_table_is_a_source_as_good_as_its_file(self):
        """What a table gives to another one is what it took in."""
        self.write_input("csv", list(sample_rows(ROWS, nulls=True)))
        for table_format in ("hdf5", "parquet"):
            job = self.formats_job(f"copy-{table_format}", ["csv"], 50_000, table_format=table_format)
            text = job.read_text().replace("tables:\n", "  landed: {table: csv}\ntables:\n", 1)
            job.write_text(text + f"  copy:\n    from: landed\n    columns:\n{COLUMNS}")
            tables = self.tipple("run", job, "--ranks", 2, "--json").json["tables"]
            self.assertEqual(tables["copy"]["content_digest"], tables["csv"]["content_digest"])


POINTS = ("attempt-opened", "chunk-started", "part-created", "part-row-group", "part-closed", "part-synced", "report-received",
          "report-journaled", "publish-started", "part-moved", "log-written", "log-linked", "view-written", "publish-reported")


class Kills(FormatsTest):
    def check_kill(self, name, point, table_format="hdf5", chunk_bytes=40_000):
        job = self.formats_job(f"{name}-{point}", [name], chunk_bytes, table_format=table_format)
        killed = self.tipple("run", job, "--threads", 2, env={"TIPPLE_KILL_AT": point}, expect=None)
        if killed.code == 0 and table_format == "parquet" and point == "view-written":
            return  # a Delta table has no one-file view
        self.assertEqual(killed.code, -signal.SIGKILL, f"{point} was not reached: {killed.err}")
        result = self.tipple("run", job, "--json").json
        self.assertIn(result["outcome"], ("published", "already-published"))
        self.assertLessEqual(result["chunks"]["redone"], 4)
        self.assertEqual(self.all_parts(job), self.expected[name, table_format])
        self.assertEqual(self.tipple("verify", job, "--json").json["tables"][name]["rows"], ROWS)

    def reference(self, name, table_format="hdf5", chunk_bytes=40_000):
        self.write_input(name, list(sample_rows(ROWS, nulls=False)))
        job = self.formats_job(f"{name}-{table_format}", [name], chunk_bytes, table_format=table_format)
        self.tipple("run", job)
        self.expected = getattr(self, "expected", {})
        self.expected[name, table_format] = self.all_parts(job)

    def test_json_lines_at_every_point(self):
        self.reference("json")
        self.assertGreater(len(self.expected["json", "hdf5"]), 5)
        for point in POINTS:
            with self.subTest(point):
                self.check_kill("json", point)

    def test_parquet_to_parquet_at_every_point(self):
        self.reference("parquet", "parquet", 20_000)
        self.assertGreater(len(self.expected["parquet", "parquet"]), 2)
        for point in POINTS:
            with self.subTest(point):
                self.check_kill("parquet", point, "parquet", 20_000)

    def test_the_other_formats_at_one_point_each(self):
        """With TIPPLE_KILLS=every (./dev soak kills), at all points."""
        rng = random.Random(SEED)
        print(f"seed {SEED}")
        for name in FORMATS:
            self.reference(name)
            for point in POINTS if os.environ.get("TIPPLE_KILLS") == "every" else [rng.choice(POINTS)]:
                with self.subTest(format=name, point=point):
                    self.check_kill(name, point)


class BrokenInput(FormatsTest):
    """Every case has a good version to lose."""

    def published(self, name, rejects=0):
        self.path = self.write_input(name, list(sample_rows(50, nulls=False)))
        job = self.formats_job(name, [name], rejects=rejects)
        self.tipple("run", job)
        self.before = self.published_files(job)
        self.assertTrue(self.before)
        return job

    def check_failure(self, job, code, *words):
        failed = self.tipple("run", job, expect=code)
        for word in (self.path.name, *words):
            self.assertIn(word, failed.err)
        self.assertEqual(self.published_files(job), self.before, "the old version")
        return failed

    def check_reject(self, job, rule, line, column=None):
        failed = self.tipple("run", job, expect=4)
        self.assertIn("max_rows", failed.err)
        rejects = self.tipple("rejects", job, "--json").json["rejects"]
        self.assertEqual([(r["rule"], r["line"], r["path"]) for r in rejects], [(rule, line, str(self.path))], rejects)
        if column is not None:
            self.assertEqual(rejects[0]["column"], column)
        self.assertEqual(self.published_files(job), self.before, "the old version")
        return rejects[0]

    def lines(self, name, count=50, first=1000):
        return FORMATS[name][0](list(sample_rows(count, nulls=False, first=first))).splitlines(keepends=True)

    def test_truncated_compressed_files(self):
        content = csv_bytes(list(sample_rows(ROWS, nulls=False, first=1)))
        for name, compress in COMPRESSIONS.items():
            with self.subTest(name):
                job = self.published(name)
                whole = compress(content)
                self.path.write_bytes(whole[:len(whole) * 2 // 3 + 1])
                self.check_failure(job, 5)

    def test_flipped_bits_in_compressed_files(self):
        """Formats that have a checksum say so; none of them ends in a crash or in half a table."""
        content = csv_bytes(list(sample_rows(ROWS, nulls=False, first=1)))
        for name in ("gzip", "gzips", "bgzip", "bzip2", "bzip2s", "xz", "zip"):
            with self.subTest(name):
                job = self.published(name)
                damaged = bytearray(COMPRESSIONS[name](content))
                damaged[len(damaged) // 2] ^= 0x10
                self.path.write_bytes(damaged)
                self.check_failure(job, 5)

    def test_a_bomb(self):
        job = self.published("gzip")
        self.path.write_bytes(gzip.compress(csv_bytes([]) + b"0" * (400 << 20), compresslevel=9))
        text = job.read_text().replace("format: csv}", "format: csv, decompression: {max_ratio: 100}}")
        self.assertIn("max_ratio", text)
        job.write_text(text)
        self.check_failure(job, 5, "more than 100 times as many")

    def test_corrupt_parquet(self):
        content = parquet_bytes(list(sample_rows(ROWS, nulls=False, first=1)))
        footer = len(content) - 8 - struct.unpack("<I", content[-8:-4])[0]
        cases = {"footer": content[:footer] + bytes(b ^ 0x5A for b in content[footer:footer + 60]) + content[footer + 60:],
                 "footer's length": content[:-8] + struct.pack("<I", 1 << 30) + content[-4:],
                 "truncated": content[:len(content) // 2],
                 "no Parquet at all": b"id,day\n1,2\n",
                 "empty": b""}
        for what, damaged in cases.items():
            with self.subTest(what):
                shutil.rmtree(self.folder / "parquet", ignore_errors=True)
                job = self.published("parquet")
                self.path.write_bytes(damaged)
                self.check_failure(job, 5)

    def test_corrupt_hdf5(self):
        content = hdf5_bytes(list(sample_rows(ROWS, nulls=False, first=1)))
        cases = {"truncated": content[:len(content) // 2], "no HDF5 at all": b"id,day\n1,2\n", "empty": b"",
                 "superblock": content[:8] + bytes(b ^ 0xFF for b in content[8:100]) + content[100:]}
        for what, damaged in cases.items():
            with self.subTest(what):
                shutil.rmtree(self.folder / "hdf5", ignore_errors=True)
                job = self.published("hdf5")
                self.path.write_bytes(damaged)
                self.check_failure(job, 5)

    def test_json_with_a_missing_brace_in_the_middle(self):
        job = self.published("json")
        lines = self.lines("json")
        lines[20] = lines[20].replace(b"}", b"", 1)
        self.path.write_bytes(b"".join(lines))
        reject = self.check_reject(job, "json", 21)
        self.assertEqual(reject["offset"], sum(map(len, lines[:20])))

    def test_json_with_a_missing_brace_costs_one_record_if_it_may(self):
        job = self.published("json", rejects=1)
        lines = self.lines("json")
        lines[20] = lines[20].replace(b"}", b"", 1)
        self.path.write_bytes(b"".join(lines))
        table = self.tipple("run", job, "--json").json["tables"]["json"]
        self.assertEqual((table["rows_in"], table["rows_out"], table["rejected"]), (50, 49, 1))

    def test_fixed_line_that_ends_inside_a_number(self):
        job = self.published("fixed")
        lines = self.lines("fixed")
        lines[7] = lines[7][:22] + b"\n"
        self.path.write_bytes(b"".join(lines))
        self.check_reject(job, "arity", 8)

    def test_log_line_of_another_kind(self):
        job = self.published("log")
        lines = self.lines("log")
        lines[7] = b"Exception in thread main\n"
        self.path.write_bytes(b"".join(lines))
        self.check_reject(job, "pattern", 8)

    def test_values_of_columnar_files_that_do_not_fit(self):
        job = self.published("parquet")
        rows = list(sample_rows(50, nulls=False, first=1))
        rows[9][6] = "longer than six"
        self.path.write_bytes(parquet_bytes(rows))
        failed = self.tipple("run", job, expect=4)
        self.assertIn("max_rows", failed.err)
        rejects = self.tipple("rejects", job, "--json").json["rejects"]
        self.assertEqual([(r["rule"], r["column"], r["offset"]) for r in rejects], [("length", "code", 9)])
        self.assertEqual(self.published_files(job), self.before)

    def test_a_missing_column_is_named(self):
        for name in ("csv", "parquet", "hdf5"):
            with self.subTest(name):
                job = self.published(name)
                rows = list(sample_rows(20, nulls=False))
                if name == "csv":
                    self.path.write_bytes(csv_bytes(rows).replace(b"amount", b"amounts", 1))
                elif name == "parquet":
                    table = pyarrow.parquet.read_table(io.BytesIO(parquet_bytes(rows)))
                    pyarrow.parquet.write_table(table.rename_columns([*NAMES[:3], "amounts", *NAMES[4:]]), self.path)
                else:
                    with h5py.File(self.path, "a") as file:
                        file.move("rows/amount", "rows/amounts")
                self.check_failure(job, 2, "amount")

    def test_a_pipe_whose_writer_dies(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        lines = self.lines("json")
        job = self.published("json")
        text = job.read_text().replace(f'path: "{self.path}"', f'stream: {{pipe: "{pipe}"}}')
        self.assertIn("stream", text)
        job.write_text(text)
        half = b"".join(lines[:30]) + lines[30][:40]
        script = ("import os, signal, sys\nout = open(sys.argv[1], 'wb')\nout.write(sys.stdin.buffer.read())\nout.flush()\n"
                  "os.kill(os.getpid(), signal.SIGKILL)")
        writer = subprocess.Popen([sys.executable, "-c", script, str(pipe)], stdin=subprocess.PIPE)
        writer.stdin.write(half)
        writer.stdin.close()
        failed = self.tipple("run", job, expect=4)
        writer.wait()
        self.assertIn("breaks off", failed.err)
        self.assertEqual(self.published_files(job), self.before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
