"""Samples that answer: the submitter, and a supporter of the responsible unit, steer a ticket.

Each takes the newest mail of a ticket out of the demo's maildir and answers it as a mail program
would. Which ticket that is and how it stands, the lines at the end of our mails say. What the
daemon still has in hand is waited for, so that commands may follow each other at once.
"""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr, parsedate_to_datetime
from pathlib import Path

from gateway.config.load import Config
from gateway.demo.signing import SUPPORTED, Way
from gateway.demo.words import ADDRESS, SUPPORTER, UNIT, UNIT_ADDRESS
from gateway.now import utc_now
from parsers.errors import Deferred
from store.engine import Store
from store.listing import MailFilter, mails, outgoing
from store.visit import visit

ADA = f"Ada Example <{ADDRESS}>"
NORA = f"Nora Example <{SUPPORTER}>"
REST_WAIT_S = 30.0  # whoever types fast is faster than worker and courier
LOOK_EVERY_S = 0.1
MAX_MAILDIR_FILES = 5000
_OPEN = frozenset(
    {"new", "assigned", "in progress", "waiting for reply", "on hold", "reopened"}
)  # fmt: skip
_FACT = re.compile(r"^([A-Z ]+): (.*)$", re.MULTILINE)
_POLICY = policy.SMTP.clone(cte_type="7bit")  # a certificate signs nothing else


@dataclass(frozen=True, slots=True)
class Answer:
    """What `author` answers to mail of ours to `reader`, once a ticket has one of `stands`.

    `stands` is empty where every ticket will do; `missing` says what there is not yet.
    """

    author: str
    reader: str
    text: str
    missing: str
    stands: frozenset[str] = frozenset()
    way: Way | None = None


def _of_supporter(text: str) -> Answer:
    missing = f"there is no open ticket of {UNIT} to answer yet: send user-site first"
    return Answer(NORA, UNIT_ADDRESS, text, missing, _OPEN, SUPPORTED)


ANSWERS = {
    "reply": Answer(
        ADA,
        ADDRESS,
        "Thank you. It still happens, once in an hour or so.\n\nAda",
        f"there is no mail to {ADA} to answer yet: send user-site first",
    ),
    "supporter-question": _of_supporter(
        "Status: waiting for reply\n\n"
        "Dear Ada,\n\none of the pool nodes was overloaded, and we have restarted it.\n"
        "Does it still happen?\n\nNora"
    ),
    "supporter-wrong": _of_supporter(
        "Status: fixed\nPriority: very urgent\n\n"
        "It was the switch in front of the pool nodes; half of\nthe jobs waited for it.\n\nNora"
    ),
    "supporter-solution": _of_supporter(
        "Status: solved\n\n"
        "The switch in front of the pool nodes was replaced. All transfers succeed again."
    ),
    "verify": Answer(
        ADA,
        ADDRESS,
        "Verify: yes",
        "there is no solved ticket of Ada's to verify yet: send supporter-solution first",
        frozenset({"solved"}),
    ),
}


def answer(one: Answer, config: Config) -> EmailMessage | None:
    """Return the answer, not yet signed; None when there is no such ticket yet."""
    _rest(config)
    answered = _newest(Path(config.relay.url.removeprefix("maildir:")), one)
    if answered is None:
        return None
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = one.author
    mail["To"] = str(answered["Reply-To"] or answered["From"])
    subject = str(answered["Subject"] or "")
    mail["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    mail["Message-ID"] = make_msgid(domain=parseaddr(one.author)[1].rpartition("@")[2])
    mail["Date"] = formatdate()
    mail["In-Reply-To"] = str(answered["Message-ID"])
    mail["References"] = f"{answered['References'] or ''} {answered['Message-ID']}".strip()
    quoted = (f"> {line}".rstrip() for line in _text(answered).splitlines())
    told = (one.text, "", _attribution(answered), *quoted)
    mail.set_content("\n".join(told) + "\n")
    return mail


def _attribution(answered: EmailMessage) -> str:
    """Return what a mail program writes above a quote, as most of them do."""
    date = answered["Date"]
    at = parsedate_to_datetime(str(date)) if date else utc_now()
    return f"On {at:%a, %d %b %Y at %H:%M}, {answered['From']} wrote:"


def _rest(config: Config) -> None:
    """Wait until every mail is decided and all that is due has been sent, for a while.

    Where no daemon has made a store there is nothing to wait for.
    """
    until = time.monotonic() + REST_WAIT_S
    with suppress(Deferred), visit(config.store.url, config.store.secret) as store:
        while _busy(store) and time.monotonic() < until:
            time.sleep(LOOK_EVERY_S)


def _busy(store: Store) -> bool:
    if any(mails(store, MailFilter(state="kept"), limit=1)):
        return True
    now = utc_now()
    due = (row.due_at <= now for row in outgoing(store, state="waiting"))
    return any(due) or any(outgoing(store, state="claimed", limit=1))


def _newest(maildir: Path, one: Answer) -> EmailMessage | None:
    """Return the newest mail to the reader about a ticket that stands as it has to.

    How it stands, the newest mail about it says, whoever got that.
    """
    stands: dict[str, str] = {}
    for mail in _newest_first(maildir):
        facts = dict(_FACT.findall(_text(mail)))
        ticket = facts.get("TICKET ID", "")
        stands.setdefault(ticket, facts.get("STATUS", ""))
        good = not one.stands or stands[ticket] in one.stands
        if ticket and good and one.reader in str(mail["Delivered-To"] or mail["To"]):
            return mail
    return None


def _newest_first(maildir: Path) -> Iterator[EmailMessage]:
    found = [path for name in ("new", "cur") for path in (maildir / name).glob("*")]
    found.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in found[:MAX_MAILDIR_FILES]:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        if isinstance(mail, EmailMessage):
            yield mail


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if isinstance(body, EmailMessage) else ""
