"""Promise 1: rows in = rows out + rejected + filtered + deduplicated, for every table of every load."""

import csv
import json
import unittest

from harness import TippleTest, physical_line_of_record, write_sample


class Conservation(TippleTest):
    def check_account(self, table, rows_in, rejected):
        self.assertEqual(table["rows_in"], rows_in)
        self.assertEqual(table["rejected"], rejected)
        self.assertEqual(table["rows_in"], table["rows_out"] + table["rejected"] + table["filtered"] + table["deduplicated"])

    def test_every_row_is_loaded_or_a_reject_with_its_exact_place(self):
        path = self.folder / "in.csv"
        bad = write_sample(path, 4000, bad_every=97)
        job = self.job("job", path, chunk_bytes=30_000, rejects="max_rows: 1000, keep_raw: true")
        result = self.tipple("run", job, "--ranks", 2, "--json").json
        self.check_account(result["tables"]["sample"], 4000, bad)

        rejects = self.tipple("rejects", job, "--limit", "1000", "--json").json["rejects"]
        self.assertEqual(len(rejects), bad)
        content = path.read_bytes()
        for reject in rejects:
            raw = content[reject["offset"]:]
            number = int(raw.split(b",", 1)[0])
            self.assertEqual(number % 97, 96, "the offset must be that of the bad record")
            self.assertEqual(reject["line"], physical_line_of_record(path, number))
            self.assertEqual((reject["column"], reject["rule"]), ("kind", "enum"))

    def test_loaded_and_rejected_rows_together_are_the_input(self):
        path = self.folder / "in.csv"
        write_sample(path, 3000, bad_every=50)
        job = self.job("job", path, chunk_bytes=10_000, rejects="max_percent: 5")
        self.tipple("run", job)
        exported = self.folder / "out.csv"
        self.tipple("export", job, "--output", exported)
        with open(exported, newline="") as lines:
            loaded = [row for row in csv.reader(lines)][1:]
        with open(path, newline="") as lines:
            given = [row for row in csv.reader(lines)][1:]
        good = [row for row in given if row[5] != "rocket"]
        self.assertEqual([row[0] for row in loaded], [row[0] for row in good], "rows keep the input's order")
        for got, want in zip(loaded, good):
            for column in (1, 2, 3, 5, 6, 7):
                self.assertEqual(got[column], want[column])
            if want[4]:
                self.assertEqual(float(got[4]), float(want[4]))
            else:
                self.assertEqual(got[4], "")

    def test_one_bad_row_fails_the_load_by_default_and_says_how_to_allow_it(self):
        path = self.folder / "in.csv"
        write_sample(path, 1000, bad_every=1000)
        job = self.job("job", path)
        failed = self.tipple("run", job, expect=4)
        self.assertIn("max_rows", failed.err)
        self.assertIn("rocket", failed.err)
        self.assertEqual(self.versions(job), [], "nothing is published")
        report = self.tipple("run", job, "--json", expect=4)
        self.assertEqual(json.loads(report.out)["outcome"], "failed")

    def test_strict_turns_tolerated_rejects_into_exit_code_3(self):
        path = self.folder / "in.csv"
        write_sample(path, 1000, bad_every=500)
        job = self.job("job", path, rejects="max_rows: 10")
        self.tipple("run", job, "--strict", expect=3)

    def test_append_adds_and_replace_replaces(self):
        write_sample(self.folder / "a.csv", 1000)
        write_sample(self.folder / "b.csv", 500, first=5000)
        first = self.job("job", self.folder / "*.csv")
        self.tipple("run", first)
        again = self.tipple("run", first, "--mode", "more", "--json").json
        self.assertEqual(again["tables"]["sample"]["rows_out"], 1500)
        self.assertEqual(self.tipple("verify", first, "--json").json["tables"]["sample"]["rows"], 3000)
        write_sample(self.folder / "c.csv", 7, first=9000)
        self.tipple("run", first)
        self.assertEqual(self.tipple("verify", first, "--json").json["tables"]["sample"]["rows"], 1507)


if __name__ == "__main__":
    unittest.main(verbosity=2)
