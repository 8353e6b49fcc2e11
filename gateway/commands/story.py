"""One ticket's whole story: its state, its history, who takes part, and every mail of it."""

from collections.abc import Iterator

import click

from gateway import show
from gateway.commands.mails import mail_object
from gateway.commands.proofs import proof_lines
from router.said import say_added
from store import listing, relation_listing, ticket_listing
from store.engine import Store
from store.evidence import read_evidence
from store.ticket_listing import EventRow, TicketRow

STATE = (
    *("ticket", "kind", "wanted", "status", "held", "priority", "vo", "notified_site"),
    *("affected_site", "support_unit", "assigned_to", "submitter", "opened_at", "updated_at"),
    "colour",
    *("category", "type_of_issue", "mou_area", "subject"),
)


def show_story(store: Store, row: TicketRow, colour: str = "", *, as_json: bool) -> None:
    """Print everything that the store knows of a ticket; its `colour` is of this moment."""
    more = show.as_object(ticket_listing.details(store, row.ticket)) | {"colour": colour}
    history = ticket_listing.history(store, row.ticket)
    people = ticket_listing.participants(store, row.ticket)
    relations = relation_listing.relations_of(store, row.ticket)
    moved = relation_listing.moved_from(store, row.ticket)
    mails = list(listing.mails_of(store, row.ticket))
    outgoing = list(listing.outgoing(store, ticket=row.ticket))
    with store.reading() as conn:
        proven = read_evidence(conn, [mail.mail for mail in mails])
    if as_json:
        story: dict[str, object] = {
            "history": history,
            "participants": people,
            "relations": relations,
            "moved": [
                {"entry": entry, "to_ticket": to, "to_entry": at}
                for entry, (to, at) in moved.items()
            ],
            "mails": [mail_object(mail) for mail in mails],
            "outgoing": outgoing,
            "evidence": [
                {
                    "mail": one.mail,
                    "standing": one.standing,
                    "at": one.at,
                    "proofs": [proof.to_json() for proof in one.proofs],
                }
                for one in proven.values()
            ],
        }
        show.json_lines([show.as_object(row) | more | story])
        return
    state = show.as_object(row) | more
    for name in STATE:
        value = show.cell(state[name])
        if value and (name != "wanted" or value != row.kind):
            click.echo(show.folded(f"{name.replace('_', ' '):<14} {value}"))
    if more["vo_specific"]:
        click.echo(f"{'vo specific':<14} yes")
    if more["escalation"]:
        click.echo(f"{'escalation':<14} level {more['escalation']}")
    if more["solution"]:
        click.echo("solution\n" + show.paragraph(str(more["solution"]), "   | "))
    for there in relations:
        words = f"#{there.ticket} ({there.status}) {show.cell(there.subject)}"
        click.echo(show.folded(f"{there.what:<14} {words}"))
    for entry in history:
        click.echo("\n" + "\n".join(_entry(entry, moved.get(entry.number))))
    click.echo("\nParticipants")
    show.table(
        ("role", "address", "name", "notified", "verified"),
        ((p.role, p.address, p.name, p.mode, p.verified) for p in people),
    )
    click.echo("\nMails of this ticket")
    counts = {one.mail: one.standing for one in proven.values()}
    show.table(
        ("mail", "received", "outcome", "counts as", "from", "message-id"),
        (
            (m.mail, m.received_at, m.outcome, counts.get(m.mail, ""), m.mail_from, m.message_id)
            for m in reversed(mails)
        ),
    )
    if proven:
        click.echo("\nProofs of these mails")
    for one in sorted(proven.values(), key=lambda each: each.mail):
        for line in proof_lines(one.proofs, ""):
            click.echo(show.folded(f"  mail {one.mail}: {line}"))
    click.echo("\nOur mails")
    show.table(
        ("id", "kind", "recipient", "state", "sent", "error"),
        ((o.id, o.kind, o.recipient, o.state, o.sent_at, o.last_error) for o in reversed(outgoing)),
    )


def _entry(entry: EventRow, moved: tuple[int, int] | None) -> Iterator[str]:
    mail = f", mail {entry.mail}" if entry.mail else ""
    by = f"{entry.kind}, by {show.cell(entry.by)}{mail}"
    yield show.folded(f"{entry.number}. {show.cell(entry.at)}  {by}")
    if moved is not None:
        yield f"   MOVED to ticket #{moved[0]}, entry {moved[1]}"
    marks = [*(["internal"] if entry.internal else []), *entry.reasons]
    if marks:
        yield show.folded(f"   ({'; '.join(marks)})")
    for field, old, new in entry.changes:
        was, now = show.cell(old), show.cell(new)
        said = say_added(field, was, now) or f"{field}: {was or '-'} -> {now or '-'}"
        yield show.folded(f"   {said}")
    for note in (*entry.refusals, *entry.notes):
        yield show.folded(f"   note: {show.cell(note)}")
    if entry.text:
        yield show.paragraph(entry.text, "   | ")
    for name, size in entry.attachments:
        yield f"   attachment: {show.cell(name)} ({size} bytes)"
