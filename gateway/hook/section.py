"""One section of a TOML file, taken apart key by key; what is wrong is collected, not raised.

Each `text`, `number`, ... takes one key and returns a value of its type even when there is a fault,
so that one run finds all faults. `end` reports the keys that nobody took.
Standard library only.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Section:
    """The section called `name` ("" for the whole file); faults go into `faults`."""

    def __init__(self, name: str, table: Any, faults: list[str]) -> None:
        self.name = name
        self.faults = faults
        self.table: Mapping[str, Any] = table if isinstance(table, dict) else {}
        self.taken: list[str] = []
        if not isinstance(table, dict):
            self.wrong("", "must be a table")

    def wrong(self, key: str, what: str) -> None:
        """Collect a fault of a key of this section."""
        place = ".".join(part for part in (self.name, key) if part)
        self.faults.append(f"{place}: {what}" if place else what)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self.table

    def names(self) -> Sequence[str]:
        """Return the keys of a section whose keys are names; they count as taken."""
        self.taken += self.table
        return tuple(self.table)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; without a default it must be there and not be empty."""
        value = self._take(key, default)
        if not isinstance(value, str):
            if key in self.table:
                self.wrong(key, "must be a text in quotes")
            return ""
        if default is None and not value and key in self.table:
            self.wrong(key, "must not be empty")
        return str(value)

    def texts(self, key: str) -> Sequence[str]:
        """Return a list of at least one text, which must be there."""
        value = self._take(key, None)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
            if key in self.table:
                self.wrong(key, 'must be a list of texts, ["..."]')
            return ()
        return tuple(value)

    def number(self, key: str, default: int, least: int, most: int) -> int:
        """Return a whole number within limits."""
        value = self._take(key, default)
        if type(value) is not int or not least <= value <= most:
            self.wrong(key, f"must be a whole number, {least} to {most}")
            return default
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            self.wrong(key, "must be true or false, without quotes")
            return default
        return value

    def path(self, key: str, default: Path) -> Path:
        """Return a whole path."""
        return Path(self._whole(key, self.text(key, str(default))))

    def maybe_path(self, key: str) -> Path | None:
        """Return a whole path, None when it is not there."""
        text = self.text(key, "")
        return Path(self._whole(key, text)) if text else None

    def section(self, key: str, *, obligatory: bool = False) -> "Section":
        """Return the section of that name; an empty one when it is left out."""
        value = self._take(key, None if obligatory else {})
        inner = ".".join(part for part in (self.name, key) if part)
        return Section(inner, {} if value is None else value, self.faults)

    def sections(self, key: str) -> Sequence["Section"]:
        """Return the blocks `[[key]]`, numbered from 1 in their names."""
        value = self._take(key, [])
        if not isinstance(value, list):
            self.wrong(key, f"must be blocks [[{key}]]")
            return ()
        return [Section(f"{key}[{at}]", one, self.faults) for at, one in enumerate(value, 1)]

    def rest(self, allowed: frozenset[str]) -> Mapping[str, Any]:
        """Return the keys not taken that are among `allowed`, as they are."""
        found = {k: v for k, v in self.table.items() if k in allowed and k not in self.taken}
        self.taken += allowed
        return found

    def end(self) -> None:
        """Report each key that was not taken."""
        for key in self.table:
            if key not in self.taken:
                near = difflib.get_close_matches(key, self.taken, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self.wrong(key, f"is not a key of this section{hint}")

    def _take(self, key: str, default: Any) -> Any:
        self.taken.append(key)
        if key not in self.table and default is None:
            self.wrong(key, "is missing")
            return None
        return self.table.get(key, default)

    def _whole(self, key: str, text: str) -> str:
        if not text.startswith("/"):
            self.wrong(key, "must be a whole path, from / on")
        return text
