"""read_delta.py TABLE EXPECTED.arrow [READER]: TABLE as delta-rs, Polars and DuckDB, but not READER, read it has the rows of EXPECTED, in
any order."""

import datetime
import decimal
import glob
import json
import pathlib
import sys

import deltalake
import duckdb
import polars
import pyarrow as pa


def seen_by_delta(value, kind):
    """A value as Delta Lake's types have it."""
    if value is None:
        return None
    if pa.types.is_time(kind):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
    if pa.types.is_uint64(kind):
        return decimal.Decimal(value)
    return value


def plain(value):
    """Readers differ in the objects that they make of the same value."""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.timezone.utc).replace(tzinfo=datetime.timezone.utc)
    return value


def rows_of(columns, names):
    return sorted((tuple(plain(v) for v in row) for row in zip(*(columns[n] for n in names))), key=lambda row: row[0])


def check(reader, found, expected, names):
    assert set(names) == set(found), f"{reader}: columns {sorted(found)}"
    for got, want in zip(rows_of(found, names), rows_of(expected, names), strict=True):
        for name, a, b in zip(names, got, want):
            assert a == b and type(a) is type(b), f"{reader}: {name} of row {want[0]}: {a!r}, not {b!r}"
    print(f"{reader}: {len(expected[names[0]])} rows")


def parts_of(table):
    parts = {}
    for entry in sorted(glob.glob(f"{table}/_delta_log/*.json")):
        for line in pathlib.Path(entry).read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                parts[action["add"]["path"]] = f"{table}/{action['add']['path']}"
            if "remove" in action:
                del parts[action["remove"]["path"]]
    return list(parts.values())


def check_polars(table, expected, names):
    check("Polars", polars.read_delta(table).to_dict(as_series=False), expected, names)
    # A filter uses the statistics of the log: no row may go missing.
    first = names[0]
    for row in sorted(expected[first])[:: max(1, len(expected[first]) // 10)]:
        found = polars.scan_delta(table).filter(polars.col(first) == row).collect()
        assert found.height == expected[first].count(row), f"statistics hide rows with {first} = {row}"


def main(table, expected_file, but_not="none"):
    with pa.memory_map(expected_file) as file:
        wanted = pa.ipc.open_file(file).read_all()
        names = wanted.column_names
        expected = {n: [seen_by_delta(v, wanted.schema.field(n).type) for v in wanted.column(n).to_pylist()] for n in names}
    delta = deltalake.DeltaTable(table)
    check("delta-rs", delta.to_pyarrow_table().to_pydict(), expected, names)
    versions = len(glob.glob(f"{table}/_delta_log/*.json"))
    assert delta.version() == versions - 1 and len(delta.history()) == versions
    if but_not != "Polars":
        check_polars(table, expected, names)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.execute("SELECT * FROM read_parquet($files, union_by_name = true)", {"files": parts_of(table)})
    check("DuckDB", found.to_arrow_table().to_pydict(), expected, names)


main(*sys.argv[1:])
