"""The settings of a sink: which keys it allows, and what a wrong one is answered.

A secret stands in a file of its own, named by a key that ends in `_file`; it is read when the sink
is made and is never shown. A wrong setting is found before the first alarm, never with it.
Standard library only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from gateway.hook.sinks.sink import Sink
from parsers.errors import Refused

MAX_SECRET_BYTES = 4_096
_KINDS: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list of texts",
    dict: "a table of texts",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One allowed setting: its line of documentation, its type, and its default.

    Without a default (None) an `obligatory` key must be written, another one may stay away.
    `words` are the only values allowed, if any are given.
    """

    doc: str
    kind: type = str
    default: Any = None
    obligatory: bool = False
    words: tuple[str, ...] = ()


TIMEOUT = Key("longest time for one wait, in seconds", float, 10.0)


@dataclass(frozen=True, slots=True)
class SinkKind:
    """A kind of sink: its allowed keys, and how one is made of them.

    One that `forgets` loses its alarms when the system restarts: they are sent again all the time.
    """

    keys: Mapping[str, Key]
    build: Callable[[Mapping[str, Any], str], Sink]
    forgets: bool = False

    def make(self, settings: Mapping[str, Any], site: str) -> Sink:
        """Return the sink; raises Refused with the wrong key in `detail`."""
        return self.build(checked(self.keys, settings), site)


def checked(keys: Mapping[str, Key], settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return every key with its value or its default; raises Refused as `SinkKind.make`."""
    for name in settings:
        if name not in keys:
            wrong(name, f"is unknown; known are {', '.join(sorted(keys))}")
    return {name: _value(name, key, settings.get(name)) for name, key in keys.items()}


def wrong(key: str, why: str) -> NoReturn:
    """Raise Refused: a setting that only a person can put right."""
    raise Refused("The hook's configuration is wrong.", f"{key} {why}")


def secret(key: str, path: str | None) -> str:
    """Return the first line of the file that a key names, "" when none is named."""
    if not path:
        return ""
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_SECRET_BYTES).decode("utf-8")
    except (OSError, ValueError) as error:
        wrong(key, f"cannot be read: {error}")
    line = text.split("\n", 1)[0].strip("\r")
    if not line:
        wrong(key, f"is empty: {path}")
    return line


def _value(name: str, key: Key, value: Any) -> Any:
    if value is None:
        if key.obligatory:
            wrong(name, f"is missing: {key.doc}")
        return key.default
    if key.kind is float and type(value) is int:
        value = float(value)
    if type(value) is not key.kind:
        wrong(name, f"is not {_KINDS[key.kind]}")
    return _fitting(name, key, value)


def _fitting(name: str, key: Key, value: Any) -> Any:
    """Return a value of the right type when its content is right too."""
    inner: Any = value if key.kind is list else value.values() if key.kind is dict else ()
    if not all(isinstance(one, str) for one in inner):
        wrong(name, f"is not {_KINDS[key.kind]}")
    if key.words and value not in key.words:
        wrong(name, f"is {value!r}, not one of {', '.join(key.words)}")
    if key.kind is float and not 0 < value <= 600:
        wrong(name, "is not between 0 and 600 seconds")
    if key.kind is str and (not value or "\0" in value):
        wrong(name, "is empty")
    return value
