"""Rejected rows of Parquet and HDF5 files are loaded again after the job was corrected, each once, and every one of them is accounted for."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import textwrap
import unittest

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness import TIPPLE, TippleTest

JOB = """\
version: 1
job: trips
warehouse: warehouse
sources:
  trips: {{path: "{inputs}", {source}}}
tables:
  trips:
    from: trips
    columns:
      id: int64
      size: {size}
      kind: "enum({kinds})"
      parts: int64
      share: {{expr: "{share}"}}
      note: {{type: string, nullable: true}}
    checks: [{{rule: "id <> {refused}", on_fail: reject}}]
    rejects: {{max_percent: 100{keep}}}
modes:
  full: {{write: replace}}
  more: {{write: append}}
"""

WRONG = {"size": "int8", "kinds": "bus,tram", "share": "100 / parts", "refused": 17}
RIGHT = {"size": "int32", "kinds": "bus,tram,rocket", "share": "CASE WHEN parts <> 0 THEN 100 / parts ELSE 0 END", "refused": -1}

POINTS = ["replay-prepared", "part-row-group", "report-journaled", "part-moved", "log-linked", "replay-places-named", "replay-marked"]


def trip(number):
    """id, size, kind, parts, note: one in ten has a size out of range, one a label that is missing, one no parts."""
    return (number, 1000 + number if number % 10 == 1 else number % 100, "rocket" if number % 10 == 3 else "bus", number % 10 - 5,
            f"n\u00e4{number}" * (number % 4))


def bad_of(first, end):
    return [n for n in range(first, end) if n % 10 in (1, 3, 5) or n == WRONG["refused"]]


def columns_of(first, end):
    ids, sizes, kinds, parts, notes = zip(*map(trip, range(first, end)))
    return {"id": ids, "size": sizes, "kind": kinds, "parts": parts, "note": notes}


def write_parquet(path, first, end):
    columns = columns_of(first, end)
    table = pa.table({**columns, "note": [note or None for note in columns["note"]], "nested": [{"a": [n]} for n in columns["id"]],
                      "key": pa.array([n.to_bytes(16) for n in columns["id"]], pa.uuid())})
    pq.write_table(table.cast(table.schema.set(1, pa.field("size", pa.int16()))), path, row_group_size=7)


def write_datasets(path, first, end):
    columns = columns_of(first, end)
    with h5py.File(path, "w") as file:
        for name in ("id", "parts"):
            file.create_dataset(f"trips/{name}", data=np.array(columns[name], ">i8"), chunks=(8,), maxshape=(None,), compression="gzip")
        file["trips/size"] = np.array(columns["size"], "i2")
        file.create_dataset("trips/kind", data=np.array([{"bus": 1, "rocket": 7}[k] for k in columns["kind"]], "u1"),
                            dtype=h5py.enum_dtype({"bus": 1, "rocket": 7}, basetype="u1"))
        file.create_dataset("trips/note", data=columns["note"], dtype=h5py.string_dtype())
        file["other"] = np.zeros((2, 2))


def write_compound(path, first, end):
    row = np.dtype([("id", "i4"), ("size", "i2"), ("kind", "S8"), ("parts", "f8"), ("note", h5py.string_dtype())])
    columns = columns_of(first, end)
    rows = np.zeros(end - first, row)
    for name in row.names:
        rows[name] = columns[name]
    with h5py.File(path, "w") as file:
        file.create_dataset("trips/rows", data=rows, chunks=(5,), maxshape=(None,))


FORMATS = {
    "parquet": (write_parquet, "format: parquet"),
    "datasets": (write_datasets, "format: hdf5, group: /trips"),
    "compound": (write_compound, "format: hdf5, group: trips/rows"),
}


class ReplayRows(TippleTest):
    @contextlib.contextmanager
    def fresh(self, name, **more):
        with self.subTest(format=name, **more):
            self.setUp()
            self.format = name
            yield

    def write_input(self, name, first, end):
        FORMATS[self.format][0](self.folder / name, first, end)

    def write_job(self, keys, inputs="in*", name="job.yaml", keep="", source=None):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(JOB.format(inputs=self.folder / inputs, source=source or FORMATS[self.format][1], keep=keep, **keys))
        return path

    def loaded_with_rejects(self, end=60, keep=""):
        self.write_input("in1", 0, end // 2)
        self.write_input("in2", end // 2, end)
        job = self.write_job(WRONG, keep=keep)
        table = self.tipple("run", job, "--json").json["tables"]["trips"]
        self.assertEqual(table["rejected"], len(bad_of(0, end)))
        return job

    def rows(self, job):
        return [json.loads(line) for line in self.tipple("export", job, "--table", "trips", "--format", "jsonl").out.splitlines()]

    def ids(self, job):
        return [row["id"] for row in self.rows(job)]

    def unresolved(self, job):
        return self.tipple("rejects", job, "--unresolved", "--limit", 10**6, "--json").json

    def check_balance(self, document, rejects, rows_out, again=0, dropped=0):
        replay = document["replay"]
        self.assertEqual((replay["rejects"], replay["records"]), (rejects, rejects - dropped))
        self.assertEqual((replay["rows_out"], replay["rejected_again"], replay["dropped"]), (rows_out, again, dropped))
        self.assertEqual(replay["rejects"], replay["rows_out"] + replay["filtered"] + replay["rejected_again"] + replay["dropped"])

    def check_like_a_load_of_the_corrected_job(self, job):
        fresh = self.write_job(RIGHT, name="fresh/job.yaml")
        self.tipple("run", fresh)
        self.assertEqual(sorted(self.rows(job), key=lambda row: row["id"]), self.rows(fresh))

    def test_after_the_job_is_corrected_exactly_the_rejects_are_loaded(self):
        for name in FORMATS:
            with self.fresh(name):
                for keep in ("", ", keep_raw: true"):
                    job = self.loaded_with_rejects(keep=keep)
                    rules = {reject["rule"].split(":")[0] for reject in self.unresolved(job)["rejects"]}
                    self.assertEqual(rules, {"range", "enum", "check", "division_by_zero"})
                    good, bad = self.ids(job), bad_of(0, 60)
                    self.write_job(RIGHT, keep=keep)
                    done = self.tipple("replay", job, "--json").json
                    self.assertEqual((done["outcome"], done["mode"]), ("published", "replay"))
                    self.check_balance(done, len(bad), len(bad))
                    self.assertEqual(self.ids(job), good + bad)
                    self.check_like_a_load_of_the_corrected_job(job)
                    self.assertEqual(self.unresolved(job)["total"], 0)
                    first = self.tipple("history", job, "--json").json["tables"]["trips"][-2]["load_id"]
                    mark = self.tipple("rejects", job, "--load", first, "--json").json["resolved"]["trips"]
                    self.assertEqual(mark, {"by": done["load_id"], "rows": len(bad), "dropped": 0})
                    self.assertFalse(list((self.folder / "warehouse" / "_replay").iterdir()), "copies of rows are removed")
                    self.assertEqual(self.tipple("replay", job, "--json").json["outcome"], "nothing-to-replay")
                    self.tipple("verify", job)

    def test_what_is_rejected_again_stays_unresolved_at_its_first_place(self):
        for name in FORMATS:
            with self.fresh(name):
                job = self.loaded_with_rejects()
                before = {(r["path"], r["offset"]): r for r in self.unresolved(job)["rejects"]}
                bad = bad_of(0, 60)
                again = [n for n in bad if n % 10 == 3]
                self.write_job({**RIGHT, "kinds": WRONG["kinds"]})
                done = self.tipple("replay", job, "--json").json
                self.check_balance(done, len(bad), len(bad) - len(again), again=len(again))
                left = self.unresolved(job)["rejects"]
                self.assertEqual([r["offset"] + 30 * r["path"].endswith("in2") for r in left], again)
                for reject in left:
                    self.assertEqual(reject["load_id"], done["load_id"])
                    self.assertEqual(reject["line"], before[(reject["path"], reject["offset"])]["line"])
                self.write_job(RIGHT)
                self.check_balance(self.tipple("replay", job, "--json").json, len(again), len(again))
                self.check_like_a_load_of_the_corrected_job(job)

    def test_killed_anywhere_each_reject_is_loaded_once(self):
        for point in POINTS:
            for name in FORMATS:
                with self.fresh(name, point=point):
                    job = self.loaded_with_rejects()
                    good, bad = self.ids(job), bad_of(0, 60)
                    self.write_job(RIGHT)
                    killed = self.tipple("replay", job, env={"TIPPLE_KILL_AT": f"{point}:1"}, expect=None)
                    self.assertEqual(killed.code, -9, f"nothing passed {point}\n{killed.err}")
                    self.tipple("replay", job)
                    self.assertEqual(self.ids(job), good + bad)
                    self.assertEqual(self.unresolved(job)["total"], 0)
                    self.assertFalse(list((self.folder / "warehouse" / "_replay").iterdir()))
                    self.assertEqual(self.tipple("replay", job, "--json").json["outcome"], "nothing-to-replay")
                    self.assertEqual(len(self.tipple("history", job, "--json").json["tables"]["trips"]), 2)

    def test_the_copies_are_the_same_however_often_they_are_made(self):
        def copies(job):
            self.tipple("replay", job, env={"TIPPLE_KILL_AT": "replay-prepared:1"}, expect=None)
            folder = self.folder / "warehouse" / "_replay"
            found = {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("in*")}
            for path in sorted(folder.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            return found

        for name in FORMATS:
            with self.fresh(name):
                job = self.loaded_with_rejects()
                self.write_job(RIGHT)
                first = copies(job)
                self.assertEqual(sorted(name[32:] for name in first), ["/000000/in1", "/000001/in2"])
                self.assertEqual(copies(job), first)

    def test_a_file_that_changed_since_is_an_error(self):
        for name in FORMATS:
            with self.fresh(name):
                for keep in ("", ", keep_raw: true"):
                    job = self.loaded_with_rejects(keep=keep)
                    self.write_input("in1", 0, 31)
                    self.write_job(RIGHT, keep=keep)
                    failed = self.tipple("replay", job, expect=2)
                    self.assertIn("not the one that was loaded any more", failed.err)
                    self.assertIn("in1, row 1", failed.err)
                    self.assertIn("--input", failed.err)
                    os.unlink(self.folder / "in1")
                    self.assertIn("not the one that was loaded any more", self.tipple("replay", job, expect=2).err)
                    self.assertEqual(self.unresolved(job)["total"], len(bad_of(0, 60)))
                    self.assertFalse(list((self.folder / "warehouse" / "_replay").iterdir()))

    def test_a_file_of_corrected_rows(self):
        for name in FORMATS:
            with self.fresh(name):
                job = self.loaded_with_rejects()
                self.assertIn("--input", self.tipple("rejects", job, "--raw", "-", expect=2).err)
                bad = bad_of(0, 60)
                self.write_job({**WRONG, "size": "int32", "kinds": "bus,tram,rocket", "refused": -1})
                good = self.folder / "fixed"
                FORMATS[name][0](good, 61, 61 + len(bad))  # some of them are wrong, too
                done = self.tipple("replay", job, "--input", good, "--json").json
                zeros = [n for n in range(len(bad)) if (61 + n) % 10 == 5]
                self.check_balance(done, len(bad), len(bad) - len(zeros), again=len(zeros))
                left = self.unresolved(job)["rejects"]
                self.assertEqual([r["offset"] + 30 * r["path"].endswith("in2") for r in left], [bad[n] for n in zeros])
                failed = self.tipple("replay", job, expect=2)
                self.assertIn("again with --input", failed.err)
                FORMATS[name][0](good, 80, 80 + len(zeros) + 1)
                self.assertIn(f"it has {len(zeros) + 1} records", self.tipple("replay", job, "--input", good, expect=2).err)
                FORMATS[name][0](good, 80, 80 + len(zeros) - 1)
                done = self.tipple("replay", job, "--input", good, "--drop", 1, "--json").json
                self.check_balance(done, len(zeros), len(zeros) - 1, dropped=1)

    def test_rows_are_corrected_by_hand_as_the_document_shows(self):
        for name, first in (("in1", 0), ("in2", 10)):
            ids = range(first, first + 10)
            pq.write_table(pa.table({"id": ids, "kind": ["rokcet" if n % 4 == 1 else "bus" for n in ids]}), self.folder / name)
        job = self.folder / "trips.yaml"
        job.write_text("version: 1\njob: trips\nwarehouse: warehouse\nsources: {trips: {path: \"in*\", format: parquet}}\n"
                       "tables: {trips: {from: trips, columns: {id: int64, kind: \"enum(bus,rocket)\"}, rejects: {max_rows: 9}}}\n")
        self.tipple("run", job)
        document = (pathlib.Path(__file__).parents[2] / "docs" / "rejects.md").read_text()
        code = document.split("take them out by their numbers:\n")[1].split("\nthen `")[0]
        (self.folder / "tipple").symlink_to(TIPPLE)
        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=self.folder, check=True,
                       env={**self.environment(), "PATH": f"{self.folder}:{os.environ['PATH']}"})
        self.check_balance(self.tipple("replay", job, "--input", self.folder / "fixed.parquet", "--json").json, 5, 5)
        self.assertEqual([row["id"] for row in self.rows(job) if row["kind"] == "rocket"], [1, 5, 9, 13, 17])

    def test_rows_of_a_group_that_the_job_does_not_read_any_more(self):
        self.format = "datasets"
        job = self.loaded_with_rejects()
        self.write_job(RIGHT, source="format: hdf5, group: /others")
        failed = self.tipple("replay", job, expect=2)
        self.assertIn("reads the file otherwise", failed.err)
        self.assertIn("tipple run", failed.err)

    def test_files_whose_schemas_differ(self):
        self.format = "parquet"
        job = self.loaded_with_rejects()
        columns = columns_of(60, 80)
        pq.write_table(pa.table({**columns, "size": pa.array([str(size) for size in columns["size"]]).dictionary_encode()}), self.folder / "in3")
        self.write_job(WRONG, inputs="in3")
        self.tipple("run", job, "--mode", "more")
        self.write_job(RIGHT)
        bad = bad_of(0, 80)
        self.check_balance(self.tipple("replay", job, "--json").json, len(bad), len(bad))
        self.check_like_a_load_of_the_corrected_job(job)

    def test_many_rows_on_two_ranks_give_the_same_bytes(self):
        digests = []
        self.format = "parquet"
        columns = columns_of(0, 20_000)
        pq.write_table(pa.table(columns), self.folder / "in1", row_group_size=9_000)
        for ranks in (1, 2):
            job = self.write_job(WRONG, name=f"{ranks}/job.yaml")
            self.tipple("run", job)
            self.write_job(RIGHT, name=f"{ranks}/job.yaml")
            table = self.tipple("replay", job, "--ranks", ranks, "--json").json["tables"]["trips"]
            self.assertEqual(table["rows_out"], len(bad_of(0, 20_000)))
            digests.append(table["content_digest"])
        self.assertEqual(digests[0], digests[1])

    def test_parts_of_the_path_come_along(self):
        for name in FORMATS:
            with self.fresh(name):
                for day in ("2024-01-01", "2024-01-02"):
                    (self.folder / f"day={day}").mkdir()
                    self.write_input(f"day={day}/in", 0, 10)
                job = self.write_job(WRONG, inputs="day=*/in")
                job.write_text(job.read_text().replace("      id: int64\n", "      id: int64\n      day: {from: $path.day, type: date}\n"))
                self.tipple("run", job)
                job.write_text(job.read_text().replace("bus,tram", "bus,tram,rocket"))
                self.check_balance(self.tipple("replay", job, "--json").json, 6, 2, again=4)
                self.assertEqual([(r["id"], str(r["day"])) for r in self.rows(job)][-2:], [(3, "2024-01-01"), (3, "2024-01-02")])

    def test_rows_of_another_table_are_refused_with_what_to_do(self):
        for table_format in ("hdf5", "parquet"):
            (self.folder / "in.csv").write_text("id,size\n1,5\n2,500\n")
            job = self.folder / f"{table_format}.yaml"
            text = f"""\
version: 1
job: chain
warehouse: {table_format}
sources:
  files: {{path: "in.csv"}}
  landed: {{table: first}}
tables:
  first: {{from: files, format: {table_format}, columns: {{id: int64, size: int64}}}}
  second: {{from: landed, columns: {{id: int64, size: int8}}, rejects: {{max_rows: 1}}}}
"""
            job.write_text(text)
            self.tipple("run", job)
            job.write_text(text.replace("int8", "int16"))
            for arguments in ([], ["--input", self.folder / "in.csv"]):
                failed = self.tipple("replay", job, *arguments, expect=2)
                self.assertIn("rows of another table are not replayed", failed.err)
                self.assertIn("run it again", failed.err)


if __name__ == "__main__":
    unittest.main()
