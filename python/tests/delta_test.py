"""Parquet tables: those with our exact types, laid out as docs/warehouse.md says, and those that delta-rs wrote."""

import datetime
import decimal
import hashlib
import json
import pathlib
import shutil
import tempfile
import unittest

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq

import tipple

D = decimal.Decimal
SCHEMA = [
    ("u8", "uint8", [1, None, 255]),
    ("u32", "uint32", [2**32 - 1, 0, None]),
    ("u64", "uint64", [2**64 - 1, 0, None]),
    ("i64", "int64", [-(2**63), 0, None]),
    ("ratio", "float32", [0.5, -1.0, None]),
    ("amount", "decimal(9,2)", [D("1.50"), D("-0.01"), None]),
    ("big", "decimal(38,5)", [D("1234567890123456789012345678901.50000"), D("0.00001"), None]),
    ("clock", "time", [datetime.time(23, 59, 59, 999999), datetime.time(0), None]),
    ("day", "date", [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None]),
    ("at", "timestamp", [datetime.datetime(2024, 2, 29, 12), datetime.datetime(1900, 1, 1), None]),
    ("utc", "timestamp_tz", [datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc), None, None]),
    ("kind", "enum(bus,tram)", ["tram", None, "bus"]),
    ("code", "string(4)", ["früh"[:3], "", None]),
    ("text", "string", ["", None, "日本語"]),
    ("yes", "bool", [True, False, None]),
]
# Delta Lake has no such types: they stand in wider ones.
STORED = {
    "uint8": pa.int16(),
    "uint32": pa.int64(),
    "uint64": pa.decimal128(20, 0),
    "time": pa.int64(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "decimal(9,2)": pa.decimal128(9, 2),
    "decimal(38,5)": pa.decimal128(38, 5),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamp_tz": pa.timestamp("us", "UTC"),
    "bool": pa.bool_(),
}


def stored(kind, values):
    if kind == "time":
        values = [None if v is None else ((v.hour * 60 + v.minute) * 60 + v.second) * 10**6 + v.microsecond for v in values]
    return pa.array(values, STORED.get(kind, pa.string()))


def signed(lines, version):
    """A log entry with its checksum."""
    lines = lines + [{"commitInfo": {"timestamp": 1767225600000, "operation": "WRITE", "operationParameters": {"mode": "full", "write": "append", "job": "j"},
                                     "tipple": {"version": version, "load": "0" * 32, "rows_in": 3}}}]
    text = "\n".join(json.dumps(line, separators=(",", ":")) for line in lines)[:-2] + ',"tipple.checksum":"'
    return text.encode() + hashlib.sha256(text.encode()).hexdigest().encode() + b'"}}\n'


class DeltaTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tipple-delta-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "_tipple.json").write_text('{"format_version": 1}')
        self.table = self.folder / "t"

    def schema_json(self, columns):
        return json.dumps([{"name": name, "type": kind, "nullable": True} for name, kind, _ in columns])

    def write_part(self, name, columns):
        path = self.table / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = pa.table({name: stored(kind, values) for name, kind, values in columns})
        pq.write_table(part.replace_schema_metadata({"tipple.schema": self.schema_json(columns)}), path, row_group_size=2)
        return {"add": {"path": f"data/{name}", "partitionValues": {}, "size": path.stat().st_size, "modificationTime": 0, "dataChange": True,
                        "tags": {"tipple.rows": str(part.num_rows), "tipple.sha256": hashlib.sha256(path.read_bytes()).hexdigest()}}}

    def metadata(self, columns):
        return {"metaData": {"id": "x", "format": {"provider": "parquet", "options": {}}, "schemaString": '{"type":"struct","fields":[]}',
                             "partitionColumns": [], "configuration": {"tipple.schema": self.schema_json(columns)}}}

    def write_entry(self, version, lines):
        path = self.table / "_delta_log" / f"{version:020d}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(signed(lines, version))

    def write_ours(self):
        protocol = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["timestampNtz"], "writerFeatures": ["timestampNtz"]}}
        self.write_entry(0, [protocol, self.metadata(SCHEMA), self.write_part("a.parquet", SCHEMA)])

    def test_every_type_comes_back_as_it_was_declared(self):
        self.write_ours()
        table = tipple.open(self.folder, verify=True).table("t")
        self.assertEqual((table.format, table.num_rows, table.version), ("parquet", 3, 0))
        got = table.to_arrow()
        for name, kind, values in SCHEMA:
            with self.subTest(column=name):
                column = tipple.schema.make_column(name, kind, True)
                self.assertEqual(got.schema.field(name).type, column.arrow)
                self.assertEqual(got.column(name).to_pylist(), values)
        self.assertEqual([batch.num_rows for batch in table.batches(["kind"])], [2, 1])
        self.assertEqual(next(table.batches(["kind"])).column(0).dictionary.to_pylist(), ["bus", "tram"])

    def test_older_parts_have_fewer_and_narrower_columns(self):
        old = [("i64", "int32", [1, 2, None])]
        new = [("i64", "int64", [2**40, None, 0]), ("text", "string", ["a", None, "b"])]
        self.write_entry(0, [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, self.metadata(old), self.write_part("a.parquet", old)])
        self.write_entry(1, [self.metadata(new), self.write_part("b.parquet", new)])
        warehouse = tipple.open(self.folder)
        self.assertEqual(warehouse.table("t").to_arrow().to_pydict(), {"i64": [1, 2, None, 2**40, None, 0], "text": [None] * 3 + ["a", None, "b"]})
        self.assertEqual(warehouse.table("t").to_arrow(["text"]).to_pydict(), {"text": [None] * 3 + ["a", None, "b"]})
        self.assertEqual(warehouse.table("t", version=0).schema, pa.schema([pa.field("i64", pa.int32())]))

    def test_removed_parts_are_not_read(self):
        self.write_ours()
        self.write_entry(1, [{"remove": {"path": "data/a.parquet", "dataChange": True}}, self.write_part("b.parquet", SCHEMA)])
        self.assertEqual([part.path.name for part in tipple.open(self.folder).table("t").parts], ["b.parquet"])
        self.assertEqual([part.path.name for part in tipple.open(self.folder).table("t", version=0).parts], ["a.parquet"])

    def test_tables_of_delta_rs(self):
        first = pa.table({"id": pa.array([1, 2], pa.int64()), "at": pa.array([datetime.datetime(2024, 1, 1)] * 2, pa.timestamp("us")), "x": [0.5, None]})
        deltalake.write_deltalake(str(self.table), first)
        deltalake.write_deltalake(str(self.table), first.slice(0, 1), mode="append")
        warehouse = tipple.open(self.folder)
        self.assertEqual(warehouse.table("t").to_arrow().num_rows, 3)
        self.assertEqual(warehouse.table("t", version=0).to_arrow().to_pydict(), first.to_pydict())
        self.assertEqual([version.rows for version in warehouse.versions("t")], [2, 3])
        with self.assertRaisesRegex(tipple.TippleError, "no SHA-256"):
            warehouse.table("t").verify()

    def test_what_this_package_cannot_read_says_who_can(self):
        table = pa.table({"id": pa.array([1, 2], pa.int64()), "p": ["a", "b"]})
        deltalake.write_deltalake(str(self.table), table, partition_by=["p"])
        with self.assertRaisesRegex(tipple.TippleError, "partitioned.*Delta Lake reader"):
            tipple.open(self.folder).table("t")
        shutil.rmtree(self.table)
        self.write_entry(0, [{"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"]}}])
        with self.assertRaisesRegex(tipple.TippleError, "needs deletionVectors"):
            tipple.open(self.folder).table("t")
        self.write_entry(0, [self.metadata(SCHEMA), {"add": {"path": "../../x.parquet", "size": 1}}])
        with self.assertRaisesRegex(tipple.TippleError, "outside the table's folder"):
            tipple.open(self.folder).table("t")

    def test_damaged_parts(self):
        self.write_ours()
        part = self.table / "data" / "a.parquet"
        data = part.read_bytes()
        for length in range(0, len(data), 97):
            part.write_bytes(data[:length])
            with self.assertRaises(tipple.TippleError, msg=str(length)):
                tipple.open(self.folder).table("t").to_arrow()
        part.unlink()
        with self.assertRaisesRegex(tipple.TippleError, "the part is missing"):
            tipple.open(self.folder).table("t").to_arrow()

    def test_two_logs_are_refused(self):
        self.write_ours()
        shutil.copytree(self.table / "_delta_log", self.table / "_log")
        with self.assertRaisesRegex(tipple.TippleError, "two logs"):
            tipple.open(self.folder).table("t")


if __name__ == "__main__":
    unittest.main(verbosity=1)
