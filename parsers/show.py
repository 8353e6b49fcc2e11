"""A heard mail as plain data for `ticketgate parse`.

Rule: the keys are an interface that scripts rely on: add, never rename. Nothing is decided here.
"""

from typing import Any

from parsers.heard import Automatic, InboundMail


def to_json(mail: InboundMail) -> dict[str, Any]:
    """Return what was heard as values that JSON can carry; absent is null, "" or []."""
    return {
        "from": str(mail.shown_sender) if mail.shown_sender else "",
        "to": [str(box) for box in mail.to],
        "cc": [str(box) for box in mail.cc],
        "subject": mail.subject,
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "date": mail.date.isoformat() if mail.date else None,
        "body_text": mail.text,
        "visible_reply": mail.visible,
        "reply_with_signature": mail.with_signature,
        "automatic": mail.automatic is not Automatic.NO,
        "bounce": mail.bounce is not None,
        "attachments": [
            {"filename": a.filename, "content_type": a.content_type, "size": a.size}
            for a in mail.attachments
        ],
        "notes": [str(note) for note in mail.notes],
        "block": [{"key": f.key, "value": f.value} for f in mail.block.fields],
        "sender": mail.sender.address if mail.sender else None,
    }
