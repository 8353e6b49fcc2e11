"""[store] alone, out of a configuration that has faults: where the running daemon writes.

Rule: it is only for looking. What cannot be told for certain is not guessed: two sections of that
name, or one that is faulty itself, are none. Nothing here opens the store.
"""

import re
import tomllib
from pathlib import Path

from pydantic import ValidationError

from gateway.config.load import UnreadableError, read_text
from gateway.config.sections import Store

_SECTION = re.compile(r"(?ms)^[ \t]*\[[ \t]*store[ \t]*\][^\n]*\n?(.*?)(?=^[ \t]*\[|\Z)")
_INLINE = re.compile(r"(?m)^[ \t]*\"?store\"?[ \t]*[.=]")


def lone_store(path: Path) -> tuple[Store | None, str]:
    """Return the section, or None and why it cannot be told, as the end of a sentence."""
    path = path.absolute()
    try:
        raw = read_text(path)
    except UnreadableError:
        return None, "the file cannot be read"
    try:
        section = tomllib.loads(raw).get("store", {})
    except tomllib.TOMLDecodeError:  # somewhere; perhaps not there
        found = _SECTION.findall(raw)
        if len(found) > 1 or _INLINE.search(raw):
            return None, "it is not clear which [store] counts"
        try:
            section = tomllib.loads("".join(found))
        except tomllib.TOMLDecodeError:
            return None, "[store] has a fault"
    try:
        return Store.model_validate(section, context={"base": path.parent}), ""
    except ValidationError:
        return None, "[store] has a fault"
