"""Reads the tables of a Tipple warehouse as Arrow, pandas or NumPy.

    import tipple

    flights = tipple.open("warehouse").table("flights")
    flights.to_pandas(columns=["carrier", "dep_delay"])

Pure Python on h5py, pyarrow and numpy; the `tipple` program is not needed. Tables are read from their logs and parts, so an open
Table keeps showing the version that it was opened at, whatever is published meanwhile.
"""

from .errors import TippleError
from .log import Part, Version
from .schema import Column
from .table import Table
from .warehouse import Warehouse, open

__all__ = ["Column", "Part", "Table", "TippleError", "Version", "Warehouse", "open"]
