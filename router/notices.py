"""The values that a mail's template gets: one set for each event and audience.

Rule: everything said is a plain value of a JSON type. Text is cut for the notice only, and the
notice says so; the ticket and the original mail keep all of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from parsers.block import hear_block
from router.decision import Outgoing, Policy, Route
from router.noted import told_to
from router.overdue import closes_at
from router.people import GETS, same_address
from router.ticket import Participant, Ticket, TicketEvent
from router.told import TOLD, TOLD_OF_LINES
from router.words import AT_TERMINAL, CLOSED, US, Audience, MailKind, Reason, Status

NOBODY_ELSE = "Nobody else has been told."
INTERNAL = " (internal, for supporters only)"
UNPROVEN = " (who it is was not proven)"
MAX_EARLIER = 30  # entries of those that were made before somebody came
SOLUTION = "solution"  # this change is shown as a text of its own
ANSWERS = frozenset(
    {
        MailKind.RECEIPT,
        MailKind.HELD,
        MailKind.REFUSAL,
        MailKind.FOLLOWED,
        MailKind.TOO_MANY,
        MailKind.HELP,
        MailKind.STATUS,
    }
)


@dataclass(frozen=True, slots=True)
class Story:
    """What the mails about one event have in common.

    `call` is a site that should be called, `why` what the clock has to say. `earlier` is what was
    said before, for a reader to whom that is new, in ticket `earlier_of` (0 for this one).
    """

    ticket: Ticket
    event: TicketEvent
    policy: Policy
    route: Route | None = None
    mail_id: int = 0
    answers: str = ""
    call: str = ""
    why: str = ""
    earlier: tuple[TicketEvent, ...] = ()
    earlier_of: int = 0

    def values(
        self, audience: Audience, kind: MailKind | None = None, *, mine: bool = False
    ) -> dict[str, object]:
        """Return the values for a template (templates/mails), all of JSON types.

        Supporters are told every reason, everybody else those that are meant for a sender. `mine`
        says that the reader is the ticket's submitter, whatever else he is to it.
        """
        told = TOLD_OF_LINES if kind is MailKind.REFUSAL else TOLD
        told = frozenset(Reason) if audience is Audience.UNIT else told
        text, text_cut = _cut(self.event.text, self.policy.notice_chars)
        subject, subject_cut = _cut(
            self.ticket.subject or "(no subject)", self.policy.subject_chars
        )
        earlier, earlier_cut = _cut(self._earlier(), self.policy.notice_chars)
        notes = list(told_to(self._noted(), audience, kind))
        if subject_cut:
            notes.append("The subject is cut here; the ticket keeps all of it.")
        ticket = self.ticket
        return {
            "helpdesk": self.policy.name,
            "tag": self.policy.ticket_tag,
            "kind": str(ticket.kind),
            "wanted": str(ticket.wanted),
            "status": str(ticket.status),
            "priority": str(ticket.priority),
            "subject": subject,
            "vo": ticket.vo,
            "notified_site": ticket.notified_site,
            "affected_site": ticket.affected_site,
            "type_of_issue": ticket.type_of_issue,
            "mou_area": ticket.mou_area,
            "category": ticket.category,
            "unit": ticket.support_unit,
            "submitter": ticket.submitter,
            "author": shown_by(self.event, self.policy, audience),
            "author_verified": self.event.verified,
            "text": text,
            "text_cut": text_cut,
            "earlier": earlier,
            "earlier_cut": earlier_cut,
            "earlier_of": self.earlier_of,
            "changes": [
                {"field": c.field, "old": c.old, "new": c.new}
                for c in self.event.changes
                if c.field != SOLUTION
            ],
            "solution": _cut(ticket.solution, self.policy.notice_chars)[0],
            "assigned_to": ticket.assigned_to,
            "escalation": ticket.escalation,
            "mine": mine,
            "supports": audience is Audience.UNIT,
            "asked": mine and any(c.new == Status.WAITING for c in self.event.changes),
            "relations": say_relations(ticket),
            "with_it": "",
            "notes": notes,
            "reasons": [str(reason) for reason in self.event.reasons if reason in told],
            "held": str(ticket.held or ""),
            "route": say_route(self.route) if self.route else "",
            "opened_at": ticket.opened_at.isoformat(timespec="seconds"),
            "attachments": [{"name": name, "size": size} for name, size in self.event.attachments],
            "internal": self.event.internal,
            "call": self.call,
            "why": self.why,
            "closes_on": self._closes_on(),
            "site_notified": bool(self.route and self.route.contacts and not ticket.held),
        }

    def _earlier(self) -> str:
        """Return what was said before as one text: the first words whole, below lines the rest."""
        said = [
            (one, without_lines(one.text) if place else one.text)
            for place, one in enumerate(self.earlier)
        ]
        parts = [headed(one, text) for one, text in said if text]
        more = len(parts) - MAX_EARLIER
        left_out = (f"{more} more are in #{self.earlier_of or self.ticket.number}.",)
        return "\n\n".join((*parts[:MAX_EARLIER], *(left_out if more > 0 else ())))

    def _noted(self) -> TicketEvent:
        """Return the entry with what was noted beside those before, if they are this ticket's."""
        before = () if self.earlier_of else self.earlier
        notes = (*self.event.notes, *(note for one in before for note in one.notes))
        return replace(self.event, notes=tuple(dict.fromkeys(notes)))

    def _closes_on(self) -> str:
        """Return the day on which a ticket that is ended with this will be closed, "" for never."""
        ended = any(c.field == "status" and c.new in CLOSED for c in self.event.changes)
        at = closes_at(self.policy, self.event.at) if ended else None
        return at.astimezone(self.policy.calendars.default.zone).date().isoformat() if at else ""

    def to(self, reader: Participant, kind: MailKind, lane: int) -> Outgoing:
        """Return the mail about this event to one participant."""
        gets = GETS[reader.role]
        mine = same_address(reader.address, self.ticket.submitter)
        carries = gets.audience in {Audience.UNIT, Audience.SITE} and self.event.attachments
        return Outgoing(
            kind,
            gets.audience,
            reader.address,
            self.values(gets.audience, kind, mine=mine),
            role=reader.role,
            in_reply_to=(self.answers,) if self.answers and kind in ANSWERS else (),
            attachments_of=self.mail_id if carries else 0,
            lane=lane,
        )

    def to_all(
        self, readers: Iterable[Participant], kind: MailKind, lane: int
    ) -> tuple[Outgoing, ...]:
        """Return one mail to each of the readers."""
        return tuple(self.to(reader, kind, lane) for reader in readers)


