"""Rules for [directory.NAME], and for sites by hand that leave something to directories.

Like those of gateway.config.checks they read the document as written. A password, a token and a
roster are never sent or read in clear text over a network.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from gateway.config.faults import Finding, Severity
from parsers.text import folded

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_LOOPBACK = re.compile(r"127(?:\.[0-9]{1,3}){3}")  # no name that only begins so
OWN_NAMES = frozenset({"config"})
OF_PEOPLE = frozenset({"voms", "iam"})
NEEDS: Mapping[str, tuple[str, ...]] = {  # one of these, or it will hardly answer
    "voms": ("certificate",),
    "iam": ("token", "certificate"),
    "gocdb": ("certificate", "token"),
}
Document = dict[str, Any]


def _directories(document: Document) -> Iterator[tuple[str, Document]]:
    table = document.get("directory")
    if isinstance(table, dict):
        yield from ((name, one) for name, one in table.items() if isinstance(one, dict))


def _text(entry: Document, key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _names(document: Document) -> Iterator[Finding]:
    for name, _ in _directories(document):
        if not NAME.fullmatch(name) or name in OWN_NAMES:
            yield Finding(("directory", name), "needs a name of letters, digits, - and _")


def _vos(document: Document) -> Iterator[Finding]:
    vos = document.get("vo")
    entries = vos if isinstance(vos, list) else []
    names = [_text(one, "name") for one in entries if isinstance(one, dict)]
    known = {folded(name): name for name in names}
    for name, entry in _directories(document):
        vo = _text(entry, "vo")
        if vo and folded(vo) not in known:
            yield Finding(("directory", name, "vo"), f"there is no [[vo]] named {vo!r}")
        elif vo and vo != known[folded(vo)] and _text(entry, "kind") in OF_PEOPLE:
            told = f"must be spelt {known[folded(vo)]!r} here, too: it makes group names"
            yield Finding(("directory", name, "vo"), told)
        elif not vo and _text(entry, "kind") in OF_PEOPLE:
            yield Finding(("directory", name, "kind"), "needs vo: whose people it lists")


def _urls(document: Document) -> Iterator[Finding]:
    for name, entry in _directories(document):
        url, loc = _text(entry, "url"), ("directory", name, "url")
        if not url:
            continue
        if _text(entry, "kind") == "file":
            if "://" in url:
                yield Finding(loc, "must be the path of a file")
            continue
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            yield Finding(loc, "is not an address")
            continue
        here = host == "localhost" or _LOOPBACK.fullmatch(host) is not None
        if not host or (parts.scheme != "https" and not (parts.scheme == "http" and here)):
            yield Finding(loc, "must begin with https://: what is read here decides about rights")
        elif parts.query or parts.fragment or parts.username or parts.password:
            yield Finding(loc, "must be the base of the interface, without ?, # and @")


def _credentials(document: Document) -> Iterator[Finding]:
    for name, entry in _directories(document):
        for given, absent in (("certificate", "key"), ("key", "certificate")):
            if entry.get(given) and not entry.get(absent):
                yield Finding(("directory", name, given), f"needs {absent} beside it")
        needs = NEEDS.get(_text(entry, "kind"), ())
        if needs and not any(entry.get(key) for key in needs):
            told = f"gives its addresses to nobody without {' or '.join(needs)}"
            yield Finding(("directory", name), told, Severity.WARNING)


def _sites_without_roc(document: Document) -> Iterator[Finding]:
    sites = document.get("site")
    if isinstance(sites, list) and not document.get("directory"):
        for index, site in enumerate(sites):
            if isinstance(site, dict) and "roc" not in site:
                yield Finding(("site", index, "roc"), "is missing, and no directory can give it")


def _rocs_without_address(document: Document) -> Iterator[Finding]:
    rocs = document.get("roc")
    if isinstance(rocs, list) and not document.get("directory"):
        for index, roc in enumerate(rocs):
            if isinstance(roc, dict) and not roc.get("address"):
                yield Finding(("roc", index, "address"), "is missing, and no directory can give it")


DIRECTORY_CHECKS: tuple[Callable[[Document], Iterator[Finding]], ...] = (
    _names,
    _vos,
    _urls,
    _credentials,
    _sites_without_roc,
    _rocs_without_address,
)
