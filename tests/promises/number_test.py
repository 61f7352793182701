"""Surrogate keys: dense numbers in input order, the same at any number of ranks and any chunk size, over appends and kills, in every reader."""

import csv
import io
import itertools
import json
import pathlib
import shutil
import signal
import subprocess
import unittest

import deltalake
import duckdb
import h5py
import polars
import pyarrow.dataset

from harness import TIPPLE, TippleTest

JOB = """\
version: 1
job: {name}
warehouse: warehouse
chunk_bytes: {chunk_bytes}
sources:
  first: {{path: "{first}", format: csv}}
  second: {{path: second.jsonl, format: jsonl}}
tables:
  t:
    from: [first, second]
    format: {form}
    columns: {{key: int64, kind: {{type: string, nullable: true}}, tags: {{type: string, nullable: true}}}}
    steps:
      - where: "kind <> 'k0'"
      - explode: {{column: tags, into: tag, separator: ";"}}
      - number: {{into: n, start: {start}}}
    checks: [{{rule: "key % 97 <> 5", name: odd}}]
    rejects: {{max_rows: 100000}}
modes:
  full: {{write: replace}}
  more: {{write: append}}
"""
FORMS = ("hdf5", "parquet")
RANKS = (1, 2, 4)
CHUNK_BYTES = ("2KiB", "7001", "1MiB")


def record(number):
    """(key, kind, tags) as texts; about every 41st key is no number."""
    key = "none" if number % 41 == 40 else str(number)
    return key, f"k{number % 3}", ";".join("abc"[: number % 4])


def rows_of(first, end):
    """(key, tag) of what records first <= number < end come to."""
    rows = []
    for number in range(first, end):
        key, kind, tags = record(number)
        if key == "none" or kind == "k0" or number % 97 == 5:
            continue
        rows += [(number, tag or None) for tag in tags.split(";")]
    return rows


def numbered(rows, start):
    return [(key, tag, start + i) for i, (key, tag) in enumerate(rows)]


