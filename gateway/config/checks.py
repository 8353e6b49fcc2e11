"""Rules that span keys and sections: names that must exist, names that must differ, pairs.

They read the document as written, not the validated sections, so that a fault in one entry does not
hide those of others. What has the wrong type is skipped here: its section has complained already.
"""

from collections.abc import Callable, Iterator
from typing import Any

from gateway.config.calendar_checks import check_calendars
from gateway.config.directory_checks import DIRECTORY_CHECKS
from gateway.config.evidence_checks import check_evidence
from gateway.config.faults import Finding, Severity, did_you_mean
from gateway.config.keychecks import check_keys
from gateway.config.pages import page_warnings
from parsers.text import folded

Document = dict[str, Any]
Check = Callable[[Document], Iterator[Finding]]


def cross_check(document: Document) -> list[Finding]:
    """Return what every rule finds in a document that tomllib has read."""
    return [finding for check in CHECKS for finding in check(document)]


def _entries(document: Document, section: str) -> Iterator[tuple[int, Document]]:
    """Give index and table of each [[section]]."""
    entries = document.get(section)
    if isinstance(entries, list):
        yield from ((i, entry) for i, entry in enumerate(entries) if isinstance(entry, dict))


def _table(document: Document, section: str) -> Document:
    table = document.get(section)
    return table if isinstance(table, dict) else {}


