"""A plain file of sites, ROCs and people: TOML with [[site]], [[roc]], [[member]], or CSV.

Rule: the keys are those of the configuration, and unlike a foreign directory's document the file is
ours: an unknown key or a value of the wrong kind is a fault of the whole file, said with its entry,
so that a spelling mistake never takes somebody's right away unseen. In CSV the first line names the
columns, and a cell holds several values parted by `;`.
"""

import csv
import io
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from parsers.directory import (
    MAX_DN,
    Answer,
    addresses,
    check_amount,
    check_size,
    distinguished_name,
    line,
    moment,
)
from parsers.errors import Malformed
from parsers.registry import Roc, Site
from parsers.roster import Member, by_any_of

ROLES = frozenset({"team", "alarm", "support", "multisite"})
EVIDENCE = frozenset({"dkim", "smime"})
_CERTIFICATIONS = {
    word.lower(): word
    for word in (
        "Candidate", "Uncertified", "Certified", "Suspended", "Closed", "enabled", "disabled",
    )
}  # fmt: skip
Entry = Mapping[str, Any]


def read_file(raw: bytes, vo: str = "", *, as_csv: bool = False) -> Answer:
    """Read a file; raises Malformed. People of no named VO belong to `vo`."""
    check_size(raw)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed("The file is not UTF-8.", f"byte {error.start}") from error
    tables = _from_csv(text) if as_csv else _from_toml(text)
    unknown = set(tables) - {"site", "roc", "member"}
    if unknown:
        raise Malformed("The file has an unknown section.", f"[[{min(unknown)[:80]}]]")
    check_amount(sum(len(entries) for entries in tables.values()))
    return Answer(
        tuple(_site(one, at) for at, one in enumerate(tables.get("site", ()), 1)),
        tuple(_roc(one, at) for at, one in enumerate(tables.get("roc", ()), 1)),
        tuple(_member(one, at, vo) for at, one in enumerate(tables.get("member", ()), 1)),
    )


def _from_toml(text: str) -> dict[str, list[Entry]]:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("The file is not TOML.", line(str(error), 300)) from error
    for name, entries in document.items():
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise Malformed("The file has an unknown section.", f"{name[:80]} is no [[...]]")
    return document


def _from_csv(text: str) -> dict[str, list[Entry]]:
    """Return people when there is a column for their addresses or certificates, else sites."""
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = [column.strip() for column in rows.fieldnames or ()]
        rows.fieldnames = columns
        entries = [dict(row) for row in rows]
    except csv.Error as error:
        raise Malformed("The file is not CSV.", line(str(error), 300)) from error
    if "name" not in columns or len(set(columns)) < len(columns):
        raise Malformed("The first line must name the columns, each once; `name` is one.")
    for at, entry in enumerate(entries, 1):
        if None in entry or None in entry.values():
            raise Malformed("The file is not CSV.", f"row {at} has not as many cells as columns")
    kind = "member" if {"addresses", "certificates"} & set(columns) else "site"
    return {kind: [{k: v for k, v in entry.items() if v.strip()} for entry in entries]}


def _site(entry: Entry, at: int) -> Site:
    read = _Reading("site", at, entry)
    certification = read.text("certification").lower() or "certified"
    if certification not in _CERTIFICATIONS:
        raise read.fault("certification", f"{certification!r} is none")
    site = Site(
        read.name(),
        aliases=read.texts("aliases"),
        roc=read.text("roc"),
        tier=read.tier(),
        certification=_CERTIFICATIONS[certification],
        contacts=read.addresses("contact"),
        alarm_addresses=read.addresses("alarm_address"),
        alarm_vos=read.texts("alarm_vos"),
    )
    read.end()
    return site


def _roc(entry: Entry, at: int) -> Roc:
    read = _Reading("roc", at, entry)
    roc = Roc(read.name(), read.addresses("address"), read.addresses("supporters"))
    read.end()
    return roc


