"""Header lines of outgoing mail: checked, encoded (RFC 2047) and folded (RFC 5322) by ourselves.

Rule: what goes in is cleaned to one line first, and what comes out is checked again, so no value
can start a header of its own. Words that are plain ASCII stay plain, so that a program which reads
`#42` in a subject finds it there. Message-IDs and addresses are never encoded, only checked.
"""

import re
from collections.abc import Iterable

from parsers.errors import Malformed
from templates.clean import one_line

LINE_CHARS = 76
_WORD_CHARS = 75  # RFC 2047 section 2
_HARD_WORD_CHARS = 900  # a line has at most 998 octets (RFC 5322 section 2.1.1)
_MANY_IDS = 20
_HEAD, _TAIL = "=?utf-8?q?", "?="
_WORD_BYTES = _WORD_CHARS - len(_HEAD) - len(_TAIL)
_PLAIN_IN_Q = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Za-z:.]{2,45}\])"
)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_SAFE_LINES = re.compile(r"[!-9;-~]+:[ -~]+(?:\r\n[ ][ -~]*[!-~])*\r\n")


def header(name: str, value: str) -> str:
    """Return one header line, folded, with its line end; any text is a fit value.

    An empty one becomes a dash: a header without a body is not allowed.
    """
    return folded(name, encoded(one_line(value) or "-"))


def address(text: str) -> str:
    """Return a plain ASCII address as it is; raises Malformed for anything else.

    Quoted local parts and addresses beyond ASCII are refused: few relays carry them, and an
    address that needs quoting is where injections start.
    """
    if not _ADDRESS.fullmatch(text):
        raise Malformed("An address is not usable.", f"not usable as a recipient: {text[:100]!r}")
    return text


def mailbox(name: str, plain: str) -> str:
    """Return `"Name" <address>`, the name quoted or encoded; raises Malformed for the address."""
    shown = one_line(name)
    if not shown:
        return address(plain)
    if shown.isascii() and "=?" not in shown and len(shown) <= _HARD_WORD_CHARS:
        quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address(plain)}>'
    return f"{' '.join(_words(shown))} <{address(plain)}>"


def message_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the Message-IDs that are well-formed, each once: at most the first and the last 20."""
    good = tuple(dict.fromkeys(i for i in ids if _MESSAGE_ID.fullmatch(i)))
    return good if len(good) <= _MANY_IDS + 1 else (good[0], *good[-_MANY_IDS:])


def folded(name: str, value: str) -> str:
    """Return the line broken at blanks where it grows too long; raises ValueError if not safe."""
    lines, line = [], f"{name}:"
    for chunk in re.findall(r" *[^ ]+", f" {value}"):
        if len(line) + len(chunk) > LINE_CHARS and line != f"{name}:":
            lines.append(line)
            line = ""
        line += chunk
    text = "\r\n".join([*lines, line]) + "\r\n"
    if not _SAFE_LINES.fullmatch(text):
        raise ValueError(f"unsafe header {name}: {value[:100]!r}")
    return text


def encoded(value: str) -> str:
    """Return one line of text with the words from the first to the last odd one encoded."""
    words = value.split(" ")
    odd = [i for i, word in enumerate(words) if _is_odd(word)]
    if not odd:
        return value
    first, last = odd[0], odd[-1] + 1
    return " ".join([*words[:first], *_words(" ".join(words[first:last])), *words[last:]])


def _is_odd(word: str) -> bool:
    return not word.isascii() or "=?" in word or len(word) > _HARD_WORD_CHARS


def _words(text: str) -> list[str]:
    """Return encoded words that together mean the text; a character is never split."""
    words, word, room = [], "", _WORD_BYTES
    for char in text:
        piece = _q(char)
        if len(piece) > room:
            words.append(word)
            word, room = "", _WORD_BYTES
        word += piece
        room -= len(piece)
    return [f"{_HEAD}{part}{_TAIL}" for part in [*words, word]]


def _q(char: str) -> str:
    if char == " ":
        return "_"
    return "".join(
        chr(byte) if byte in _PLAIN_IN_Q else f"={byte:02X}" for byte in char.encode("utf-8")
    )
