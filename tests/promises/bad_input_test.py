"""What bad input and bad surroundings get: a clear message or a reject with its place, the documented exit code, nothing lost, and
the old version of the table untouched."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import TippleTest, write_sample

HEADER = "id,day,at,amount,ratio,kind,code,note\n"
GOOD = '{},2024-01-02,2024-01-02 03:04:05,1.25,0.5,bus,c1,"x"\n'


class BadInput(TippleTest):
    def setUp(self):
        super().setUp()
        self.input = self.folder / "in.csv"

    def write(self, *records, header=HEADER, end=""):
        self.input.write_bytes(b"".join(r if isinstance(r, bytes) else r.encode() for r in (header, *records, end)))

    def published(self):
        """A job with one good version to lose."""
        self.write(*(GOOD.format(n) for n in range(10)))
        job = self.job("job", self.input, rejects="max_rows: 0, keep_raw: true")
        self.tipple("run", job)
        return job, self.table_bytes(job)

    def check_reject(self, record, rule, column, line=5):
        """`record` as the fourth data record fails the load with exit 4; its reject names the place."""
        job, before = self.published()
        good = [GOOD.format(n) for n in range(3)]
        self.write(*good, record, GOOD.format(4))
        failed = self.tipple("run", job, expect=4)
        self.assertIn("max_rows", failed.err)
        rejects = self.tipple("rejects", job, "--json").json["rejects"]
        self.assertEqual(len(rejects), 1)
        reject = rejects[0]
        self.assertEqual((reject["rule"], reject["column"], reject["line"]), (rule, column, line))
        self.assertEqual(reject["offset"], len(HEADER) + sum(map(len, good)))
        self.assertEqual(reject["path"], str(self.input))
        self.assertEqual(self.table_bytes(job), before)

    def test_ragged_row(self):
        self.check_reject("3,2024-01-02\n", "arity", "")

    def test_number_out_of_range(self):
        self.check_reject(GOOD.format("99999999999999999999"), "range", "id")

    def test_not_a_number(self):
        self.check_reject(GOOD.format("seven"), "type", "id")

    def test_null_in_a_column_that_is_not_nullable(self):
        self.check_reject(GOOD.format(""), "not_null", "id")

    def test_text_longer_than_its_column(self):
        self.check_reject('3,2024-01-02,2024-01-02 03:04:05,1.25,0.5,bus,c123456,"x"\n', "length", "code")

    def test_unknown_label(self):
        self.check_reject('3,2024-01-02,2024-01-02 03:04:05,1.25,0.5,buss,c1,"x"\n', "enum", "kind")

    def test_nul_byte(self):
        self.check_reject(b'3,2024-01-02,2024-01-02 03:04:05,1.25,0.5,bus,c1,"x\0y"\n', "nul", "note")

    def test_invalid_utf8(self):
        self.check_reject(b'3,2024-01-02,2024-01-02 03:04:05,1.25,0.5,bus,c1,"x\xff\xfe"\n', "encoding", "note")

    def test_text_after_a_closing_quote(self):
        self.check_reject('3,2024-01-02,2024-01-02 03:04:05,1.25,0.5,bus,c1,"x"y\n', "quote", "note")

    def test_impossible_day(self):
        self.check_reject('3,2023-02-29,2024-01-02 03:04:05,1.25,0.5,bus,c1,"x"\n', "type", "day")

    def test_unterminated_quote_at_the_end_of_the_file(self):
        job, before = self.published()
        self.write(GOOD.format(0), '1,2024-01-02,2024-01-02 03:04:05,1.25,0.5,bus,c1,"never closed\n', GOOD.format(2))
        self.tipple("run", job, expect=4)
        rejects = self.tipple("rejects", job, "--json").json["rejects"]
        self.assertEqual([(r["rule"], r["line"]) for r in rejects], [("quote", 3)])
        self.assertEqual(self.table_bytes(job), before)

    def test_over_long_record(self):
        job, before = self.published()
        self.write(GOOD.format(0), '1,2024-01-02,2024-01-02 03:04:05,1.25,0.5,bus,c1,"' + "x" * (17 << 20) + '"\n', GOOD.format(2))
        self.tipple("run", job, "--memory", "64MiB", expect=4)
        rejects = self.tipple("rejects", job, "--json").json["rejects"]
        self.assertEqual([(r["rule"], r["line"]) for r in rejects], [("record_bytes", 3)])
        self.assertEqual(self.table_bytes(job), before)

    def test_field_over_its_limit(self):
        job, _ = self.published()
        self.write(GOOD.format(0), '1,2024-01-02,2024-01-02 03:04:05,1.25,0.5,bus,c1,"' + "x" * (2 << 20) + '"\n', GOOD.format(2))
        self.tipple("run", job, expect=4)
        rejects = self.tipple("rejects", job, "--json").json["rejects"]
        self.assertEqual([(r["rule"], r["column"], r["line"]) for r in rejects], [("field_bytes", "note", 3)])

    def test_missing_file(self):
        job, before = self.published()
        self.input.unlink()
        failed = self.tipple("run", job, expect=5)
        self.assertIn(str(self.input), failed.err)
        self.assertEqual(self.table_bytes(job), before)

    def test_pattern_without_a_match(self):
        job = self.job("job", self.folder / "nothing-*.csv")
        self.assertIn("nothing-*.csv", self.tipple("run", job, expect=5).err)

    @unittest.skipIf(os.geteuid() == 0 and not shutil.which("setpriv"), "root reads everything and setpriv is missing")
    def test_unreadable_file(self):
        self.write(GOOD.format(0))
        job = self.job("job", self.input)
        self.input.chmod(0)
        command = ["run", str(job)]
        if os.geteuid() == 0:  # as another user
            for folder in (self.folder, job.parent):
                folder.chmod(0o777)
            job.chmod(0o644)
            program = self.folder / "tipple"
            shutil.copy(os.environ["TIPPLE"], program)
            program.chmod(0o755)
            done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(program), *command], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment())
        else:
            done = subprocess.run([os.environ["TIPPLE"], *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if "error while loading shared libraries" in done.stderr:
            self.skipTest("the other user cannot read the build folder")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn(str(self.input), done.stderr)
        self.assertIn("ermission denied", done.stderr)

    def test_empty_file_and_header_only_give_a_table_without_rows(self):
        for name, content in (("empty", ""), ("header", HEADER)):
            with self.subTest(name):
                self.input.write_text(content)
                job = self.job(name, self.input)
                table = self.tipple("run", job, "--json").json["tables"]["sample"]
                self.assertEqual((table["rows_in"], table["rows_out"]), (0, 0))
                self.tipple("verify", job)
                self.assertEqual(self.tipple("export", job).out.strip(), "id,day,at,amount,ratio,kind,code,note")

    def test_unknown_column_names_the_nearest(self):
        job, before = self.published()
        self.write("1,2\n", header="idd,day,at,amount,ratio,kind,code,note\n")
        failed = self.tipple("run", job, expect=2)
        self.assertIn('"id"', failed.err)
        self.assertIn("idd", failed.err)
        self.assertEqual(self.table_bytes(job), before)

    def test_duplicate_column_names(self):
        job, before = self.published()
        self.write(GOOD.format(0), header="id,day,at,amount,ratio,kind,code,id\n")
        failed = self.tipple("run", job, expect=2)
        self.assertIn("id", failed.err)
        self.assertIn(str(self.input), failed.err)
        self.assertEqual(self.table_bytes(job), before)

    def test_mistakes_in_the_job_file_come_all_at_once_with_their_places(self):
        job = self.folder / "job.yaml"
        job.write_text("version: 1\njob: x\nwarehouse: w\nsources:\n  a: {path: a.csv, fromat: csv}\ntables:\n  t:\n    from: b\n"
                       "    columns: {n: int23}\n")
        failed = self.tipple("validate", job, expect=2)
        for text in ("job.yaml:5:", "format", "job.yaml:8:", "job.yaml:9:", "int32"):
            self.assertIn(text, failed.err)

    def test_password_in_a_job_file_is_refused(self):
        job = self.folder / "job.yaml"
        job.write_text("version: 1\njob: x\nwarehouse: w\npassword: hunter2\nsources: {a: {path: a.csv}}\n"
                       "tables: {t: {from: a, columns: {n: int8}}}\n")
        failed = self.tipple("validate", job, expect=2)
        self.assertNotIn("hunter2", failed.err + failed.out)

    def test_file_that_changes_while_it_is_loaded(self):
        job, before = self.published()
        write_sample(self.input, 30_000)
        size = self.input.stat().st_size
        for name, change in (("grew", lambda: self.input.open("a").write(GOOD.format(5))), ("shrank", lambda: os.truncate(self.input, size // 2))):
            with self.subTest(name):
                write_sample(self.input, 30_000)
                process = self.start("run", job, "--threads", "1", env={"TIPPLE_KILL_AT": "none"})
                loads = job.parent / "warehouse" / "_loads"
                while process.poll() is None:
                    if any(p.stat().st_size > 2000 for p in loads.glob("*/attempt-1") if p.stat().st_mtime_ns > self.input.stat().st_mtime_ns):
                        change()
                        break
                _, err = process.communicate(timeout=60)
                if process.returncode == 0:
                    self.skipTest("the load was over before the file changed")
                self.assertEqual(process.returncode, 5, err)
                self.assertIn(str(self.input), err)
                self.assertIn("chang", err)
                self.assertEqual(self.table_bytes(job), before)

    def test_locked_target_names_its_holder(self):
        job, before = self.published()
        write_sample(self.input, 60_000)
        first = self.start("run", job, "--threads", "1")
        lock = job.parent / "warehouse" / "_lock"
        while first.poll() is None and not lock.exists():
            pass
        os.kill(first.pid, 19)  # SIGSTOP: it holds the lock and does nothing
        try:
            other = self.job("other", self.input)
            other.write_text(other.read_text().replace("warehouse: warehouse", f"warehouse: {job.parent / 'warehouse'}"))
            second = self.tipple("run", other, expect=6)
            self.assertIn(str(first.pid), second.err)
        finally:
            os.kill(first.pid, 18)
            first.communicate(timeout=60)
        self.assertEqual(first.returncode, 0)

    def test_warehouse_of_a_newer_version_is_refused(self):
        job, _ = self.published()
        marker = job.parent / "warehouse" / "_tipple.json"
        content = json.loads(marker.read_text())
        content["format_version"] = 99
        marker.write_text(json.dumps(content))
        self.assertIn("upgrade", self.tipple("run", job, expect=5).err)

    def test_target_that_cannot_be_written(self):
        self.write(GOOD.format(0))
        job = self.job("job", self.input)
        (job.parent / "warehouse").write_text("a file where the folder should be")
        self.assertIn("warehouse", self.tipple("run", job, expect=5).err)

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_full_target(self):
        write_sample(self.input, 60_000)
        job = self.job("job", self.input, chunk_bytes=1 << 20)
        warehouse = job.parent / "warehouse"
        warehouse.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(warehouse)], stderr=subprocess.DEVNULL).returncode:
            self.skipTest("no tmpfs can be mounted here")
        try:
            failed = self.tipple("run", job, expect=5)
            self.assertIn("space", failed.err)
            self.assertEqual(self.versions(job), [])
            subprocess.run(["mount", "-o", "remount,size=64m", str(warehouse)], check=True)
            result = self.tipple("run", job, "--json").json
            self.assertEqual(result["tables"]["sample"]["rows_out"], 60_000)
        finally:
            subprocess.run(["umount", str(warehouse)], check=True)

    def damaged(self, path, damage):
        content = bytearray(path.read_bytes())
        if damage == "flip":
            content[len(content) // 2] ^= 1
        else:
            del content[len(content) // 2:]
        path.write_bytes(content)

    def test_damaged_part_is_found_by_verify(self):
        for damage in ("flip", "truncate"):
            with self.subTest(damage):
                shutil.rmtree(self.folder / "job", ignore_errors=True)
                job, _ = self.published()
                part = next((job.parent / "warehouse" / "sample" / "data").glob("*.h5"))
                self.damaged(part, damage)
                failed = self.tipple("verify", job, expect=5)
                self.assertIn(part.name, failed.err + failed.out)

    def test_damaged_log_is_refused_and_left_alone(self):
        for damage in ("flip", "truncate"):
            with self.subTest(damage):
                shutil.rmtree(self.folder / "job", ignore_errors=True)
                job, _ = self.published()
                entry = next((job.parent / "warehouse" / "sample" / "_log").glob("*.json"))
                self.damaged(entry, damage)
                self.write(GOOD.format(77))
                failed = self.tipple("run", job, expect=5)
                self.assertIn(entry.name, failed.err)
                self.assertEqual(len(self.versions(job)), 1)

    def test_damaged_journal_is_refused_and_a_torn_one_goes_on(self):
        write_sample(self.input, 6000)
        for damage, code in (("flip", 5), ("truncate", 0)):
            with self.subTest(damage):
                shutil.rmtree(self.folder / "job", ignore_errors=True)
                job = self.job("job", self.input, chunk_bytes=24_000)
                self.tipple("run", job, env={"TIPPLE_KILL_AT": "report-journaled:9"}, expect=None)
                journal = next((job.parent / "warehouse" / "_loads").glob("*/attempt-1"))
                self.damaged(journal, damage)
                result = self.tipple("run", job, expect=code)
                if code:
                    self.assertIn(str(journal), result.err)
                    self.assertEqual(self.versions(job), [])
                else:
                    self.assertEqual(self.tipple("verify", job, "--json").json["tables"]["sample"]["rows"], 6000)

    def test_twenty_thousand_small_files_make_few_parts(self):
        folder = self.folder / "many"
        folder.mkdir()
        for number in range(20_000):
            (folder / f"f{number:05d}.csv").write_text(HEADER + GOOD.format(number))
        job = self.job("job", folder / "*.csv", chunk_bytes=16 << 20)
        table = self.tipple("run", job, "--ranks", "2", "--json").json["tables"]["sample"]
        self.assertEqual(table["rows_out"], 20_000)
        self.assertLessEqual(table["parts"], 8)

    def test_files_are_private(self):
        job, _ = self.published()
        for path in (job.parent / "warehouse").rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
