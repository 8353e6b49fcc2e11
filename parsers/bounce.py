"""Delivery reports: who was not reached, for good or not yet, and which mail it was about.

Rule: only a mail that its envelope, its type or its sender mark as a report is looked at, and only
its first 64 kB. The standard form (RFC 3464) is read here; the many older forms by flufl.bounce.
A delay is not permanent. A report proves nothing: anybody can write one.
"""

import re
from email import message_from_bytes

from flufl.bounce import all_failures

from parsers.header import Header, read_header
from parsers.heard import Bounce, Mailbox
from parsers.ids import message_id
from parsers.parts import Part
from parsers.text import clean

MAX_REPORT_BYTES = 64 * 1024
MAX_RECIPIENTS = 100
_SENDERS = re.compile(r"(?:mailer-daemon|mail-daemon|postmaster|mailerdaemon|<>$)", re.IGNORECASE)
_SUBJECTS = re.compile(
    r"(?:un)?deliver(?:ed|able|y)|returned mail|failure notice|unzustellbar|non remis"
    r"|mail system error|message status|warning: (?:message|could not)",
    re.IGNORECASE,
)
_RECIPIENT = re.compile(
    rb"^(original|final)-recipient[ \t]*:[ \t]*(?:[a-z0-9-]{1,20}[ \t]*;)?[ \t]*([^\r\n]{1,320})",
    re.IGNORECASE | re.MULTILINE,
)
_ACTION = re.compile(rb"^action[ \t]*:[ \t]*([a-z-]+)", re.IGNORECASE | re.MULTILINE)
_INNER_ID = re.compile(
    rb"^[ \t>]{0,8}message-id[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,510}>)",
    re.IGNORECASE | re.MULTILINE,
)


def bounce(top: Part, subject: str, shown: Mailbox | None, *, null_sender: bool) -> Bounce | None:
    """Return what a delivery report says, None for a mail that is none."""
    if not _may_be(top, subject, shown, null_sender=null_sender):
        return None
    report = _standard(top) or _older(top.raw)
    standard = _is_standard(top)
    if report is None and not standard and not _SUBJECTS.search(subject):
        return None
    report = report or Bounce()
    return Bounce(report.recipients, report.permanent, _inner_id(top))


def _may_be(top: Part, subject: str, shown: Mailbox | None, *, null_sender: bool) -> bool:
    if top.content_type == "multipart/report":
        return top.params.get("report-type", "").lower() != "disposition-notification"
    sender = shown.address if shown is not None else ""
    return (
        null_sender
        or _SENDERS.match(sender) is not None
        or top.header.has("x-failed-recipients")
        or (_SUBJECTS.search(subject) is not None and "daemon" in sender.lower())
    )


def _is_standard(top: Part) -> bool:
    return any(part.content_type == "message/delivery-status" for part in top.leaves())


def _standard(top: Part) -> Bounce | None:
    """Read message/delivery-status: groups of fields, one group for each recipient."""
    for part in top.leaves():
        if part.content_type != "message/delivery-status":
            continue
        recipients: list[str] = []
        permanent = False
        text = part.content()[0][:MAX_REPORT_BYTES].replace(b"\r\n", b"\n")
        for group in text.split(b"\n\n")[:MAX_RECIPIENTS]:
            names = {kind.lower(): address for kind, address in _RECIPIENT.findall(group)}
            action = _ACTION.search(group)
            word = action[1].lower() if action else b"failed"
            if names and word in {b"failed", b"delayed"}:
                recipients.append(_address(names.get(b"original") or names[b"final"]))
                permanent = permanent or word == b"failed"
        if recipients:
            return Bounce(_distinct(recipients), permanent)
    return None


def _older(raw: bytes) -> Bounce | None:
    try:
        delayed, failed = all_failures(message_from_bytes(raw[:MAX_REPORT_BYTES]))
    except Exception:  # the library reads hostile text with many hands
        return None
    found = sorted(failed) or sorted(delayed)
    if not found:
        return None
    return Bounce(_distinct([_address(address) for address in found]), bool(failed))


def _inner_id(top: Part) -> str:
    """Return the Message-ID of the mail that was not delivered, "" when the report hides it."""
    for part in top.leaves():
        if part.content_type in {"message/rfc822", "text/rfc822-headers", "message/global"}:
            inner: Header = read_header(part.content()[0][:MAX_REPORT_BYTES])
            return message_id(inner.raw("message-id"))
    body = top.raw[top.start : top.start + MAX_REPORT_BYTES]
    found = _INNER_ID.search(body)
    return message_id(found[1]) if found else ""


def _address(raw: bytes) -> str:
    return clean(raw.decode("utf-8", "replace"), one_line=True).strip("<> ")[:320]


def _distinct(addresses: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a for a in addresses if a))[:MAX_RECIPIENTS]