def shown_by(event: TicketEvent, policy: Policy, audience: Audience) -> str:
    """Return who speaks; an operator's login is for supporters, to others it is our name."""
    by = event.by
    ours = by == US or (by.endswith(AT_TERMINAL) and audience is not Audience.UNIT)
    return policy.name if ours else by


def headed(event: TicketEvent, text: str) -> str:
    """Return a text of an entry as it stands among others: below who wrote it, and when."""
    unproven = "" if event.verified else UNPROVEN
    internal = INTERNAL if event.internal else ""
    return f"{event.by}{unproven}, {event.at:%Y-%m-%d %H:%M} UTC{internal}:\n\n{text}"


def without_lines(text: str) -> str:
    """Return what somebody wrote below the field lines, which are told as what they changed."""
    block = hear_block(text)
    return block.rest.strip() if block.fields and not block.unknown else text


def once_each(mails: Iterable[Outgoing]) -> list[Outgoing]:
    """Return the mails, the first one for each address."""
    chosen: dict[str, Outgoing] = {}
    for one in mails:
        chosen.setdefault(one.recipient.lower(), one)
    return list(chosen.values())


def operator_notice(
    policy: Policy,
    title: str,
    lines: Iterable[str],
    *,
    null_sender: bool = False,
    told: str = NOBODY_ELSE,
) -> tuple[Outgoing, ...]:
    """Return a notice about trouble with ourselves, to each operator address.

    `told` says who else has been told.
    """
    values: Mapping[str, object] = {
        "helpdesk": policy.name,
        "tag": policy.ticket_tag,
        "title": title,
        "lines": list(lines),
        "told": told,
    }
    return tuple(
        Outgoing(
            MailKind.OPERATOR_NOTICE,
            Audience.OPERATOR,
            address,
            values,
            token=None,
            null_sender=null_sender,
            lane=1,
        )
        for address in policy.operator
    )


def say_relations(ticket: Ticket) -> str:
    """Return what other tickets are to a ticket, as one line: "master #7; cross reference #9"."""
    return "; ".join(f"{one.what} #{one.ticket}" for one in ticket.relations)


def say_route(route: Route) -> str:
    """Return a route as a sentence fragment for people."""
    if route.site:
        return f"site {route.site}, then {route.unit}"
    return route.unit


def _cut(text: str, limit: int) -> tuple[str, bool]:
    """Cut at the end of a line or word near the limit."""
    if len(text) <= limit:
        return text, False
    near = text.rfind("\n", limit * 9 // 10, limit)
    near = near if near > 0 else text.rfind(" ", limit * 9 // 10, limit)
    return text[: near if near > 0 else limit].rstrip(), True
