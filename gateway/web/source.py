"""What the pages show, read from the desk's store."""

from collections.abc import Mapping

from gateway.desk import Desk
from gateway.web.app import Download, Source
from parsers.errors import MailError
from parsers.files import attachment_of
from store import journal
from store.counters import mails_by_outcome, tickets_by_status


def web_source(desk: Desk) -> Source:
    """Return the pages' source for this desk."""
    addresses = desk.policy.addresses

    def attachment(mail: int, index: int) -> Download | None:
        try:
            found, content = attachment_of(journal.read_raw(desk.store, mail), index)
        except (MailError, LookupError):
            return None
        return Download(found.filename, content)

    def tickets() -> Mapping[str, int]:
        with desk.store.reading() as conn:
            return tickets_by_status(conn)

    def mails() -> Mapping[str, int]:
        with desk.store.reading() as conn:
            return mails_by_outcome(conn)

    return Source(
        name=desk.policy.name,
        ways={
            addresses.support: "for any problem",
            addresses.team: "for a ticket that your VO's team shares",
            addresses.alarm: "for an alarm, by nominated alarmers",
        },
        tickets=tickets,
        mails=mails,
        attachment=attachment,
        keys=desk.policy.keys,
        now=desk.clock,
    )
