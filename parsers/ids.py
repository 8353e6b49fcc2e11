"""Message-IDs: found in header text, bounded, and always written the same way.

Rule: an id is `<`, no white space, `>`, at most 512 characters; a longer one is dropped rather than
cut, since two cut ids could be taken for one. Bytes outside ASCII are shown as U+FFFD, so an id is
the same text wherever it is read. No e-mail parser: the door uses this file too.
"""

import re

MAX_CHARS = 512
MAX_REFERENCES = 100

_BRACKETED = re.compile(r"<([^<>]{1,1000})>")
_BARE = re.compile(r"[^\s<>()\",;]{1,510}@[^\s<>()\",;]{1,510}")
_JUNK = re.compile(r"[\s\x00-\x1f\x7f]+")


def message_id(value: bytes) -> str:
    """Return the id of a Message-ID field with its brackets, or "" when there is none.

    A value without brackets is taken when it is a single word (RFC 5322 section 3.6.4 asks for
    `<left@right>`; many programs write less).
    """
    found = message_ids(value, 1)
    if found:
        return found[0]
    words = _text(value).split()
    return _id(words[0].strip("<>")) if len(words) == 1 else ""


def message_ids(value: bytes, limit: int = MAX_REFERENCES) -> tuple[str, ...]:
    """Return the ids in a References or In-Reply-To value, in order, each once.

    Phrases and comments between them are passed over. With more than `limit`, the last ones (the
    newest) are kept. Bare `left@right` words count only when no bracketed id is there.
    """
    text = _text(value)
    found = [_id(match) for match in _BRACKETED.findall(text)]
    if not found:
        found = [_id(match) for match in _BARE.findall(text[:4_000])]
    distinct = tuple(dict.fromkeys(i for i in found if i))
    return distinct[:1] if limit == 1 else distinct[-limit:]


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace")


def _id(inner: str) -> str:
    inner = _JUNK.sub("", inner)
    return f"<{inner}>" if inner and len(inner) + 2 <= MAX_CHARS else ""
