"""The examples of jobs/examples/ run as their first lines say: row accounts, and values against the same computed in Python."""

import collections
import csv
import datetime
import decimal
import gzip
import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import sys
import threading
import unicodedata
import unittest

import deltalake
import h5py

from harness import TippleTest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "examples"
KEY = "an example's key: 0123456789abcdef"
Decimal = decimal.Decimal


class Example(TippleTest):
    def prepare(self, name):
        """Runs the generator as a user does. Returns the job's path."""
        folder = self.folder / name
        done = subprocess.run([sys.executable, str(EXAMPLES / "data" / f"{name}.py"), str(folder)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        job = folder / f"{name}.yaml"
        self.assertEqual(done.stdout.strip(), str(job))
        return job

    def rows(self, job, table):
        out = self.tipple("export", job, "--table", table, "--format", "jsonl").out
        return [json.loads(line, parse_float=Decimal) for line in out.splitlines()]

    def account(self, tables, name):
        table = tables[name]
        self.assertEqual(table["rows_in"] + table["added"],
                         table["rows_out"] + table["rejected"] + table["filtered"] + table["deduplicated"], name)
        return table["rows_in"], table["rows_out"], table["rejected"], table["filtered"]

    def rejected(self, job, table):
        out = self.tipple("rejects", job, "--table", table, "--by", "rule", "--json").json
        return {entry["rule"]: entry["count"] for entry in out["by_rule"]} if isinstance(out["by_rule"], list) else out["by_rule"]

    def verify_and_run_again(self, job, tables, env=None):
        verified = self.tipple("verify", job, "--digest", "--json").json["tables"]
        for name, table in tables.items():
            self.assertEqual(verified[name]["rows"], table["rows_out"])
            self.assertEqual(verified[name]["content_digest"], table["content_digest"])
        before = self.log_entries(job)
        again = self.tipple("run", job, "--json", env=env).json
        outcomes = {load["outcome"] for load in again.get("loads", [again])}
        self.assertEqual(outcomes, {"already-published"})
        self.assertEqual(self.log_entries(job), before)

    @staticmethod
    def log_entries(job):
        return sorted(str(path) for path in (job.parent / "warehouse").glob("*/_*log/*.json"))


def csv_rows(path, **dialect):
    with open(path, newline="", encoding=dialect.pop("encoding", "utf-8")) as lines:
        return list(csv.DictReader(lines, **dialect))


def jsonl_rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def instant(text):
    """A time of any spelling, as one that compares."""
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=datetime.timezone.utc)


class Sensors(Example):
    def expected(self, job):
        """(rows, rejects by rule) of the readings, computed by hand."""
        sites = {row["sensor"]: row["site"] for row in csv_rows(job.parent / "in" / "sensors.csv")}
        good, bad = [], collections.Counter()
        for row in csv_rows(job.parent / "in" / "readings.csv"):
            try:
                value = None if row["value"] == "NA" else float(row["value"])
            except ValueError:
                bad["type"] += 1
                continue
            unit = row["unit"].strip().upper()
            celsius = None if value is None else {"F": (value - 32) / 1.8, "C": value}.get(unit)
            delay = (instant(row["received"]) - instant(row["at"])).total_seconds()
            if row["sensor"] not in sites:
                bad["lookup"] += 1
            elif unit not in "CF":
                bad["check:known_unit"] += 1
            elif celsius is not None and not -60 <= celsius <= 60:
                bad["check:plausible"] += 1
            elif delay > 600:
                bad["check:on_time"] += 1
            else:
                good.append((row["sensor"], instant(row["at"]), unit, celsius, delay, sites[row["sensor"]]))
        return good, bad

    def test_readings_from_a_pipe_in_batches(self):
        job = self.prepare("sensors")
        pipe = job.parent / "readings.pipe"
        os.mkfifo(pipe)
        text = (job.parent / "in" / "readings.csv").read_text()
        writer = threading.Thread(target=lambda: pipe.write_text(text), daemon=True)
        writer.start()
        done = self.tipple("run", job, "--mode", "live", "--follow", "--every-rows", 240, "--every", "1h", "--json")
        writer.join()
        batches = [json.loads(line) for line in done.out.splitlines()]
        good, bad = self.expected(job)
        self.assertTrue(good and len(bad) == 5, bad)
        self.assertEqual([b["tables"]["temperatures"]["rows_in"] for b in batches], [240] * 4)
        accounts = [self.account(b["tables"], "temperatures") for b in batches]
        self.assertEqual(sum(out for _, out, _, _ in accounts), len(good))
        self.assertEqual(sum(rejected for _, _, rejected, _ in accounts), sum(bad.values()))

        rows = self.rows(job, "temperatures")
        self.assertEqual(len(rows), len(good))
        for row, (sensor, at, unit, celsius, delay, site) in zip(rows, good):
            self.assertEqual((row["sensor"], instant(row["at"]), row["unit"], row["delay_seconds"], row["site"]),
                             (sensor, at, unit, delay, site))
            if celsius is None:
                self.assertIsNone(row["celsius"])
            else:
                self.assertAlmostEqual(float(row["celsius"]), celsius, places=9)
        verified = self.tipple("verify", job, "--json").json["tables"]["temperatures"]
        self.assertEqual((verified["version"], verified["rows"]), (3, len(good)))
        self.check_rejects_of_all_batches(job, batches, bad)
        self.check_a_pipe_without_records_publishes_nothing(job, pipe)

    def check_rejects_of_all_batches(self, job, batches, bad):
        found = collections.Counter()
        for batch in batches:
            for reject in self.tipple("rejects", job, "--load", batch["load_id"], "--limit", 1000, "--json").json["rejects"]:
                found[reject["rule"]] += 1
                self.assertTrue(reject["raw"].startswith("s-"), reject)
        self.assertEqual(found, bad)

    def check_a_pipe_without_records_publishes_nothing(self, job, pipe):
        before = self.log_entries(job)
        writer = threading.Thread(target=lambda: pipe.write_text("sensor,at,received,value,unit\n"), daemon=True)
        writer.start()
        done = self.tipple("run", job, "--mode", "live", "--follow", "--every-rows", 240, "--json")
        writer.join()
        self.assertEqual((done.out, self.log_entries(job)), ("", before))


class Clicks(Example):
    def events(self, folder):
        """What the three kinds of files say, in the order of the job: (channel, user, action, product, at, address)."""
        for path in sorted(folder.glob("web-*.jsonl")):
            for row in jsonl_rows(path):
                yield "web", row["user"]["id"], row["action"], row["cart"][0]["sku"] if row["cart"] else None, instant(row["time"]), \
                    row["client"]["address"]
        for path in sorted(folder.glob("mobile-*.csv.gz")):
            with gzip.open(path, "rt", newline="") as lines:
                for row in csv.DictReader(lines):
                    yield "mobile", row["uid"], row["event"], row["item"] or None, instant(row["tapped_at"]), None
        for line in (folder / "buttons.log").read_text().splitlines():
            seconds, *fields = line.split()
            named = dict(field.split("=") for field in fields)
            at = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
            yield "iot", named["user"], "buy", named["sku"], at, named["from"]

    def test_three_sources_become_one_table_without_names(self):
        job = self.prepare("clicks")
        env = {"CLICKS_KEY": KEY}
        tables = self.tipple("run", job, "--json", env=env).json["tables"]
        events = list(self.events(job.parent / "in"))
        known = [e for e in events if e[2] in ("view", "cart", "buy")]
        clicks = [e for e in known if e[2] == "view" or e[3]]
        self.assertEqual(self.account(tables, "clicks_raw"), (len(events), len(events), 0, 0))
        self.assertEqual(self.account(tables, "clicks"), (len(events), len(clicks), len(events) - len(clicks), 0))
        self.assertLess(len(clicks), len(known))
        self.check_clicks(job, clicks)
        self.check_sales(job, tables, [e for e in events if e[0] != "iot"])
        self.check_landed(job, tables)
        self.verify_and_run_again(job, tables, env)

    def check_clicks(self, job, clicks):
        folder = job.parent / "in"
        countries = {row["id"]: row["country"] for row in csv_rows(folder / "users.csv")}
        products = {row["sku"]: (row["category"], Decimal(row["price"]["eur"])) for row in jsonl_rows(folder / "products.jsonl")}
        rows = self.rows(job, "clicks")
        self.assertEqual(len(rows), len(clicks))
        for row, (channel, user, action, product, at, address) in zip(rows, clicks):
            category, price = products.get(product, (None, None))
            self.assertEqual(row, {
                "user": hmac.new(KEY.encode(), user.encode(), hashlib.sha256).hexdigest(), "product": product,
                "ip": address[:6] if address else None, "channel": channel, "clicked_at": row["clicked_at"], "action": action,
                "country": countries.get(user, "??"), "category": category, "price": row["price"]})
            self.assertEqual(instant(row["clicked_at"]), at)
            self.assertEqual(None if row["price"] is None else Decimal(row["price"]), price)
        text = (job.parent / "warehouse" / "clicks" / "clicks.h5").read_bytes()
        for part in (job.parent / "warehouse" / "clicks" / "data").glob("*"):
            text += part.read_bytes()
        self.assertNotIn(KEY.encode(), text)

    def check_sales(self, job, tables, events):
        sales = [e for e in events if e[2] == "buy" and e[3]]
        unknown = sum(1 for e in events if e[2] not in ("view", "cart", "buy"))
        self.assertEqual(self.account(tables, "sales"), (len(events), len(sales), unknown, len(events) - len(sales) - unknown))
        prices = {row["sku"]: Decimal(row["price"]["eur"]) for row in jsonl_rows(job.parent / "in" / "products.jsonl")}
        self.assertEqual([(r["product"], Decimal(r["price"])) for r in self.rows(job, "sales")], [(e[3], prices[e[3]]) for e in sales])

    def check_landed(self, job, tables):
        """Every line of every file stands in the raw table, and can be found in its file by its offset."""
        rows = self.rows(job, "clicks_raw")
        for row in rows:
            path = job.parent / row["file"]
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            record = row["record"].encode()
            self.assertEqual(content[row["offset"]:row["offset"] + len(record)], record)
        agents = [row["client"]["agent"] for path in sorted((job.parent / "in").glob("web-*")) for row in jsonl_rows(path)]
        self.assertEqual([row["browser"] for row in self.rows(job, "browsers")], agents)
        self.assertEqual(self.account(tables, "browsers"), (len(rows), len(agents), 0, len(rows) - len(agents)))

    def test_without_the_key_nothing_is_published(self):
        job = self.prepare("clicks")
        failed = self.tipple("run", job, expect=None)
        self.assertIn(failed.code, (2, 5))
        self.assertIn("CLICKS_KEY", failed.err)
        self.assertEqual(self.log_entries(job), [])


class Orders(Example):
    def test_orders_items_and_customers_fit_together(self):
        job = self.prepare("orders")
        tables = self.tipple("run", job, "--json").json["tables"]
        folder = job.parent / "in"
        customers = {row["id"] for row in jsonl_rows(folder / "customers.jsonl")}
        self.assertEqual(self.account(tables, "customers"), (len(customers), len(customers), 0, 0))
        orders = [row for path in sorted(folder.glob("orders-*.csv")) for row in csv_rows(path)]
        good = [o for o in orders if int(o["customer_id"]) in customers and Decimal(o["total"]) >= 0]
        self.assertLess(len(good), len(orders))
        self.assertEqual(self.account(tables, "orders"), (len(orders), len(good), len(orders) - len(good), 0))
        self.check_customers(job)
        self.check_orders(job, good)
        self.check_items(job, tables, {int(o["order_id"]) for o in good})
        self.verify_and_run_again(job, tables)

    def delta(self, job, table):
        return deltalake.DeltaTable(str(job.parent / "warehouse" / table)).to_pyarrow_table().to_pylist()

    def check_customers(self, job):
        got = sorted(self.delta(job, "customers"), key=lambda row: row["customer_id"])
        for row, source in zip(got, jsonl_rows(job.parent / "in" / "customers.jsonl"), strict=True):
            email = source["contact"]["email"].strip().lower() if source["contact"] else None
            city = source["addresses"][0]["city"] if source["addresses"] else None
            city = unicodedata.normalize("NFC", " ".join(city.split())) if city else None
            self.assertEqual(row, {"customer_id": source["id"], "name": " ".join(source["name"].split()), "email": email, "city": city})

    def check_orders(self, job, good):
        got = {row["order_id"]: row for row in self.delta(job, "orders")}
        self.assertEqual(len(got), len(good))
        for order in good:
            row = got[int(order["order_id"])]
            self.assertEqual((row["customer_id"], str(row["ordered_at"])[:19], row["state"], row["total"]),
                             (int(order["customer_id"]), order["ordered_at"], order["state"], Decimal(order["total"])))

    def check_items(self, job, tables, orders):
        """An order is one record: if one of its items is wrong, all of them are kept back."""
        def number(text):
            try:
                return Decimal(text)
            except decimal.InvalidOperation:
                return None
        expected, right, records = [], 0, jsonl_rows(job.parent / "in" / "items.jsonl")
        for record in records:
            order, lines = record["order"]["id"], record["order"]["lines"]
            if order in orders and all(number(item["price"]) is not None and item["quantity"] > 0 for item in lines):
                right += 1
                expected += [(order, i["sku"], i["quantity"], Decimal(i["price"]), i["quantity"] * Decimal(i["price"])) for i in lines]
        got = [(r["order_id"], r["sku"], r["quantity"], r["price"], r["amount"]) for r in self.delta(job, "items")]
        self.assertEqual(sorted(got), sorted(expected))
        rows_in, rows_out, rejected, _ = self.account(tables, "items")
        self.assertEqual((rows_in, rows_out, rejected), (len(records), len(expected), len(records) - right))
        self.assertEqual(tables["items"]["added"], len(expected) - right)

    def test_totals_that_do_not_come_out_publish_nothing(self):
        job = self.prepare("orders")
        (job.parent / "in" / "orders-2.csv").write_text("order_id,customer_id,ordered_at,state,total\n")
        failed = self.tipple("run", job, expect=4)
        self.assertIn("orders", failed.err)
        self.assertIn("900", failed.err)
        self.assertEqual({pathlib.Path(entry).parents[1].name for entry in self.log_entries(job)}, {"customers"})


class Costs(Example):
    def bookings(self, folder):
        """All three sources in one form, (center, day, party, cents), without what cannot be read."""
        for line in (folder / "payroll.txt").read_text().splitlines()[1:]:
            yield line[6:10], datetime.datetime.strptime(line[10:18], "%Y%m%d").date(), "***", -int(line[18:])
        for row in csv_rows(folder / "sales.csv", encoding="windows-1252", delimiter=";"):
            if row["Betrag"] != "storniert":
                cents = int(row["Betrag"].replace(".", "").replace(",", ""))
                yield row["Stelle"], datetime.datetime.strptime(row["Datum"], "%d.%m.%Y").date(), row["Käufer"], cents
        with h5py.File(folder / "purchasing.h5") as file:
            group = file["ledger/purchases"]
            for vendor, center, at, amount in zip(group["vendor"].asstr(), group["center"], group["paid_at"], group["amount"]):
                day = datetime.datetime.fromtimestamp(int(at), datetime.timezone.utc).date()
                yield f"K{center:03d}", day, vendor, -round(amount * 100)

    def test_three_schemas_become_one(self):
        job = self.prepare("costs")
        tables = self.tipple("run", job, "--json").json["tables"]
        folder = job.parent / "in"
        departments = {row["center"]: row["department"] for row in csv_rows(folder / "centers.csv")}
        bookings = list(self.bookings(folder))
        good = [b for b in bookings if b[0] in departments and b[1].year == 2024]
        self.assertEqual(self.account(tables, "payroll"), (720, 720, 0, 0))
        self.assertEqual(self.account(tables, "sales"), (600, len(bookings) - 1120, 1720 - len(bookings), 0))
        self.assertEqual(self.account(tables, "purchasing"), (400, 400, 0, 0))
        self.assertEqual(self.account(tables, "bookings"), (len(bookings), len(good), len(bookings) - len(good), 0))
        self.assertTrue(len(good) < len(bookings) < 1720)
        got = [(r["center"], r["day"], r["party"], Decimal(r["amount"]), r["department"], r["quarter"]) for r in self.rows(job, "bookings")]
        self.assertEqual(got, [(center, str(day), party, Decimal(cents) / 100, departments[center], (day.month + 2) // 3)
                               for center, day, party, cents in good])
        self.assertEqual(set(self.rejected(job, "bookings")), {"check:known_center", "check:in_the_year"})
        self.verify_and_run_again(job, tables)


if __name__ == "__main__":
    unittest.main(verbosity=2)
