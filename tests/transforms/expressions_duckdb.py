"""Random typed expressions over a random table: Tipple's answers against DuckDB's.

Usage: expressions_duckdb.py EXPRESSION_EVAL [COUNT]; TIPPLE_SEED repeats a run. Without duckdb it exits with 77, which the test suite
counts as skipped. Where DuckDB differs from PostgreSQL (division of integers), the expression is translated.
"""

import datetime
import os
import random
import subprocess
import sys
from decimal import Decimal

try:
    import duckdb
except ImportError:
    print("skipped: no duckdb")
    sys.exit(77)

ROWS = 2000
COLUMNS = [("a", "int64", "BIGINT"), ("b", "int64", "BIGINT"), ("f", "float64", "DOUBLE"), ("g", "float64", "DOUBLE"),
           ("p", "decimal(9,2)", "DECIMAL(9,2)"), ("s", "string", "VARCHAR"), ("t", "string", "VARCHAR"), ("d", "date", "DATE"),
           ("e", "date", "DATE"), ("q", "bool", "BOOLEAN")]
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]


def random_value(rng, kind):
    if rng.random() < 0.15:
        return None
    if kind == "int64":
        return str(rng.randint(-50, 50))
    if kind == "float64":
        return repr(rng.choice([0.0, 0.5, -1.25, rng.uniform(-100, 100)]))
    if kind.startswith("decimal"):
        return f"{rng.randint(-99999, 99999) / 100:.2f}"
    if kind == "date":
        return str(datetime.date(2024, 1, 1) + datetime.timedelta(days=rng.randint(-800, 800)))
    if kind == "bool":
        return rng.choice(["true", "false"])
    return "".join(rng.choice("abcABé _-%12") for _ in range(rng.randint(1, 8))).replace(" ", "x", 1)


class Generator:
    """Each method gives a pair: the expression for Tipple, and what DuckDB is asked."""

    def __init__(self, rng):
        self.rng = rng

    def both(self, form, *parts):
        return form.format(*[p[0] for p in parts]), form.format(*[p[1] for p in parts])

    def make(self, kind, depth):
        if depth <= 0 or self.rng.random() < 0.15:
            return self.leaf(kind)
        return getattr(self, kind)(depth - 1)

    def leaf(self, kind):
        rng = self.rng
        text = {"int": lambda: rng.choice(["a", "b", str(rng.randint(0, 9))]),
                "float": lambda: rng.choice(["f", "g"]),
                "dec": lambda: rng.choice(["p", "1.25", "0.5"]),
                "text": lambda: rng.choice(["s", "t", "'ab'", "'x%'"]),
                "date": lambda: rng.choice(["d", "e", "date '2024-02-29'"]),
                "bool": lambda: rng.choice(["q", "true", "false", "a > 0"])}[kind]()
        return f"({text})", f"({text})"

    def choice(self, kind, depth):
        """CASE, COALESCE and the like: of every type."""
        value = lambda: self.make(kind, depth)
        pick = self.rng.randrange(5)
        if pick == 0:
            return self.both("(case when {} then {} when {} then {} else {} end)", self.make("bool", depth), value(),
                             self.make("bool", depth), value(), value())
        if pick == 1:
            return self.both("(case {} when {} then {} end)", self.make("int", depth), self.make("int", depth), value())
        if pick == 2:
            return self.both("coalesce({}, {})", value(), value())
        if pick == 3:
            return self.both("nullif({}, {})", value(), value())
        return self.both(self.rng.choice(["greatest({}, {}, {})", "least({}, {}, {})"]), value(), value(), value())

    def int(self, depth):
        pick = self.rng.randrange(9)
        if pick == 0:
            return self.choice("int", depth)
        if pick <= 2:
            return self.both(self.rng.choice(["({} + {})", "({} - {})"]), self.make("int", depth), self.make("int", depth))
        if pick == 3:
            return self.both("({} * {})", self.make("int", depth), self.leaf("int"))
        if pick == 4:
            x, y = self.make("int", depth), self.leaf("int")
            return f"({x[0]} / {y[0]})", f"cast(trunc({x[1]}::double / nullif({y[1]}, 0)) as bigint)"
        if pick == 5:
            return self.both(self.rng.choice(["abs({})", "(-{})"]), self.make("int", depth))
        if pick == 6:
            return self.both("length({})", self.make("text", depth))
        if pick == 7:
            return self.both("({} - {})", self.make("date", depth), self.make("date", depth))
        field = self.rng.choice(["year", "month", "day", "quarter", "isodow", "doy", "dow", "week"])
        return self.both("extract(" + field + " from {})", self.make("date", depth))

    def float(self, depth):
        pick = self.rng.randrange(5)
        if pick == 0:
            return self.choice("float", depth)
        if pick == 1:
            return self.both(self.rng.choice(["({} + {})", "({} - {})"]), self.make("float", depth), self.make("float", depth))
        if pick == 2:
            return self.both("sqrt(abs({}))", self.make("float", depth))
        if pick == 3:
            return self.both(self.rng.choice(["floor({})", "ceil({})", "abs({})"]), self.make("float", depth))
        return self.both("({}::float64)" if self.rng.random() < 0.5 else "cast({} as double precision)", self.make("int", depth))

    def dec(self, depth):
        pick = self.rng.randrange(3)
        if pick == 0:
            return self.choice("dec", 0)
        if pick == 1:
            return self.both(self.rng.choice(["({} + {})", "({} - {})"]), self.make("dec", depth), self.make("dec", depth))
        return self.both("({} * {})", self.leaf("dec"), self.leaf("dec"))

    def text(self, depth):
        value = lambda: self.make("text", depth)
        pick = self.rng.randrange(9)
        number = self.rng.randint(1, 4)
        if pick == 0:
            return self.choice("text", depth)
        if pick == 1:
            return self.both("({} || {})", value(), value())
        if pick == 2:
            return self.both(self.rng.choice(["upper({})", "lower({})", "reverse({})", "trim({})", "ltrim({})", "rtrim({})"]), value())
        if pick == 3:
            return self.both(f"substr({{}}, {number}, {self.rng.randint(0, 3)})", value())
        if pick == 4:
            return self.both(self.rng.choice([f"left({{}}, {number})", f"right({{}}, {number})"]), value())
        if pick == 5:
            return self.both("replace({}, 'a', {})", value(), self.leaf("text"))
        if pick == 6:
            return self.both(self.rng.choice(["lpad", "rpad"]) + f"({{}}, {number}, 'xy')", value())
        if pick == 7:
            return self.both(f"split_part({{}}, 'a', {number})", value())
        return self.both("concat({}, {}::varchar, {})", value(), self.make("int", depth), value())

    def date(self, depth):
        pick = self.rng.randrange(4)
        if pick == 0:
            return self.choice("date", depth)
        if pick == 1:
            return self.both(self.rng.choice(["({} + {})", "({} - {})"]).replace("{}", "{}", 1).replace("{})", "%d)" % self.rng.randint(0, 400)),
                             self.make("date", depth))
        if pick == 2:
            unit = self.rng.choice(["month", "year", "week", "quarter", "day"])
            return self.both("cast(date_trunc('" + unit + "', {}) as date)", self.make("date", depth))
        return self.both("cast(({} + interval '1 month') as date)", self.make("date", depth))

    def bool(self, depth):
        rng = self.rng
        pick = rng.randrange(9)
        kind = rng.choice(["int", "float", "dec", "text", "date"])
        value = lambda: self.make(kind, depth)
        if pick == 0:
            return self.choice("bool", depth)
        if pick <= 2:
            return self.both("({} " + rng.choice(COMPARISONS) + " {})", value(), value())
        if pick == 3:
            return self.both("({} " + rng.choice(["and", "or"]) + " {})", self.make("bool", depth), self.make("bool", depth))
        if pick == 4:
            return self.both("(not {})", self.make("bool", depth))
        if pick == 5:
            return self.both("({} is " + rng.choice(["null)", "not null)"]), value())
        if pick == 6:
            return self.both("({} " + rng.choice(["", "not "]) + "between {} and {})", value(), value(), value())
        if pick == 7:
            return self.both("({} " + rng.choice(["", "not "]) + "in ({}, {}, {}))", value(), value(), value(), value())
        if rng.random() < 0.5:
            return self.both("({} is distinct from {})", value(), value())
        return self.both("({} " + rng.choice(["like", "not like"]) + " " + rng.choice(["'%a%'", "'a_%'", "'%'", "'_b%1'"]) + ")", self.make("text", depth))


