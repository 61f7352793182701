"""Promise 3: a reader sees the table before the load or after it, at any instant; a load is published once."""

import threading
import unittest

import h5py

from harness import TippleTest, write_sample

PUBLISHING_POINTS = ("publish-started", "part-moved", "log-written", "log-linked", "view-written", "publish-reported")


class AllOrNothing(TippleTest):
    def test_readers_in_a_loop_see_only_whole_versions(self):
        path = self.folder / "in.csv"
        sizes = [1500, 4000, 2500, 6000]
        write_sample(path, sizes[0])
        job = self.job("job", path, chunk_bytes=20_000)
        self.tipple("run", job)
        view = job.parent / "warehouse" / "sample" / "sample.h5"
        seen, problems, stop = set(), [], threading.Event()

        def read():
            while not stop.is_set():
                try:
                    with h5py.File(view, "r") as table:
                        ids, days = table["id"][:], table["day"][:]
                except Exception as error:  # any failure to read is a finding
                    problems.append(repr(error))
                    return
                if len(ids) != len(days) or len(ids) not in sizes or list(ids) != list(range(len(ids))):
                    problems.append(f"{len(ids)} ids, {len(days)} days")
                seen.add(len(ids))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            for size in sizes[1:] * 3:
                write_sample(path, size)
                self.tipple("run", job)
        finally:
            stop.set()
            reader.join()
        self.assertEqual(problems, [])
        self.assertGreater(len(seen), 1, "the reader saw several versions")

    def test_a_kill_at_any_point_of_publishing_leaves_the_old_or_the_new_version(self):
        path = self.folder / "in.csv"
        for point in PUBLISHING_POINTS:
            with self.subTest(point=point):
                write_sample(path, 1000)
                job = self.job(point, path, chunk_bytes=20_000)
                self.tipple("run", job)
                write_sample(path, 2000)
                killed = self.tipple("run", job, env={"TIPPLE_KILL_AT": point}, expect=None)
                self.assertEqual(killed.code, -9, f"{point} was not reached: {killed.err}")
                with h5py.File(job.parent / "warehouse" / "sample" / "sample.h5", "r") as table:
                    self.assertIn(len(table["id"]), (1000, 2000))
                self.assertIn(len(self.versions(job)), (1, 2))
                self.tipple("run", job)
                self.assertEqual(len(self.versions(job)), 2, "published once")
                with h5py.File(job.parent / "warehouse" / "sample" / "sample.h5", "r") as table:
                    self.assertEqual(len(table["id"]), 2000)
                self.tipple("verify", job)

    def test_running_the_same_load_again_publishes_nothing(self):
        write_sample(self.folder / "in.csv", 1000)
        job = self.job("job", self.folder / "in.csv")
        self.tipple("run", job, "--mode", "more")
        before = self.table_bytes(job)
        again = self.tipple("run", job, "--mode", "more", "--json").json
        self.assertEqual(again["outcome"], "already-published")
        self.assertEqual(self.table_bytes(job), before)

    def test_a_failed_load_leaves_the_old_version_untouched(self):
        path = self.folder / "in.csv"
        write_sample(path, 1000)
        job = self.job("job", path)
        self.tipple("run", job)
        before = self.table_bytes(job)
        write_sample(path, 1000, bad_every=10)
        self.tipple("run", job, expect=4)
        self.assertEqual(self.table_bytes(job), before)
        path.unlink()
        failed = self.tipple("run", job, expect=5)
        self.assertIn(str(path), failed.err)
        self.assertEqual(self.table_bytes(job), before)

    def test_two_runs_at_once_publish_once(self):
        write_sample(self.folder / "in.csv", 20_000)
        job = self.job("job", self.folder / "in.csv", chunk_bytes=20_000)
        runs = [self.start("run", job, "--mode", "more") for _ in range(3)]
        outputs = [run.communicate(timeout=120) for run in runs]
        codes = sorted(run.returncode for run in runs)
        self.assertEqual(codes[0], 0, outputs)
        self.assertTrue(set(codes) <= {0, 6}, (codes, outputs))
        self.assertEqual(len(self.versions(job)), 1)
        self.assertEqual(self.tipple("verify", job, "--json").json["tables"]["sample"]["rows"], 20_000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
