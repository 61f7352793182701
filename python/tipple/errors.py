"""The one exception of this package, and the nearest name for messages."""

from __future__ import annotations

import difflib
from typing import Iterable


class TippleError(Exception):
    """Something cannot be read. The text says what, where and what to do about it."""

    def __init__(self, what: str, where: object = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, str(where), hint
        text = f"{self.where}: {what}" if self.where else what
        super().__init__(f"{text} ({hint})" if hint else text)


def nearest_hint(name: str, known: Iterable[str], otherwise: str) -> str:
    """'did you mean 'x'?', or all names after `otherwise`."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"{otherwise} " + (", ".join(f"'{known_name}'" for known_name in names) if names else "none")
