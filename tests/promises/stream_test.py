"""Streams as sources: what is sealed survives any kill and is published once; micro-batches; folders that are followed."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import TIPPLE, TippleTest

JOB = """\
version: 1
job: stream
warehouse: warehouse
sources:
  readings: {source}
tables:
  readings:
    from: readings
    columns: {{id: int64, sensor: string(8), value: {{type: float64, nullable: true}}}}
    rejects: {{max_rows: {rejects}}}
modes:
  full: {{write: replace}}
  live: {{write: append}}
"""


def record(number):
    return f"{number},s{number % 7},{number / 4}\n"


def records(first, end):
    return "".join(record(n) for n in range(first, end))


class Stream(TippleTest):
    def stream_job(self, source, rejects=0):
        path = self.folder / "job.yaml"
        path.write_text(JOB.format(source=source, rejects=rejects))
        return path

    def rows(self, job):
        out = self.tipple("export", job, "--format", "jsonl").out
        return [json.loads(line)["id"] for line in out.splitlines()]

    def pipe(self):
        path = self.folder / "pipe"
        os.mkfifo(path, 0o600)
        return path

    def write_to(self, path, pieces):
        """A writer in a thread: returns it; opening waits for the reader."""

        def write():
            with open(path, "w") as out:
                for piece in pieces:
                    out.write(piece)
                    out.flush()

        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        return thread

    def run_with_input(self, text, *args, expect=0):
        process = subprocess.run([TIPPLE, *map(str, args)], input=text, capture_output=True, text=True, env=self.environment(), timeout=120)
        self.assertEqual(process.returncode, expect, process.stderr)
        return process

    def test_standard_input_is_a_source(self):
        job = self.stream_job("{stream: stdin}")
        done = self.run_with_input("id,sensor,value\n" + records(0, 1000).rstrip("\n"), "run", job, "--json")
        self.assertEqual(json.loads(done.stdout)["tables"]["readings"]["rows_out"], 1000)
        self.assertEqual(self.rows(job), list(range(1000)))

    def test_the_same_stream_in_other_pieces_gives_the_same_bytes(self):
        digests = []
        for name, size in (("one", 1 << 20), ("two", 37)):
            folder = self.folder / name
            folder.mkdir()
            path = folder / "pipe"
            os.mkfifo(path)
            job = folder / "job.yaml"
            job.write_text(JOB.format(source=f'{{stream: {{pipe: "{path}"}}}}', rejects=0).replace("warehouse: warehouse", "warehouse: warehouse\nchunk_bytes: 4KiB"))
            text = "id,sensor,value\n" + records(0, 2000)
            writer = self.write_to(path, [text[i:i + size] for i in range(0, len(text), size)])
            result = self.tipple("run", job, "--json").json
            writer.join()
            digests.append((result["tables"]["readings"]["bytes_digest"], result["tables"]["readings"]["parts"]))
        self.assertEqual(digests[0], digests[1])
        self.assertGreater(digests[0][1], 3)

    def test_a_record_that_breaks_off_is_a_reject(self):
        path = self.pipe()
        job = self.stream_job(f'{{stream: {{pipe: "{path}"}}}}')
        writer = self.write_to(path, ["id,sensor,value\n", records(0, 10), "10,s3,2"])
        failed = self.tipple("run", job, expect=4)
        writer.join()
        self.assertIn("breaks off", failed.err)
        self.assertEqual(self.tipple("verify", job, expect=2).code, 2, "nothing is published")

    def test_a_record_that_breaks_off_can_be_allowed(self):
        path = self.pipe()
        job = self.stream_job(f'{{stream: {{pipe: "{path}"}}}}', rejects=1)
        writer = self.write_to(path, ["id,sensor,value\n", records(0, 10), "10,s3,2"])
        table = self.tipple("run", job, "--json").json["tables"]["readings"]
        writer.join()
        self.assertEqual((table["rows_in"], table["rows_out"], table["rejected"]), (11, 10, 1))

    def test_each_sealed_batch_is_a_version(self):
        path = self.pipe()
        job = self.stream_job(f'{{stream: {{pipe: "{path}"}}}}')
        writer = self.write_to(path, ["id,sensor,value\n", *(records(n, n + 100) for n in range(0, 1050, 100))])
        done = self.tipple("run", job, "--mode", "live", "--follow", "--every-rows", 250, "--json")
        writer.join()
        batches = [json.loads(line) for line in done.out.splitlines()]
        self.assertEqual([b["tables"]["readings"]["rows_out"] for b in batches], [250, 250, 250, 250, 100])
        self.assertEqual(self.rows(job), list(range(1100)))
        self.assertEqual(self.tipple("verify", job, "--json").json["tables"]["readings"]["version"], 4)

    def test_batches_are_sealed_by_time(self):
        path = self.pipe()
        job = self.stream_job(f'{{stream: {{pipe: "{path}"}}}}')
        process = self.start("run", job, "--mode", "live", "--follow", "--every", "200ms", "--json")
        with open(path, "w") as out:
            out.write("id,sensor,value\n" + records(0, 5))
            out.flush()
            first = json.loads(process.stdout.readline())
            out.write(records(5, 8))
            out.flush()
            second = json.loads(process.stdout.readline())
        self.assertEqual([b["tables"]["readings"]["rows_out"] for b in (first, second)], [5, 3])
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    def test_a_mode_that_replaces_cannot_be_followed(self):
        job = self.stream_job("{stream: stdin}")
        failed = self.tipple("run", job, "--follow", expect=2)
        self.assertIn("append", failed.err)

    def test_what_was_acknowledged_survives_any_kill_and_is_published_once(self):
        address = self.folder / "socket"
        job = self.stream_job(f'{{stream: {{listen: "unix:{address}"}}}}')
        points = ["stretch-synced", "stretch-sealed", "attempt-opened", "part-synced", "report-journaled", "publish-started",
                  "log-linked", "view-written", "publish-reported"]
        acknowledged = 0
        sent = 0
        for point in points + [None]:
            env = {"TIPPLE_KILL_AT": f"{point}:1"} if point else {}
            process = self.start("run", job, "--mode", "live", "--follow", "--every-rows", 50, "--json", env=env)
            client = socket.socket(socket.AF_UNIX)
            deadline = time.monotonic() + 60
            while True:
                try:
                    client.connect(str(address))
                    break
                except OSError:
                    self.assertLess(time.monotonic(), deadline)
                    if process.poll() is not None:
                        break
            if process.poll() is not None:
                process.communicate()
                continue  # killed while it finished what the last one had left
            header = "id,sensor,value\n"
            first = sent
            text = header + records(first, first + 100)
            sent += 100
            try:
                client.sendall(text.encode())
                client.shutdown(socket.SHUT_WR)
                answers = b""
                while piece := client.recv(4096):
                    answers += piece
            except OSError:
                pass
            client.close()
            counts = [int(line.split()[1]) for line in answers.decode().splitlines() if line.startswith("ack ")]
            if counts:
                whole = text[:counts[-1]]
                acknowledged = first + whole.count("\n") - 1
            if point is None:
                while not self.published_all(job, acknowledged):
                    self.assertLess(time.monotonic(), deadline)
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=60)
                self.assertEqual(process.returncode, 75)
            else:
                process.communicate(timeout=60)
                self.assertEqual(process.returncode, -9, point)
            # The next client goes on with what was not acknowledged, as a real one does.
            sent = acknowledged
        rows = self.rows(job)
        self.assertEqual(sorted(set(rows)), list(range(acknowledged)), "nothing that was acknowledged is lost")
        self.assertGreaterEqual(acknowledged, 100)
        # Sealed but killed before the acknowledgement: the client sends it again. That is the sender's repetition, not ours; without one
        # of those, each row is there once.
        repeated = len(rows) - len(set(rows))
        self.assertLessEqual(repeated, 50 * 2, "at most one stretch for each kill between sealing and acknowledging")

    def published_all(self, job, count):
        done = subprocess.run([TIPPLE, "export", str(job), "--format", "jsonl"], capture_output=True, text=True, env=self.environment())
        return done.returncode == 0 and len({json.loads(line)["id"] for line in done.stdout.splitlines()}) >= count

    def test_a_folder_is_followed_for_new_files(self):
        incoming = self.folder / "in"
        incoming.mkdir()
        job = self.stream_job(f'{{path: "{incoming}/*.csv"}}')
        (incoming / "a.csv").write_text("id,sensor,value\n" + records(0, 10))
        self.tipple("run", job, "--mode", "live")
        process = self.start("run", job, "--mode", "live", "--follow", "--every", "100ms", "--json")
        (incoming / "b.csv").write_text("id,sensor,value\n" + records(10, 30))
        batch = json.loads(process.stdout.readline())
        self.assertEqual(batch["tables"]["readings"]["rows_out"], 20, "a.csv was loaded before")
        (incoming / "c.csv").write_text("id,sensor,value\n" + records(30, 31))
        batch = json.loads(process.stdout.readline())
        self.assertEqual(batch["tables"]["readings"]["rows_out"], 1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75)
        self.assertEqual(self.rows(job), list(range(31)))

    def test_a_second_run_of_the_same_streams_is_refused(self):
        path = self.pipe()
        job = self.stream_job(f'{{stream: {{pipe: "{path}"}}}}')
        first = self.start("run", job, "--mode", "live", "--follow", "--every-rows", 1, "--json")
        with open(path, "w") as out:
            out.write("id,sensor,value\n" + records(0, 1))
            out.flush()
            first.stdout.readline()
            refused = self.tipple("run", job, "--mode", "live", "--follow", expect=6)
            self.assertIn("another run", refused.err)
        first.communicate(timeout=60)
        self.assertEqual(first.returncode, 0)

    def test_a_damaged_note_of_a_batch_is_an_error(self):
        job = self.stream_job("{stream: stdin}")
        note = self.folder / "warehouse" / "_streams" / "stream" / "batch.json"
        note.parent.mkdir(parents=True)
        for text in ("", "[]", '{"loads": 7, "sources": {}}', '{"loads": [], "sources": {"readings": [{"path": 5}]}}'):
            note.write_text(text)
            failed = self.run_with_input("id,sensor,value\n", "run", job, expect=5)
            self.assertIn("batch.json", failed.stderr)
            self.assertIn("remove it", failed.stderr)

    def test_a_file_that_left_a_pending_batch_takes_no_stretch_with_it(self):
        (self.folder / "in").mkdir()
        job = self.folder / "job.yaml"
        job.write_text(JOB.format(source="{stream: stdin}", rejects=0).replace(
            "tables:", '  files: {path: "in/*.csv"}\ntables:').replace("from: readings", "from: [readings, files]"))
        (self.folder / "in" / "a.csv").write_text("id,sensor,value\n" + records(10, 12))
        process = subprocess.run([TIPPLE, "run", str(job)], input="id,sensor,value\n" + records(0, 3), text=True, capture_output=True,
                                 env=self.environment({"TIPPLE_KILL_AT": "attempt-opened:1"}), timeout=60)
        self.assertEqual(process.returncode, -9, process.stderr)
        (self.folder / "in" / "a.csv").unlink()
        (self.folder / "in" / "b.csv").write_text("id,sensor,value\n" + records(20, 21))
        self.run_with_input("id,sensor,value\n", "run", job)
        self.assertEqual(self.rows(job), [0, 1, 2, 20])

    def test_two_ranks_follow_together(self):
        path = self.pipe()
        job = self.stream_job(f'{{stream: {{pipe: "{path}"}}}}')
        writer = self.write_to(path, ["id,sensor,value\n", records(0, 500)])
        done = self.tipple("run", job, "--mode", "live", "--follow", "--every-rows", 100, "--ranks", 2, "--json")
        writer.join()
        self.assertEqual(len(done.out.splitlines()), 5)
        self.assertEqual(self.rows(job), list(range(500)))


if __name__ == "__main__":
    unittest.main()
