"""Tables of Parquet parts are Delta Lake tables: loaded by the real binary, read by delta-rs, Polars and DuckDB; the promises hold for them."""

import csv
import json
import unittest

import deltalake
import duckdb
import h5py
import polars

from harness import TippleTest, write_sample


class DeltaTables(TippleTest):
    def parquet_job(self, name, inputs, chunk_bytes=60_000, more=""):
        job = self.job(name, inputs, chunk_bytes)
        job.write_text(job.read_text().replace("    from: sample\n", f"    from: sample\n    format: parquet\n{more}"))
        return job

    def table(self, job):
        return job.parent / "warehouse" / "sample"

    def logged_parts(self, job):
        parts = {}
        for entry in sorted((self.table(job) / "_delta_log").glob("*.json")):
            for line in entry.read_text().splitlines():
                action = json.loads(line)
                if "add" in action:
                    parts[action["add"]["path"]] = self.table(job) / action["add"]["path"]
                if "remove" in action:
                    del parts[action["remove"]["path"]]
        return [str(p) for p in parts.values()]

    def part_bytes(self, job):
        return {p.name: p.read_bytes() for p in (self.table(job) / "data").iterdir()}

    def expected_rows(self, *files):
        rows = []
        for file in files:
            with open(file, newline="") as lines:
                rows += [(int(r["id"]), r["kind"], r["amount"], r["day"], r["at"]) for r in csv.DictReader(lines)]
        return sorted(rows)

    @staticmethod
    def plain(rows):
        return sorted((r["id"], r["kind"], str(r["amount"]), r["day"].isoformat(), str(r["at"])) for r in rows)

    def assert_readers_see(self, job, *files):
        expected = self.expected_rows(*files)
        columns = ["id", "kind", "amount", "day", "at"]
        delta = deltalake.DeltaTable(str(self.table(job)))
        self.assertEqual(self.plain(delta.to_pyarrow_table(columns=columns).to_pylist()), expected)
        self.assertEqual(self.plain(polars.read_delta(str(self.table(job))).select(columns).to_dicts()), expected)
        found = duckdb.sql(f"SELECT {', '.join(map(json.dumps, columns))} FROM read_parquet({self.logged_parts(job)!r})")
        self.assertEqual(self.plain(found.to_arrow_table().to_pylist()), expected)

    def test_versions_are_read_by_others(self):
        write_sample(self.folder / "a.csv", 3000)
        write_sample(self.folder / "b.csv", 500, first=5000)
        job = self.parquet_job("job", self.folder / "a.csv")
        self.tipple("run", job)
        self.assert_readers_see(job, self.folder / "a.csv")
        self.assertFalse((self.table(job) / "sample.h5").exists())
        job.write_text(job.read_text().replace("a.csv", "b.csv"))
        self.tipple("run", job, "--mode", "more")
        self.assert_readers_see(job, self.folder / "a.csv", self.folder / "b.csv")
        delta = deltalake.DeltaTable(str(self.table(job)))
        self.assertEqual(delta.version(), 1)
        delta.load_as_version(0)
        self.assertEqual(delta.to_pyarrow_table().num_rows, 3000)

    def test_a_load_is_published_once(self):
        write_sample(self.folder / "a.csv", 1000)
        job = self.parquet_job("job", self.folder / "a.csv")
        for _ in range(3):
            self.tipple("run", job)
        self.assertEqual(deltalake.DeltaTable(str(self.table(job))).version(), 0)

    def test_bytes_and_digest_do_not_depend_on_ranks_and_threads(self):
        write_sample(self.folder / "a.csv", 6000)
        seen = set()
        for ranks, threads in ((1, 1), (1, 2), (2, 1)):
            job = self.parquet_job(f"r{ranks}t{threads}", self.folder / "a.csv")
            table = self.tipple("run", job, "--ranks", ranks, "--threads", threads, "--json").json["tables"]["sample"]
            verified = self.tipple("verify", job, "--digest", "--json").json["tables"]["sample"]
            self.assertEqual(verified["content_digest"], table["content_digest"])
            self.assertEqual(verified["bytes_digest"], table["bytes_digest"])
            seen.add((table["bytes_digest"], table["content_digest"]))
        self.assertEqual(len(seen), 1)

    def test_a_kill_anywhere_is_made_good_by_the_next_run(self):
        write_sample(self.folder / "a.csv", 3000)
        whole = self.parquet_job("whole", self.folder / "a.csv")
        self.tipple("run", whole)
        for point in ("part-created", "part-row-group", "part-closed", "part-synced", "publish-started", "part-moved", "log-written",
                      "log-linked"):
            with self.subTest(point=point):
                job = self.parquet_job(point, self.folder / "a.csv")
                self.tipple("run", job, expect=-9, env={"TIPPLE_KILL_AT": f"{point}:1"})
                published = (self.table(job) / "_delta_log" / ("0" * 20 + ".json")).exists()
                self.assertEqual(published, point == "log-linked")
                if published:
                    self.assert_readers_see(job, self.folder / "a.csv")
                self.tipple("run", job)
                self.assert_readers_see(job, self.folder / "a.csv")
                self.assertEqual(deltalake.DeltaTable(str(self.table(job))).version(), 0)
                self.assertEqual(self.part_bytes(job), self.part_bytes(whole))

    def test_another_format_is_refused(self):
        write_sample(self.folder / "a.csv", 100)
        job = self.parquet_job("job", self.folder / "a.csv")
        self.tipple("run", job)
        job.write_text(job.read_text().replace("format: parquet", "format: hdf5"))
        refused = self.tipple("run", job, expect=2)
        self.assertIn("table sample has parquet parts", refused.err)
        self.assertEqual(deltalake.DeltaTable(str(self.table(job))).version(), 0)

    def test_exports_have_the_same_rows(self):
        write_sample(self.folder / "a.csv", 2000)
        job = self.parquet_job("job", self.folder / "a.csv")
        self.tipple("run", job)
        for form in ("parquet", "arrow"):
            self.tipple("export", job, "--format", form, "--output", self.folder / f"out.{form}")
        parquet = polars.read_parquet(self.folder / "out.parquet")
        arrow = polars.read_ipc(self.folder / "out.arrow")
        self.assertEqual(self.plain(parquet.to_dicts()), self.expected_rows(self.folder / "a.csv"))
        self.assertEqual(self.plain(arrow.to_dicts()), self.expected_rows(self.folder / "a.csv"))

    def test_columns_grow_in_tables_of_both_formats(self):
        (self.folder / "a.csv").write_text("id,x\n1,5\n2,6\n")
        (self.folder / "b.csv").write_text("id,x,y\n3,7.5,hi\n")
        jobs = {"a": {"id": "int32", "x": "float32"}, "b": {"id": "int64", "x": "float64", "y": "string"}}
        for form in ("parquet", "hdf5"):
            folder = self.folder / form
            for name, columns in jobs.items():
                job = self.folder / f"{form}-{name}.yaml"
                job.write_text(json.dumps({
                    "version": 1, "job": name, "warehouse": str(folder),
                    "sources": {"s": {"path": str(self.folder / f"{name}.csv"), "format": "csv"}},
                    "tables": {"t": {"from": "s", "format": form, "schema": "evolve", "columns": columns}},
                    "modes": {"more": {"write": "append"}}}))
                self.tipple("run", job, "--mode", "more")
            self.assertEqual(self.tipple("export", folder / "t").out, "id,x,y\n1,5,\n2,6,\n3,7.5,hi\n")
            self.tipple("verify", folder / "t")
        delta = deltalake.DeltaTable(str(self.folder / "parquet" / "t")).to_pyarrow_table().sort_by("id")
        self.assertEqual(delta.to_pydict(), {"id": [1, 2, 3], "x": [5.0, 6.0, 7.5], "y": [None, None, "hi"]})
        with h5py.File(self.folder / "hdf5" / "t" / "t.h5") as view:
            self.assertEqual(view["x"][:].tolist(), [5.0, 6.0, 7.5])
            self.assertEqual(view["y.valid"][:].tolist(), [0, 0, 1])

    def test_what_is_not_as_expected_is_not_published(self):
        write_sample(self.folder / "a.csv", 1000)
        job = self.parquet_job("job", self.folder / "a.csv", more="    expect: {rows: {min: 1001}}\n")
        failed = self.tipple("run", job, expect=4)
        self.assertIn("the number of rows is 1000, expected at least 1001", failed.err)
        self.assertFalse((self.table(job) / "_delta_log").exists())


if __name__ == "__main__":
    unittest.main()
