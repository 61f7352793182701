"""Checks, expectations and the row account of steps, through the real program."""

import json
import unittest

from harness import TippleTest

JOB = """\
version: 1
job: checks
warehouse: warehouse
chunk_bytes: 2KiB
sources: {{s: {{path: in.csv}}}}
tables:
  t:
    from: s
    columns: {{id: int64, kind: {{type: string, nullable: true}}, tags: {{type: string, nullable: true}}, value: int64}}
    rejects: {{max_rows: 1000}}
    {rules}
"""


class Checks(TippleTest):
    def checked(self, rules, rows=1000):
        path = self.folder / "job.yaml"
        path.write_text(JOB.format(rules=rules))
        lines = [f"{n},k{n % 3},{';'.join('abc'[: n % 4])},{n % 100}\n" for n in range(rows)]
        (self.folder / "in.csv").write_text("id,kind,tags,value\n" + "".join(lines))
        return path

    def table(self, job, *flags):
        return self.tipple("run", job, "--json", *flags).json["tables"]["t"]

    def test_a_failing_row_is_a_reject_with_the_checks_name_and_its_place(self):
        job = self.checked('checks: [{rule: "value < 99", name: small}]')
        table = self.table(job, "--ranks", 2)
        self.assertEqual((table["rows_in"], table["rows_out"], table["rejected"]), (1000, 990, 10))
        rejects = self.tipple("rejects", job, "--limit", "100", "--json").json["rejects"]
        self.assertEqual({r["rule"] for r in rejects}, {"check:small"})
        content = (self.folder / "in.csv").read_bytes()
        for reject in rejects:
            self.assertEqual(int(content[reject["offset"]:].split(b",", 1)[0]) % 100, 99)
            self.assertEqual(content[: reject["offset"]].count(b"\n") + 1, reject["line"])

    def test_a_warning_keeps_the_rows(self):
        job = self.checked('checks: [{rule: "value < 99", on_fail: warn}]')
        table = self.table(job)
        self.assertEqual((table["rows_out"], table["rejected"]), (1000, 0))

    def test_a_warning_beyond_its_own_limit_fails_the_load(self):
        job = self.checked('checks: [{rule: "value < 99", on_fail: warn, name: small, max_rows: 9}]')
        failed = self.tipple("run", job, expect=4)
        self.assertIn("small", failed.err)
        self.assertIn("10 of 1000", failed.err)
        job = self.checked('checks: [{rule: "value < 99", on_fail: warn, name: small, max_percent: 1}]')
        self.table(job)

    def test_a_check_that_fails_the_load_names_value_and_place(self):
        job = self.checked('checks: [{range: {column: value, max: 98}, on_fail: fail}]')
        failed = self.tipple("run", job, expect=4)
        self.assertIn("value", failed.err)
        self.assertIn("in.csv", failed.err)

    def test_expectations_are_audited_before_anything_is_published(self):
        self.tipple("run", self.checked("expect: {rows: {min: 1001}}"), expect=4)
        self.tipple("run", self.checked("expect: {sums: [{column: value, max: 49499}]}"), expect=4)
        self.assertEqual(self.table(self.checked("expect: {rows: {min: 1000, max: 1000}, sums: [{column: value, min: 49500, max: 49500}]}"))["version"], 0)

    def test_filtered_and_added_rows_are_accounted_for(self):
        rules = 'steps: [{where: "kind <> \'k0\'"}, {explode: {column: tags, into: tag, separator: ";"}}]'
        table = self.table(self.checked(rules), "--ranks", 2)
        filtered = sum(n % 3 == 0 for n in range(1000))
        added = sum(max(n % 4, 1) - 1 for n in range(1000) if n % 3)
        self.assertEqual((table["rows_in"], table["filtered"], table["added"], table["rejected"]), (1000, filtered, added, 0))
        self.assertEqual(table["rows_out"], 1000 - filtered + added)

    def test_the_same_bytes_at_any_size_with_steps(self):
        rules = ('steps: [{derive: {double: "value * 2"}}, {sample: {fraction: 0.5, seed: 7}}, {bin: {column: value, into: band, edges: [0, 10, 50, 100]}}]\n'
                 '    checks: [{rule: "double <> 20"}]')
        job = self.checked(rules)
        tables = [self.table(job)]
        for flags in (("--threads", 1), ("--ranks", 2), ("--ranks", 4, "--threads", 1)):
            import shutil
            shutil.rmtree(self.folder / "warehouse")
            tables.append(self.table(job, *flags))
        self.assertEqual(len({t["bytes_digest"] for t in tables}), 1)
        self.assertEqual(len({t["rejected"] for t in tables}), 1)


if __name__ == "__main__":
    unittest.main()
