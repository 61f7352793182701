"""A table's log (docs/warehouse.md): which parts each version has. `_log` is ours; `_delta_log`, of Parquet tables, is Delta Lake's."""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
import urllib.parse
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional, Tuple

from .errors import TippleError
from .schema import Column, parse_delta_schema, parse_schema

_ENTRY_NAME = "{:020d}.json"
_ENTRY_PATTERN = re.compile(r"(\d{20})\.json\Z")
_TAIL_BYTES = 68  # 64 digits, a quote, two braces, a line end
_CHECKSUM_KEY = b'"tipple.checksum":"'
_READER_VERSION = 1
_FEATURE_READER_VERSION = 3
_READER_FEATURES = {"timestampNtz"}
_RESTORE = "restore the file from a backup"


@dataclass(frozen=True)
class Part:
    """One immutable file of rows."""

    path: pathlib.Path
    size: int
    rows: Optional[int]
    sha256: Optional[str]


@dataclass(frozen=True)
class Version:
    """One commit of a table."""

    version: int
    timestamp: datetime
    load: Optional[str]
    job: Optional[str]
    mode: Optional[str]
    write: Optional[str]
    rows: Optional[int]
    """Rows of the table as of this version."""
    parts: int
    account: Dict[str, int] = field(default_factory=dict, repr=False)
    """What the load did: rows_in, rows_out, rejected, filtered, deduplicated."""


@dataclass
class _State:
    format: str = "hdf5"
    columns: List[Column] = field(default_factory=list)
    parts: Dict[str, Part] = field(default_factory=dict)  # by the path in the log, in row order


@dataclass(frozen=True)
class Snapshot:
    """A table as of one version."""

    version: int
    format: str
    columns: Tuple[Column, ...]
    parts: Tuple[Part, ...]


def log_folder(table_folder: pathlib.Path) -> Optional[pathlib.Path]:
    """Where a table's log is; None: the folder is no table."""
    found = [table_folder / name for name in ("_log", "_delta_log") if (table_folder / name / _ENTRY_NAME.format(0)).exists()]
    if len(found) > 1:
        raise TippleError("the table has two logs, _log and _delta_log", table_folder, "move the log of the wrong one away")
    return found[0] if found else None


def read_log(table_folder: pathlib.Path, upto: Optional[int]) -> Tuple[Snapshot, List[Version]]:
    """The state as of version `upto` (None: the newest) and all versions up to it."""
    folder = log_folder(table_folder)
    if folder is None:
        raise TippleError("there is no log here, so no table", table_folder)
    state, versions, number = _State(), [], 0
    # Entry after entry until one does not exist: folder listings may lag behind on network file systems.
    while upto is None or number <= upto:
        path = folder / _ENTRY_NAME.format(number)
        try:
            entry = path.read_bytes()
        except FileNotFoundError:
            break
        except OSError as error:
            raise TippleError(f"cannot read the log: {error.strerror}", path) from error
        versions.append(_apply(state, table_folder, _actions(entry, number, path, ours=folder.name == "_log"), number, path))
        number += 1
    if upto is None or number <= upto:
        _check_no_gap(folder, number)
    if not versions or (upto is not None and versions[-1].version != upto):
        newest = versions[-1].version if versions else 0
        raise TippleError(f"there is no version {upto}", table_folder, f"versions are 0 to {newest}")
    return Snapshot(number - 1, state.format, tuple(state.columns), tuple(state.parts.values())), versions


def _check_no_gap(folder: pathlib.Path, missing: int) -> None:
    later = [int(match.group(1)) for match in (_ENTRY_PATTERN.match(path.name) for path in folder.iterdir()) if match]
    if any(number > missing for number in later):
        raise TippleError(f"the entry of version {missing} is missing, but later ones are there", folder, _RESTORE + "; older versions can be read")


