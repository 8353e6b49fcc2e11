"""The words for a mail whose template is broken: plain, built in, and never failing.

Nothing important may wait for somebody to repair a template. The subject keeps the shape that
programs read, and the body ends with the same block of lines.
"""

from collections.abc import Mapping
from typing import Any

from parsers.reply import REPLY_MARKER
from router.words import MailKind
from templates.clean import bullet, clean, one_line, said, wrap
from templates.facts import NONE, added, facts
from templates.render import Setting, Spoken

_WORDS = {
    MailKind.RECEIPT: "SUBMITTED",
    MailKind.NOTIFICATION: "ASSIGNED",
    MailKind.UPDATE: "UPDATE",
    MailKind.HELD: "HELD",
    MailKind.REFUSAL: "NOT DONE",
    MailKind.FOLLOWED: "FOLLOWED",
    MailKind.TOO_MANY: "TOO MANY MAILS",
}
_LISTS = {"done": "What was done", "notes": "Please note", "reasons": "Reasons", "lines": "Lines"}


def fallback(kind: MailKind, values: Mapping[str, Any], setting: Setting) -> Spoken:
    """Return plain text for any kind from whatever values there are; never raises for a value."""
    known = {str(key): _kept(value, str(key)) for key, value in values.items()}
    subject = one_line(_subject(kind, known, setting.ticket))
    parts = [REPLY_MARKER] if setting.answerable else []
    parts.append(
        wrap(
            f"{subject}\n\nThis is the short form of this mail, sent because its "
            "template cannot be used at the moment."
        )
    )
    parts += [
        wrap(f"{key}: {known[key]}")
        for key in ("call", "held", "wanted", "route")
        if known.get(key)
    ]
    parts += _changes(known.get("changes"))
    if known.get("text"):
        parts.append(wrap(f"{known.get('author') or 'The sender'} wrote:"))
        parts.append(said(str(known["text"])))
    for key, title in _LISTS.items():
        if isinstance(known.get(key), list) and known[key]:
            parts.append(f"{title}:\n" + "\n".join(bullet(str(item)) for item in known[key]))
    parts += _held_tickets(known.get("tickets"))
    names = [item.name for item in setting.left_out]
    if names:
        parts.append("Attachments that stay with the ticket:\n" + "\n".join(map(bullet, names)))
    lines = facts(known, setting.ticket, setting.date)
    if lines:
        parts.append("\n".join(f"{label}: {value}" for label, value in lines))
    return Spoken(subject, "\n\n".join(parts) + "\n")


def _kept(value: Any, key: str) -> Any:
    try:
        return clean(value, key)
    except TypeError:
        return one_line(str(value))


def _subject(kind: MailKind, known: Mapping[str, Any], ticket: int) -> str:
    subject = known.get("subject") or known.get("title") or str(kind)
    if not ticket:
        return str(subject)
    tag = f"{known.get('tag') or 'Ticket-ID'}: #{ticket}"
    if kind in {MailKind.SITE_NOTIFICATION, MailKind.ALARM}:
        site, vo = known.get("notified_site"), known.get("vo") or NONE
        if known.get("kind") == "USER":
            return f'{tag} Ticket for site "{site}" "{vo}" "{subject}"'
        return f'{tag} {known.get("kind")} ticket for site "{site}" "{subject}"'
    return f"{tag} {_WORDS.get(kind, '')} {subject}"


def _changes(changes: Any) -> list[str]:
    if not isinstance(changes, list) or not all(isinstance(item, Mapping) for item in changes):
        return []
    return [
        bullet(
            added(item)
            or f"{item.get('field')}: {item.get('old') or 'none'} -> {item.get('new') or 'none'}"
        )
        for item in changes
    ]


def _held_tickets(tickets: Any) -> list[str]:
    if not isinstance(tickets, list):
        return []
    return [
        bullet(", ".join(map(str, item.values()))) for item in tickets if hasattr(item, "values")
    ]
