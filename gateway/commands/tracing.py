"""`parse` and `explain`: what a mail says, and what would follow from it. Nothing changes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.opening import (
    CONFIG,
    JSON,
    config_at,
    failures,
    read_input,
    store_of,
)

if TYPE_CHECKING:
    from gateway.config.load import Config
    from parsers.envelope import Envelope
    from router.authority import Sender
    from router.decision import Decision
    from store.engine import Store


@click.command()
@click.argument("file", metavar="FILE|-")
def parse(file: str) -> None:
    """Print as JSON what is heard in a mail.

    Any bytes are a mail, however broken: the exit code is 0.
    """
    from parsers.mail import hear
    from parsers.show import to_json

    click.echo(json.dumps(to_json(hear(read_input(file))), indent=2))


@click.command()
@CONFIG
@JSON
@click.option("--to", "recipients", multiple=True, metavar="ADDRESS", help="Whom it is sent to.")
@click.option("--from", "mail_from", default=None, metavar="ADDRESS", help="The envelope sender.")
@click.option("--peer", default="", metavar="IP", help="Who hands it in.")
@click.option("--submitted", is_flag=True, help="As if from a submission network.")
@click.option("--mailbox", default="", metavar="ADDRESS", help="As if read from this [[imap]].")
@click.argument("file", metavar="FILE|-")
def explain(
    *,
    config_file: Path,
    as_json: bool,
    recipients: tuple[str, ...],
    mail_from: str | None,
    peer: str,
    submitted: bool,
    mailbox: str,
    file: str,
) -> None:
    """Print what would happen to a mail now, and why.

    Nothing is written. It is as if the mail came now, so that an old signature is too old, and one
    that was decided on already is a replay or the same mail again. Without --to it goes to those of
    our addresses that stand in To and Cc, else to support; without --from it comes from its From
    address.
    """
    from gateway import explain as room
    from gateway import show
    from gateway.commands.asif import AsIf, envelope_as_if
    from gateway.commands.proofs import proof_lines
    from gateway.desk import open_desk
    from gateway.prover import prover_of

    raw = read_input(file)
    config = config_at(config_file)
    said = AsIf(recipients, mail_from, peer, mailbox, submitted)
    envelope = envelope_as_if(config, raw, said)
    with _store_or_empty(config) as store, failures():
        prover = prover_of(config, quiet=True)
        explained = room.explain(open_desk(config, store), envelope, raw, prover.prove_now)
    proofs = explained.settled.mail.evidence.proofs
    if as_json:
        known = {
            "standing": explained.sender.standing,
            "members": sorted({one.name for one in explained.sender.members}),
            "proofs": [proof.to_json() for proof in proofs],
        }
        show.json_lines(_object(one) | known for one in explained.settled.decisions)
        return
    for line in (*_came(envelope), *_sender_lines(explained.sender), *proof_lines(proofs)):
        click.echo(show.folded(line))
    for one in explained.settled.decisions:
        for line in _lines(one):
            click.echo(show.folded(line))


def _came(envelope: "Envelope") -> Iterator[str]:
    yield f"to {', '.join(envelope.recipients)}, from <{envelope.mail_from}>"
    if envelope.mailbox:
        yield f"as read from the mailbox {envelope.mailbox}"
    elif not envelope.submitted:
        yield "as from the Internet (--submitted: as from a submission network)"


def _sender_lines(sender: "Sender") -> Iterator[str]:
    """Yield the row of the decision table, and as whom the roster knows the sender."""
    yield f"sender: {sender.may.reason} (counts as: {sender.standing})"
    if sender.proof is not None:
        known = sorted(f"{one.name} ({one.vo})" if one.vo else one.name for one in sender.members)
        yield f"  registered as: {', '.join(known) or 'nobody'}"


@contextmanager
def _store_or_empty(config: "Config") -> "Iterator[Store]":
    """Give the store, or before the first `serve` an empty one that is thrown away."""
    import tempfile

    from store.engine import open_store
    from store.schema import upgrade
    from store.visit import exists

    if exists(config.store.url):
        with store_of(config) as store:
            yield store
        return
    with tempfile.TemporaryDirectory(prefix="ticketgate-") as directory:
        store = open_store(f"sqlite:///{directory}/tickets.db")
        try:
            upgrade(store, first_ticket=config.helpdesk.first_ticket)
            yield store
        finally:
            store.close()


def _object(decision: "Decision") -> dict[str, object]:
    ticket, route = decision.ticket, decision.route
    return {
        "outcome": decision.outcome,
        "reasons": list(decision.reasons),
        "ticket": ticket.number if ticket is not None and ticket.number else None,
        "kind": ticket.kind if ticket is not None else None,
        "wanted": ticket.wanted if ticket is not None else None,
        "status": ticket.status if ticket is not None else None,
        "held": ticket.held if ticket is not None else None,
        "subject": ticket.subject if ticket is not None else None,
        "notified_site": ticket.notified_site if ticket is not None else None,
        "support_unit": ticket.support_unit if ticket is not None else None,
        "route": {
            "unit": route.unit,
            "site": route.site,
            "reasons": list(route.reasons),
        }
        if route is not None
        else None,
        "notes": list(decision.notes),
        "events": [event.kind for event in decision.events],
        "mails": [
            {"kind": mail.kind, "audience": mail.audience, "recipient": mail.recipient}
            for mail in decision.outgoing
        ],
    }


def _lines(decision: "Decision") -> Iterator[str]:
    from gateway.show import cell
    from router.notices import say_relations

    yield f"{decision.outcome}: {'; '.join(decision.reasons) or 'no further reason'}"
    ticket = decision.ticket
    if ticket is not None:
        number = f"ticket {ticket.number}" if ticket.number else "a new ticket"
        held = f", held: {ticket.held}" if ticket.held else ""
        yield f"  {number}: {ticket.kind}, {ticket.status}, at {cell(ticket.support_unit)}{held}"
        yield f"  subject: {cell(ticket.subject)}"
        if ticket.relations:
            yield f"  related: {say_relations(ticket)}"
    if decision.route is not None:
        site = f" by way of site {decision.route.site}" if decision.route.site else ""
        way = "after a release" if ticket is not None and ticket.held else "route"
        yield f"  {way}: {cell(decision.route.unit)}{site}"
    yield from (f"  note: {cell(note)}" for note in decision.notes)
    for mail in decision.outgoing:
        yield f"  mail: {mail.kind} to {cell(mail.recipient)} ({mail.audience})"
