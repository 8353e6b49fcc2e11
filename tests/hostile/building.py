"""How a hostile mail is built: its shape, and what most of them share."""

from dataclasses import dataclass

FROM = b"From: Eve Evil <eve@evil.example>\r\nTo: support@helpdesk.example\r\n"
MIME = b"MIME-Version: 1.0\r\n"
MIXED = MIME + b"Content-Type: multipart/mixed; boundary=b\r\n"
HTML = MIME + b"Content-Type: text/html; charset=utf-8\r\n"


@dataclass(frozen=True)
class Hostile:
    """One mail. `refused`: a border door must answer it with 5xx."""

    name: str
    raw: bytes
    refused: bool = False
    mail_from: str = "eve@evil.example"


def mail_of(
    name: str, *fields: bytes, body: bytes = b"It fails.\r\n", sender: bytes = FROM
) -> bytes:
    head = (
        sender
        if any(f.lower().startswith(b"subject:") for f in fields)
        else (sender + b"Subject: " + name.encode() + b"\r\n")
    )
    ident = (
        b""
        if any(f.lower().startswith(b"message-id:") for f in fields)
        else (b"Message-ID: <" + name.replace(" ", "-").encode() + b"@evil.example>\r\n")
    )
    return (
        head
        + ident
        + b"".join(f if f.endswith(b"\r\n") else f + b"\r\n" for f in fields)
        + (b"\r\n" + body)
    )


def folded(name: bytes, items: list[bytes], *, a_line: int = 1) -> bytes:
    lines = [b" ".join(items[i : i + a_line]) for i in range(0, len(items), a_line)]
    return name + b": " + b"\r\n ".join(lines) + b"\r\n"


def hostile(
    name: str, *fields: bytes, refused: bool = False, body: bytes = b"It fails.\r\n"
) -> Hostile:
    return Hostile(name, mail_of(name, *fields, body=body), refused)
