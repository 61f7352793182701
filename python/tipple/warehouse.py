"""A warehouse: a folder of tables (docs/warehouse.md)."""

from __future__ import annotations

import json
import os
import pathlib
from typing import List, Optional, Union

from .errors import TippleError, nearest_hint
from .log import Version, log_folder
from .table import Table

_FORMAT_VERSION = 1


class Warehouse:
    """The tables in a folder. Holds no open files."""

    def __init__(self, path: Union[str, "os.PathLike[str]"], verify: bool = False) -> None:
        self._path = pathlib.Path(path)
        self._verify = verify
        if not self._path.is_dir():
            raise TippleError("there is no such folder", self._path, "name the folder that `warehouse:` says in the job file")
        marker = self._path / "_tipple.json"
        try:
            version = json.loads(marker.read_text("utf-8"))["format_version"]
        except FileNotFoundError as error:
            hint = f"open '{self._path.parent}'" if (self._path.parent / "_tipple.json").exists() else "it has no _tipple.json"
            raise TippleError("the folder is not a warehouse", self._path, hint) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TippleError(f"cannot be read: {error!r}", marker, "restore the file from a backup") from error
        if not isinstance(version, int) or version > _FORMAT_VERSION:
            raise TippleError(f"the warehouse has format version {version}, this package knows {_FORMAT_VERSION}", self._path, "install a newer tipple-reader")

    def __repr__(self) -> str:
        return f"<tipple.Warehouse {self._path}>"

    @property
    def path(self) -> pathlib.Path:
        return self._path

    def tables(self) -> List[str]:
        """The names of the tables that have a version, in order."""
        return sorted(
            entry.name for entry in self._path.iterdir() if not entry.name.startswith(("_", ".")) and entry.is_dir() and log_folder(entry) is not None
        )

    def table(self, name: str, version: Optional[int] = None, verify: Optional[bool] = None) -> Table:
        """A table as of `version`, by default the newest. `verify`: hash each part before it is read."""
        if os.sep in name or name.startswith(("_", ".")) or not name or log_folder(self._path / name) is None:
            raise TippleError(f"there is no table '{name}'", self._path, nearest_hint(name, self.tables(), "tables are"))
        return Table(self._path / name, version, self._verify if verify is None else verify)

    def versions(self, name: str) -> List[Version]:
        """All versions of a table, oldest first."""
        return self.table(name).versions()


def open(path: Union[str, "os.PathLike[str]"], verify: bool = False) -> Warehouse:
    """Opens the warehouse in the folder `path`. `verify`: hash each part before it is read."""
    return Warehouse(path, verify)
