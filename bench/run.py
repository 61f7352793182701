"""`./dev bench [--peers]`: every figure of docs/performance.md, as a ratio to a limit or a peer measured in the same run.

Micro benchmarks print "RATIO <stage> <value> ..." lines of their own (bench/*_bench.cpp); whole loads are timed here, interleaved
with their limit or peer, os.sync() inside the timer, medians of at least five runs. Nothing here passes or fails a test: the "must"
and "aim" columns are printed beside what was measured.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
TIPPLE = BUILD / "tipple"
PEER_PYTHON = ROOT / "build" / "peers" / "bin" / "python"
BODO_BIN = ROOT / "build" / "peers" / "bodo" / "bin"
RUNS = 5

# stage -> (must, aim); None: what explains a figure that has a bound
GOALS = {
    "boundary scan / memcpy": (0.65, 1.0),
    "CSV parse + convert / memcpy": (0.09, 0.15),
    "encode / bare codec": (0.93, 0.98),
    "HDF5 part write / POSIX write": (0.85, 0.93),
    "JSON lines parse + convert / memcpy": (0.06, 0.12),
    "Fixed width parse + convert / memcpy": (0.15, 0.25),
    "transforms / memcpy per byte touched": (0.20, 0.40),
    "expressions, numbers / memcpy": (None, 0.20),
    "expressions, logic and choice / memcpy": (None, 0.20),
    "expressions, text / memcpy": (None, 0.20),
    "expressions, text predicates / memcpy": (None, 0.20),
    "expressions, date and time / memcpy": (None, 0.20),
    "expressions, decimals / memcpy": (None, 0.20),
    "expressions, casts / memcpy": (None, 0.20),
    "lookups, M rows/s per core": (50, 50),
    "Parquet read / bare Arrow": (0.90, 0.98),
    "Parquet write / bare Arrow": (0.90, 0.98),
    "infer / load scan": (0.5, 1.0),
    "scheduler, events per second": (1e6, 5e6),
    "whole load / slowest stage alone": (0.80, 0.92),
    "2 threads / 1 thread": (1.8, 1.95),
    "2 threads / 2 loads at once": (None, 0.95),
    "2 ranks / 1 rank": (1.8, 1.95),
    "whole load / pandas to HDF5": (10, 20),
    "whole load / DuckDB": (2, 4),
    "CSV to Parquet / DuckDB": (1.8, 2.5),
    "CSV to Parquet / Polars": (2, 2),
    "CSV to Parquet / pyarrow": (2, 2),
    "CSV to Parquet / Spark": (5, 5),
    "CSV to Parquet / Bodo": (5, 5),
}


def run_timed(command, **kwargs):
    """Seconds from start to end of the command with everything it wrote on the disk, and its stdout."""
    os.sync()
    started = time.perf_counter()
    done = subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)
    os.sync()
    return time.perf_counter() - started, done.stdout


def micro_benchmarks(results):
    """Each benchmark program prints its own calibration and RATIO lines: stage, value, and what it was measured against."""
    for name in ("csv_index_bench", "csv_convert_bench", "json_convert_bench", "fixed_convert_bench", "transform_bench", "infer_bench",
                 "part_bench", "parquet_read_bench", "parquet_write_bench", "scheduler_bench"):
        done = subprocess.run([str(BUILD / "bench" / name), "--ratios"], check=True, stdout=subprocess.PIPE, text=True)
        for line in done.stdout.splitlines():
            if line.startswith("RATIO\t"):
                _, stage, value, detail = line.split("\t")
                # A stage that is measured in several ways counts with its slowest.
                if stage not in results or float(value) < results[stage][0]:
                    results[stage] = (float(value), detail)
            elif line:
                print("  " + line)


class Load:
    """One job over the generated trips; every run starts from an empty warehouse."""

    def __init__(self, folder, job):
        self.folder, self.job = folder, job

    @classmethod
    def generated(cls, folder, rows):
        subprocess.run([str(TIPPLE), "generate", "trips", "--rows", str(rows), "--files", "1", str(folder)], check=True,
                       stdout=subprocess.DEVNULL)
        return cls(folder, folder / "trips.yaml")

    def twin(self, folder):
        """The same job over the same files, with a warehouse of its own."""
        folder.mkdir()
        for path in self.folder.iterdir():
            if path.is_file():
                os.link(path, folder / path.name)
        return Load(folder, folder / self.job.name)

    def run(self, *flags, pin=None):
        shutil.rmtree(self.folder / "warehouse", ignore_errors=True)
        command = [TIPPLE, "run", self.job, "--json", "--quiet", *flags]
        if pin is not None:
            command = ["taskset", "-c", pin, *command]
        seconds, out = run_timed(command)
        return seconds, json.loads(out)


def posix_write_seconds(folder, byte_count):
    """Writing the same number of bytes with write(2) and fsync, the storage's own limit."""
    path = folder / "posix.bin"
    block = os.urandom(1 << 20)
    started = time.perf_counter()
    with open(path, "wb", buffering=0) as out:
        for _ in range(byte_count >> 20):
            out.write(block)
        os.fsync(out.fileno())
    seconds = time.perf_counter() - started
    path.unlink()
    return seconds


