#!/usr/bin/env python3
"""Inputs of sensors.yaml: two hours of readings from eight sensors, one a minute. Always the same ones."""

import csv
import datetime
import random

import example

SENSORS = [("s-101", "roof", "C"), ("s-102", "roof", "F"), ("s-103", "cellar", "C"), ("s-104", "cellar", "F"),
           ("s-105", "yard", "C"), ("s-106", "yard", "f "), ("s-107", "hall", " c"), ("s-108", "hall", "C")]
BEGIN = datetime.datetime(2024, 3, 1, 6, 0, 0)
MINUTES = 120


def readings():
    """Rows of readings.csv in the order in which they arrive."""
    rng = random.Random(1)
    for minute in range(MINUTES):
        for number, (sensor, _, unit) in enumerate(SENSORS):
            at = BEGIN + datetime.timedelta(minutes=minute)
            received = at + datetime.timedelta(seconds=rng.randrange(1, 40))
            celsius = 8 + 3 * number + minute / 30 + rng.uniform(-0.5, 0.5)
            value = f"{celsius * 1.8 + 32 if unit.strip().upper() == 'F' else celsius:.2f}"
            count = minute * len(SENSORS) + number
            if count % 97 == 40:
                received = at + datetime.timedelta(minutes=45)    # was offline: too late
            elif count % 101 == 50:
                value = "999.9"                                   # a broken wire
            elif count % 103 == 60:
                value = "12,5"                                    # not a number
            elif count % 107 == 70:
                value = "NA"                                      # awake, but nothing measured
            elif count % 211 == 80:
                sensor = "s-999"                                  # nobody knows it
            elif count % 223 == 90:
                unit = "K"
            yield [sensor, at.isoformat(sep=" "), received.isoformat(sep=" "), value, unit]


def generate(folder):
    inputs = example.folder_for("sensors", folder)
    with open(inputs / "sensors.csv", "w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([("sensor", "site"), *((sensor, site) for sensor, site, _ in SENSORS)])
    with open(inputs / "readings.csv", "w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([("sensor", "at", "received", "value", "unit"), *readings()])


if __name__ == "__main__":
    example.main("sensors", generate)