def _actions(entry: bytes, number: int, path: pathlib.Path, ours: bool) -> List[Dict[str, Any]]:
    at = len(entry) - _TAIL_BYTES - len(_CHECKSUM_KEY)
    signed = at >= 0 and entry[at : at + len(_CHECKSUM_KEY)] == _CHECKSUM_KEY and entry.endswith(b'"}}\n')
    if signed:
        digits = entry[-_TAIL_BYTES:-4].decode("ascii", "replace")
        if hashlib.sha256(entry[:-_TAIL_BYTES]).hexdigest() != digits:
            raise TippleError("the log entry is damaged: its checksum is another one", path, _RESTORE)
    elif ours:
        raise TippleError("the log entry is damaged: it does not end in a checksum", path, _RESTORE)
    try:
        actions = [json.loads(line) for line in entry.decode("utf-8").splitlines() if line.strip()]
    except ValueError as error:
        raise TippleError(f"the log entry is damaged: {error}", path, _RESTORE) from error
    for action in actions:
        if not isinstance(action, dict):
            raise TippleError("the log entry is damaged: an action that is no object", path, _RESTORE)
        if signed and "commitInfo" in action and action["commitInfo"].get("tipple", {}).get("version") != number:
            raise TippleError(f"the entry is not that of version {number}: it was copied under another name", path, _RESTORE)
    return actions


def _apply(state: _State, table_folder: pathlib.Path, actions: List[Dict[str, Any]], number: int, path: pathlib.Path) -> Version:
    info: Dict[str, Any] = {}
    try:
        for action in actions:
            if "protocol" in action:
                _check_protocol(action["protocol"], path)
            elif "metaData" in action:
                _apply_metadata(state, action["metaData"], path)
            elif "remove" in action:
                state.parts.pop(action["remove"]["path"], None)
            elif "commitInfo" in action:
                info = action["commitInfo"]
        # Within one commit the order of actions means nothing: what is added stays.
        for action in actions:
            if "add" in action:
                state.parts[action["add"]["path"]] = _part(table_folder, action["add"], path)
        return _version(state, info, number)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TippleError(f"the log entry is damaged: {error!r}", path, _RESTORE) from error


def _check_protocol(protocol: Dict[str, Any], path: pathlib.Path) -> None:
    version = protocol["minReaderVersion"]
    unknown = set(protocol.get("readerFeatures") or []) - _READER_FEATURES
    if version <= _READER_VERSION or (version == _FEATURE_READER_VERSION and not unknown):
        return
    needs = ", ".join(sorted(unknown)) or f"reader version {version}"
    raise TippleError(f"the table needs {needs}, which this package does not know", path, "install a newer tipple-reader, or use a Delta Lake reader")


def _apply_metadata(state: _State, metadata: Dict[str, Any], path: pathlib.Path) -> None:
    state.format = metadata["format"]["provider"]
    if state.format not in ("hdf5", "parquet"):
        raise TippleError(f"parts of the format '{state.format}'", path, "install a newer tipple-reader")
    if metadata.get("partitionColumns"):
        raise TippleError("the table is partitioned", path, "read it with a Delta Lake reader")
    exact = metadata.get("configuration", {}).get("tipple.schema")
    state.columns = parse_schema(exact, path) if exact is not None else parse_delta_schema(metadata["schemaString"], path)


def _part(table_folder: pathlib.Path, add: Dict[str, Any], path: pathlib.Path) -> Part:
    relative = pathlib.PurePosixPath(urllib.parse.unquote(add["path"]))
    if relative.is_absolute() or ".." in relative.parts or "://" in add["path"]:
        raise TippleError(f"a part outside the table's folder: {add['path']}", path, "read it with a Delta Lake reader")
    if add.get("deletionVector"):
        raise TippleError("rows were deleted by deletion vectors", path, "read the table with a Delta Lake reader")
    tags = add.get("tags") or {}
    rows = tags.get("tipple.rows")
    if rows is None and add.get("stats"):
        rows = json.loads(add["stats"]).get("numRecords")
    return Part(table_folder / relative, int(add["size"]), None if rows is None else int(rows), tags.get("tipple.sha256"))


def _version(state: _State, info: Dict[str, Any], number: int) -> Version:
    ours, parameters = info.get("tipple", {}), info.get("operationParameters", {})
    known = [part.rows for part in state.parts.values()]
    return Version(
        version=number,
        timestamp=datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=int(info.get("timestamp", 0))),
        load=ours.get("load"),
        job=parameters.get("job"),
        mode=parameters.get("mode"),
        write=parameters.get("write"),
        rows=None if any(rows is None for rows in known) else sum(rows for rows in known if rows is not None),
        parts=len(state.parts),
        account={key: value for key, value in ours.items() if isinstance(value, int) and key != "version"},
    )
