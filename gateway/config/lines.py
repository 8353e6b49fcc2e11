"""Where in a TOML text each key stands: path of keys and indexes -> line, counted from 1.

tomllib forgets lines, and a fault without its line makes people search. The text has been read by
tomllib before, so this reader trusts it to be TOML and only walks it; it judges nothing.
"""

import re

from gateway.config.faults import Location

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = (  # the longer quotes first
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_BARE_VALUE = re.compile(r"[^,\]}\n#]+")


def find_lines(text: str) -> dict[Location, int]:
    """Return the line of every section, key and list item of a TOML text."""
    return _Walk(text).document()


def line_of(lines: dict[Location, int], loc: Location) -> int:
    """Return the line of `loc`, or of the nearest thing around it that has one, at least 1."""
    for end in range(len(loc), 0, -1):
        if loc[:end] in lines:
            return lines[loc[:end]]
    return 1


class _Walk:
    """One pass over one text; `at` is the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Location, int] = {}
        self.tables: dict[Location, int] = {}  # [[name]] -> how many so far
        self._counted_to = 0
        self._line = 1

    def document(self) -> dict[Location, int]:
        """Walk headers and statements to the end."""
        section: Location = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            section = self._header() if self._peek() == "[" else self._statement(section)
            self._skip(_BLANK)
        return self.lines

    def _header(self) -> Location:
        line = self._here()
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        self._skip(_SPACE)
        keys = self._keys()
        self._skip(_SPACE)
        self.at += 2 if double else 1
        loc = self._resolved(keys[:-1]) + keys[-1:]
        if double:
            index = self.tables.get(loc, 0)
            self.tables[loc] = index + 1
            self.lines.setdefault(loc, line)
            loc = (*loc, index)
        else:
            loc = self._resolved(keys)
        self.lines.setdefault(loc, line)
        return loc

    def _resolved(self, keys: Location) -> Location:
        """Return the path with the index of the newest table of each array in it."""
        loc: Location = ()
        for key in keys:
            loc = (*loc, key)
            if loc in self.tables:
                loc = (*loc, self.tables[loc] - 1)
        return loc

    def _statement(self, section: Location) -> Location:
        line = self._here()
        loc = section
        for key in self._keys():
            loc = (*loc, key)
            self.lines.setdefault(loc, line)
        self._skip(_SPACE)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(loc)
        return section

    def _keys(self) -> Location:
        keys: list[str] = []
        while True:
            match = _BARE_KEY.match(self.text, self.at)
            if match:
                keys.append(match[0])
                self.at = match.end()
            else:
                keys.append(self._string()[1:-1])
            self._skip(_SPACE)
            if self._peek() != ".":
                return tuple(keys)
            self.at += 1
            self._skip(_SPACE)

    def _value(self, loc: Location) -> None:
        self.lines.setdefault(loc, self._here())
        first = self._peek()
        if first == "[":
            self._array(loc)
        elif first == "{":
            self._inline_table(loc)
        elif first in "\"'":
            self._string()
        else:
            self._skip(_BARE_VALUE)

    def _array(self, loc: Location) -> None:
        self.at += 1
        index = 0
        self._skip(_BLANK)
        while self.at < len(self.text) and self._peek() != "]":
            self._value((*loc, index))
            index += 1
            self._skip(_BLANK)
            if self._peek() == ",":
                self.at += 1
                self._skip(_BLANK)
        self.at += 1

    def _inline_table(self, loc: Location) -> None:
        self.at += 1
        self._skip(_BLANK)
        while self.at < len(self.text) and self._peek() != "}":
            self._statement(loc)
            self._skip(_BLANK)
            if self._peek() == ",":
                self.at += 1
                self._skip(_BLANK)
        self.at += 1

    def _string(self) -> str:
        for pattern in _STRINGS:
            match = pattern.match(self.text, self.at)
            if match:
                self.at = match.end()
                return match[0]
        self.at = len(self.text)  # not reached with a text that tomllib took
        return ""

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _here(self) -> int:
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line
