"""Dead letters: rejects are loaded again after the job or the data was corrected, each once, and every one of them is accounted for."""

import json
import os
import subprocess
import unittest

from harness import TIPPLE, TippleTest

JOB = """\
version: 1
job: trips
warehouse: warehouse
sources:
  trips: {{path: "{inputs}", format: csv{source}}}
tables:
{tables}
modes:
  full: {{write: replace}}
  more: {{write: append}}
"""

TABLE = """\
  {name}:
    from: trips
    columns: {{id: int64, kind: "enum({kinds})", note: {{type: string, nullable: true}}}}
    rejects: {{max_percent: 100{keep}}}
"""

POINTS = ["replay-prepared", "attempt-opened", "chunk-started", "part-created", "part-row-group", "part-closed", "part-synced", "report-received",
          "report-journaled", "publish-started", "part-moved", "log-written", "log-linked", "view-written", "publish-reported",
          "replay-places-named", "replay-marked"]


def record(number):
    kind = "rocket" if number % 5 == 3 else "bus"
    note = f'"a {number}, ""b""\nsecond line"' if number % 3 == 0 else f"n{number}"
    return f"{number},{kind},{note}\n"


def records(first, end):
    return "".join(record(n) for n in range(first, end))


def bad_of(first, end):
    return [n for n in range(first, end) if n % 5 == 3]


