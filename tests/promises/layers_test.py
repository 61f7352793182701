"""Tables that read tables: one run loads them in the order in which they depend on one another."""

import json
import unittest

from harness import TippleTest

JOB = """\
version: 1
job: layers
warehouse: warehouse
sources:
  files: {path: "in/*.csv"}
  landed: {table: events_raw}
  clean: {table: events}
tables:
  daily:
    from: clean
    columns: {id: int64, kind: string}
    steps:
      - where: "kind = 'a'"
  events:
    from: landed
    columns: {id: int64, kind: {type: string, nullable: true}}
    steps:
      - where: "kind is not null"
  events_raw:
    from: files
    columns: {id: int64, kind: {type: string, nullable: true}}
modes:
  full: {write: replace}
  more: {write: append}
"""


class Layers(TippleTest):
    def layered_job(self):
        (self.folder / "in").mkdir()
        self.add_file("a", 0, 100)
        path = self.folder / "job.yaml"
        path.write_text(JOB)
        return path

    def add_file(self, name, first, end):
        kinds = ["a", "b", ""]
        rows = "".join(f"{n},{kinds[n % 3]}\n" for n in range(first, end))
        (self.folder / "in" / f"{name}.csv").write_text("id,kind\n" + rows)

    def rows(self, table):
        out = self.tipple("export", self.folder / "warehouse" / table, "--format", "jsonl").out
        return [json.loads(line)["id"] for line in out.splitlines()]

    def check_rows(self, count):
        self.assertEqual(self.rows("events_raw"), list(range(count)))
        self.assertEqual(self.rows("events"), [n for n in range(count) if n % 3 != 2])
        self.assertEqual(self.rows("daily"), [n for n in range(count) if n % 3 == 0])

    def test_one_run_loads_all_layers(self):
        job = self.layered_job()
        result = self.tipple("run", job, "--json").json
        self.assertEqual(set(result["tables"]), {"events_raw", "events", "daily"})
        self.assertEqual(len(result["loads"]), 3)
        self.check_rows(100)
        events = result["tables"]["events"]
        self.assertEqual((events["rows_in"], events["filtered"]), (100, 33))

    def test_two_ranks_load_all_layers(self):
        job = self.layered_job()
        self.tipple("run", job, "--ranks", 2)
        self.check_rows(100)

    def test_a_second_run_publishes_nothing(self):
        job = self.layered_job()
        self.tipple("run", job)
        again = self.tipple("run", job, "--json").json
        self.assertEqual([load["outcome"] for load in again["loads"]], ["already-published"] * 3)
        self.check_rows(100)

    def test_a_kill_between_layers_is_finished_by_the_next_run(self):
        job = self.layered_job()
        self.tipple("run", job, expect=-9, env={"TIPPLE_KILL_AT": "attempt-opened:2"})
        self.assertEqual(self.rows("events_raw"), list(range(100)))
        self.tipple("run", job)
        self.check_rows(100)

    def test_appending_reads_what_was_added(self):
        job = self.layered_job()
        self.tipple("run", job, "--mode", "more")
        (self.folder / "in" / "a.csv").unlink()
        self.add_file("b", 100, 150)
        result = self.tipple("run", job, "--mode", "more", "--json").json
        self.assertEqual(result["tables"]["events"]["rows_in"], 50)
        self.check_rows(150)

    def test_a_lookup_reads_the_whole_table_also_when_appending(self):
        (self.folder / "in").mkdir()
        job = self.folder / "job.yaml"
        job.write_text("""\
version: 1
job: lookups
warehouse: warehouse
sources:
  names: {path: "in/names-*.csv"}
  known: {table: names}
  visits: {path: "in/visits.csv"}
tables:
  names: {from: names, columns: {id: int64, name: string}}
  visits:
    from: visits
    columns: {id: int64}
    steps:
      - lookup: {source: known, on: id, take: {name: name}, types: {id: int64}, missing: reject}
modes:
  more: {write: append}
""")
        (self.folder / "in" / "names-1.csv").write_text("id,name\n1,one\n")
        (self.folder / "in" / "visits.csv").write_text("id\n1\n")
        self.tipple("run", job, "--mode", "more")
        (self.folder / "in" / "names-1.csv").unlink()
        (self.folder / "in" / "names-2.csv").write_text("id,name\n2,two\n")
        (self.folder / "in" / "visits.csv").write_text("id\n2\n1\n")
        self.tipple("run", job, "--mode", "more", "--ranks", 2)
        out = self.tipple("export", self.folder / "warehouse" / "visits", "--format", "jsonl").out
        self.assertEqual([json.loads(line)["name"] for line in out.splitlines()], ["one", "two", "one"])


if __name__ == "__main__":
    unittest.main()