def _text(entry: Document, key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _texts(entry: Document, key: str) -> Iterator[tuple[int, str]]:
    values = entry.get(key)
    if isinstance(values, list):
        yield from ((i, v) for i, v in enumerate(values) if isinstance(v, str))


def _names(document: Document, *sections: str) -> dict[str, str]:
    """Return folded name -> name as written, over the entries of these sections."""
    return {
        folded(name): name
        for section in sections
        for _, entry in _entries(document, section)
        if (name := _text(entry, "name"))
    }


def _site_names(document: Document) -> set[str]:
    aliases = (a for _, site in _entries(document, "site") for _, a in _texts(site, "aliases"))
    return set(_names(document, "site")) | {folded(alias) for alias in aliases}


def _first_line(document: Document) -> Iterator[Finding]:
    name = _text(_table(document, "helpdesk"), "first_line")
    known = _names(document, "unit")
    if name and folded(name) not in known:
        told = f"there is no [[unit]] named {name!r}{did_you_mean(name, known.values())}"
        yield Finding(("helpdesk", "first_line"), told)


def _our_addresses(document: Document) -> Iterator[Finding]:
    helpdesk = _table(document, "helpdesk")
    domain = _text(helpdesk, "domain")
    seen: dict[str, str] = {}
    for key, box in (("address", "support"), ("team_address", "team"), ("alarm_address", "alarm")):
        address = (_text(helpdesk, key) or f"{box}@{domain}").lower()
        loc = ("helpdesk", key)
        if address in seen:
            yield Finding(loc, f"is the same as {seen[address]}: each address is one intent")
        local = address.partition("@")[0].partition(_text(helpdesk, "delimiter") or "+")[0]
        if local in {"reply", "bounces", "postmaster", "noreply", "noreply-alarm"}:
            yield Finding(loc, f"{local}@ is an address that the daemon uses itself")
        seen[address] = key


DISTINCT = (  # sections in which, taken together, a name stands once
    ("vo",), ("unit", "roc"), ("site",), ("helpdesk_peer",), ("calendar",), ("support_level",),
)  # fmt: skip


def _duplicates(document: Document) -> Iterator[Finding]:
    for sections in DISTINCT:
        seen: set[str] = set()
        for section in sections:
            for index, entry in _entries(document, section):
                name = _text(entry, "name")
                if name and folded(name) in seen:
                    yield Finding((section, index, "name"), f"{name!r} is there twice")
                seen.add(folded(name))


def _aliases(document: Document) -> Iterator[Finding]:
    names = _names(document, "site")
    for index, site in _entries(document, "site"):
        own = folded(_text(site, "name"))
        for place, alias in _texts(site, "aliases"):
            other = names.get(folded(alias))
            if other is not None and folded(alias) != own:
                loc = ("site", index, "aliases", place)
                yield Finding(loc, f"{alias!r} is the name of another site")


def _references(document: Document) -> Iterator[Finding]:
    """Find single names that stand for an entry of another section which is not there."""
    for section, key, target in (
        ("site", "roc", "roc"),
        ("member", "vo", "vo"),
        ("unit", "helpdesk", "helpdesk_peer"),
    ):
        if target == "roc" and document.get("directory"):
            continue  # it may come from there; without one, tickets go to first line
        known = _names(document, target)
        for index, entry in _entries(document, section):
            name = _text(entry, key)
            if name and folded(name) not in known:
                told = f"there is no [[{target}]] named {name!r}"
                hint = did_you_mean(name, known.values())
                yield Finding((section, index, key), told + hint)


def _list_references(document: Document) -> Iterator[Finding]:
    known = {"[[vo]]": set(_names(document, "vo")), "[[site]]": _site_names(document)}
    for section, key, target in (
        ("site", "alarm_vos", "[[vo]]"),
        ("member", "alarm_sites", "[[site]]"),
    ):
        if target == "[[site]]" and document.get("directory"):
            continue
        for index, entry in _entries(document, section):
            for place, name in _texts(entry, key):
                if folded(name) not in known[target]:
                    loc = (section, index, key, place)
                    yield Finding(loc, f"there is no {target} named {name!r}")


def _pairs(document: Document) -> Iterator[Finding]:
    """Find keys that mean nothing without their partner."""
    for section, first, second in (
        ("smtp", "tls_cert", "tls_key"),
        ("relay", "user", "password"),
        ("keys", "smime_cert", "smime_key"),
        ("keys", "dkim_selector", "dkim_key"),
        ("keys", "dkim_ed25519_selector", "dkim_ed25519_key"),
        ("keys", "dkim_other_selector", "dkim_other_key"),
    ):
        table = _table(document, section)
        for given, absent in ((first, second), (second, first)):
            if table.get(given) and not table.get(absent):
                yield Finding((section, given), f"needs {absent} beside it")


def _alarmers(document: Document) -> Iterator[Finding]:
    for index, member in _entries(document, "member"):
        roles = {role for _, role in _texts(member, "roles")}
        if roles & {"team", "alarm"} and not _text(member, "vo"):
            yield Finding(("member", index, "roles"), "team and alarm are given by a vo: name it")


# Sections that are read and checked, and that nothing acts on yet.
NOT_YET = (
    "retention", "helpdesk_peer",
)  # fmt: skip


def _a_door(document: Document) -> Iterator[Finding]:
    listens = {door: _text(_table(document, door), "listen") for door in ("smtp", "lmtp")}
    if not any(listens.values()) and not document.get("imap"):
        told = "no mail can come in: set [smtp] listen, [lmtp] listen or an [[imap]] mailbox"
        yield Finding(("smtp", "listen"), told)
    if listens["lmtp"].endswith(":25"):
        yield Finding(("lmtp", "listen"), "LMTP must not be spoken on port 25 (RFC 2033, 5)")
    elif listens["lmtp"] and listens["lmtp"] == listens["smtp"]:
        yield Finding(("lmtp", "listen"), "is the same as [smtp] listen")


NAME_CHARS = 190  # the names of mailboxes are keys in the journal
STARTTLS_PORT, IMAPS_PORT = 143, 993
TRACE_HEADERS = {"received", "subject", "date", "from", "message-id", "content-type", "return-path"}


def _mailboxes(document: Document) -> Iterator[Finding]:
    seen: set[tuple[str, str, str]] = set()
    ours = _fixed_addresses(document)
    for index, box in _entries(document, "imap"):
        loc = ("imap", index)
        host, user = _text(box, "host").lower(), _text(box, "user")
        folders = {
            key: _text(box, key) or default
            for key, default in (
                ("folder", "INBOX"), ("done_folder", "Done"), ("refused_folder", "Refused"),
            )
        }  # fmt: skip
        name = (user, host, _same_inbox(folders["folder"]))
        if name in seen:
            yield Finding(loc, "this mailbox is there twice: each is read once")
        seen.add(name)
        if sum(map(len, name)) > NAME_CHARS:
            yield Finding(loc, f"user, host and folder have more than {NAME_CHARS} characters")
        first: dict[str, str] = {}
        for key, folder in folders.items():
            other = first.setdefault(_same_inbox(folder), key)
            if other != key:
                yield Finding((*loc, key), f"is the same as {other}: mails would go in a circle")
        address = _text(box, "address").lower()
        if address and address not in ours:
            yield Finding((*loc, "address"), f"{address!r} is not an address of [helpdesk]")
        if _text(box, "recipient_header").lower() in TRACE_HEADERS:
            yield Finding((*loc, "recipient_header"), "never holds the recipient")
        yield from _mailbox_tls(box, loc, host)


def _mailbox_tls(box: Document, loc: tuple[str, int], host: str) -> Iterator[Finding]:
    tls, port = _text(box, "tls") or "implicit", box.get("port", IMAPS_PORT)
    if tls == "off" and not (host == "localhost" or host.startswith("127.")):
        yield Finding((*loc, "tls"), "off is for this machine only: the password would be read")
    if port == {"starttls": IMAPS_PORT, "implicit": STARTTLS_PORT}.get(tls):
        told = f"{tls} is not usual on port {port}: 143 is for starttls, 993 for implicit"
        yield Finding((*loc, "tls"), told, Severity.WARNING)


def _fixed_addresses(document: Document) -> set[str]:
    helpdesk = _table(document, "helpdesk")
    domain = _text(helpdesk, "domain")
    boxes = (("address", "support"), ("team_address", "team"), ("alarm_address", "alarm"))
    return {(_text(helpdesk, key) or f"{box}@{domain}").lower() for key, box in boxes}


def _same_inbox(folder: str) -> str:
    return folder.upper() if folder.upper() == "INBOX" else folder  # RFC 3501, 5.1


def _warnings(document: Document) -> Iterator[Finding]:
    if _table(document, "smtp").get("submission_networks"):
        loc = ("smtp", "submission_networks")
        yield Finding(loc, "mail from these networks is trusted without proof", Severity.WARNING)
    yield from page_warnings(_table(document, "web"))
    for section in NOT_YET:
        if document.get(section):
            yield Finding((section,), "has no effect in this version", Severity.WARNING)
    for index, site in _entries(document, "site"):
        if not site.get("contact") and not document.get("directory"):
            message = f"{_text(site, 'name')!r} has no contact: its tickets reach only the ROC"
            yield Finding(("site", index), message, Severity.WARNING)


CHECKS: tuple[Check, ...] = (
    _first_line,
    _our_addresses,
    _duplicates,
    _aliases,
    _references,
    _list_references,
    *DIRECTORY_CHECKS,
    _pairs,
    check_keys,
    check_evidence,
    check_calendars,
    _alarmers,
    _a_door,
    _mailboxes,
    _warnings,
)