def _member(entry: Entry, at: int, vo: str) -> Member:
    read = _Reading("member", at, entry)
    name = read.name()
    certificates, issuers = by_any_of(
        read.texts("certificates", distinguished_name, MAX_DN),
        read.texts("issuers", distinguished_name, MAX_DN),
    )
    member = Member(
        name=name,
        addresses=read.addresses("addresses"),
        certificates=certificates,
        vo=read.text("vo") or vo,
        roles=frozenset(read.words("roles", ROLES)),
        alarm_sites=read.texts("alarm_sites"),
        alarm_evidence=read.words("alarm_evidence", EVIDENCE) or ("dkim", "smime"),
        issuers=issuers,
        suspended=read.flag("suspended"),
        until=read.end_of("until"),
        id=name,
    )
    read.end()
    return member


class _Reading:
    """One entry, read key by key; `end` complains of what nobody asked for."""

    def __init__(self, section: str, at: int, entry: Entry) -> None:
        self._section, self._at, self._entry = section, at, entry
        self._asked: set[str] = set()

    def fault(self, key: str, why: str) -> Malformed:
        """Return the fault of one key."""
        place = f"{self._section} {self._at}, {key[:80]}"
        return Malformed("The file has a fault.", line(f"{place}: {why}", 300))

    def name(self) -> str:
        """Return the name, which must be there."""
        found = self.text("name")
        if not found:
            raise self.fault("name", "is missing")
        return found

    def text(self, key: str) -> str:
        """Return one text, "" when it is missing."""
        value = self._take(key, "")
        if not isinstance(value, str):
            raise self.fault(key, "must be a text")
        return line(value)

    def texts(
        self, key: str, read: Callable[[object], str] = line, most: int = 200
    ) -> tuple[str, ...]:
        """Return texts, of a list or of one text parted by `;`."""
        value = self._take(key, ())
        parts = value.split(";") if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            raise self.fault(key, "must be a text or a list of texts")
        found = []
        for part in parts:
            if not isinstance(part, str) or len(part) > most:
                raise self.fault(key, f"must be texts of {most} characters at most")
            if part.strip():
                text = read(part)
                if not text:
                    raise self.fault(key, f"{part[:80]!r} cannot be kept")
                found.append(text)
        return tuple(dict.fromkeys(found))

    def words(self, key: str, allowed: frozenset[str]) -> tuple[str, ...]:
        """Return words of a closed list."""
        found = tuple(word.lower() for word in self.texts(key))
        wrong = sorted(set(found) - allowed)
        if wrong:
            raise self.fault(key, f"{wrong[0]!r} is none of {', '.join(sorted(allowed))}")
        return found

    def addresses(self, key: str) -> tuple[str, ...]:
        """Return mail addresses, of a list or of one text."""
        good, bad = addresses(*self.texts(key, most=2_000))
        if bad:
            raise self.fault(key, f"{bad[0]!r} is no mail address")
        return good

    def tier(self) -> int | None:
        """Return the tier, 0 to 3."""
        value = self._take("tier", None)
        text = str(value) if value is not None else ""
        if isinstance(value, bool) or (text and text not in {"0", "1", "2", "3"}):
            raise self.fault("tier", "must be 0, 1, 2 or 3")
        return int(text) if text else None

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._take(key, False)
        words = {True: True, False: False, "yes": True, "true": True, "no": False, "false": False}
        value = value.strip().lower() if isinstance(value, str) else value
        if not isinstance(value, (bool, str)) or value not in words:
            raise self.fault(key, "must be true or false (in CSV also yes or no)")
        return words[value]

    def end_of(self, key: str) -> datetime | None:
        """Return a time; a day alone ends with that day's beginning, UTC."""
        value = self._take(key, None)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = value.isoformat()
        if not isinstance(value, (str, datetime, type(None))):
            raise self.fault(key, "must be a date or a time")
        try:
            return moment(value)
        except Malformed as error:
            raise self.fault(key, error.detail) from error

    def end(self) -> None:
        """Complain of a key that nobody asked for."""
        more = sorted(set(self._entry) - self._asked)
        if more:
            raise self.fault(more[0], "is not a key that is known here")

    def _take(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        return self._entry.get(key, default)