def slowest_stage_seconds(report, threads, folder):
    """The longest that any one resource is needed for: the cores (all stages' work, spread over the threads) or the storage."""
    stages = report["stages"]
    cores = sum(stages[s]["busy_seconds"] for s in ("read", "split", "parse", "check", "rebatch", "encode", "write")) / threads
    bytes_out = sum(t["bytes_out"] for t in report["tables"].values())
    storage = posix_write_seconds(folder, bytes_out)
    return max(cores, storage), cores, storage


def at_once_seconds(loads):
    """The loads at the same time, each with one thread on a core of its own: what the machine gains by another core."""
    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(len(loads)) as pool:
        list(pool.map(lambda pair: pair[1].run("--threads", 1, pin=str(pair[0])), enumerate(loads)))
    return time.perf_counter() - started


def whole_loads(load, results, folder, input_bytes):
    series = {"2 threads": [], "1 thread": [], "2 loads at once": []}
    twin = load.twin(folder / "twin")
    shares, details = [], []
    load.run("--threads", 2)  # warm-up: page cache, loader
    for _ in range(RUNS):
        seconds, out = load.run("--threads", 2)
        series["2 threads"].append(seconds)
        report = json.loads(pathlib.Path(out["report"]).read_text())
        limit, cores, storage = slowest_stage_seconds(report, 2, folder)
        shares.append(limit / report["seconds"])
        details.append((limit, cores, storage, report["seconds"]))
        series["1 thread"].append(load.run("--threads", 1, pin="0")[0])
        series["2 loads at once"].append(at_once_seconds([load, twin]))
    shutil.rmtree(twin.folder)
    medians = print_medians(series, input_bytes)
    limit, cores, storage, seconds = details[len(details) // 2]
    results["whole load / slowest stage alone"] = (
        statistics.median(shares), f"cores {cores:.3f} s, storage {storage:.3f} s, load {seconds:.3f} s")
    results["2 threads / 1 thread"] = (medians["1 thread"] / medians["2 threads"], "one thread pinned to one core")
    results["2 threads / 2 loads at once"] = (
        medians["2 loads at once"] / 2 / medians["2 threads"],
        f"two loads at once, a core each: {2 * medians['1 thread'] / medians['2 loads at once']:.2f} times one")


def print_medians(series, input_bytes):
    medians = {name: statistics.median(values) for name, values in series.items()}
    for name, values in series.items():
        rate = "" if name.startswith(("start", "2 loads")) else f", {input_bytes / medians[name] / 1e9:.2f} GB/s of CSV"
        print(f"  whole load, {name}: median {medians[name]:.3f} s (min {min(values):.3f}, max {max(values):.3f}){rate}")
    return medians


def ranks(load, small, results, input_bytes):
    """Twice the rows of the other loads, so that the last chunk, which only one rank can work on, weighs less. `small` is the same job
    over a hundred rows: what starting, publishing and ending cost."""
    series = {"1 rank": [], "2 ranks": [], "start of 1 rank": [], "start of 2 ranks": []}
    for _ in range(RUNS):
        series["1 rank"].append(load.run("--ranks", 1, "--threads", 1, pin="0")[0])
        series["2 ranks"].append(load.run("--ranks", 2, "--threads", 1)[0])
        series["start of 1 rank"].append(small.run("--threads", 1)[0])
        series["start of 2 ranks"].append(small.run("--ranks", 2, "--threads", 1)[0])
    medians = print_medians(series, input_bytes)
    starts = medians["start of 1 rank"], medians["start of 2 ranks"]
    results["2 ranks / 1 rank"] = (
        (medians["1 rank"] - starts[0]) / (medians["2 ranks"] - starts[1]),
        f"without the start of either ({starts[0]:.2f} s and, with mpirun, {starts[1]:.2f} s; "
        f"with it {medians['1 rank'] / medians['2 ranks']:.2f})")


PANDAS = """
import os, sys, time, pandas as pd
folder, csv = sys.argv[1], sys.argv[2]
out = os.path.join(folder, 'pandas.h5')
dtypes = {dtypes}
started = time.perf_counter()
store = pd.HDFStore(out, 'w', complib='blosc:zstd', complevel=1)
for piece in pd.read_csv(csv, dtype=dtypes, parse_dates={dates}, chunksize=10**6):
    store.append('trips', piece, index=False, min_itemsize={sizes})
store.close()
os.sync()
print(time.perf_counter() - started)
os.remove(out)
"""

DUCKDB = """
import os, sys, time, duckdb
folder, csv = sys.argv[1], sys.argv[2]
out = os.path.join(folder, 'duck.db')
os.sync()
started = time.perf_counter()
db = duckdb.connect(out)
db.execute("SET threads=2")
db.execute("SET enable_progress_bar=false")
db.execute("CREATE TABLE trips AS SELECT * FROM read_csv('" + csv + "', auto_detect=false, header=true, delim=',', quote='\\"', "
           "escape='\\"', columns={columns})")
rows = db.execute("SELECT count(*) FROM trips").fetchone()[0]
db.execute("CHECKPOINT")
db.close()
os.sync()
print(time.perf_counter() - started)
assert rows == {rows}, rows
os.remove(out)
"""


def peer_types(job_text):
    """The generated job's columns as (name, tipple type), read from the job file itself, so that every peer gets the same schema."""
    columns, inside = [], False
    for line in job_text.splitlines():
        if line.strip() == "columns:":
            inside, indent = True, len(line) - len(line.lstrip())
            continue
        if inside:
            if not line.strip() or len(line) - len(line.lstrip()) <= indent:
                break
            name, _, rest = line.strip().partition(":")
            kind = rest.strip().strip('"')
            if kind.startswith("{"):
                kind = kind.split("type:", 1)[1].rsplit(", nullable", 1)[0].strip().rstrip("}").strip().strip('"')
            columns.append((name.strip().strip('"'), kind))
    return columns


def duckdb_type(kind):
    simple = {"int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT", "float32": "FLOAT", "float64": "DOUBLE",
              "timestamp": "TIMESTAMP", "date": "DATE", "bool": "BOOLEAN"}
    if kind in simple:
        return simple[kind]
    return kind.upper() if kind.startswith("decimal") else "VARCHAR"


def peers(load, folder, csv, rows, job_text, results):
    columns = peer_types(job_text)
    duck = DUCKDB.replace("{columns}", "{" + ", ".join(f"'{n}': '{duckdb_type(k)}'" for n, k in columns) + "}").replace("{rows}", str(rows))
    numbers = {n: "float64" for n, k in columns if k.startswith(("int", "uint", "float", "decimal"))}
    texts = {n: "str" for n, k in columns if k.startswith(("string", "enum"))}
    dates = [n for n, k in columns if k.startswith(("timestamp", "date"))]
    pandas_code = PANDAS.format(dtypes=repr({**numbers, **texts}), dates=repr(dates), sizes=repr({n: 200 for n in texts}))
    for name, code, stage in (("DuckDB", duck, "whole load / DuckDB"), ("pandas", pandas_code, "whole load / pandas to HDF5")):
        theirs, ours, ratios = [], [], []
        for _ in range(RUNS):
            ours.append(load.run("--threads", 2)[0])
            done = subprocess.run([str(PEER_PYTHON), "-c", code, str(folder), str(csv)], check=True, stdout=subprocess.PIPE, text=True)
            theirs.append(float(done.stdout))
            ratios.append(theirs[-1] / ours[-1])
        print(f"  {name}: median {statistics.median(theirs):.2f} s; tipple beside it {statistics.median(ours):.3f} s")
        results[stage] = (statistics.median(ratios), f"{name} {statistics.median(theirs):.2f} s, tipple {statistics.median(ours):.3f} s")


PARQUET_PEERS = {
    "DuckDB": """
import sys, duckdb
csv, out = sys.argv[1], sys.argv[2]
db = duckdb.connect()
db.execute("SET threads=2")
db.execute("SET enable_progress_bar=false")
db.execute("COPY (FROM read_csv('" + csv + "', auto_detect=false, header=true, delim=',', quote='\\"', escape='\\"', columns={duckdb})) "
           "TO '" + out + "' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 262144)")
""",
    "Polars": """
import sys, polars as pl
csv, out = sys.argv[1], sys.argv[2]
pl.scan_csv(csv, schema={polars}).sink_parquet(out, compression='zstd', compression_level=1, row_group_size=262144)
""",
    "pyarrow": """
import sys, pyarrow as pa, pyarrow.csv as pc, pyarrow.parquet as pq
csv, out = sys.argv[1], sys.argv[2]
pa.set_cpu_count(2)
table = pc.read_csv(csv, pc.ReadOptions(block_size=16 << 20), pc.ParseOptions(newlines_in_values=True),
                    pc.ConvertOptions(column_types={pyarrow}))
pq.write_table(table, out, compression='zstd', compression_level=1, row_group_size=262144)
""",
    "Spark": """
import sys
from pyspark.sql import SparkSession
csv, out = sys.argv[1], sys.argv[2]
spark = (SparkSession.builder.master('local[2]').config('spark.ui.enabled', 'false').config('spark.driver.memory', '6g')
         .config('spark.sql.session.timeZone', 'UTC').getOrCreate())
spark.sparkContext.setLogLevel('ERROR')
spark.range(10).count()
spark.read.schema('{spark}').option('header', True).option('multiLine', True).csv(csv).write.option('compression', 'zstd').parquet(out)
""",
}
# Bodo compiles for the columns' types, on its first load; on Linux its workers must be ranks of the MPI that comes with it. It
# writes no zstd, so it gets its own default, snappy, and its read_csv has no decimals.
PARQUET_PEERS["Bodo"] = """
import sys, bodo, pandas as pd
csv, out = sys.argv[1], sys.argv[2]
@bodo.jit
def load(csv, out):
    pd.read_csv(csv, dtype={bodo}, parse_dates={dates}).to_parquet(out, index=False)
load(sys.argv[3], out)
bodo.barrier()
load(csv, out)
bodo.barrier()
"""
# What ends a peer's start, which is not counted: a warm JVM, compiled code.
PARQUET_WARM = {"Spark": "spark.range(10).count()\n", "Bodo": "load(sys.argv[3], out)\nbodo.barrier()\n"}
# Where a peer's own start-up is not its loading: seconds are taken from here on.
PARQUET_TIMER = """
import os, time
_started = None
def _begin():
    global _started
    os.sync()
    _started = time.perf_counter()
def _end():
    os.sync()
    print(time.perf_counter() - _started)
"""


def parquet_schemas(columns):
    """The same types for each peer, in its own words; a text that is an enum of ours is a string of theirs."""
    polars = {"int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64", "float32": "Float32", "float64": "Float64",
              "timestamp": "Datetime('us')", "date": "Date", "bool": "Boolean"}
    arrow = {"int8": "pa.int8()", "int16": "pa.int16()", "int32": "pa.int32()", "int64": "pa.int64()", "float32": "pa.float32()",
             "float64": "pa.float64()", "timestamp": "pa.timestamp('us')", "date": "pa.date32()", "bool": "pa.bool_()"}
    spark = {"int8": "TINYINT", "int16": "SMALLINT", "int32": "INT", "int64": "BIGINT", "float32": "FLOAT", "float64": "DOUBLE",
             "timestamp": "TIMESTAMP", "date": "DATE", "bool": "BOOLEAN"}
    bodo = {"int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64", "float32": "float32", "float64": "float64", "bool": "boolean"}
    times = [n for n, k in columns if k in ("timestamp", "date")]
    decimal = lambda kind: kind[kind.index("("):]
    return {
        "bodo": repr({n: "float64" if k.startswith("decimal") else bodo.get(k, "str") for n, k in columns if n not in times}),
        "dates": repr(times),
        "duckdb": "{" + ", ".join(f"'{n}': '{duckdb_type(k)}'" for n, k in columns) + "}",
        "polars": "{" + ", ".join(f"'{n}': pl." + (f"Decimal{decimal(k)}" if k.startswith("decimal") else polars.get(k, "String"))
                                  for n, k in columns) + "}",
        "pyarrow": "{" + ", ".join(f"'{n}': " + (f"pa.decimal128{decimal(k)}" if k.startswith("decimal") else arrow.get(k, "pa.string()"))
                                   for n, k in columns) + "}",
        "spark": ", ".join(f"{n} " + (k.upper() if k.startswith("decimal") else spark.get(k, "STRING")) for n, k in columns),
    }


def peer_program(name, code, schemas):
    """The peer's code with the schema in its words, and a timer around what is counted."""
    for key, schema in schemas.items():
        code = code.replace("{" + key + "}", schema)
    head, _, body = code.partition("csv, out = sys.argv[1], sys.argv[2]\n")
    before, warm, after = body.partition(PARQUET_WARM[name]) if name in PARQUET_WARM else ("", "", body)
    return PARQUET_TIMER + head + "csv, out = sys.argv[1], sys.argv[2]\n" + before + warm + "_begin()\n" + after + "_end()\n"


def parquet_peers(load, few_csv, folder, csv, results):
    """CSV to Parquet, zstd level 1, insertion order kept, two cores, sync in the timer; each peer beside a load of ours."""
    text = load.job.read_text()
    job = load.folder / "trips-parquet.yaml"
    job.write_text(text.replace("    columns:\n", "    format: parquet\n    columns:\n", 1))
    ours_load = Load(load.folder, job)
    schemas = parquet_schemas(peer_types(text))
    for name, code in PARQUET_PEERS.items():
        if name == "Spark" and shutil.which("java") is None:
            print(f"  {name}: not measured, there is no Java here")
            continue
        command, variables = [str(PEER_PYTHON)], {"POLARS_MAX_THREADS": "2"}
        if name == "Bodo":
            command = [str(BODO_BIN / "mpiexec"), "-n", "2", str(BODO_BIN / "python")]
            variables = {"BODO_SPAWN_MODE": "0", "PATH": f"{BODO_BIN}:{os.environ['PATH']}"}
        theirs, ours, ratios = [], [], []
        for _ in range(3 if name in PARQUET_WARM else RUNS):
            out = folder / "peer.parquet"
            ours.append(ours_load.run("--threads", 2)[0])
            done = subprocess.run([*command, "-c", peer_program(name, code, schemas), str(csv), str(out), str(few_csv)], check=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **variables})
            theirs.append(float(done.stdout.split()[-1]))
            ratios.append(theirs[-1] / ours[-1])
            shutil.rmtree(out) if out.is_dir() else out.unlink()
        print(f"  CSV to Parquet, {name}: median {statistics.median(theirs):.2f} s; tipple beside it {statistics.median(ours):.3f} s")
        results[f"CSV to Parquet / {name}"] = (
            statistics.median(ratios), f"{name} {statistics.median(theirs):.2f} s, tipple {statistics.median(ours):.3f} s")


