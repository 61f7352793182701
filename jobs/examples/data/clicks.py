#!/usr/bin/env python3
"""Inputs of clicks.yaml: clicks from web pages, a mobile app and shelf buttons, and the tables of users and products. Always the same."""

import csv
import datetime
import gzip
import io
import json
import random

import example

BEGIN = datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone.utc)
USERS = [(f"u{number:04d}", ["DE", "FR", "PL", "IT"][number % 4]) for number in range(60)]
PRODUCTS = [(f"p{number:03d}", ["books", "garden", "toys"][number % 3], f"{5 + number * 1.25:.2f}") for number in range(40)]
AGENTS = ["Firefox/123.0", "Chrome/122.0", "Safari/17.3"]


def event(rng, number):
    """Who, what, which product, when, from where."""
    user = rng.choice(USERS)[0] if rng.random() < 0.95 else f"x{rng.randrange(100):04d}"  # some are not registered
    action = rng.choices(["view", "cart", "buy"], [6, 2, 1])[0]
    product = rng.choice(PRODUCTS)[0] if action != "view" or rng.random() < 0.8 else None
    at = BEGIN + datetime.timedelta(seconds=7 * number + rng.randrange(7))
    return user, action, product, at, f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"


def web(rng, first, count):
    for number in range(first, first + count):
        user, action, product, at, address = event(rng, number)
        record = {"time": at.isoformat().replace("+00:00", "Z"), "action": action, "user": {"id": user},
                  "client": {"address": address, "agent": rng.choice(AGENTS)},
                  "cart": [{"sku": product, "note": 'says "hi"\nü'}] if product else []}
        if number % 211 == 7:
            record["action"] = "hover"  # no action that anybody knows
        yield json.dumps(record, ensure_ascii=number % 2 == 0)


def mobile(rng, first, count):
    yield ["uid", "event", "item", "tapped_at", "version"]
    for number in range(first, first + count):
        user, action, product, at, _ = event(rng, number)
        if number % 173 == 9:
            action, product = "buy", None  # a sale of nothing
        yield [user, action, product or "", at.astimezone(datetime.timezone(datetime.timedelta(hours=2))).isoformat(), "4.1"]


def buttons(rng, first, count):
    for number in range(first, first + count):
        user, _, product, at, address = event(rng, number)
        yield f"{int(at.timestamp())} button=b{number % 9} user={user} sku={product or 'p000'} from={address}"


def generate(folder):
    inputs = example.folder_for("clicks", folder)
    rng = random.Random(2)
    for part in range(2):
        (inputs / f"web-{part}.jsonl").write_text("".join(line + "\n" for line in web(rng, part * 1000, 800)))
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(mobile(rng, part * 1000, 500))
        (inputs / f"mobile-{part}.csv.gz").write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    (inputs / "buttons.log").write_text("".join(line + "\n" for line in buttons(rng, 0, 300)))
    with open(inputs / "users.csv", "w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([("id", "country"), *USERS])
    (inputs / "products.jsonl").write_text(
        "".join(json.dumps({"sku": sku, "category": category, "price": {"eur": price}}) + "\n" for sku, category, price in PRODUCTS))


if __name__ == "__main__":
    example.main("clicks", generate)
