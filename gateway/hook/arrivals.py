"""From a spooled mail to what is remembered: found, verified, judged, applied.

Rule: each mail ends with exactly one `Reason`. A mail leaves the spool when its consequence lasts;
a full disk, a lock or a missing openssl leaves it there. Nothing here talks to a monitoring system.
Standard library only.
"""

import dataclasses
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from gateway.hook.alarm_state import AlarmState
from gateway.hook.disk import claimed
from gateway.hook.hook import Hook
from gateway.hook.judge import (
    TREATMENTS,
    Circumstances,
    Last,
    Reason,
    Treatment,
    helpdesk_of,
    judge,
)
from gateway.hook.log import LOG
from gateway.hook.mail import MAX_MAIL_BYTES, Found, find
from gateway.hook.spool import arrived_at
from gateway.hook.state import HEARTBEAT, TEST
from gateway.hook.verify import knows_key, signers
from parsers.alarm import Alarm, AlarmEvent, Mode
from parsers.alarm_document import hear_alarm
from parsers.errors import Deferred, Malformed


@dataclasses.dataclass(frozen=True, slots=True)
class _Verified:
    """A document whose signature holds, or the reason why there is none."""

    reason: Reason
    detail: str = ""
    document: bytes = b""
    signed_by: frozenset[str] = frozenset()


def take_in(hook: Hook, path: Path) -> Reason | None:
    """Take one mail of the spool in; None when it stays there, for later or for another process."""
    with claimed(path) as ours:
        if not ours:
            return None
        try:
            reason, detail = _judged(hook, path)
            if TREATMENTS[reason] is Treatment.SET_ASIDE:
                _set_aside(hook, path, reason, detail)
            hook.spool.done(path)
        except (Deferred, OSError, MemoryError) as error:
            said = error.detail if isinstance(error, Deferred) else repr(error)
            hook.admin.tell("mail cannot be judged yet", f"{path.name}: {said}", hook.now())
            return None
        except Exception as error:
            LOG.exception("%s", path.name)
            _set_aside(hook, path, Reason.BROKEN, repr(error))
            return Reason.BROKEN
    LOG.info("%s: %s (%s)", path.name, reason, detail)
    return reason


def _set_aside(hook: Hook, path: Path, reason: Reason, detail: str) -> None:
    kept = hook.spool.set_aside(path, reason, detail)
    text = f"A mail to the alarm address was not taken: {reason}.\n{detail}\nIt is kept: {kept}"
    hook.admin.tell(f"mail refused, {reason}", text, hook.now())


def _judged(hook: Hook, path: Path) -> tuple[Reason, str]:
    """Judge the mail and apply it; return the reason, and the detail for the log."""
    with path.open("rb") as stream:
        raw = stream.read(MAX_MAIL_BYTES + 1)
    verified = _verified(hook, raw)
    if verified.reason is not Reason.NEW:
        return verified.reason, verified.detail
    try:
        alarm = hear_alarm(verified.document)
        text = verified.document.decode("utf-8")
    except (Malformed, UnicodeDecodeError) as error:
        return Reason.UNREADABLE, str(error)
    reason = Reason.BROKEN
    arrived = arrived_at(path).replace(microsecond=0)
    given = Circumstances(
        sites=frozenset(hook.config.sites),
        signed_by=verified.signed_by,
        arrived_at=arrived,
        nonces=_nonces(hook),
    )

    def change(before: AlarmState | None) -> AlarmState | None:
        """Judge again what the lock is held for: another process may have been faster."""
        nonlocal reason
        last = Last(before.seq, before.alarm.issued_at) if before else None
        seen = {**given.nonces, **(before.nonces if before else {})}
        reason = judge(alarm, dataclasses.replace(given, last=last, nonces=seen))
        if TREATMENTS[reason] not in {Treatment.APPLY, Treatment.ANSWER}:
            return None
        return hook.alarms.after(before, key, text, arrived)

    # Whoever did not sign for this helpdesk or means another site makes no files here.
    outside = judge(alarm, given)
    if outside in {Reason.OTHER_HELPDESK, Reason.OTHER_SITE}:
        return outside, f"{alarm.alarm_id} {alarm.seq} {alarm.site}"
    key = _key(alarm)
    hook.alarms.change(key, change)
    return reason, f"{alarm.alarm_id} {alarm.seq} {alarm.event}"


def _verified(hook: Hook, raw: bytes) -> _Verified:
    """Return the first document of the mail that a pinned key signed; raises Deferred."""
    if len(raw) > MAX_MAIL_BYTES:
        return _Verified(Reason.TOO_BIG, f"more than {MAX_MAIL_BYTES} bytes")
    found = find(raw)
    for document in found.documents:
        made = signers(document, tuple(found.signatures), hook.config.keys, hook.check)
        if made:
            return _Verified(Reason.NEW, document=document, signed_by=made)
    return _Verified(_why_not(found, hook.config.keys), _named(found))


def _why_not(found: Found, keys: Mapping[str, Mapping[str, bytes]]) -> Reason:
    if not found.documents:
        return Reason.NO_DOCUMENT
    if not found.signatures:
        return Reason.NO_SIGNATURE
    return Reason.BAD_SIGNATURE if knows_key(found, keys) else Reason.UNKNOWN_KEY


def _named(found: Found) -> str:
    kids = ", ".join(one.kid for one in found.signatures)
    return f"{len(found.documents)} documents; signatures by: {kids or 'nobody'}"


def _nonces(hook: Hook) -> Mapping[str, str]:
    seen: dict[str, str] = {}
    for state in hook.alarms.all():
        seen.update(state.nonces)
    return seen


def _key(alarm: Alarm) -> str:
    if alarm.event is AlarmEvent.HEARTBEAT:  # of each site: one hook may serve several
        site = sha256(alarm.site.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{HEARTBEAT}{helpdesk_of(alarm)}/{site}"
    return f"{TEST if alarm.mode is Mode.TEST else ''}{alarm.alarm_id}"
