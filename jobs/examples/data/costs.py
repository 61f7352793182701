#!/usr/bin/env python3
"""Inputs of costs.yaml: a payroll print, a German spreadsheet of sales and an HDF5 file of purchases. Always the same ones."""

import csv
import datetime
import random

import h5py
import numpy

import example

CENTERS = [(f"K{number:03d}", ["works", "sales", "office"][number % 3]) for number in range(1, 21)]
NEW_YEAR = datetime.date(2024, 1, 1)


def euros(cents):
    """1.234,56"""
    return f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d}"


def payroll(rng):
    """(employee, center, day, cents): one payment a month."""
    for month in range(1, 13):
        for number in range(60):
            yield f"e{number:05d}", CENTERS[number % len(CENTERS)][0], datetime.date(2024, month, 27), rng.randrange(180_000, 420_000)


def sales(rng):
    for number in range(600):
        day = NEW_YEAR + datetime.timedelta(days=rng.randrange(366))
        if number % 250 == 13:
            day = day.replace(year=2023, day=1)   # belongs to the year before
        center = "K999" if number % 280 == 17 else rng.choice(CENTERS)[0]
        yield rng.choice(["Müller & Söhne", "Café; Groß", 'Firma "Ost"', "Łódź".replace("Ł", "L").replace("ź", "z")]), center, day, rng.randrange(100, 500_000)


def purchases(rng):
    for number in range(400):
        at = datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=rng.randrange(366 * 86400))
        yield f"vendor {number % 31}", rng.randrange(1, len(CENTERS) + 1), at, rng.randrange(100, 900_000)


def generate(folder):
    inputs = example.folder_for("costs", folder)
    rng = random.Random(4)
    with open(inputs / "payroll.txt", "w") as out:
        out.write("PAYROLL 2024\n")
        for employee, center, day, cents in payroll(rng):
            out.write(f"{employee}{center}{day:%Y%m%d}{cents:9d}\n")
    with open(inputs / "sales.csv", "w", encoding="windows-1252", newline="") as out:
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow(["Käufer", "Stelle", "Datum", "Betrag"])
        for number, (customer, center, day, cents) in enumerate(sales(rng)):
            writer.writerow([customer, center, f"{day:%d.%m.%Y}", "storniert" if number % 290 == 31 else euros(cents)])
    rows = list(purchases(rng))
    with h5py.File(inputs / "purchasing.h5", "w") as file:
        group = file.create_group("ledger/purchases")
        group["vendor"] = [row[0] for row in rows]
        group["center"] = numpy.array([row[1] for row in rows], dtype=">i2")
        group["paid_at"] = numpy.array([(row[2] - datetime.datetime(1970, 1, 1)).total_seconds() for row in rows], dtype="int64")
        group["paid_at"].attrs["units"] = "seconds since 1970-01-01"
        group["amount"] = numpy.array([row[3] / 100 for row in rows])
    with open(inputs / "centers.csv", "w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([("center", "department"), *CENTERS])


if __name__ == "__main__":
    example.main("costs", generate)
