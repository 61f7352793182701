"""Schema modes: what becomes of fields and values that a table does not expect."""

import json
import unittest

from harness import TippleTest

JOB = """\
version: 1
job: modes
warehouse: warehouse
sources: {{s: {{path: "in/*.{ending}"}}}}
tables:
  t:
    from: s
    schema: {schema}
    format: {format}
    {columns}
modes:
  full: {{write: replace}}
  more: {{write: append}}
"""


class SchemaModes(TippleTest):
    def mode_job(self, schema, columns="", table_format="hdf5"):
        (self.folder / "in").mkdir(exist_ok=True)
        path = self.folder / "job.yaml"
        path.write_text(JOB.format(schema=schema, columns=columns, format=table_format, ending="csv"))
        return path

    def put(self, name, text):
        for old in (self.folder / "in").iterdir():
            old.unlink()
        (self.folder / "in" / name).write_text(text)

    def rows(self, job):
        out = self.tipple("export", job, "--format", "jsonl").out
        return [json.loads(line) for line in out.splitlines()]

    def test_declared_does_not_look_at_new_fields(self):
        job = self.mode_job("declared", "columns: {a: int64}")
        self.put("one.csv", "a,b\n1,2\n")
        self.tipple("run", job)
        self.assertEqual(self.rows(job), [{"a": 1}])

    def test_freeze_fails_by_name_on_a_new_field(self):
        job = self.mode_job("freeze", "columns: {a: int64}")
        self.put("one.csv", "a\n1\n")
        self.tipple("run", job)
        self.put("two.csv", "a,surprise\n2,3\n")
        failed = self.tipple("run", job, "--mode", "more", expect=4)
        self.assertIn("surprise", failed.err)
        self.assertIn("two.csv", failed.err)
        self.assertEqual(self.rows(job), [{"a": 1}], "the old version is untouched")

    def test_freeze_fails_by_name_on_a_missing_or_retyped_field(self):
        job = self.mode_job("freeze", "columns: {a: int64, b: int64}")
        self.put("one.csv", "a\n1\n")
        self.assertIn('"b"', self.tipple("run", job, expect=2).err)
        self.put("one.csv", "a,b\n1,x\n")
        self.assertIn("b", self.tipple("run", job, expect=4).err)

    def test_a_field_that_an_expression_names_is_not_new(self):
        job = self.mode_job("freeze", 'columns: {a: int64, c: {type: int64, nullable: true, expr: "cast(b as int64) + 1"}}')
        self.put("one.csv", "a,b\n1,2\n")
        self.tipple("run", job)
        self.assertEqual(self.rows(job), [{"a": 1, "c": 3}])

    def evolved(self, table_format):
        job = self.mode_job("evolve", table_format=table_format)
        self.put("one.csv", "a,b\n1,x\n2,y\n")
        self.tipple("run", job, "--mode", "more")
        self.put("two.csv", "a,b,c\n3000000000,z,2.5\n")
        self.tipple("run", job, "--mode", "more", "--ranks", 2)
        self.put("three.csv", "a,c\n4,1.5\n")
        self.tipple("run", job, "--mode", "more")
        self.assertEqual(self.rows(job), [
            {"a": 1, "b": "x", "c": None}, {"a": 2, "b": "y", "c": None}, {"a": 3000000000, "b": "z", "c": 2.5}, {"a": 4, "b": None, "c": 1.5}])
        self.tipple("verify", job)
        return job

    def test_evolve_adds_columns_and_widens_types(self):
        self.evolved("hdf5")
        import h5py
        with h5py.File(self.folder / "warehouse" / "t" / "t.h5") as view:
            self.assertEqual(view["a"][:].tolist(), [1, 2, 3000000000, 4])
            self.assertEqual(view["c.valid"][:].tolist(), [0, 0, 1, 1])

    def test_an_evolved_delta_table_is_read_by_delta_rs(self):
        self.evolved("parquet")
        from deltalake import DeltaTable
        table = DeltaTable(str(self.folder / "warehouse" / "t")).to_pyarrow_table()
        self.assertEqual(sorted(table.column("a").to_pylist()), [1, 2, 4, 3000000000])

    def test_raw_records_are_typed_later_without_the_source(self):
        (self.folder / "in").mkdir()
        job = self.folder / "job.yaml"
        job.write_text("""\
version: 1
job: elt
warehouse: warehouse
sources:
  files: {path: "in/*.jsonl"}
  landed: {table: events_raw}
tables:
  events_raw: {from: files, raw: true}
  events:
    from: landed
    columns:
      id: {type: int64, expr: "cast(json_extract_text(record, 'id') as int64)"}
      kind: {type: string, nullable: true, expr: "json_extract_text(record, 'kind')"}
modes:
  full: {write: replace}
""")
        (self.folder / "in" / "a.jsonl").write_text('{"id": 1, "kind": "a"}\n{"id": 2}\n')
        self.tipple("run", job)
        out = self.tipple("export", self.folder / "warehouse" / "events", "--format", "jsonl").out
        self.assertEqual([json.loads(line) for line in out.splitlines()], [{"id": 1, "kind": "a"}, {"id": 2, "kind": None}])


if __name__ == "__main__":
    unittest.main()
