"""tipple.open() on warehouses that the real binary wrote: every type, several parts, two versions, damage.

TIPPLE names the binary. Expected values are Python's own, from the rows that the input was written from.
"""

import contextlib
import datetime
import decimal
import io
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import unittest
from unittest import mock

import h5py
import numpy as np
import pyarrow as pa

import tipple

TIPPLE = os.environ["TIPPLE"]
SEED = int(os.environ.get("TIPPLE_SEED", "20260101"))
ROWS = 150_000  # more than two row groups in one part

# name: (type, Arrow type, a random value, its text)
D = decimal.Decimal
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)


def _integer(bits, signed):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return lambda rng: rng.choice([low, high, 0, rng.randint(low, high)])


def _moment(rng):
    return EPOCH + datetime.timedelta(microseconds=rng.randrange(-(10**15), 4 * 10**15))


def _text(rng):
    return rng.choice(["", "plain", 'said "so"', "a, b", "two\nlines", "früh", "日本語", "x" * rng.randrange(300)])


TYPES = {
    "i8": ("int8", pa.int8(), _integer(8, True), str),
    "i16": ("int16", pa.int16(), _integer(16, True), str),
    "i32": ("int32", pa.int32(), _integer(32, True), str),
    "i64": ("int64", pa.int64(), _integer(64, True), str),
    "u8": ("uint8", pa.uint8(), _integer(8, False), str),
    "u16": ("uint16", pa.uint16(), _integer(16, False), str),
    "u32": ("uint32", pa.uint32(), _integer(32, False), str),
    "u64": ("uint64", pa.uint64(), _integer(64, False), str),
    "f32": ("float32", pa.float32(), lambda rng: float(np.float32(rng.uniform(-1e30, 1e30))), repr),
    "f64": ("float64", pa.float64(), lambda rng: rng.choice([rng.uniform(-1e300, 1e300), float("inf"), -0.0]), repr),
    "dec": ("decimal(9,2)", pa.decimal128(9, 2), lambda rng: D(rng.randint(-(10**9) + 1, 10**9 - 1)).scaleb(-2), "{:f}".format),
    "big": ("decimal(38,5)", pa.decimal128(38, 5), lambda rng: _wide(rng), "{:f}".format),
    "yes": ("bool", pa.bool_(), lambda rng: rng.random() < 0.5, lambda v: "true" if v else "false"),
    "day": ("date", pa.date32(), lambda rng: datetime.date.fromordinal(rng.randint(1, 3652059)), lambda v: v.isoformat()),
    "clock": ("time", pa.time64("us"), lambda rng: _moment(rng).time(), lambda v: v.isoformat()),
    "at": ("timestamp", pa.timestamp("us"), _moment, lambda v: v.isoformat(sep=" ")),
    "utc": ("timestamp_tz", pa.timestamp("us", tz="UTC"), lambda rng: _moment(rng).replace(tzinfo=UTC), lambda v: v.isoformat()),
    "text": ("string", pa.string(), _text, str),
    "code": ("string(8)", pa.string(), lambda rng: rng.choice(["", "a", "früh", "12345678"]), str),
    "kind": ("enum(bus,tram,'it''s, (odd)')", pa.dictionary(pa.int32(), pa.string()), lambda rng: rng.choice(["bus", "tram", "it's, (odd)"]), str),
}


def _wide(rng):
    with decimal.localcontext() as context:
        context.prec = 40
        return D(rng.randint(-(10**38) + 1, 10**38 - 1)).scaleb(-5)


# Each type once as it must be and once nullable.
COLUMNS = [(name, *rest, False) for name, rest in TYPES.items()] + [(name + " or null", *rest, True) for name, rest in TYPES.items()]


def cell(value, text):
    if value is None:
        return ""
    written = text(value)
    return '"' + written.replace('"', '""') + '"' if written == "" or any(c in written for c in ',"\n') else written


def make_rows(count, seed):
    rng = random.Random(seed)
    # Few different rows, many times: what is compared is every row all the same.
    few = [[None if nullable and rng.random() < 0.3 else value(rng) for _, _, _, value, _, nullable in COLUMNS] for _ in range(499)]
    return [few[i % len(few)] for i in range(count)]


def write_csv(path, rows):
    lines = {}
    with open(path, "w", newline="", encoding="utf-8") as out:
        out.write(",".join(column[0] for column in COLUMNS) + "\n")
        for row in rows:
            line = lines.get(id(row))
            if line is None:
                line = lines[id(row)] = ",".join(cell(value, column[4]) for value, column in zip(row, COLUMNS)) + "\n"
            out.write(line)