class Numbers(TippleTest):
    def write_inputs(self, csv_files, json_lines):
        """csv_files: name -> (first, end); json_lines: the same for the second source."""
        for name, (first, end) in csv_files.items():
            lines = [",".join(record(n)) + "\n" for n in range(first, end)]
            (self.folder / name).write_text("key,kind,tags\n" + "".join(lines))
        lines = [json.dumps(dict(zip(("key", "kind", "tags"), record(n)))) + "\n" for n in range(*json_lines)]
        (self.folder / "second.jsonl").write_text("".join(lines))

    def number_job(self, form, name="job", first="a*.csv", chunk_bytes="2KiB", start=1):
        path = self.folder / f"{name}.yaml"
        path.write_text(JOB.format(name=name, form=form, first=first, chunk_bytes=chunk_bytes, start=start))
        return path

    def exported(self, job):
        """(key, tag, n) in row order."""
        out = self.tipple("export", job, "--columns", "key,tag,n").out
        return [(int(r["key"]), r["tag"] or None, int(r["n"])) for r in csv.DictReader(io.StringIO(out))]

    def log_entries(self, form):
        folder = self.folder / "warehouse" / "t" / ("_delta_log" if form == "parquet" else "_log")
        return [[json.loads(line) for line in path.read_text().splitlines()] for path in sorted(folder.glob("*.json"))]

    def check_log(self, form, rows):
        """The statistics of the parts say where their numbers lie; parts follow one another in row order."""
        live = {}
        for entry in self.log_entries(form):
            for action in entry:
                if "remove" in action:
                    del live[action["remove"]["path"]]
                if "add" in action:
                    live[action["add"]["path"]] = json.loads(action["add"]["stats"])
        at = 0
        for path, stats in live.items():
            part = [n for _, _, n in rows[at:at + stats["numRecords"]]]
            self.assertEqual((stats["minValues"]["n"], stats["maxValues"]["n"], stats["nullCount"]["n"]), (min(part), max(part), 0), path)
            at += len(part)
        self.assertEqual(at, len(rows))

    def check_readers(self, form, rows):
        table = self.folder / "warehouse" / "t"
        by_number = sorted(rows, key=lambda row: row[2])
        if form == "hdf5":
            with h5py.File(table / "t.h5") as view:
                self.assertEqual(view["n"][:].tolist(), [n for _, _, n in rows])
                self.assertEqual(view["key"][:].tolist(), [key for key, _, _ in rows])
            return
        columns = ["key", "tag", "n"]
        delta = deltalake.DeltaTable(str(table))
        plain = [tuple(r[c] for c in columns) for r in delta.to_pyarrow_table(columns=columns).to_pylist()]
        self.assertEqual(sorted(plain, key=lambda row: row[2]), by_number)
        self.assertEqual(polars.read_delta(str(table)).select(columns).sort("n").rows(), by_number)
        files = [str(pathlib.Path(uri.removeprefix("file://"))) for uri in delta.file_uris()]
        self.assertEqual(duckdb.sql(f"SELECT key, tag, n FROM read_parquet({files!r}) ORDER BY n").fetchall(), by_number)
        # What statistics say decides which parts and row groups a reader looks at.
        for row in by_number[:: max(1, len(by_number) // 7)]:
            n = row[2]
            self.assertEqual(delta.to_pyarrow_dataset().to_table(filter=pyarrow.dataset.field("n") == n).num_rows, 1)
            self.assertEqual(polars.scan_delta(str(table)).filter(polars.col("n") == n).select(columns).collect().rows(), [row])
            self.assertEqual(duckdb.sql(f"SELECT key, tag, n FROM read_parquet({files!r}) WHERE n = {n}").fetchall(), [row])

    def check_table(self, job, form, rows):
        self.assertEqual(self.exported(job), rows)
        self.check_log(form, rows)
        self.check_readers(form, rows)
        verified = self.tipple("verify", job, "--digest", "--json").json["tables"]["t"]
        self.assertEqual(verified["rows"], len(rows))
        return verified

    def test_the_same_numbers_at_any_size(self):
        self.write_inputs({"a0.csv": (0, 700), "a1.csv": (700, 1000)}, (1000, 1400))
        rows = numbered(rows_of(0, 1400), 1)
        self.assertGreater(len(rows), 1000)
        for form in FORMS:
            contents = set()
            for chunk_bytes in CHUNK_BYTES:
                digests = set()
                for ranks in RANKS:
                    with self.subTest(form=form, chunk_bytes=chunk_bytes, ranks=ranks):
                        shutil.rmtree(self.folder / "warehouse", ignore_errors=True)
                        job = self.number_job(form, chunk_bytes=chunk_bytes)
                        table = self.tipple("run", job, "--ranks", ranks, "--threads", 2 if ranks == 1 else 1, "--json").json["tables"]["t"]
                        self.assertGreater(table["rejected"], 10)
                        self.assertGreater(table["filtered"], 100)
                        self.assertGreater(table["added"], 100)
                        self.assertEqual(self.exported(job), rows)
                        digests.add(table["bytes_digest"])
                        contents.add(table["content_digest"])
                verified = self.check_table(job, form, rows)
                self.assertEqual(digests, {verified["bytes_digest"]})
                self.assertEqual(contents, {verified["content_digest"]})

    def test_append_goes_on_and_replace_begins_again(self):
        for form in FORMS:
            with self.subTest(form=form):
                shutil.rmtree(self.folder / "warehouse", ignore_errors=True)
                self.write_inputs({"a.csv": (0, 300)}, (300, 350))
                job = self.number_job(form, start=1000)
                self.tipple("run", job)
                before = numbered(rows_of(0, 350), 1000)
                self.check_table(job, form, before)
                self.write_inputs({"a.csv": (2000, 2200)}, (0, 0))
                for _ in range(2):  # the second run finds it published
                    self.tipple("run", job, "--mode", "more", "--ranks", 2)
                    self.check_table(job, form, before + numbered(rows_of(2000, 2200), 1000 + len(before)))
                self.write_inputs({"a.csv": (50, 90)}, (10, 20))
                self.tipple("run", job)
                self.check_table(job, form, numbered(rows_of(50, 90) + rows_of(10, 20), 1000))

    def test_a_kill_anywhere_gives_the_same_numbers(self):
        self.write_inputs({"a.csv": (0, 400), "b.csv": (1000, 1200)}, (400, 420))
        points = ("publish-started", "part-numbered", "part-numbered:3", "part-moved:2", "log-written", "log-linked", "view-written")
        for form, mode in itertools.product(FORMS, ("full", "more")):
            shutil.rmtree(self.folder / "warehouse", ignore_errors=True)
            job = self.number_job(form)
            self.tipple("run", job)
            first = numbered(rows_of(0, 420), 1)
            second = rows_of(1000, 1200) + rows_of(400, 420)
            expected = numbered(second, 1) if mode == "full" else first + numbered(second, 1 + len(first))
            shutil.copytree(self.folder / "warehouse", self.folder / "kept", dirs_exist_ok=True)
            digests = set()
            for number, point in enumerate(points):
                if form == "parquet" and point == "view-written":
                    continue  # Delta tables have no view
                with self.subTest(form=form, mode=mode, point=point):
                    shutil.rmtree(self.folder / "warehouse")
                    shutil.copytree(self.folder / "kept", self.folder / "warehouse")
                    job = self.number_job(form, name="next", first="b.csv")
                    self.tipple("run", job, "--mode", mode, "--threads", 1, env={"TIPPLE_KILL_AT": point}, expect=-signal.SIGKILL)
                    if point not in ("log-linked", "view-written"):
                        self.assertEqual(self.exported(job), first, "a reader sees the table as it was")
                    result = self.tipple("run", job, "--mode", mode, "--ranks", (1, 2)[number % 2], "--json").json
                    digests.add(result["tables"]["t"]["bytes_digest"])
                    self.check_table(job, form, expected)
                    self.assertEqual(len(self.log_entries(form)), 2)
            self.assertEqual(len(digests), 1)
            shutil.rmtree(self.folder / "kept")

    def test_a_load_that_was_overtaken_is_numbered_behind_the_other(self):
        self.write_inputs({"a.csv": (0, 300), "b.csv": (500, 600)}, (700, 710))
        for form, point in itertools.product(FORMS, ("part-numbered:2", "part-moved:3", "log-written")):
            with self.subTest(form=form, point=point):
                shutil.rmtree(self.folder / "warehouse", ignore_errors=True)
                late = self.number_job(form, name="late", first="a.csv")
                self.tipple("run", late, "--mode", "more", env={"TIPPLE_KILL_AT": point}, expect=-signal.SIGKILL)
                other = self.number_job(form, name="other", first="b.csv")
                self.tipple("run", other, "--mode", "more")
                rows = numbered(rows_of(500, 600) + rows_of(700, 710), 1)
                self.check_table(other, form, rows)
                self.tipple("resume", late)
                self.check_table(late, form, rows + numbered(rows_of(0, 300) + rows_of(700, 710), 1 + len(rows)))

    def test_replayed_rejects_get_the_next_numbers(self):
        self.write_inputs({"a.csv": (0, 200)}, (200, 220))
        job = self.number_job("hdf5")
        self.tipple("run", job)
        rows = numbered(rows_of(0, 220), 1)
        job.write_text(job.read_text().replace("key % 97 <> 5", "key % 97 <> 6"))
        self.tipple("replay", job)
        later = [row for number in (5, 102, 199) if record(number)[0] != "none" and number % 3
                 for row in [(number, tag or None) for tag in record(number)[2].split(";")]]
        self.check_table(job, "hdf5", rows + numbered(later, 1 + len(rows)))

    def test_micro_batches_go_on(self):
        job = self.folder / "job.yaml"
        job.write_text("version: 1\njob: live\nwarehouse: warehouse\nsources: {s: {stream: stdin}}\n"
                       "tables: {t: {from: s, columns: {id: int64}, steps: [{where: \"id % 3 > 0\"}, {number: {into: n}}]}}\n"
                       "modes: {live: {write: append}}\n")
        text = "id\n" + "".join(f"{i}\n" for i in range(1000))
        done = subprocess.run([TIPPLE, "run", str(job), "--mode", "live", "--follow", "--every-rows", "250"], input=text,
                              capture_output=True, text=True, env=self.environment(), timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(len(self.log_entries("hdf5")), 2)
        out = self.tipple("export", job).out
        kept = [i for i in range(1000) if i % 3]
        self.assertEqual(out, "id,n\n" + "".join(f"{i},{n}\n" for n, i in enumerate(kept, 1)))
        self.tipple("verify", job, "--digest")

    def test_what_a_table_that_grew_gets(self):
        for form in FORMS:
            folder = self.folder / form
            (self.folder / f"{form}.csv").write_text("id\n10\n20\n")
            spec = {"version": 1, "job": form, "warehouse": str(folder), "sources": {"s": {"path": f"{form}.csv"}},
                    "tables": {"t": {"from": "s", "format": form, "schema": "evolve", "columns": {"id": "int64"}}},
                    "modes": {"more": {"write": "append"}}}
            job = self.folder / f"{form}.yaml"
            job.write_text(json.dumps(spec))
            self.tipple("run", job)
            spec["tables"]["t"]["steps"] = [{"number": {"into": "n", "start": 5}}]
            for number in (3, 4):
                (self.folder / f"{form}.csv").write_text(f"id\n{number}0\n{number}1\n")
                job.write_text(json.dumps(spec))
                self.tipple("run", job)
            self.assertEqual(self.tipple("export", folder / "t").out, "id,n\n10,\n20,\n30,5\n31,6\n40,7\n41,8\n")
            self.tipple("verify", folder / "t", "--digest")

    def test_a_table_that_reads_the_numbers_sees_them(self):
        (self.folder / "in.csv").write_text("name\n" + "".join(f"n{i}\n" for i in range(500)))
        for form in FORMS:
            job = self.folder / f"{form}.yaml"
            job.write_text(json.dumps({
                "version": 1, "job": form, "warehouse": form, "chunk_bytes": "1KiB",
                "sources": {"s": {"path": "in.csv"}, "names": {"table": "names"}},
                "tables": {"names": {"from": "s", "format": form, "columns": {"name": "string"}, "steps": [{"number": {"into": "id"}}]},
                           "copy": {"from": "names", "columns": {"id": "int64", "name": "string"}, "expect": {"sums": [{"column": "id", "min": 125250, "max": 125250}]}}}}))
            self.tipple("run", job, "--ranks", 2)
            self.assertEqual(self.tipple("export", self.folder / form / "copy").out, "id,name\n" + "".join(f"{i + 1},n{i}\n" for i in range(500)))

    def test_mistakes_are_told_before_anything_is_read(self):
        self.write_inputs({"a.csv": (0, 5)}, (0, 0))
        job = self.number_job("hdf5")
        text = job.read_text()
        for change, message in (
                (('      - where: "kind', '      - number: {into: n0}\n      - where: "kind'), "'number' must be the last step"),
                (("key % 97 <> 5", "n > 0"), "the column 'n' is numbered when the table is published"),
                (("into: n,", "into: key,"), "there is a column 'key' already"),
                (("    rejects:", "    expect: {sums: [{column: n, min: 1}]}\n    rejects:"), "the column 'n' is numbered when")):
            job.write_text(text.replace(*change))
            refused = self.tipple("validate", job, expect=2)
            self.assertIn(message, refused.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