class Replay(TippleTest):
    def write_job(self, inputs="in*.csv", kinds="bus,tram", keep=False, tables=("trips",), source="", body=None):
        path = self.folder / "job.yaml"
        keep_text = ", keep_raw: true" if keep else ""
        text = body or "".join(TABLE.format(name=name, kinds=kinds, keep=keep_text) for name in tables)
        path.write_text(JOB.format(inputs=inputs, tables=text, source=source))
        return path

    def write_input(self, name, first, end):
        (self.folder / name).write_text("id,kind,note\n" + records(first, end))

    def rows(self, job, table="trips"):
        out = self.tipple("export", job, "--table", table, "--format", "jsonl").out
        return [json.loads(line) for line in out.splitlines()]

    def ids(self, job, table="trips"):
        return [row["id"] for row in self.rows(job, table)]

    def unresolved(self, job):
        return self.tipple("rejects", job, "--unresolved", "--limit", 10**6, "--json").json

    def loaded_with_rejects(self, keep=False, end=60):
        self.write_input("in1.csv", 0, end // 2)
        self.write_input("in2.csv", end // 2, end)
        job = self.write_job(keep=keep)
        first = self.tipple("run", job, "--json").json["tables"]["trips"]
        self.assertEqual(first["rejected"], len(bad_of(0, end)))
        return job

    def check_balance(self, document, rejects, rows_out, again=0, dropped=0):
        replay = document["replay"]
        self.assertEqual(replay["rejects"], rejects)
        self.assertEqual((replay["rows_out"], replay["rejected_again"], replay["dropped"]), (rows_out, again, dropped))
        self.assertEqual(replay["rejects"], replay["rows_out"] + replay["filtered"] + replay["rejected_again"] + replay["dropped"])

    def test_after_the_job_is_corrected_exactly_the_rejects_are_loaded(self):
        for keep in (False, True):
            with self.subTest(keep=keep):
                job = self.loaded_with_rejects(keep)
                good = self.ids(job)
                self.write_job(kinds="bus,tram,rocket", keep=keep)
                done = self.tipple("replay", job, "--json").json
                self.assertEqual((done["outcome"], done["mode"]), ("published", "replay"))
                self.check_balance(done, 12, 12)
                self.assertEqual(self.ids(job), good + bad_of(0, 60))
                self.assertEqual(self.rows(job)[-12]["note"], 'a 3, "b"\nsecond line')
                self.assertEqual(self.unresolved(job)["total"], 0)
                self.assertEqual([v["mode"] for v in self.tipple("history", job, "--json").json["tables"]["trips"]][-1], "replay")
                self.assertEqual(self.tipple("report", job, "--json").json["replay"], done["replay"])
                self.assertIn("12 rejects taken up: 12 rows out", self.tipple("report", job).out)
                self.assertFalse(list((self.folder / "warehouse" / "_replay").iterdir()), "copies of records are removed")
                self.tipple("verify", job)

    def test_replayed_twice_is_loaded_once(self):
        job = self.loaded_with_rejects()
        self.write_job(kinds="bus,tram,rocket")
        self.tipple("replay", job)
        before = self.ids(job)
        again = self.tipple("replay", job, "--json").json
        self.assertEqual(again["outcome"], "nothing-to-replay")
        self.assertIn("no unresolved rejects", self.tipple("replay", job).out)
        self.assertEqual(self.ids(job), before)

    def test_after_the_data_is_corrected(self):
        job = self.loaded_with_rejects()
        fixed = self.folder / "fixed.csv"
        self.tipple("rejects", job, "--raw", fixed)
        self.assertEqual(fixed.read_text(), "id,kind,note\n" + "".join(record(n) for n in bad_of(0, 60)))
        self.assertEqual(self.tipple("rejects", job, "--raw", "-").out, fixed.read_text())
        fixed.write_text(fixed.read_text().replace("rocket", "tram"))
        done = self.tipple("replay", job, "--input", fixed, "--json").json
        self.check_balance(done, 12, 12)
        self.assertEqual([row["id"] for row in self.rows(job) if row["kind"] == "tram"], bad_of(0, 60))
        again = self.tipple("replay", job, "--input", fixed, "--json").json
        self.assertEqual((again["outcome"], again["load_id"]), ("already-published", done["load_id"]))
        self.assertEqual(len(self.ids(job)), 60)

    def test_records_are_given_up_only_by_number(self):
        job = self.loaded_with_rejects()
        fixed = self.folder / "fixed.csv"
        self.tipple("rejects", job, "--raw", fixed)
        header, *lines = ["id,kind,note\n", *(record(n).replace("rocket", "tram") for n in bad_of(0, 60))]
        fixed.write_text(header + "".join(lines[:-2]))
        for arguments in ([], ["--drop", 1], ["--drop", 3]):
            failed = self.tipple("replay", job, "--input", fixed, *arguments, expect=2)
            self.assertIn("it has 10 records, unresolved rejects are 12", failed.err)
        fixed.write_text(header + "".join(lines) + "99,bus,new\n")
        self.assertIn("new ones are loaded with", self.tipple("replay", job, "--input", fixed, expect=2).err)
        fixed.write_text(header + "".join(lines[:-2]))
        done = self.tipple("replay", job, "--input", fixed, "--drop", 2, "--json").json
        self.check_balance(done, 12, 10, dropped=2)
        self.assertEqual(len(self.ids(job)), 58)
        mark = self.tipple("rejects", job, "--load", self.first_load(job), "--json").json["resolved"]["trips"]
        self.assertEqual(mark, {"by": done["load_id"], "rows": 12, "dropped": 2})

    def first_load(self, job):
        return self.tipple("history", job, "--json").json["tables"]["trips"][0]["load_id"]

    def test_what_is_rejected_again_stays_unresolved_at_its_first_place(self):
        job = self.loaded_with_rejects()
        before = {r["offset"]: r for r in self.unresolved(job)["rejects"] if r["path"].endswith("in1.csv")}
        self.write_job(kinds="bus,tram,rocket", body=TABLE.format(name="trips", kinds="bus,tram,rocket", keep="").replace(
            "id: int64", 'id: int64') + '    checks: [{rule: "id > 20", on_fail: reject}]\n')
        done = self.tipple("replay", job, "--json").json
        again = [n for n in bad_of(0, 60) if n <= 20]
        self.check_balance(done, 12, 12 - len(again), again=len(again))
        left = self.unresolved(job)
        self.assertEqual(left["total"], len(again))
        for reject in left["rejects"]:
            first = before[reject["offset"]]
            self.assertEqual((reject["path"], reject["line"]), (first["path"], first["line"]))
            self.assertEqual(reject["load_id"], done["load_id"])
        self.write_job(kinds="bus,tram,rocket")
        self.check_balance(self.tipple("replay", job, "--json").json, len(again), len(again))
        self.assertEqual(sorted(self.ids(job)), list(range(60)))

    def test_a_changed_source_file_is_an_error_unless_records_are_kept(self):
        job = self.loaded_with_rejects(keep=False)
        (self.folder / "in1.csv").write_text("note,id,kind\n")
        self.write_job(kinds="bus,tram,rocket")
        failed = self.tipple("replay", job, expect=2)
        self.assertIn("not the one that was loaded any more", failed.err)
        self.assertIn("keep_raw", failed.err)
        self.assertEqual(len(self.ids(job)), 48)
        self.assertEqual(self.unresolved(job)["total"], 12)

    def test_kept_records_outlive_their_files(self):
        job = self.loaded_with_rejects(keep=True)
        (self.folder / "in1.csv").write_text("note,id,kind\n")
        os.unlink(self.folder / "in2.csv")
        self.write_job(kinds="bus,tram,rocket", keep=True)
        self.check_balance(self.tipple("replay", job, "--json").json, 12, 12)
        self.assertEqual(sorted(self.ids(job)), list(range(60)))

    def test_two_tables_of_one_source(self):
        self.write_input("in1.csv", 0, 50)
        job = self.write_job(tables=("trips", "copies"))
        self.tipple("run", job)
        self.assertIn("--table", self.tipple("rejects", job, "--raw", "-", expect=2).err)
        self.write_job(kinds="bus,tram,rocket", tables=("trips", "copies"))
        done = self.tipple("replay", job, "--table", "copies", "--json").json
        self.assertEqual(list(done["tables"]), ["copies"])
        self.assertEqual((len(self.ids(job, "copies")), len(self.ids(job, "trips"))), (50, 40))
        self.assertEqual({r["table"] for r in self.unresolved(job)["rejects"]}, {"trips"})
        self.assertEqual(list(self.tipple("replay", job, "--json").json["tables"]), ["trips"])
        self.assertEqual(sorted(self.ids(job, "trips")), list(range(50)))

    def test_loads_are_taken_up_together_or_one_by_one(self):
        self.write_input("in1.csv", 0, 20)
        job = self.write_job(inputs="in1.csv")
        first = self.tipple("run", job, "--json").json["load_id"]
        self.write_input("in2.csv", 20, 50)
        self.write_job(inputs="in2.csv")
        self.tipple("run", job, "--mode", "more")
        self.write_job(inputs="in*.csv", kinds="bus,tram,rocket")
        self.assertEqual(self.unresolved(job)["total"], 10)
        self.check_balance(self.tipple("replay", job, "--load", first[:10], "--json").json, 4, 4)
        self.assertIn("begins with", self.tipple("replay", job, "--load", "ffff", expect=2).err)
        self.check_balance(self.tipple("replay", job, "--json").json, 6, 6)
        self.assertEqual(sorted(self.ids(job)), list(range(50)))

    def test_a_replaced_table_has_no_old_rejects(self):
        job = self.loaded_with_rejects()
        self.write_job(kinds="bus,tram,rocket")
        self.tipple("run", job)
        self.assertEqual(self.unresolved(job)["total"], 0)
        self.assertEqual(self.tipple("replay", job, "--json").json["outcome"], "nothing-to-replay")

    def test_compressed_latin_1_and_json_sources(self):
        import gzip
        text = "id,kind,note\n" + "".join("%d,%s,\xe4%d\n" % (n, "zug" if n % 4 else "stra\xdfe", n) for n in range(40))
        (self.folder / "in.csv.gz").write_bytes(gzip.compress(text.encode("latin-1")))
        job = self.write_job(inputs="in.csv.gz", kinds="zug", source=", encoding: latin-1")
        self.tipple("run", job)
        self.write_job(inputs="in.csv.gz", kinds="zug,stra\xdfe", source=", encoding: latin-1")
        self.check_balance(self.tipple("replay", job, "--json").json, 10, 10)
        self.assertEqual([r["note"] for r in self.rows(job)][-10:], [f"\xe4{n}" for n in range(0, 40, 4)])

    def test_utf_16_and_windows_1252_come_back_as_they_were(self):
        for encoding, name in (("utf-16", "utf-16"), ("windows-1252", "cp1252")):
            with self.subTest(encoding=encoding):
                text = "id,kind,note\n" + "".join("%d,%s,\u20ac%d\n" % (n, "zug" if n % 4 else "bahn", n) for n in range(20))
                (self.folder / "in.csv").write_bytes(text.encode(name))
                job = self.write_job(inputs="in.csv", kinds="zug", source=f", encoding: {encoding}")
                self.tipple("run", job)
                fixed = self.folder / "fixed.csv"
                self.tipple("rejects", job, "--raw", fixed)
                lines = text.splitlines(keepends=True)
                self.assertEqual(fixed.read_bytes().decode(name), lines[0] + "".join(lines[1::4]))
                self.write_job(inputs="in.csv", kinds="zug,bahn", source=f", encoding: {encoding}")
                self.check_balance(self.tipple("replay", job, "--json").json, 5, 5)
                self.assertEqual([r["note"] for r in self.rows(job)][-5:], [f"\u20ac{n}" for n in range(0, 20, 4)])

    def test_after_the_encoding_is_corrected(self):
        for keep in (False, True):
            with self.subTest(keep=keep):
                text = "id,kind,note\n" + "".join("%d,bus,%s\n" % (n, "plain" if n % 4 else "\xe4\xdf") for n in range(20))
                (self.folder / "in.csv").write_bytes(text.encode("latin-1"))
                job = self.write_job(inputs="in.csv", keep=keep)
                self.assertEqual(self.tipple("run", job, "--json").json["tables"]["trips"]["rejected"], 5)
                self.write_job(inputs="in.csv", source=", encoding: latin-1", keep=keep)
                self.check_balance(self.tipple("replay", job, "--json").json, 5, 5)
                self.assertEqual([(r["id"], r["note"]) for r in self.rows(job)][-5:], [(n, "\xe4\xdf") for n in range(0, 20, 4)])

    def test_records_of_a_stream_are_kept_and_replayed(self):
        job = self.write_job()
        text = job.read_text().replace('path: "in*.csv"', "stream: stdin")
        job.write_text(text)
        done = subprocess.run([TIPPLE, "run", str(job)], input="id,kind,note\n" + records(0, 20), text=True, capture_output=True, env=self.environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(list((self.folder / "warehouse" / "_streams").rglob("*.spool")))
        job.write_text(text.replace("bus,tram", "bus,tram,rocket"))
        self.check_balance(self.tipple("replay", job, "--json").json, 4, 4)
        self.assertEqual(self.ids(job)[-4:], bad_of(0, 20))

    def test_rejects_that_are_comments_under_the_corrected_job(self):
        (self.folder / "in.csv").write_text("id,kind,note\n1,bus,a\n# a remark\n2,rocket,b\n# another\n3,bus,c\n")
        job = self.write_job(inputs="in.csv")
        self.assertEqual(self.tipple("run", job, "--json").json["tables"]["trips"]["rejected"], 3)
        self.write_job(inputs="in.csv", kinds="bus,tram,rocket", source=', comment: "#"')
        replay = self.tipple("replay", job, "--json").json["replay"]
        self.assertEqual((replay["rejects"], replay["records"], replay["rows_out"]), (3, 1, 1))
        self.assertEqual(self.ids(job), [1, 3, 2])
        self.assertEqual(self.unresolved(job)["total"], 0)

    def test_files_whose_headers_differ_keep_them(self):
        (self.folder / "in1.csv").write_text("id,kind,note\n1,rocket,a\n2,bus,b\n")
        (self.folder / "in2.csv").write_text("note,kind,id\nc,rocket,3\nd,bus,4\n")
        job = self.write_job()
        self.tipple("run", job)
        self.assertIn("headers that differ", self.tipple("rejects", job, "--raw", "-", expect=2).err)
        self.write_job(kinds="bus,tram,rocket")
        self.check_balance(self.tipple("replay", job, "--json").json, 2, 2)
        self.assertEqual([(r["id"], r["note"]) for r in self.rows(job)], [(2, "b"), (4, "d"), (1, "a"), (3, "c")])

    def test_what_was_corrected_by_hand_is_not_read_from_its_file_again(self):
        job = self.loaded_with_rejects()
        fixed = self.folder / "fixed.csv"
        self.tipple("rejects", job, "--raw", fixed)
        fixed.write_text(fixed.read_text().replace("3,rocket", "3,tram"))
        done = self.tipple("replay", job, "--input", fixed, "--json").json
        self.assertGreater(done["replay"]["rejected_again"], 0)
        self.write_job(kinds="bus,tram,rocket")
        self.assertIn("again with --input", self.tipple("replay", job, expect=2).err)

    def test_json_lines(self):
        lines = [json.dumps({"id": n, "kind": "rocket" if n % 5 == 3 else "bus", "note": f"n{n}"}) for n in range(30)]
        (self.folder / "in.jsonl").write_text("\n".join(lines) + "\n")
        path = self.write_job(inputs="in.jsonl")
        text = path.read_text().replace("format: csv", "format: jsonl")
        path.write_text(text)
        self.tipple("run", path)
        path.write_text(text.replace("bus,tram", "bus,tram,rocket"))
        self.check_balance(self.tipple("replay", path, "--json").json, 6, 6)
        self.assertEqual(self.ids(path)[-6:], bad_of(0, 30))

    def test_a_record_that_breaks_off_does_not_swallow_the_others(self):
        (self.folder / "in1.csv").write_text('id,kind,note\n1,rocket,a\n2,bus,"breaks off')
        (self.folder / "in2.csv").write_text("id,kind,note\n3,rocket,c\n4,bus,d\n")
        job = self.write_job()
        self.assertEqual(self.tipple("run", job, "--json").json["tables"]["trips"]["rejected"], 3)
        self.write_job(kinds="bus,tram,rocket")
        self.check_balance(self.tipple("replay", job, "--json").json, 3, 2, again=1)
        self.assertEqual(self.ids(job), [4, 1, 3])
        self.assertEqual([(r["path"][-7:], r["line"], r["rule"]) for r in self.unresolved(job)["rejects"]], [("in1.csv", 3, "quote")])

    def test_strict_and_the_sums(self):
        job = self.loaded_with_rejects()
        self.assertEqual(self.tipple("rejects", job, "--by", "column", "--unresolved", "--json").json["by_column"], {"kind": 12})
        self.assertIn("12", self.tipple("rejects", job, "--by", "rule", "--unresolved").out)
        self.tipple("replay", job, "--strict", expect=3)
        self.assertEqual(self.unresolved(job)["total"], 12)

    def test_two_ranks_give_the_same_bytes(self):
        digests = []
        for ranks in (1, 2):
            folder = self.folder / str(ranks)
            folder.mkdir()
            self.write_input("in1.csv", 0, 400)
            job = self.write_job(inputs=str(self.folder / "in1.csv"))
            text = job.read_text().replace("warehouse: warehouse", f"warehouse: {folder}/warehouse")
            job.write_text(text)
            self.tipple("run", job)
            job.write_text(text.replace("bus,tram", "bus,tram,rocket"))
            table = self.tipple("replay", job, "--ranks", ranks, "--json").json["tables"]["trips"]
            self.assertEqual(table["rows_out"], 80)
            digests.append(table["content_digest"])
        self.assertEqual(digests[0], digests[1])

    def test_killed_anywhere_each_reject_is_loaded_once(self):
        for point in POINTS:
            with self.subTest(point=point):
                self.setUp()
                job = self.loaded_with_rejects()
                good = self.ids(job)
                self.write_job(kinds="bus,tram,rocket")
                killed = self.tipple("replay", job, env={"TIPPLE_KILL_AT": f"{point}:1"}, expect=None)
                self.assertEqual(killed.code, -9, f"nothing passed {point}\n{killed.err}")
                self.tipple("replay", job)
                self.assertEqual(self.ids(job), good + bad_of(0, 60))
                self.assertEqual(self.unresolved(job)["total"], 0)
                self.assertFalse(list((self.folder / "warehouse" / "_replay").iterdir()))
                self.assertEqual(self.tipple("replay", job, "--json").json["outcome"], "nothing-to-replay")
                self.assertEqual(len(self.tipple("history", job, "--json").json["tables"]["trips"]), 2)

    def test_a_killed_replay_is_not_resumed_by_others(self):
        job = self.loaded_with_rejects()
        self.write_job(kinds="bus,tram,rocket")
        self.tipple("replay", job, env={"TIPPLE_KILL_AT": "part-synced:1"}, expect=None)
        self.assertIn("tipple replay", self.tipple("resume", job, expect=2).err)

    def test_rows_that_a_step_adds_are_in_the_account(self):
        (self.folder / "in.csv").write_text("id,kind,note\n1,bus,a;b\n2,rocket,c;d;e\n3,rocket,\n")
        steps = "    steps: [{where: 'id < 3'}, {explode: {column: note, separator: ';'}}]\n"
        job = self.write_job(inputs="in.csv", body=TABLE.format(name="trips", kinds="bus", keep="") + steps)
        self.tipple("run", job)
        self.write_job(inputs="in.csv", body=TABLE.format(name="trips", kinds="bus,rocket", keep="") + steps)
        replay = self.tipple("replay", job, "--json").json["replay"]
        self.assertEqual((replay["rejects"], replay["records"], replay["added"], replay["rows_out"], replay["filtered"]), (2, 2, 2, 3, 1))
        self.assertEqual([r["note"] for r in self.rows(job)], ["a", "b", "c", "d", "e"])

    def test_a_rank_that_is_killed_costs_nothing(self):
        job = self.loaded_with_rejects()
        self.write_job(kinds="bus,tram,rocket")
        self.tipple("replay", job, "--ranks", 2, env={"TIPPLE_KILL_AT": "part-synced:1"}, expect=None)
        self.tipple("replay", job, "--ranks", 2)
        self.assertEqual(sorted(self.ids(job)), list(range(60)))
        self.assertEqual(self.unresolved(job)["total"], 0)

    def test_a_mode_of_the_jobs_own_that_is_called_replay(self):
        job = self.loaded_with_rejects()
        job.write_text(job.read_text() + "  replay: {write: replace}\n")
        self.tipple("run", job, "--mode", "replay")
        self.assertEqual(len(self.ids(job)), 48, "it replaces, as it says")
        self.assertIn("a mode of its own named 'replay'", self.tipple("replay", job, expect=2).err)

    def test_columns_from_a_records_place_are_refused(self):
        self.write_input("in1.csv", 0, 10)
        job = self.write_job(body='  trips:\n    from: trips\n    columns: {id: int64, kind: "enum(bus)", line: {from: $line, type: int64}}\n    rejects: {max_rows: 9}\n')
        self.tipple("run", job)
        self.assertIn("$line", self.tipple("replay", job, expect=2).err)

    def test_parts_of_the_path_come_along(self):
        for day in ("2024-01-01", "2024-01-02"):
            (self.folder / f"day={day}").mkdir()
            self.write_input(f"day={day}/in.csv", 0, 10)
        body = '  trips:\n    from: trips\n    columns: {{id: int64, kind: "enum({})", day: {{from: $path.day, type: date}}}}\n    rejects: {{max_rows: 9}}\n'
        job = self.write_job(inputs="day=*/in.csv", body=body.format("bus"))
        self.tipple("run", job)
        self.write_job(inputs="day=*/in.csv", body=body.format("bus,rocket"))
        self.check_balance(self.tipple("replay", job, "--json").json, 4, 4)
        self.assertEqual([(r["id"], str(r["day"])) for r in self.rows(job)][-4:],
                         [(n, day) for day in ("2024-01-01", "2024-01-02") for n in (3, 8)])


if __name__ == "__main__":
    unittest.main()
