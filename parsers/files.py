"""The files of a mail: names that cannot hurt, and their bytes on demand.

Rule: a file name is one clean line without a path, without leading dots, at most 150 characters,
never empty and never used twice in a mail. Content is handed out as decoded bytes, never unpacked.
"""

import re

from parsers.body import choose
from parsers.errors import Malformed
from parsers.header import read_header
from parsers.heard import Attachment, Note
from parsers.parts import Part, read_parts
from parsers.text import clean

MAX_NAME_CHARS = 150
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')
# What a nameless part is called; anything else gets the second half of its type.
NAMES = {
    "application/pkcs7-mime": "smime.p7m", "application/x-pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s", "application/x-pkcs7-signature": "smime.p7s",
    "application/pgp-signature": "signature.asc", "application/pgp-encrypted": "version.txt",
    "application/ms-tnef": "winmail.dat", "application/octet-stream": "attachment.bin",
    "application/msword": "attachment.doc", "application/gzip": "attachment.gz",
    "application/x-gzip": "attachment.gz", "application/x-tar": "attachment.tar",
    "application/javascript": "attachment.js", "audio/mpeg": "audio.mp3",
    "image/jpeg": "image.jpg", "image/svg+xml": "image.svg", "image/x-icon": "image.ico",
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "message/external-body": "external-body.txt", "message/partial": "partial.eml",
    "message/rfc822": "message.eml", "message/global": "message.eml",
    "text/calendar": "invite.ics", "text/directory": "contact.vcf", "text/javascript": "text.js",
    "text/plain": "text.txt", "text/rfc822-headers": "headers.txt", "text/vcard": "contact.vcf",
    "text/x-vcard": "contact.vcf",
}  # fmt: skip
_MESSAGES = frozenset({"message/rfc822", "message/global"})


def attachments_of(raw: bytes) -> tuple[tuple[Attachment, bytes], ...]:
    """Return every file of a mail with its decoded bytes, in the order of the mail."""
    return described(choose(read_parts(raw)[0]).files, set())


def attachment_of(raw: bytes, index: int) -> tuple[Attachment, bytes]:
    """Return one file of a mail with its decoded bytes.

    Raises Malformed when the mail has no file of that index.
    """
    files = attachments_of(raw)
    if not 0 <= index < len(files):
        raise Malformed("This mail has no such attachment.", f"index {index} of {len(files)}")
    return files[index]


def described(files: tuple[Part, ...], notes: set[Note]) -> tuple[tuple[Attachment, bytes], ...]:
    """Return the files as values, numbered from 0, with their bytes."""
    out: list[tuple[Attachment, bytes]] = []
    taken: set[str] = set()
    for index, part in enumerate(files):
        content, damaged = part.content()
        if damaged:
            notes.add(Note.BODY_BROKEN)
        word, _ = part.disposition()
        content_id = clean(part.header.raw("content-id").decode("ascii", "replace"), one_line=True)
        out.append(
            (
                Attachment(
                    index=index,
                    filename=_distinct(_name_of(part), taken),
                    content_type=clean(part.content_type, one_line=True),
                    size=len(content),
                    inline=bool(content_id) and word != "attachment" and part.kind == "image",
                    content_id=content_id[:300],
                    signature=part.signs,
                ),
                content,
            )
        )
    return tuple(out)


def safe_name(name: str) -> str:
    """Return a file name as one harmless word of a path, "" when nothing is left of it."""
    name = clean(name, one_line=True).replace("\\", "/").rpartition("/")[2]
    name = _FORBIDDEN.sub("_", name).strip(". ")
    if len(name) <= MAX_NAME_CHARS:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 20:
        return name[:MAX_NAME_CHARS]
    return stem[: MAX_NAME_CHARS - len(ending) - 1] + "." + ending


def _name_of(part: Part) -> str:
    _, params = part.disposition()
    name = safe_name(params.get("filename") or part.params.get("name") or "")
    if name:
        return name + ".eml" if part.content_type in _MESSAGES and "." not in name else name
    if part.content_type in _MESSAGES:
        header = read_header(part.content()[0][:100_000])
        subject = re.sub(r"[/\\]", "_", header.text("subject", set()))
        stem = safe_name(subject)[: MAX_NAME_CHARS - 4]
        return f"{stem}.eml" if stem else NAMES[part.content_type]
    ending = re.sub(r"[^a-z0-9]", "", part.content_type.partition("/")[2].removeprefix("x-"))
    return NAMES.get(part.content_type) or f"{part.kind}.{ending[:20] or 'bin'}"


def _distinct(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    candidate, number = name, 1
    while candidate.lower() in taken:
        number += 1
        candidate = f"{stem}-{number}{dot}{ending}"
    taken.add(candidate.lower())
    return candidate
