"""Promise 2: output depends on the input, the job file and the program's version; not on ranks, threads or cuts."""

import itertools
import unittest

from harness import TippleTest, write_sample

RANKS = (1, 2, 4)
THREADS = (1, 2)
CHUNK_BYTES = (20_000, 100_003, 1 << 20)


class SameBytesAtAnySize(TippleTest):
    def test_parts_are_equal_for_any_ranks_and_threads_and_content_for_any_chunks(self):
        for number in range(3):
            write_sample(self.folder / f"in-{number}.csv", 2500 + 900 * number, seed=number, first=10_000 * number)
        inputs = self.folder / "in-*.csv"
        contents = set()
        for chunk_bytes in CHUNK_BYTES:
            seen = {}
            for ranks, threads in itertools.product(RANKS, THREADS):
                name = f"chunk{chunk_bytes}-ranks{ranks}-threads{threads}"
                job = self.job(name, inputs, chunk_bytes)
                result = self.tipple("run", job, "--ranks", ranks, "--threads", threads, "--json").json
                table = result["tables"]["sample"]
                self.assertEqual(table["rows_out"], 3 * 2500 + 900 * 3)
                contents.add(table["content_digest"])
                seen[name] = (self.parts(job), table["bytes_digest"], result["load_id"])
            first = next(iter(seen.values()))
            self.assertGreater(len(first[0]), 0)
            for name, value in seen.items():
                self.assertEqual(value, first, f"{name} differs from {next(iter(seen))}")
        self.assertEqual(len(contents), 1, "the content digest must not depend on the chunk size")

    def test_copies_of_the_input_elsewhere_give_the_same_parts(self):
        digests = set()
        for name in ("here", "elsewhere"):
            folder = self.folder / f"input-{name}"
            folder.mkdir()
            write_sample(folder / "in.csv", 4000)
            job = self.job(name, folder / "in.csv", 30_000)
            result = self.tipple("run", job, "--json").json
            digests.add((result["tables"]["sample"]["bytes_digest"], tuple(sorted(self.parts(job).values()))))
        self.assertEqual(len(digests), 1, "a part holds nothing of where and when its input stood")

    def test_verify_recomputes_both_digests_from_the_files(self):
        write_sample(self.folder / "in.csv", 5000)
        job = self.job("job", self.folder / "in.csv")
        table = self.tipple("run", job, "--json").json["tables"]["sample"]
        verified = self.tipple("verify", job, "--digest", "--json").json["tables"]["sample"]
        self.assertEqual(verified["content_digest"], table["content_digest"])
        self.assertEqual(verified["bytes_digest"], table["bytes_digest"])
        self.assertEqual(verified["rows"], 5000)

    def test_memory_budget_does_not_change_the_bytes(self):
        write_sample(self.folder / "in.csv", 20_000)
        small = self.job("small", self.folder / "in.csv", 1 << 20)
        large = self.job("large", self.folder / "in.csv", 1 << 20)
        self.tipple("run", small, "--memory", "32MiB", "--threads", 2)
        self.tipple("run", large, "--memory", "2GiB", "--threads", 2)
        self.assertEqual(self.parts(small), self.parts(large))


if __name__ == "__main__":
    unittest.main(verbosity=2)
