"""`mails`, `replay`, `outbox`, `refusals`: what came, what went, what was turned away."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.opening import (
    CONFIG,
    JSON,
    LIMIT,
    NOT_FOUND,
    Stop,
    config_at,
    failures,
    rows_at_most,
    store_of,
)

if TYPE_CHECKING:
    from store.engine import Store

STATES = ("kept", "done", "refused", "broken")
OUTGOING_STATES = ("waiting", "claimed", "sent", "failed")


@click.command()
@CONFIG
@JSON
@LIMIT
@click.option("--message-id", default="", help="Mails of this Message-ID.")
@click.option("--sha256", default="", help="Mails whose raw text has this digest.")
@click.option("--state", default="", type=click.Choice(("", *STATES)), metavar="STATE")
@click.option("--outcome", default="", metavar="OUTCOME", help="Mails that ended so.")
def mails(
    *,
    config_file: Path,
    as_json: bool,
    limit: int | None,
    message_id: str,
    sha256: str,
    state: str,
    outcome: str,
) -> None:
    """List the accepted mails and what became of them.

    Newest first. A mail is kept (waits), done, refused or broken (set aside).
    """
    from gateway import show
    from store import listing

    _known_outcome(outcome)
    wanted = listing.MailFilter(message_id, sha256, state, outcome)
    with store_of(config_at(config_file)) as store:
        rows = listing.mails(store, wanted, rows_at_most(limit, as_json=as_json))
        if as_json:
            show.json_lines(mail_object(row) for row in rows)
            return
        show.table(
            ("mail", "received", "state", "outcome", "tries", "tickets", "from", "reasons"),
            (
                (
                    row.mail,
                    row.received_at,
                    row.state,
                    row.outcome,
                    row.attempts,
                    row.tickets,
                    row.mail_from,
                    "; ".join(row.reasons),
                )
                for row in rows
            ),
            empty="no mails",
        )


def mail_object(row: object) -> dict[str, object]:
    """Return a `store.listing.MailRow` as it is listed for programs."""
    from gateway import show

    named = show.as_object(row)
    tickets = named["tickets"]
    first = tickets[0] if isinstance(tickets, tuple) and tickets else None
    return named | {"ticket": first}


def _known_outcome(outcome: str) -> None:
    from router.words import Outcome

    if outcome and outcome not in set(Outcome):
        raise click.BadParameter(f"one of {', '.join(Outcome)}", param_hint="--outcome")


@click.command()
@CONFIG
@click.argument("mail", required=False, type=click.IntRange(min=1), metavar="[MAIL]")
@click.option("--all-broken", is_flag=True, help="Every mail that was set aside.")
def replay(config_file: Path, mail: int | None, all_broken: bool) -> None:
    """Try a mail again that was set aside as broken."""
    if (mail is None) != all_broken:
        raise click.UsageError("give the number of one mail, or --all-broken")
    from store import inbox

    with store_of(config_at(config_file)) as store:
        count = inbox.replay(store, mail)
    if mail is not None and not count:
        raise Stop(f"there is no broken mail {mail}", NOT_FOUND)
    click.echo(f"{count} back in the inbox")


@click.command()
@CONFIG
@JSON
@LIMIT
@click.option("--state", default="", type=click.Choice(("", *OUTGOING_STATES)), metavar="STATE")
@click.option("--ticket", type=click.IntRange(min=0), help="Mails about this ticket.")
@click.option("--retry", type=click.IntRange(min=1), metavar="ID", help="Try a failed mail again.")
def outbox(  # noqa: PLR0917 - click gives the options by name
    config_file: Path,
    as_json: bool,
    limit: int | None,
    state: str,
    ticket: int | None,
    retry: int | None,
) -> None:
    """List our own mails, newest first.

    What was given up stays in the list as `failed`, with its error, until it is tried again.
    """
    from gateway import show
    from store import listing

    with store_of(config_at(config_file)) as store:
        if retry is not None:
            _try_again(store, retry)
            return
        limit = rows_at_most(limit, as_json=as_json)
        rows = listing.outgoing(store, state=state, ticket=ticket, limit=limit)
        if as_json:
            show.json_lines(show.as_object(row) for row in rows)
            return
        heads = ("id", "ticket", "kind", "recipient", "state", "attempts", "due_at", "last_error")
        show.table(heads, ([getattr(row, h) for h in heads] for row in rows), empty="no mails")


def _try_again(store: "Store", row: int) -> None:
    from gateway.now import utc_now
    from store import outbox as rows
    from store.sending import GIVE_UP_AFTER

    now = utc_now()
    with failures(), store.writing() as conn:
        done = rows.retry(conn, row, now=now, give_up_at=now + GIVE_UP_AFTER)
    if not done:
        raise Stop(f"there is no failed mail {row}", NOT_FOUND)
    click.echo("it is due again")


@click.command()
@CONFIG
@JSON
@LIMIT
def refusals(config_file: Path, as_json: bool, limit: int | None) -> None:
    """List what the doors refused, newest first."""
    from gateway import show
    from store import listing

    with store_of(config_at(config_file)) as store:
        rows = listing.refusals(store, limit=rows_at_most(limit, as_json=as_json))
        if as_json:
            show.json_lines(show.as_object(row) for row in rows)
            return
        heads = ("at", "door", "peer", "mail_from", "recipients", "reply", "reason")
        show.table(heads, ([getattr(row, h) for h in heads] for row in rows), empty="no refusals")
