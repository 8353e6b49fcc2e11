"""Mailboxes in header text: one reading for the eye, and a strict one for identity.

Rule: `mailboxes` shows what a person would read, in one linear pass, whatever is broken; it grants
nothing. `strict_mailbox` is the only way to an identity: one mailbox, plain ASCII, no trick, or
None. Between the two there is no third reading.
"""

import re
from collections.abc import Callable

from parsers.heard import Mailbox
from parsers.text import clean

MAX_MAILBOXES = 1_000
MAX_SHOWN_CHARS = 320

_ATOM = r"[A-Za-z0-9#$&'*+/=?^_`{}~-]+"  # atext without "%", "!" and "|" (old routing tricks)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"
_NAME_WORDS = r"[A-Za-z0-9!#$%&'*+/=?^_`{}|~. \t-]*"  # no specials: also fits encoded words
_QUOTED = r'"[^"\\\x00-\x08\x0a-\x1f\x7f]*"'
_STRICT = re.compile(
    rf"[ \t]*(?:"
    rf"(?:(?P<name>{_NAME_WORDS}|{_QUOTED})[ \t]*<(?P<angle>{_ADDRESS})>[ \t]*)"
    rf"|(?:(?P<plain>{_ADDRESS})[ \t]*(?:\((?P<comment>[^()<>@\\\"\x00-\x1f\x7f]*)\)[ \t]*)?)"
    rf")"
)
_UNITS = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]*\?=|.", re.DOTALL)
_WRITABLE = re.compile(_ADDRESS)
MAX_STRICT_BYTES = 512
MAX_LOCAL_CHARS = 64
MAX_DOMAIN_CHARS = 253


def strict_mailbox(value: bytes, read: Callable[[str], str]) -> Mailbox | None:
    """Return the one plain mailbox that an unfolded From value is, else None.

    Plain: `addr`, `<addr>`, `name <addr>`, `"name" <addr>` or `addr (name)`, where addr is a
    dot-atom at letters-digits-hyphens. No group, list, route, quoted pair or quoted local part; an
    encoded word may stand only in the name. `read` decodes the name.
    """
    if len(value) > MAX_STRICT_BYTES or not value.isascii():
        return None
    match = _STRICT.fullmatch(value.decode("ascii"))
    if match is None:
        return None
    address = match["angle"] or match["plain"]
    local, _, domain = address.rpartition("@")
    if len(local) > MAX_LOCAL_CHARS or len(domain) > MAX_DOMAIN_CHARS or "=?" in address:
        return None
    name = (match["name"] or match["comment"] or "").strip(" \t")
    return Mailbox(read(name.removeprefix('"').removesuffix('"')), address)


def is_writable(address: str) -> bool:
    """Tell whether mail can be sent to an address that somebody wrote: plain, and with a domain.

    What is no ASCII, or needs quotes, our mail cannot name as its recipient.
    """
    local, _, domain = address.rpartition("@")
    short = len(local) <= MAX_LOCAL_CHARS and len(domain) <= MAX_DOMAIN_CHARS
    return short and "." in domain and _WRITABLE.fullmatch(address) is not None


def mailboxes(text: str, read: Callable[[str], str]) -> tuple[Mailbox, ...]:
    """Return the mailboxes in an address field as shown, at most 1,000.

    Understands names, comments (`addr (Name)`), quoted strings, routes and groups; a group's name
    is passed over unless it is empty. An entry without an address is a name alone.
    """
    found: list[Mailbox] = []
    for entry in _entries(text):
        box = _mailbox(entry, read)
        if box is not None:
            found.append(box)
        if len(found) == MAX_MAILBOXES:
            break
    return tuple(found)


def _mailbox(entry: list[tuple[str, str]], read: Callable[[str], str]) -> Mailbox | None:
    def of(kind: str) -> str:
        return "".join(text for k, text in entry if k == kind)

    angle, plain, comment = of("angle"), of("plain"), of("comment")
    quoted = any(k == "quoted" for k, _ in entry)
    words = "".join(text for k, text in entry if k in {"plain", "quoted"}).strip()
    if angle or any(k == "angle" for k, _ in entry):
        address, name = angle.rpartition(":")[2], words or comment
    elif "@" in words and (not quoted or "@" in plain):
        address, name = words, comment
        if " " in address:  # `Name addr@host` without brackets
            at = next(w for w in address.split() if "@" in w) if "@" in address else ""
            name, address = comment or address.replace(at, " "), at
    else:
        address, name = "", words or comment
    shown = Mailbox(read(name)[:MAX_SHOWN_CHARS], clean("".join(address.split()))[:MAX_SHOWN_CHARS])
    return shown if shown.name or shown.address else None


def _entries(text: str) -> list[list[tuple[str, str]]]:  # noqa: PLR0912 - one state each
    """Split at commas, semicolons and group names; every entry is (kind, text) runs.

    One pass with a state per bracket; an unclosed one ends with the text. An encoded word is one
    unit: specials inside it separate nothing.
    """
    entries: list[list[tuple[str, str]]] = [[]]
    run: list[str] = []
    kind, depth, escaped = "plain", 0, False

    def close(next_kind: str) -> None:
        nonlocal kind
        if run or kind == "angle":
            entries[-1].append((kind, "".join(run)))
        run.clear()
        kind = next_kind

    for char in _UNITS.findall(text):
        if escaped:
            run.append(char)
            escaped = False
        elif char == "\\" and kind in {"quoted", "comment"}:
            escaped = True
        elif kind == "quoted":
            if char == '"':
                close("plain")
            else:
                run.append(char)
        elif kind == "comment":
            depth += (char == "(") - (char == ")")
            if depth == 0:
                close("plain")
            else:
                run.append(char)
        elif kind == "angle":
            if char == ">":
                close("plain")
            elif char != "<":
                run.append(char)
        elif char in '"(<':
            depth = 1
            close({'"': "quoted", "(": "comment", "<": "angle"}[char])
        elif char in ",;":
            close("plain")
            entries.append([])
        elif char == ":" and "@" not in run:
            close("plain")
            entries[-1] = []
        else:
            run.append(char)
    close("plain")
    return [entry for entry in entries if entry]
