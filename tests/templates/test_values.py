from datetime import timedelta

from router.notices import Story, operator_notice
from router.ticket import Ticket, TicketEvent, TicketKind
from router.words import Audience, EventKind, Priority, Status
from templates.samples import DATE, SAMPLES, TICKET
from tests.templates.world import POLICY


def test_the_samples_have_exactly_the_values_that_are_decided() -> None:
    ticket = Ticket(
        number=42,
        version=1,
        kind=TicketKind.USER,
        wanted=TicketKind.USER,
        status=Status.NEW,
        held=None,
        priority=Priority.URGENT,
        subject="x",
        submitter="jo@lab.example",
        support_unit="ROC_North",
        opened_at=DATE,
        updated_at=DATE + timedelta(minutes=1),
    )
    event = TicketEvent(EventKind.OPENED, "jo@lab.example", DATE, text="x")
    values = Story(ticket, event, POLICY).values(Audience.UNIT)
    assert {name: type(value) for name, value in values.items()} == {
        name: type(value) for name, value in TICKET.items()
    }
    (notice,) = operator_notice(POLICY, "title", ["line"])
    assert set(notice.values) == set(SAMPLES["operator-notice"][1])
