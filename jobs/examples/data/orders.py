#!/usr/bin/env python3
"""Inputs of orders.yaml: customers, orders and their items, with a few mistakes of every kind. Always the same."""

import csv
import datetime
import json
import random
from decimal import Decimal

import example

CUSTOMERS = 120
ORDERS = 960
BEGIN = datetime.datetime(2024, 1, 1)
CITIES = ["Malmo\u0308", "  Ko\u0308ln ", "Nantes", "San  Remo", None]


def customers():
    for number in range(1, CUSTOMERS + 1):
        city = CITIES[number % len(CITIES)]
        yield {"id": number, "name": f" Customer  No. {number}",
               "contact": {"email": "nobody" if number % 50 == 0 else f"Customer{number}@Example.ORG "} if number % 7 else None,
               "addresses": [{"city": city}] if city else []}


def orders():
    """Orders with their items: (order id, customer, time, state, total, items)."""
    rng = random.Random(3)
    for number in range(1, ORDERS + 1):
        items = [{"sku": f"p{rng.randrange(300):03d}", "quantity": rng.randrange(1, 6), "price": f"{rng.randrange(99, 9999) / 100:.2f}"}
                 for _ in range(rng.randrange(1, 5))]
        total = sum(item["quantity"] * Decimal(item["price"]) for item in items)
        customer = rng.randrange(1, CUSTOMERS + 1)
        if number % 240 == 5:
            customer = 9000 + number  # a customer that does not exist
        if number % 300 == 8:
            total = -total
        if number % 150 == 11:
            items[0]["quantity"] = 0
        if number % 190 == 12:
            items[-1]["price"] = "a lot"
        at = BEGIN + datetime.timedelta(minutes=37 * number)
        yield number, customer, at, rng.choice(["open", "paid", "sent", "returned"]), total, items


def generate(folder):
    inputs = example.folder_for("orders", folder)
    (inputs / "customers.jsonl").write_text("".join(json.dumps(customer) + "\n" for customer in customers()))
    rows = list(orders())
    for part in range(3):
        with open(inputs / f"orders-{part}.csv", "w", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(["order_id", "customer_id", "ordered_at", "state", "total"])
            writer.writerows([*row[:2], row[2].isoformat(sep=" "), *row[3:5]] for row in rows[part::3])
    with open(inputs / "items.jsonl", "w") as out:
        for row in rows:
            out.write(json.dumps({"order": {"id": row[0], "lines": row[5]}, "printed": True}) + "\n")


if __name__ == "__main__":
    example.main("orders", generate)