JOB = """\
version: 1
job: kinds
warehouse: warehouse
chunk_bytes: {chunk}
sources:
  kinds: {{path: "in/*.csv", format: csv}}
tables:
  kinds:
    from: kinds
    codec: {codec}
{more}    columns:
{columns}
modes:
  full: {{write: replace}}
  more: {{write: append}}
"""


def write_job(folder, codec="deflate", chunk="256MiB", more=""):
    def quoted(text):
        return "'" + text.replace("'", "''") + "'"

    columns = "\n".join(
        f"      {quoted(name)}: {{type: {quoted(kind)}, nullable: {'true' if nullable else 'false'}}}" for name, kind, _, _, _, nullable in COLUMNS
    )
    path = folder / "job.yaml"
    path.write_text(JOB.format(codec=codec, chunk=chunk, columns=columns, more=more), encoding="utf-8")
    return path


def run(*args):
    finished = subprocess.run([TIPPLE, *map(str, args)], capture_output=True, text=True, timeout=300)
    if finished.returncode != 0:
        raise AssertionError(f"{args}: exit code {finished.returncode}\n{finished.stdout}{finished.stderr}")


class Folder:
    """A warehouse with two versions of the table `kinds`: 0 of `rows`, 1 of `rows` and `more` behind them."""

    def __init__(self, count=2_000, **job):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="tipple-reader-"))
        (self.path / "in").mkdir()
        self.rows, self.more = make_rows(count, SEED), make_rows(1_000, SEED + 1)
        write_csv(self.path / "in" / "a.csv", self.rows)
        file = write_job(self.path, **job)
        run("run", "--mode", "full", file)
        (self.path / "in" / "a.csv").unlink()
        write_csv(self.path / "in" / "b.csv", self.more)
        run("run", "--mode", "more", file)
        self.warehouse = self.path / "warehouse"

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


def expected(rows, position):
    name, _, arrow, _, _, _ = COLUMNS[position]
    values = [row[position] for row in rows]
    if pa.types.is_dictionary(arrow):
        labels = ["bus", "tram", "it's, (odd)"]
        indices = [None if value is None else labels.index(value) for value in values]
        return pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(labels))])
    return pa.chunked_array([pa.array(values, arrow)])


class ReaderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"TIPPLE_SEED={SEED}")
        cls.folder = Folder(ROWS, chunk="16MiB")
        cls.warehouse = tipple.open(cls.folder.warehouse)

    @classmethod
    def tearDownClass(cls):
        cls.folder.close()

    def expect_rows(self, table, rows):
        got = table.to_arrow()
        self.assertEqual(got.num_rows, len(rows))
        self.assertEqual(got.column_names, [column[0] for column in COLUMNS])
        for position, column in enumerate(COLUMNS):
            with self.subTest(column=column[0]):
                self.assertEqual(got.schema.field(position).type, column[2])
                self.assertEqual(got.schema.field(position).nullable, column[5])
                self.assertTrue(got.column(position).equals(expected(rows, position)), got.column(position)[:5])

    def test_every_type_of_every_part_and_version(self):
        newest = self.warehouse.table("kinds")
        self.assertGreater(len(newest.parts), 2)
        self.assertEqual(newest.version, 1)
        self.expect_rows(newest, self.folder.rows + self.folder.more)
        self.expect_rows(self.warehouse.table("kinds", version=0), self.folder.rows)

    def test_every_codec_and_rows_beyond_a_row_group(self):
        for codec in ("zstd", "lz4", "none"):
            folder = Folder(70_000, codec=codec)
            try:
                table = tipple.open(folder.warehouse, verify=True).table("kinds")
                self.assertEqual([part.rows for part in table.parts], [70_000, 1_000])
                with self.subTest(codec=codec):
                    self.expect_rows(table, folder.rows + folder.more)
            finally:
                folder.close()

    def test_tables_and_versions(self):
        self.assertEqual(self.warehouse.tables(), ["kinds"])
        first, second = self.warehouse.versions("kinds")
        self.assertEqual((first.version, first.write, first.rows, first.job, first.mode), (0, "replace", ROWS, "kinds", "full"))
        self.assertEqual((second.version, second.write, second.rows), (1, "append", ROWS + 1_000))
        self.assertEqual(second.account["rows_in"], 1_000)
        self.assertGreaterEqual(second.timestamp, first.timestamp)
        self.assertLess(abs(second.timestamp - datetime.datetime.now(UTC)), datetime.timedelta(hours=1))
        self.assertEqual(self.warehouse.table("kinds").num_rows, ROWS + 1_000)
        self.assertEqual(len(self.warehouse.table("kinds", version=0).versions()), 1)
        self.assertEqual(self.warehouse.table("kinds").columns[10].type, "decimal(9,2)")

    def test_batches_are_row_groups_of_the_columns_that_were_asked_for(self):
        table = self.warehouse.table("kinds")
        batches = list(table.batches(["text or null", "i32"]))
        self.assertEqual(sum(batch.num_rows for batch in batches), ROWS + 1_000)
        self.assertGreater(len(batches), len(table.parts) - 1)
        for batch in batches:
            self.assertEqual(batch.schema.names, ["text or null", "i32"])
            self.assertLessEqual(batch.num_rows, 65_536)
        whole = pa.Table.from_batches(batches)
        self.assertTrue(whole.column(1).combine_chunks().equals(pa.array([row[2] for row in self.folder.rows + self.folder.more], pa.int32())))
        # Lazy: the first batch comes although a later part is gone.
        broken = Folder()
        self.addCleanup(broken.close)
        table = tipple.open(broken.warehouse).table("kinds")
        table.parts[-1].path.unlink()
        batches = table.batches()
        self.assertEqual(next(batches).num_rows, 2_000)
        with self.assertRaisesRegex(tipple.TippleError, "the part is missing"):
            next(batches)

    def test_numpy(self):
        rows = self.folder.rows
        got = self.warehouse.table("kinds", version=0).to_numpy()
        kinds = {"day": "datetime64[D]", "clock": "timedelta64[us]", "at": "datetime64[us]", "utc": "datetime64[us]", "yes": "bool", "u64": "uint64", "dec": "object"}
        for position, (name, _, _, _, _, nullable) in enumerate(COLUMNS):
            with self.subTest(column=name):
                values = got[name]
                self.assertEqual(isinstance(values, np.ma.MaskedArray), nullable)
                wanted = [row[position] for row in rows[:499]]
                base = name.removesuffix(" or null")
                if base in kinds:
                    self.assertEqual(values.dtype, np.dtype(kinds[base]))
                if base == "utc":
                    wanted = [value and value.replace(tzinfo=None) for value in wanted]
                if base == "clock":
                    wanted = [value and datetime.datetime.combine(EPOCH, value) - EPOCH for value in wanted]
                self.assertEqual([v.item() if hasattr(v, "item") and v is not np.ma.masked else v for v in values[:499]] if not nullable
                                 else values[:499].tolist(), wanted)
        self.assertEqual(len(got["i8"]), ROWS)

    def test_pandas(self):
        frame = self.warehouse.table("kinds").to_pandas(columns=["kind", "i64", "text or null"])
        self.assertEqual(list(frame.columns), ["kind", "i64", "text or null"])
        self.assertEqual(str(frame["kind"].dtype), "category")
        self.assertEqual(frame["i64"].tolist(), [row[3] for row in self.folder.rows + self.folder.more])

    def test_wrong_names_say_the_nearest(self):
        with self.assertRaisesRegex(tipple.TippleError, "there is no table 'kind'.*did you mean 'kinds'"):
            self.warehouse.table("kind")
        for name in ("../kinds", "_loads", ""):
            with self.assertRaisesRegex(tipple.TippleError, "there is no table"):
                self.warehouse.table(name)
        with self.assertRaisesRegex(tipple.TippleError, "no column 'txt'.*did you mean 'text'"):
            self.warehouse.table("kinds").to_arrow(["txt"])
        with self.assertRaisesRegex(tipple.TippleError, "must be a list of names"):
            self.warehouse.table("kinds").to_arrow("text")
        with self.assertRaisesRegex(tipple.TippleError, "an empty list"):
            self.warehouse.table("kinds").to_arrow([])
        with self.assertRaisesRegex(tipple.TippleError, "named twice"):
            self.warehouse.table("kinds").to_arrow(["i8", "i8"])
        with self.assertRaisesRegex(tipple.TippleError, "there is no version 7.*versions are 0 to 1"):
            self.warehouse.table("kinds", version=7)
        with self.assertRaisesRegex(tipple.TippleError, "there is no such folder"):
            tipple.open(self.folder.path / "nowhere")
        with self.assertRaisesRegex(tipple.TippleError, "not a warehouse.*open '.*warehouse'"):
            tipple.open(self.folder.warehouse / "kinds")

    def test_the_readme_s_examples_run(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="tipple-readme-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / "trips.csv").write_text("id,fare,kind,picked_up\n1,9.50,bus,2024-02-29 12:00:00\n2,,tram,2024-02-29 12:30:00\n")
        (folder / "job.yaml").write_text(
            "version: 1\njob: trips\nwarehouse: warehouse\nsources: {trips: {path: trips.csv, format: csv}}\ntables:\n  trips:\n    from: trips\n"
            '    columns: {id: int64, fare: {type: "decimal(9,2)", nullable: true}, kind: "enum(bus,tram)", picked_up: timestamp}\n'
        )
        run("run", folder / "job.yaml")
        page = (pathlib.Path(__file__).parent.parent / "README.md").read_text("utf-8")
        blocks = re.findall(r"```python\n(.*?)```", page, re.S)
        self.assertGreaterEqual(len(blocks), 5)
        before = os.getcwd()
        os.chdir(folder)
        try:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("\n".join(blocks), "README.md", "exec"), {})
        finally:
            os.chdir(before)
        self.assertIn("['trips']", printed.getvalue())
        self.assertIn("did you mean 'fare'?", printed.getvalue())


