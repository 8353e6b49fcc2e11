"""The product in one function: what happens because of a mail, a command or the clock.

`decide` is pure: the same request, facts, policy and time give the same decisions, whether `work`
writes them or `explain` shows them. For a mail the rules of `MAIL_RULES` are asked in order, and
the first that has an answer decides. What it means for related tickets follows (`following`);
whatever turns an alarm, its site is told (`paging`); whatever changes a ticket, its clock is set
(`timing`).
"""

from collections.abc import Callable
from datetime import datetime

from parsers.heard import Automatic
from router.addresses import Intent
from router.asking import answer
from router.authority import sender_of
from router.commands import COMMANDS, DUE
from router.comment import comment_on
from router.decision import Command, Decision, Due, Facts, Mail, Policy, Request
from router.following import following
from router.heartbeat import sign_of_life
from router.opening import open_tickets
from router.paging import tell_the_site
from router.timing import timed
from router.undelivered import undelivered
from router.words import Outcome, Reason

Decisions = tuple[Decision, ...]
Rule = Callable[[Mail, Facts, Policy, datetime], Decisions | None]


def decide(request: Request, facts: Facts, policy: Policy, now: datetime) -> Decisions:
    """Return all consequences of a request, at least one.

    For a mail the first decision's outcome is the mail's outcome. `now` is aware UTC.
    """
    match request:
        case Mail():
            answers = (rule(request, facts, policy, now) for rule in MAIL_RULES)
            decisions = next(answer for answer in answers if answer is not None)
        case Command():
            decisions = COMMANDS[request.name](request, facts, policy, now)
        case Due():
            decisions = DUE[request.name](request, facts, policy, now)
    each = (following(one, request, facts, policy, now) for one in decisions)
    told = (tell_the_site(one, facts, policy, now) for whole in each for one in whole)
    return tuple(timed(one, policy, now) for one in told)


def _the_same_mail_again(
    mail: Mail, facts: Facts, policy: Policy, now: datetime
) -> Decisions | None:
    """Say that a mail came before; a copy that asks or proves more is still looked at."""
    del now
    earlier = facts.earlier
    if earlier is None or _is_raised(mail, facts, policy):
        return None
    return (Decision(Outcome.DUPLICATE, (Reason.SAME_MAIL,), about=earlier.tickets),)


def _our_own_mail(mail: Mail, facts: Facts, policy: Policy, now: datetime) -> Decisions | None:
    """Ignore our own mail when it comes back: from a list, a forward, or a helpdesk in between."""
    del facts, now
    if policy.addresses.domain in mail.heard.loop_marks and mail.heard.bounce is None:
        return (Decision(Outcome.IGNORED, (Reason.OWN_MAIL,)),)
    return None


def _a_bounce(mail: Mail, facts: Facts, policy: Policy, now: datetime) -> Decisions | None:
    """File a delivery report with the mail that it is about; it never opens or answers anything.

    Only a report that names whom or what it is about, or that came to the bounce address; a mail
    that merely looks like one may be a person's.
    """
    bounce = mail.heard.bounce
    at_bounces = mail.intent is Intent.BOUNCE
    if bounce is None:
        if at_bounces and mail.heard.automatic is not Automatic.NO:
            return (Decision(Outcome.AUTOMATIC, (Reason.MACHINE_ANSWER,)),)
        return None
    if not at_bounces and (
        mail.intent is Intent.ALARM or not (bounce.recipients or bounce.message_id)
    ):
        return None
    sent = facts.sent
    if sent is None:
        return (Decision(Outcome.BOUNCE, (Reason.BOUNCE_FORGED,)),)
    if not bounce.permanent or sent.failed:
        about = (sent.ticket,) if sent.ticket else ()
        return (Decision(Outcome.BOUNCE, (Reason.BOUNCED,), about=about),)
    return (undelivered(sent, facts, policy, now, "it bounced"),)


def _a_sites_sign_of_life(
    mail: Mail, facts: Facts, policy: Policy, now: datetime
) -> Decisions | None:
    """Note that a site's hook has answered the daily heartbeat."""
    del policy, now
    return sign_of_life(mail, facts)


def _a_question(mail: Mail, facts: Facts, policy: Policy, now: datetime) -> Decisions | None:
    """Answer a mail that asks for help, or how its sender's tickets stand."""
    return answer(mail, facts, policy, now)


def _part_of_a_ticket(mail: Mail, facts: Facts, policy: Policy, now: datetime) -> Decisions | None:
    """Join a mail to the ticket that its strongest believable clue leads to."""
    return comment_on(mail, facts, policy, now)


def _an_automatic_answer(
    mail: Mail, facts: Facts, policy: Policy, now: datetime
) -> Decisions | None:
    """File a vacation note that belongs to no ticket: it asks for nothing."""
    del facts, policy, now
    if mail.heard.automatic is Automatic.REPLIED and mail.intent is not Intent.ALARM:
        return (Decision(Outcome.AUTOMATIC, (Reason.MACHINE_ANSWER,)),)
    return None


def _something_new(mail: Mail, facts: Facts, policy: Policy, now: datetime) -> Decisions:
    """Open a ticket, or several for one who may name several sites."""
    raised = facts.earlier if _is_raised(mail, facts, policy) else None
    return open_tickets(mail, facts, policy, now, raised=raised)


MAIL_RULES: tuple[Rule, ...] = (
    _the_same_mail_again,
    _a_sites_sign_of_life,
    _our_own_mail,
    _a_bounce,
    _a_question,
    _part_of_a_ticket,
    _an_automatic_answer,
    _something_new,
)


def _is_raised(mail: Mail, facts: Facts, policy: Policy) -> bool:
    """Whether the same mail came before, but now asks for more, or proves more."""
    earlier = facts.earlier
    if earlier is None:
        return False
    asks_more = mail.intent < earlier.intent and mail.intent is not Intent.USER
    sender = sender_of(mail, facts.roster, policy, replayed=facts.replayed)
    proves_more = not earlier.proven and sender.may.open_ticket
    return asks_more or proves_more
