"""What the promise tests share: sample data with known rows, and runs of the real binary.

TIPPLE names the binary. Everything happens in a fresh temporary folder per test case.
"""

import csv
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import unittest

TIPPLE = os.environ["TIPPLE"]
SEED = int(os.environ.get("TIPPLE_SEED", "20260101"))

JOB = """\
version: 1
job: sample
warehouse: warehouse
chunk_bytes: {chunk_bytes}
sources:
  sample: {{path: "{inputs}", format: csv}}
tables:
  sample:
    from: sample
    columns:
      id: int64
      day: date
      at: timestamp
      amount: decimal(9,2)
      ratio: {{type: float64, nullable: true}}
      kind: "enum(bus,tram,train)"
      code: string(6)
      note: {{type: string, nullable: true}}
    rejects: {{{rejects}}}
modes:
  full: {{write: replace}}
  more: {{write: append}}
"""

KINDS = ["bus", "tram", "train"]


def sample_row(rng, number):
    """One row as Python values; about one in twelve has a line end inside quotes."""
    note = rng.choice([None, "", "plain", 'said "so"', "a, b", "two\nlines", "three\n\"lines\",\nhere", "x" * rng.randrange(200)])
    return [
        number,
        "20%02d-%02d-%02d" % (rng.randrange(10, 30), rng.randrange(1, 13), rng.randrange(1, 29)),
        "2024-02-%02d %02d:%02d:%02d" % (rng.randrange(1, 30), rng.randrange(24), rng.randrange(60), rng.randrange(60)),
        "%d.%02d" % (rng.randrange(-9999, 99999), rng.randrange(100)),
        None if rng.random() < 0.1 else repr(rng.uniform(-1e6, 1e6)),
        rng.choice(KINDS),
        "c%d" % rng.randrange(99999),
        note,
    ]


def csv_field(value):
    """A null is an empty bare field; an empty text is quoted."""
    if value is None:
        return ""
    text = str(value)
    if text == "" or any(c in text for c in ',"\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def write_sample(path, rows, seed=SEED, first=0, bad_every=0):
    """Writes `rows` records; with bad_every, every such record has a value out of range. Returns the number of bad ones."""
    rng = random.Random(seed)
    bad = 0
    with open(path, "w", newline="") as out:
        out.write("id,day,at,amount,ratio,kind,code,note\n")
        for number in range(first, first + rows):
            row = sample_row(rng, number)
            if bad_every and number % bad_every == bad_every - 1:
                row[5] = "rocket"
                bad += 1
            out.write(",".join(csv_field(v) for v in row) + "\n")
    return bad


def physical_line_of_record(path, record):
    """Line (from 1) on which record number `record` (from 0, header left out) begins, by Python's own reader."""
    with open(path, newline="") as lines:
        reader = csv.reader(lines)
        next(reader)
        for _ in range(record):
            next(reader)
        return reader.line_num + 1


class Finished:
    def __init__(self, process, out, err):
        self.code, self.out, self.err = process.returncode, out, err

    @property
    def json(self):
        return json.loads(self.out)


class TippleTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tipple-promise-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def environment(self, extra=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("TIPPLE_", "OMPI_", "PMIX_", "SLURM_"))}
        env.update({"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
        env.update(extra or {})
        return env

    def start(self, *args, env=None, new_session=False):
        return subprocess.Popen([TIPPLE, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=self.environment(env), start_new_session=new_session)

    def tipple(self, *args, expect=0, env=None, timeout=120):
        process = self.start(*args, env=env)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"tipple {args} did not end within {timeout} s\n{out}\n{err}")
        if expect is not None:
            self.assertEqual(process.returncode, expect, f"tipple {' '.join(map(str, args))}\nstdout: {out}\nstderr: {err}")
        return Finished(process, out, err)

    def job(self, name, inputs, chunk_bytes=64 * 1024, rejects="max_rows: 0"):
        """A folder with a job file of its own; the job's text, and so its load id, depends on the arguments alone."""
        folder = self.folder / name
        folder.mkdir()
        path = folder / "job.yaml"
        path.write_text(JOB.format(chunk_bytes=chunk_bytes, inputs=inputs, rejects=rejects))
        return path

    @staticmethod
    def parts(job):
        """File name -> SHA-256 of every part in the job's warehouse."""
        data = job.parent / "warehouse" / "sample" / "data"
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(data.glob("*.h5"))}

    @staticmethod
    def versions(job):
        log = job.parent / "warehouse" / "sample" / "_log"
        return sorted(p.name for p in log.glob("*.json")) if log.exists() else []

    @staticmethod
    def table_bytes(job):
        """Everything a reader of the table depends on: parts, log and view, byte by byte."""
        folder = job.parent / "warehouse" / "sample"
        files = [*folder.glob("data/*.h5"), *folder.glob("_log/*.json"), *folder.glob("*.h5")]
        return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(files)}

    def kill_group(self, process):
        """SIGKILL to everything the command started (launcher and ranks)."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.communicate()