class DamageTest(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.close)
        self.table = self.folder.warehouse / "kinds"

    def open(self, **options):
        return tipple.open(self.folder.warehouse, **options).table("kinds")

    def entry(self, number):
        return self.table / "_log" / f"{number:020d}.json"

    def test_a_changed_log_entry(self):
        good = self.entry(1).read_bytes()
        for change in (good[:-1], good[: len(good) // 2], b"", good.replace(b'"rows_in":1000', b'"rows_in":1001')):
            self.assertNotEqual(change, good)
            self.entry(1).write_bytes(change)
            with self.assertRaisesRegex(tipple.TippleError, "log entry is damaged"):
                self.open()
            self.assertEqual(tipple.open(self.folder.warehouse).table("kinds", version=0).num_rows, 2_000)

    def test_a_missing_and_a_copied_log_entry(self):
        shutil.copy(self.entry(1), self.entry(2))
        with self.assertRaisesRegex(tipple.TippleError, "copied under another name"):
            self.open()
        self.entry(1).unlink()
        with self.assertRaisesRegex(tipple.TippleError, "version 1 is missing"):
            self.open()

    def test_a_changed_part_is_found_when_asked(self):
        part = self.open().parts[0].path
        data = bytearray(part.read_bytes())
        data[len(data) // 2] ^= 1
        part.write_bytes(data)
        with self.assertRaisesRegex(tipple.TippleError, "SHA-256 is another one"):
            self.open(verify=True).to_arrow()
        with self.assertRaisesRegex(tipple.TippleError, "SHA-256 is another one"):
            self.open().verify()

    def test_every_truncation_of_a_part_is_an_error_of_ours(self):
        part = self.open().parts[0].path
        data = part.read_bytes()
        for length in [0, 1, 100, *range(500, len(data), len(data) // 40)]:
            part.write_bytes(data[:length])
            with self.assertRaises(tipple.TippleError, msg=str(length)):
                self.open().to_arrow()

    def test_changed_lengths_and_labels_are_errors_of_ours(self):
        part = self.open().parts[0].path
        good = part.read_bytes()

        def change(name, value):
            part.write_bytes(good)
            with h5py.File(part, "r+") as file:
                file[name][7] = value
            with self.assertRaisesRegex(tipple.TippleError, "the part cannot be read"):
                self.open().to_arrow()

        change("text.length", -1)
        change("text.length", 2**31 - 1)
        change("kind", 3)

    def test_datasets_of_other_types_than_the_schema_s_are_errors_of_ours(self):
        part = self.open().parts[0].path
        good = part.read_bytes()
        for name, dtype in (("i64", "int8"), ("code", "S3"), ("dec", "int32"), ("big", "int64"), ("utc", "int32"), ("i8.valid", None), ("text", "int8")):
            part.write_bytes(good)
            with h5py.File(part, "r+") as file:
                name = name if name in file else "i8 or null.valid"
                del file[name]
                if dtype is not None:
                    file[name] = np.zeros(2_000, dtype=dtype)
            with self.assertRaises(tipple.TippleError, msg=name):
                self.open().to_arrow()

    def test_texts_that_one_array_cannot_hold_come_in_several_batches(self):
        whole = self.open().to_arrow()
        with mock.patch.object(tipple.hdf5_part, "TEXT_BYTES_MAX", 5_000):
            self.assertGreater(len(list(self.open().batches(["text"]))), 10)
            self.assertTrue(self.open().to_arrow().equals(whole))

    def test_a_newer_warehouse(self):
        (self.folder.warehouse / "_tipple.json").write_text('{"format_version": 2}')
        with self.assertRaisesRegex(tipple.TippleError, "format version 2.*install a newer"):
            self.open()
        (self.folder.warehouse / "_tipple.json").write_text("{")
        with self.assertRaisesRegex(tipple.TippleError, "cannot be read"):
            self.open()

    def test_tables_appear_with_their_first_version(self):
        (self.folder.warehouse / "staged" / "_log").mkdir(parents=True)
        self.assertEqual(tipple.open(self.folder.warehouse).tables(), ["kinds"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
