"""Column types as the log and the parts name them ("decimal(9,2)", "enum(a,b)", ...), and the Arrow types that hold them exactly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import List, Tuple

import pyarrow as pa

from .errors import TippleError

_PLAIN = {
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamp_tz": pa.timestamp("us", tz="UTC"),
    "string": pa.string(),
}
_DECIMAL = re.compile(r"decimal\((\d+)(?:,(\d+))?\)\Z")
_STRING = re.compile(r"string\((\d+)\)\Z")
_LABEL = re.compile(r"'((?:[^']|'')*)'|([^,()']+)")


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, its type as job files write it, and whether it may be null."""

    name: str
    type: str
    nullable: bool
    kind: str = field(compare=False)  # the type without its parameters
    arrow: pa.DataType = field(compare=False)
    labels: Tuple[str, ...] = field(default=(), compare=False, repr=False)  # of an enum
    width: int = field(default=0, compare=False, repr=False)  # of string(n), bytes

    def field(self) -> pa.Field:
        """The Arrow field; string(n) keeps its width as metadata."""
        metadata = {"tipple.type": self.type} if self.kind == "fixed_string" else None
        return pa.field(self.name, self.arrow, self.nullable, metadata)


def enum_labels(inside: str) -> Tuple[str, ...]:
    """The labels between the parentheses of enum(...)."""
    labels, at = [], 0
    while True:
        match = _LABEL.match(inside, at)
        if match is None:
            raise ValueError(inside)
        labels.append(match.group(2) if match.group(1) is None else match.group(1).replace("''", "'"))
        at = match.end()
        if at == len(inside):
            return tuple(labels)
        if inside[at] != ",":
            raise ValueError(inside)
        at += 1


def make_column(name: str, type_text: str, nullable: bool) -> Column:
    """A column from its type as text. ValueError: there is no such type."""
    if type_text in _PLAIN:
        return Column(name, type_text, nullable, type_text, _PLAIN[type_text])
    match = _DECIMAL.match(type_text)
    if match is not None:
        return Column(name, type_text, nullable, "decimal", pa.decimal128(int(match.group(1)), int(match.group(2) or 0)))
    match = _STRING.match(type_text)
    if match is not None:
        return Column(name, type_text, nullable, "fixed_string", pa.string(), width=int(match.group(1)))
    if type_text.startswith("enum(") and type_text.endswith(")"):
        return Column(name, type_text, nullable, "enum", pa.dictionary(pa.int32(), pa.string()), labels=enum_labels(type_text[5:-1]))
    raise ValueError(f"unknown type {type_text}")


def parse_schema(text: str, where: object) -> List[Column]:
    """The columns that `tipple.schema` or `tipple_schema` lists as JSON."""
    try:
        return [make_column(str(entry["name"]), str(entry["type"]), bool(entry["nullable"])) for entry in json.loads(text)]
    except (ValueError, KeyError, TypeError, pa.ArrowInvalid) as error:
        raise TippleError(f"a schema that this version of the package does not know: {error}", where, "install a newer tipple-reader") from error


# Delta Lake's types, for tables that another program made.
_DELTA = {
    "byte": "int8",
    "short": "int16",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "boolean": "bool",
    "date": "date",
    "timestamp": "timestamp_tz",
    "timestamp_ntz": "timestamp",
    "string": "string",
}


def parse_delta_schema(text: str, where: object) -> List[Column]:
    """The columns of a Delta `schemaString`."""
    try:
        columns = []
        for entry in json.loads(text)["fields"]:
            delta = entry["type"]
            known = delta if isinstance(delta, str) and delta.startswith("decimal(") else _DELTA.get(delta if isinstance(delta, str) else "")
            if known is None:
                raise TippleError(f"the column '{entry['name']}' has Delta's type {delta}", where, "read this table with a Delta Lake reader")
            columns.append(make_column(entry["name"], known, entry["nullable"]))
        return columns
    except (ValueError, KeyError, TypeError) as error:
        raise TippleError(f"schemaString is damaged: {error}", where, "restore the file from a backup") from error
