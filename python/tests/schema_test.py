"""Types as text, names of datasets, and parts of tables whose columns have grown: without the binary."""

import pathlib
import tempfile
import unittest
from unittest import mock

import numpy as np
import pyarrow as pa

import tipple
from tipple import arrays, hdf5_part, table
from tipple.log import Part
from tipple.schema import enum_labels, make_column, parse_schema


class SchemaTest(unittest.TestCase):
    def test_types(self):
        self.assertEqual(make_column("a", "decimal(12,2)", True).arrow, pa.decimal128(12, 2))
        self.assertEqual(make_column("a", "decimal(5)", True).arrow, pa.decimal128(5, 0))
        self.assertEqual(make_column("a", "string(8)", True).width, 8)
        self.assertEqual(make_column("a", "enum(x,y)", True).labels, ("x", "y"))
        for wrong in ("", "int", "decimal(39,2)", "decimal()", "enum(", "enum()", "enum(a,)", "string(x)", "int32 "):
            with self.assertRaises((ValueError, pa.ArrowInvalid), msg=wrong):
                make_column("a", wrong, False)

    def test_labels(self):
        self.assertEqual(enum_labels("'a,b','it''s', c"), ("a,b", "it's", " c"))
        self.assertEqual(enum_labels("'(x)'"), ("(x)",))

    def test_a_schema_of_a_later_program_says_so(self):
        with self.assertRaisesRegex(tipple.TippleError, "here: .*unknown type int256.*install a newer"):
            parse_schema('[{"name": "a", "type": "int256", "nullable": true}]', "here")
        with self.assertRaises(tipple.TippleError):
            parse_schema("[{}]", "here")

    def test_dataset_names(self):
        self.assertEqual([hdf5_part.dataset_name(name) for name in ("a/b", ".", "..", "...", "a.b")], ["a%2Fb", "%2E", "%2E%2E", "...", "a.b"])


class ArraysTest(unittest.TestCase):
    def test_fixed_strings(self):
        values = np.array([b"ab", b"", b"abc", b"a\x00c"], dtype="S3")
        self.assertEqual(arrays.fixed_strings(values, 3, None).to_pylist(), ["ab", "", "abc", "a\x00c"])
        self.assertEqual(arrays.fixed_strings(values[:0], 3, None).to_pylist(), [])
        self.assertEqual(arrays.fixed_strings(values, 3, np.array([True, False, True, True])).null_count, 1)

    def test_text_that_is_not_utf_8_is_refused(self):
        with self.assertRaises(pa.ArrowInvalid):
            arrays.strings(np.array([0, 1]), np.array([0xFF], dtype=np.uint8), None)

    def test_decimals_of_either_width(self):
        narrow = arrays.decimals(np.array([-1, 0, 10**17], dtype=np.int64), make_column("a", "decimal(18,0)", False), None)
        self.assertEqual([int(value) for value in narrow.to_pylist()], [-1, 0, 10**17])
        wide = np.array([(2**64 - 1, -1), (5, 1)], dtype=[("low", "<u8"), ("high", "<i8")])
        self.assertEqual([int(v) for v in arrays.decimals(wide, make_column("a", "decimal(38,0)", False), None).to_pylist()], [-1, 2**64 + 5])

    def test_lz4_blocks_of_hdf5(self):
        data = bytes(range(256)) * 8
        block = pa.compress(data[:1024], codec="lz4_raw", asbytes=True)
        chunk = (2048).to_bytes(8, "big") + (1024).to_bytes(4, "big") + len(block).to_bytes(4, "big") + block + (1024).to_bytes(4, "big") + data[1024:]
        self.assertEqual(hdf5_part._lz4(chunk, 2048), data)
        with self.assertRaises(ValueError):
            hdf5_part._lz4(chunk, 2049)


class EvolvedTest(unittest.TestCase):
    """What an older part has, as the table's column is now."""

    def as_now(self, array, own, now):
        part = Part(pathlib.Path("part"), 0, None, None)
        return table._as(array, own and make_column("c", own, True), make_column("c", now, True), 3, part)

    def test_an_absent_column_is_null(self):
        for kind in ("int32", "string", "string(8)", "decimal(9,2)", "enum(a,b)", "timestamp_tz"):
            got = self.as_now(None, None, kind)
            self.assertEqual((len(got), got.null_count, got.type), (3, 3, make_column("c", kind, True).arrow))

    def test_narrower_types_widen(self):
        for own, now, values in (
            ("int32", "int64", [1, None, -5]),
            ("uint8", "int16", [255, 0, None]),
            ("float32", "float64", [1.5, None, 0.25]),
            ("int32", "float64", [7, None, 1]),
            ("int32", "decimal(12,2)", [7, None, 1]),
            ("string(8)", "string", ["a", None, "b"]),
        ):
            with self.subTest(own=own, now=now):
                got = self.as_now(pa.array(values, make_column("c", own, True).arrow), own, now)
                self.assertEqual(got.type, make_column("c", now, True).arrow)
                self.assertEqual([None if v is None else v if isinstance(v, str) else float(v) for v in got.to_pylist()], values)

    def test_labels_of_enums_grow_or_become_text(self):
        old = pa.DictionaryArray.from_arrays(pa.array([0, None, 1], pa.int32()), pa.array(["a", "b"]))
        self.assertEqual(self.as_now(old, "enum(a,b)", "enum(b,a,c)").indices.to_pylist(), [1, None, 0])
        self.assertEqual(self.as_now(old, "enum(a,b)", "string").to_pylist(), ["a", None, "b"])

    def test_what_does_not_fit_is_named(self):
        with self.assertRaisesRegex(tipple.TippleError, "'c' is int64 in the part and cannot become int8"):
            self.as_now(pa.array([1, 2, 300]), "int64", "int8")


class WithoutPandasTest(unittest.TestCase):
    def test_it_says_what_to_install(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict("sys.modules", {"pandas": None}):
            with mock.patch.object(table, "read_log", return_value=(None, [])):
                with self.assertRaisesRegex(tipple.TippleError, "pip install pandas"):
                    table.Table(pathlib.Path(folder)).to_pandas()


if __name__ == "__main__":
    unittest.main(verbosity=1)
