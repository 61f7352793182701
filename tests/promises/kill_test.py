"""Promise 4: after any kill the next attempt, on any number of ranks, redoes at most the chunks that were in flight and
gives the same bytes."""

import os
import random
import signal
import time
import unittest

from harness import SEED, TippleTest, write_sample

POINTS = ("attempt-opened", "chunk-started", "part-created", "part-row-group", "part-closed", "part-synced", "report-received",
          "report-journaled", "publish-started", "part-moved", "log-written", "log-linked", "view-written", "publish-reported")
WORKER_POINTS = ("chunk-started", "part-created", "part-row-group", "part-closed", "part-synced")  # every rank passes these
RANDOM_KILLS = int(os.environ.get("TIPPLE_RANDOM_KILLS", "100"))
ROWS = 6000
CHUNK_BYTES = 24_000
CHUNKS_IN_FLIGHT_PER_RANK = 4  # one running, one prefetched, and up to two whose files are being synced


class AKillCostsLittle(TippleTest):
    def setUp(self):
        super().setUp()
        self.input = self.folder / "in.csv"
        write_sample(self.input, ROWS)
        self.reference = self.job("reference", self.input, CHUNK_BYTES)
        self.tipple("run", self.reference)
        self.expected = self.parts(self.reference)
        self.assertGreater(len(self.expected), 10)

    def finish_and_check(self, job, ranks, killed_ranks):
        """The next attempt completes the load: same bytes, one version, few chunks redone."""
        staged = {p.name.split("-")[1] for p in (job.parent / "warehouse" / "sample" / "_staging").glob("*/chunk-*")}
        status = self.tipple("status", job, "--json").json
        loads = status["loads"]
        done_before = loads[0]["chunks_done"] if loads else 0
        self.assertLessEqual(len(staged) - done_before, CHUNKS_IN_FLIGHT_PER_RANK * killed_ranks,
                             "work that a worker had begun and the journal does not hold")
        result = self.tipple("run", job, "--ranks", ranks, "--json").json
        self.assertIn(result["outcome"], ("published", "already-published"))
        self.assertEqual(self.parts(job), self.expected)
        self.assertEqual(len(self.versions(job)), 1)
        if result["outcome"] == "published":
            loaded_now = result["chunks"]["loaded"]
            self.assertLessEqual(loaded_now, len(self.expected) - done_before + result["chunks"]["redone"])
            self.assertLessEqual(result["chunks"]["redone"], CHUNKS_IN_FLIGHT_PER_RANK * killed_ranks)
        staging = job.parent / "warehouse" / "sample" / "_staging"
        self.assertEqual(list(staging.glob("*/*")) if staging.exists() else [], [], "nothing is left in staging")

    def test_kill_at_every_named_point_of_one_process(self):
        for point in POINTS:
            for passing in (1, 3) if point in ("part-row-group", "part-synced", "report-received", "part-moved") else (1,):
                with self.subTest(point=point, passing=passing):
                    job = self.job(f"{point}-{passing}", self.input, CHUNK_BYTES)
                    killed = self.tipple("run", job, "--threads", 2, env={"TIPPLE_KILL_AT": f"{point}:{passing}"}, expect=None)
                    self.assertEqual(killed.code, -signal.SIGKILL, f"{point} was not reached: {killed.err}")
                    self.finish_and_check(job, 1, 1)

    def test_kill_of_any_rank_then_another_rank_count(self):
        for number, point in enumerate(POINTS):
            for rank in (0, 1) if point in WORKER_POINTS else (0,):
                with self.subTest(point=point, rank=rank):
                    job = self.job(f"{point}-rank{rank}", self.input, CHUNK_BYTES)
                    env = {"TIPPLE_KILL_AT": point, "TIPPLE_KILL_RANK": str(rank)}
                    killed = self.tipple("run", job, "--ranks", 2, env=env, expect=None)
                    self.assertNotEqual(killed.code, 0, f"{point} was not reached")
                    self.finish_and_check(job, (1, 4, 2)[number % 3], 2)

    def test_kill_of_the_launcher(self):
        job = self.job("launcher", self.input, CHUNK_BYTES)
        process = self.start("run", job, "--ranks", 2, new_session=True)
        log = job.parent / "warehouse" / "_loads"
        deadline = time.monotonic() + 30
        while process.poll() is None and not list(log.glob("*/attempt-1")) and time.monotonic() < deadline:
            time.sleep(0.002)  # waits for a file to appear, not for time to pass
        self.kill_group(process)
        self.finish_and_check(job, 4, 2)

    def test_kill_at_random_instants(self):
        rng = random.Random(SEED)
        print(f"seed {SEED}")
        started = time.monotonic()
        self.tipple("run", self.job("timing", self.input, CHUNK_BYTES))
        whole = time.monotonic() - started
        for number in range(RANDOM_KILLS):
            ranks = 2 if number % 10 == 0 else 1
            instant = rng.uniform(0.0, whole * (1.1 if ranks == 1 else 1.5) + (0.5 if ranks == 2 else 0.0))
            with self.subTest(number=number, instant=instant, ranks=ranks):
                job = self.job(f"random-{number}", self.input, CHUNK_BYTES)
                process = self.start("run", job, "--ranks", ranks, new_session=True)
                time.sleep(instant)
                self.kill_group(process)
                self.finish_and_check(job, rng.choice((1, 1, 1, 2)), ranks)

    def test_a_stop_request_checkpoints_and_the_next_run_goes_on(self):
        path = self.folder / "big.csv"
        write_sample(path, 60_000)
        job = self.job("stop", path, CHUNK_BYTES)
        process = self.start("run", job, "--threads", 1)
        loads = job.parent / "warehouse" / "_loads"
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            if any(p.stat().st_size > 4000 for p in loads.glob("*/attempt-1")):
                process.send_signal(signal.SIGTERM)
                break
            time.sleep(0.001)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, f"{out}\n{err}")
        self.assertEqual(self.versions(job), [])
        result = self.tipple("resume", job, "--json").json
        self.assertEqual(result["outcome"], "published")
        self.assertEqual(result["tables"]["sample"]["rows_out"], 60_000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