def memory(folder, gib):
    """Peak resident set at --memory 256MiB over a large input."""
    out = folder / "large"
    subprocess.run([str(TIPPLE), "generate", "trips", "--size", f"{gib}GiB", "--files", "1", str(out)], check=True, stdout=subprocess.DEVNULL)
    result = subprocess.run([str(TIPPLE), "run", str(out / "trips.yaml"), "--memory", "256MiB", "--threads", "2", "--json", "--quiet"],
                            check=True, stdout=subprocess.PIPE, text=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    rows = json.loads(result.stdout)["tables"]["trips"]["rows_out"]
    shutil.rmtree(out)
    print(f"  peak memory at --memory 256MiB, {gib} GiB of CSV, {rows} rows: {peak:.0f} MiB (bound: 320 MiB)")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--peers", action="store_true", help="also measure pandas and DuckDB (build/peers)")
    arguments.add_argument("--rows", type=int, default=4_000_000)
    arguments.add_argument("--memory-gib", type=int, default=4, help="size of the input of the memory measurement; 0 leaves it out")
    arguments.add_argument("--folder", default=str(ROOT / "build" / "bench-data"))
    options = arguments.parse_args()
    folder = pathlib.Path(options.folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, {platform.release()}; medians of {RUNS} interleaved runs")
    results = {}
    if options.memory_gib:
        memory(folder, options.memory_gib)
    micro_benchmarks(results)
    data = folder / "trips"
    load = Load.generated(data, options.rows)
    csv = next(data.glob("*.csv"))
    print(f"  trips: {options.rows} rows, {csv.stat().st_size / 1e6:.0f} MB of CSV")
    whole_loads(load, results, folder, csv.stat().st_size)
    few, many = Load.generated(folder / "few", 100), Load.generated(folder / "many", 2 * options.rows)
    ranks(many, few, results, 2 * csv.stat().st_size)
    shutil.rmtree(many.folder)
    if options.peers:
        peers(load, folder, csv, options.rows, load.job.read_text(), results)
        parquet_peers(load, next(few.folder.glob("*.csv")), folder, csv, results)
    print(f"\n{'stage':40} {'measured':>12} {'must':>8} {'aim':>8}  against")
    for stage, (must, aim) in GOALS.items():
        bound = "–" if must is None else f"{must:.3g}"
        if stage in results:
            value, detail = results[stage]
            mark = "" if must is None or value >= must else "  BELOW"
            print(f"{stage:40} {value:12.3g} {bound:>8} {aim:8.3g}  {detail}{mark}")
        else:
            print(f"{stage:40} {'not measured':>12} {bound:>8} {aim:8.3g}  (--peers)")
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