def printed(value):
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "\\E" if value == "" else str(value)


def same(kind, ours, theirs):
    if ours.startswith("!"):
        return ours == "!division_by_zero" and theirs is None or ours == "!division_by_zero"
    if theirs is None or ours == "\\N":
        return theirs is None and ours == "\\N"
    if kind in ("int", "dec"):
        return Decimal(ours) == Decimal(str(theirs))
    if kind == "float":
        return abs(float(ours) - float(theirs)) <= 1e-9 * max(1.0, abs(float(theirs)))
    return ours == printed(theirs)


def main():
    seed = int(os.environ.get("TIPPLE_SEED", random.SystemRandom().randrange(2**32)))
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    print(f"TIPPLE_SEED={seed}")
    rng = random.Random(seed)
    rows = [[random_value(rng, kind) for _, kind, _ in COLUMNS] for _ in range(ROWS)]
    table = duckdb.connect()
    table.execute("create table r (n integer, " + ", ".join(f"{name} {sql}" for name, _, sql in COLUMNS) + ")")
    table.executemany("insert into r values (" + ", ".join("?" * (len(COLUMNS) + 1)) + ")", [[i] + row for i, row in enumerate(rows)])
    generator = Generator(rng)
    cases = []
    for _ in range(count):
        kind = rng.choice(["int", "float", "dec", "text", "date", "bool", "bool"])
        cases.append((kind,) + generator.make(kind, rng.randint(1, 4)))
    text = "\t".join(f"{name}:{kind}" for name, kind, _ in COLUMNS) + "\n"
    text += "".join("\t".join("\\N" if v is None else v for v in row) + "\n" for row in rows)
    text += "---\n" + "".join(case[1] + "\n" for case in cases)
    run = subprocess.run([sys.argv[1]], input=text.encode(), stdout=subprocess.PIPE, check=True)
    answers = run.stdout.decode().split("\n")
    compared = differing = 0
    for (kind, ours, theirs), answer in zip(cases, answers):
        try:
            expected = [r[0] for r in table.execute(f"select {theirs.replace('float64', 'double')} from r order by n").fetchall()]
        except duckdb.Error:
            continue  # DuckDB stops at one row's overflow, and does not take every form
        got = answer.split("\x1f")
        wrong = [i for i, value in enumerate(expected) if len(got) != ROWS or not same(kind, got[i], value)]
        compared += 1
        if wrong:
            differing += 1
            i = wrong[0]
            shown = got[i] if len(got) == ROWS else answer[:200]
            print(f"DIFFERENT in {len(wrong)} rows, row {i} {rows[i]}:\n  {ours}\n  tipple {shown!r}\n  duckdb {expected[i]!r}")
    print(f"{compared} of {count} expressions compared over {ROWS} rows, {differing} differ")
    return 1 if differing or compared < count // 2 else 0


if __name__ == "__main__":
    sys.exit(main())
