"""What Zabbix is told: one line of a trapper item for each document.

Its beginning is made of words without spaces and triggers look only there, so whatever a summary
says at the end, it is no status. The form is that of the triggers in the template that the hook
brings along; one is not changed without the other.
Standard library only, and pure.
"""

from gateway.hook.sinks import words
from parsers.alarm import Alarm

VALUE_CHARS = 2_000  # SQL databases of Zabbix cut a text for a tag at 255, a value at 65,535


def value(alarm: Alarm, status: str = "") -> str:
    """Return the line; `status` in place of the alarm's own.

    `alarm=helpdesk.example/900001 ticket=900001 doc=4.UUID status=firing severity=critical
    mode=actual site=T1-EX vo=cms SRM endpoint down`
    """
    fields = {
        "alarm": alarm.alarm_id,
        "ticket": alarm.ticket,
        "doc": words.document(alarm),
        "status": status or alarm.status.value,
        "severity": words.severity(alarm).value,
        "mode": alarm.mode.value,
        "site": alarm.site,
        "vo": alarm.vo,
    }
    said = " ".join(f"{key}={words.word(text)}" for key, text in fields.items())
    return (
        f"{said} {words.line(words.meant(alarm) + alarm.summary, VALUE_CHARS - len(said))}".rstrip()
    )
