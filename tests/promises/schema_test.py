"""Schema modes: what becomes of fields and values that a table does not expect."""

import json
import random
import subprocess
import unittest

from harness import SEED, TIPPLE, TippleTest

JOB = """\
version: 1
job: modes
warehouse: warehouse
chunk_bytes: {chunk_bytes}
sources: {{s: {{path: "in/*", {source}}}}}
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
    def mode_job(self, schema, columns="", table_format="hdf5", source="format: csv", chunk_bytes="16MiB"):
        (self.folder / "in").mkdir(exist_ok=True)
        path = self.folder / "job.yaml"
        path.write_text(JOB.format(schema=schema, columns=columns, format=table_format, source=source,
                                   chunk_bytes=chunk_bytes))
        return path

    def put(self, name, text):
        for old in (self.folder / "in").iterdir():
            old.unlink()
        (self.folder / "in" / name).write_bytes(text if isinstance(text, bytes) else text.encode())

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

    def test_freeze_fails_by_name_on_a_new_key_of_json_lines(self):
        job = self.mode_job("freeze", "columns: {a: int64, name: {type: string, from: user.name, nullable: true}}",
                            source="format: jsonl", chunk_bytes=256)
        lines = ['{"a": %d, "user": {"name": "n"}, "a": "again"}' % i for i in range(100)]
        self.put("one.jsonl", "\n".join(lines) + "\n")
        self.tipple("run", job)
        self.assertEqual(len(self.rows(job)), 100)
        for number, record, name in [(1, '{"a": 1, "sur\\u0070rise": null}', "surprise"),
                                     (70, '{"a": 1, "user": {"name": "x", "age": 2}}', "user.age"),
                                     (100, '{"k' + "x" * 100000 + '": 1, "a": 2}', "kxxx")]:
            with self.subTest(name=name):
                changed = list(lines)
                changed[number - 1] = record
                self.put("two.jsonl", "\n".join(changed) + "\n")
                for ranks in (1, 2):
                    failed = self.tipple("run", job, "--mode", "more", "--ranks", ranks, expect=4)
                    self.assertIn(name, failed.err)
                    self.assertIn("two.jsonl, line %d" % number, failed.err)
                    self.assertLess(len(failed.err), 2000)
        self.assertEqual(len(self.rows(job)), 100, "the old version is untouched")

    def test_freeze_of_json_lines_fails_on_missing_and_retyped_values(self):
        job = self.mode_job("freeze", "columns: {a: int64, b: {type: int64, nullable: true}}", source="format: jsonl")
        self.put("one.jsonl", '{"b": 1}\n')
        self.assertIn("a", self.tipple("run", job, expect=4).err)
        self.put("one.jsonl", '{"a": 1, "b": "x"}\n')
        self.assertIn("b", self.tipple("run", job, expect=4).err)
        self.put("one.jsonl", '{"a": 1}\n')
        self.tipple("run", job)
        self.assertEqual(self.rows(job), [{"a": 1, "b": None}])

    def test_freeze_knows_members_of_parquet_structs(self):
        import pyarrow as pa
        import pyarrow.parquet as pq
        job = self.mode_job("freeze", "columns: {n: {type: int64, from: u.n}}", source="format: parquet")
        pq.write_table(pa.table({"u": [{"n": 1}]}), self.folder / "in" / "a.parquet")
        self.tipple("run", job)
        pq.write_table(pa.table({"u": [{"n": 1, "m": 2}]}), self.folder / "in" / "a.parquet")
        self.assertIn("u.m", self.tipple("run", job, expect=4).err)

    # Rescue: what each format makes of the same records.
    RESCUE = ("columns: {id: int64, n: {type: int16, nullable: true}, s: {type: string(3), nullable: true}, "
              "day: {type: date, nullable: true}}")

    @staticmethod
    def rescue_records(count):
        rng = random.Random(SEED)
        records = []
        for i in range(count):
            records.append({"id": i, "extra": rng.choice(["", "e", 'q"uo,te', "two\nlines", "\u00e9"]),
                            "n": rng.choice(["1", "-5", "99999", "many", ""]), "s": rng.choice(["a", "abc", "abcd", ""]),
                            "day": rng.choice(["2024-02-29", "2023-02-29", "", "soon"])})
        return records

    @staticmethod
    def rescued_row(record, json_source=False):
        """What the row and its object must be; an empty text means null."""
        row = {"id": record["id"], "n": None, "s": None, "day": None}
        rest = {}
        for name, value in record.items():
            if name == "id" or value == "":
                continue
            good = {"n": value in ("1", "-5"), "s": len(value) <= 3, "day": value == "2024-02-29"}.get(name, False)
            if good:
                row[name] = int(value) if name == "n" else value
            else:
                rest[name] = value
        row["_rescued"] = rest or None
        return row

    def rescue_sources(self, records):
        """Format -> (file name, bytes, the source's keys)."""
        quoted = lambda v: '"' + v.replace('"', '""') + '"' if set(v) & set(',"\n') else v
        names = list(records[0])
        csv = ",".join(names) + "\n" + "".join(",".join(quoted(str(r[k])) for k in names) + "\n" for r in records)
        lines = "".join(json.dumps({k: v for k, v in r.items() if v != ""}) + "\n" for r in records)
        flat = [dict(r, extra=r["extra"].replace("\n", "/")) for r in records]
        pad = {"id": 8, "extra": 10, "n": 6, "s": 5, "day": 11}
        fixed = "".join("".join(str(r[k]).ljust(pad[k]) for k in names) + "\n" for r in flat)
        log = "".join("|".join(str(r[k]) for k in names) + "\n" for r in flat)
        spec, at = [], 0
        for k in names:
            spec.append("%s: [%d, %d]" % (k, at + 1, pad[k]))
            at += pad[k]
        pattern = r"\|".join("(?P<%s>[^|]*)" % k for k in names)
        return {"csv": (csv.encode(), "format: csv", records), "jsonl": (lines.encode(), "format: jsonl", records),
                "fixed": (fixed.encode(), "format: fixed, fields: {%s}" % ", ".join(spec), flat),
                "log": (log.encode(), "format: log, pattern: '%s'" % pattern, flat)}

    def part_bytes(self):
        data = self.folder / "warehouse" / "t" / "data"
        return [p.read_bytes() for p in sorted(data.iterdir(), key=lambda p: p.name.split("-", 2)[-1])]

    def test_rescue_keeps_what_does_not_fit_in_every_format(self):
        print(f"seed {SEED}")
        for name, (data, source, records) in self.rescue_sources(self.rescue_records(400)).items():
            want = [self.rescued_row(record) for record in records]
            for chunk_bytes in (64, 1000, "16MiB"):
                parts = []
                for ranks in (1, 2):
                    with self.subTest(format=name, chunk_bytes=chunk_bytes, ranks=ranks):
                        job = self.mode_job("rescue", self.RESCUE, source=source, chunk_bytes=chunk_bytes)
                        self.put("in." + name, data)
                        self.clean_warehouse()
                        report = self.tipple("run", job, "--ranks", ranks, "--json").json
                        rows = self.rows(job)
                        for row in rows:
                            row["_rescued"] = row["_rescued"] and json.loads(row["_rescued"])
                        self.assertEqual(rows, want)
                        table = report["tables"]["t"]
                        self.assertEqual((table["rows_in"], table["rows_out"], table["rejected"]), (400, 400, 0))
                        parts.append(self.part_bytes())
                self.assertEqual(parts[0], parts[1], "the same bytes on any number of ranks")

    def clean_warehouse(self):
        import shutil
        shutil.rmtree(self.folder / "warehouse", ignore_errors=True)

    def test_rescue_of_columnar_files(self):
        import h5py
        import pyarrow as pa
        import pyarrow.parquet as pq
        columns = "columns: {n: {type: int8, nullable: true}, id: int64}"
        want = [{"n": 1, "id": 1, "_rescued": {"tags": '["a","b"]', "x": "0.5"}},
                {"n": None, "id": 2, "_rescued": {"n": "300", "x": "1"}}]
        job = self.mode_job("rescue", columns, source="format: parquet")
        pq.write_table(pa.table({"tags": pa.array([["a", "b"], None]), "n": [1, 300], "x": [0.5, 1.0], "id": [1, 2]}),
                       self.folder / "in" / "a.parquet")
        for ranks in (1, 2):
            self.tipple("run", job, "--ranks", ranks)
        rows = self.rows(job)
        self.assertEqual([dict(r, _rescued=json.loads(r["_rescued"])) for r in rows], want)
        self.put("a.h5", b"")
        with h5py.File(self.folder / "in" / "a.h5", "w") as out:
            out["id"], out["n"], out["x"] = [1, 2], [1, 300], [0.5, 1.0]
        job = self.mode_job("rescue", columns, source="format: hdf5")
        self.tipple("run", job)
        self.assertEqual([json.loads(r["_rescued"]) for r in self.rows(job)], [{"x": "0.5"}, {"n": "300", "x": "1"}])

    def test_rescue_of_hostile_values(self):
        job = self.mode_job("rescue", "columns: {a: {type: string, nullable: true}}, rejects: {max_rows: 9}".replace(
            "}}, ", "}}\n    "))
        self.put("a.csv", b'a,b\nM\xfcller,\x00\nok,"\x01""\n\\u0041"\nragged\n')
        self.tipple("run", job)
        rows = self.rows(job)
        self.assertEqual([json.loads(r["_rescued"]) for r in rows],
                         [{"a": "\\x4dfc6c6c6572", "b": "\x00"}, {"b": '\x01"\n\\u0041'}])
        self.assertIn("arity", self.tipple("rejects", job).out)
        job = self.mode_job("rescue", "columns: {a: {type: int64, nullable: true}}\n    rejects: {max_rows: 9}",
                            source="format: jsonl")
        huge = b"k" * (1 << 20)
        self.put("a.jsonl", b'{"a": 1, "a": "x", "d": [1, 2.50], "d": 3}\n{"' + huge + b'": 1}\n{"b": "\xff"}\n'
                 b'{"a": "x", "\\u0000\\"": {"k": null}}\n{"a": 2\n{"a": [1 , 2]}\n')
        report = self.tipple("run", job, "--json").json["tables"]["t"]
        self.assertEqual((report["rows_in"], report["rows_out"], report["rejected"]), (6, 3, 3))
        self.assertEqual([(r["a"], r["_rescued"]) for r in self.rows(job)],
                         [(1, '{"d":[1,2.50]}'), (None, '{"a":"x","\\"\\u0000\\"\\"\\"":{"k":null}}'),
                          (None, '{"a":[1,2]}')])

    def test_a_declared_table_can_begin_to_rescue(self):
        job = self.mode_job("declared", "columns: {a: {type: int64, nullable: true}}")
        self.put("one.csv", "a\n1\n")
        self.tipple("run", job, "--mode", "more")
        job = self.mode_job("rescue", "columns: {a: {type: int64, nullable: true}}\n"
                            "    steps: [{derive: {b: \"json_extract_path_text(_rescued, 'b')\"}}]")
        self.put("two.csv", "a,b\nx,7\n")
        self.tipple("run", job, "--mode", "more")
        self.assertEqual(self.rows(job), [{"a": 1, "_rescued": None, "b": None},
                                          {"a": None, "_rescued": '{"a":"x","b":"7"}', "b": "7"}])
        self.tipple("verify", job)

    def test_rescue_in_a_fan_in_beside_other_tables_and_again_in_a_replay(self):
        (self.folder / "in").mkdir()
        job = self.folder / "job.yaml"
        text = """\
version: 1
job: fan
warehouse: warehouse
chunk_bytes: 20
sources:
  a: {path: in/a.csv}
  b: {path: in/b.jsonl}
tables:
  t:
    from: [a, {source: b, columns: {n: v.n}}]
    schema: rescue
    columns: {id: ID, n: {type: int8, nullable: true}, file: {from: $file, type: string}, only: {type: string, nullable: true}}
    rejects: {max_rows: 1}
  plain: {from: b, columns: {id: int64}}
"""
        job.write_text(text.replace("ID", "int64"))
        (self.folder / "in" / "a.csv").write_text("id,n,x,only\n1,2,y,q\n2,300,,\nbad,300,z,\n")
        (self.folder / "in" / "b.jsonl").write_text('{"id":3,"v":{"n":5,"m":6}}\n{"id":4,"v":{"n":"no"},"x":1}\n')
        self.tipple("run", job, "--ranks", 2)
        want = [{"id": 1, "n": 2, "file": "in/a.csv", "only": "q", "_rescued": '{"x":"y"}'},
                {"id": 2, "n": None, "file": "in/a.csv", "only": None, "_rescued": '{"n":"300"}'},
                {"id": 3, "n": 5, "file": "in/b.jsonl", "only": None, "_rescued": '{"v.m":6}'},
                {"id": 4, "n": None, "file": "in/b.jsonl", "only": None, "_rescued": '{"v.n":"no","x":1}'}]
        rows = lambda: self.rows(self.folder / "warehouse" / "t")
        self.assertEqual(rows(), want)
        self.assertEqual(self.rows(self.folder / "warehouse" / "plain"), [{"id": 3}, {"id": 4}])
        job.write_text(text.replace("ID", "{type: int64, nullable: true}").replace("file: {from: $file, type: string}", "file: {expr: \"'-'\", type: string}"))
        self.tipple("replay", job)
        self.assertEqual(rows(), want + [{"id": None, "n": None, "file": "-", "only": None,
                                          "_rescued": '{"id":"bad","n":"300","x":"z"}'}])

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

    def evolved_beside_columns(self, source, put, table_format, ranks):
        """`put(number, rows)` writes the input of a load. Declared columns stay, further fields join them."""
        job = self.mode_job("evolve", "columns: {id: int64, text: {type: string, from: a, nullable: true}}", table_format,
                            source)
        put(1, [{"id": 1, "a": "1"}, {"id": 2, "a": "2"}])
        self.tipple("run", job, "--mode", "more", "--ranks", ranks)
        put(2, [{"id": 3, "a": "3", "b": 5}, {"id": 4, "a": "4", "b": 6}])
        self.tipple("run", job, "--mode", "more", "--ranks", ranks)
        put(3, [{"id": 5, "a": "5", "c": 0.5, "b": 7}])
        self.tipple("run", job, "--mode", "more", "--ranks", ranks)
        put(4, [{"id": 6, "a": "6", "c": 10.25, "b": 70000}])
        self.tipple("run", job, "--mode", "more", "--ranks", ranks)
        put(5, [{"id": 7, "a": "7"}])
        self.tipple("run", job, "--mode", "more", "--ranks", ranks)
        self.assertEqual(self.rows(job), [
            {"id": i, "text": str(i), "b": b, "c": c}
            for i, b, c in [(1, None, None), (2, None, None), (3, 5, None), (4, 6, None), (5, 7, 0.5), (6, 70000, 10.25), (7, None, None)]])
        self.tipple("verify", job)
        return job

    def put_csv(self, number, rows):
        self.put("%d.csv" % number, ",".join(rows[0]) + "\n" + "".join(",".join(map(str, r.values())) + "\n" for r in rows))

    def put_json(self, number, rows):
        self.put("%d.jsonl" % number, "".join(json.dumps(r) + "\n" for r in rows))

    def put_parquet(self, number, rows):
        import pyarrow as pa
        import pyarrow.parquet as pq
        self.put("old", "")
        (self.folder / "in" / "old").unlink()
        pq.write_table(pa.Table.from_pylist(rows), self.folder / "in" / ("%d.parquet" % number))

    def test_evolve_adds_fields_beside_declared_columns(self):
        for source, put in [("format: csv", self.put_csv), ("format: jsonl", self.put_json),
                            ("format: parquet", self.put_parquet)]:
            for table_format, ranks in [("hdf5", 1), ("parquet", 2)]:
                with self.subTest(source=source, table_format=table_format, ranks=ranks):
                    self.clean_warehouse()
                    self.evolved_beside_columns(source, put, table_format, ranks)

    def test_files_of_one_load_need_not_have_the_same_fields(self):
        for columns in ("", "columns: {a: int64}"):
            with self.subTest(columns=columns):
                self.clean_warehouse()
                job = self.mode_job("evolve", columns, chunk_bytes=64)
                self.put("one.csv", "a\n1\n")
                (self.folder / "in" / "two.csv").write_text("b,a,a b\nx,2,2024-01-01\n")
                self.tipple("run", job, "--mode", "more", "--ranks", 2)
                self.assertEqual(self.rows(job), [{"a": 1, "b": None, "a b": None}, {"a": 2, "b": "x", "a b": "2024-01-01"}])

    def test_evolve_finds_names_that_are_free_and_counts_by_path(self):
        job = self.mode_job("evolve", "columns: {x: {type: int64, from: u.n}, whole: {type: string, from: w, nullable: true}}\n"
                            "    steps: [{derive: {y: \"x + 1\"}}]", source="format: jsonl")
        self.put("a.jsonl", '{"u": {"n": 1, "m": true}, "w": {"k": 1}, "x": "own", "y": 3, "z": null}\n')
        self.tipple("run", job)
        row = self.rows(job)[0]
        self.assertEqual({k: row[k] for k in ("x", "whole", "u.m", "x_2", "y_2", "y")},
                         {"x": 1, "whole": '{"k":1}', "u.m": True, "x_2": "own", "y_2": 3, "y": 2})

    def test_evolve_takes_fields_of_a_stream(self):
        job = self.folder / "job.yaml"
        job.write_text("version: 1\njob: s\nwarehouse: warehouse\nsources: {s: {stream: stdin, format: csv}}\n"
                       "tables: {t: {from: s, schema: evolve, columns: {id: int64}}}\nmodes: {more: {write: append}}\n")
        for text in ("id,b\n1,2\n", "c,id\nx,2\n"):
            subprocess.run([TIPPLE, "run", str(job)], input=text, text=True, check=True, capture_output=True,
                           env=self.environment())
        self.assertEqual(self.rows(job), [{"id": 1, "b": 2, "c": None}, {"id": 2, "b": None, "c": "x"}])

    def test_a_rejected_record_is_replayed_with_the_columns_that_its_load_found(self):
        job = self.mode_job("evolve", "columns: {a: int64}\n    rejects: {max_rows: 1}", source="format: jsonl")
        self.put("one.jsonl", '{"a": 1, "b": 2}\n{"a": "x", "b": 3}\n')
        self.tipple("run", job)
        self.mode_job("evolve", "columns: {a: {type: int64, nullable: true, from: other}}", source="format: jsonl")
        self.tipple("replay", job)
        self.assertEqual(self.rows(job), [{"a": 1, "b": 2}, {"a": None, "b": 3}])

    def test_a_killed_load_goes_on_with_the_columns_that_it_found(self):
        job = self.mode_job("evolve", "columns: {a: int64}", chunk_bytes=4096)
        self.put("one.csv", "a,b\n" + "".join("%d,%d.5\n" % (i, i) for i in range(20000)))
        killed = self.tipple("run", job, expect=None, env={"TIPPLE_KILL_AT": "part-synced:3"})
        self.assertNotEqual(killed.code, 0)
        self.tipple("resume", job, "--ranks", 2)
        self.tipple("run", job)
        self.assertEqual(self.rows(job)[19999], {"a": 19999, "b": 19999.5})

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
