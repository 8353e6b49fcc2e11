"""Lists of `tag=value`, as DKIM signatures, key records and DMARC records are written.

Rule: RFC 6376 section 3.2 to the letter; what does not fit is no list at all, never half of one.
"""

import re
from collections.abc import Mapping

MAX_BYTES = 8_192
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")
_BLANKS = re.compile(r"[ \t\r\n]+")
_LONG_GAP = re.compile(r"[ \t\r\n]{64}")  # dkimpy's own patterns are not linear in these
_VALUE = re.compile(r"[\x09\x0a\x0d\x20-\x3a\x3c-\x7e]*")


class NotTags(ValueError):  # noqa: N818 - a sentence for people, shown as it is
    """This is not a list of tags; the text says why."""


def read_tags(value: bytes) -> Mapping[str, str]:
    """Return the tags, each once, with blanks around the values taken off; raises NotTags."""
    if len(value) > MAX_BYTES:
        raise NotTags("it is too long")
    if not value.isascii():
        raise NotTags("it holds bytes outside ASCII")
    text = value.decode("ascii")
    if _LONG_GAP.search(text):
        raise NotTags("it holds a long gap")
    tags: dict[str, str] = {}
    pieces = text.split(";")
    if not pieces[-1].strip(" \t\r\n"):
        pieces.pop()
    for piece in pieces:
        name, equals, found = piece.partition("=")
        name = name.strip(" \t\r\n")
        if not equals or not _TAG.fullmatch(name) or not _VALUE.fullmatch(found):
            raise NotTags("it is not written as tag=value")
        if name in tags:
            raise NotTags(f"the tag {name}= stands twice")
        tags[name] = found.strip(" \t\r\n")
    return tags


def without_blanks(value: str) -> str:
    """Return a value that may be folded anywhere, such as base64, in one piece."""
    return _BLANKS.sub("", value)


def words(value: str) -> tuple[str, ...]:
    """Return the words of a list with colons, in lower case."""
    return tuple(word.strip(" \t\r\n").lower() for word in value.split(":"))
