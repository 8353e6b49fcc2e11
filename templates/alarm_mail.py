"""The alarm mail: lines for pattern matchers, words for people, a signed document for programs.

multipart/mixed of text/plain (the block of `parsers.alarm_text` first), `alarm.json` in 7bit, and
`alarm.json.sig`. All of it is plain ASCII lines as far as the words allow, because filters at sites
look at raw text. Deterministic, like every mail of ours.
"""

from dataclasses import replace
from hashlib import sha256

from parsers.alarm import Alarm
from parsers.alarm_document import write_alarm
from parsers.alarm_text import block, subject
from parsers.alarm_text import header_lines as alarm_fields
from templates.message import Head, header_lines, multipart, text_part

DOCUMENT_NAME = "alarm.json"
SIGNATURE_NAME = "alarm.json.sig"


def build_alarm(alarm: Alarm, words: str, head: Head, signature: str) -> bytes:
    """Return the whole mail. `signature` is the line `kid:base64url`, "" when nothing could sign.

    Raises Malformed for an address or Message-ID that cannot be used.
    """
    digest = sha256(head.message_id.encode("utf-8", "surrogatepass")).hexdigest()
    parts = [
        text_part(f"{block(alarm)}\n{words}", "plain", always_readable=True),
        _plain_file("application/json", DOCUMENT_NAME, write_alarm(alarm)),
    ]
    if signature:
        parts.append(_plain_file("application/octet-stream", SIGNATURE_NAME, signature))
    body = multipart("mixed", f"=_m{digest[:32]}", parts)
    full = replace(head, more=(*head.more, *alarm_fields(alarm)))
    return (header_lines(subject(alarm), full) + "MIME-Version: 1.0\r\n" + body).encode("ascii")


def _plain_file(kind: str, name: str, text: str) -> str:
    """Return a file as it is: short ASCII lines that no relay and no mailbox format alters."""
    return (
        f'Content-Type: {kind}; name="{name}"\r\n'
        "Content-Transfer-Encoding: 7bit\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
        + "".join(f"{line}\r\n" for line in text.split("\n"))
    )
