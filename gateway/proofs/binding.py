"""Whether a signature over the body binds the text that people read.

A signature covers the bytes of the body. What text they are is said by Content-Type and
Content-Transfer-Encoding, and where these are not signed themselves, whoever has the mail may
change them: call plain text a multipart whose "boundary" is the line of hyphens above a quoted
mail, and the quoted text is the mail; call it quoted-printable, and =0A in somebody's name is a
new line. So an unsigned one only counts where the body can be read in no other way.
"""

import re
from collections.abc import Callable

from parsers.charsets import codec_of, decode
from parsers.header import Header
from parsers.parts import Part
from parsers.transfer import IDENTITY

# All of them read ASCII as ASCII, whatever stands between.
_PLAIN_CODECS = ("ascii", "utf-8", "iso8859", "cp125", "koi8")
_PLAIN_PARAMS = frozenset({"charset", "format", "delsp"})
_OPEN_MULTIPARTS = frozenset({"multipart/mixed", "multipart/alternative", "multipart/related"})
_ROOTED = frozenset({"boundary", "type"})  # no start=: the first part of multipart/related is shown
_ALTERNATIVES = frozenset({"text/plain", "text/html", "multipart/related"})
_PREAMBLE = re.compile(rb"(?:This is a multi-?part message in MIME format\.?)?", re.IGNORECASE)
_SOFT_BREAK = re.compile(rb"=[ \t]*\r?(?:\n|\Z)")
_QP = re.compile(rb"(?:[\t !-<>-~\r\n]|=\r?\n|=(?:3D|20|09|2E|46|[89A-F][0-9A-F]))*+")
# What str.splitlines takes for the end of a line, but for LF and CRLF.
_ODD_LINE_END = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{76}\r?\n)*+(?:[A-Za-z0-9+/]{1,76}={0,2})?+(?:\r?\n)*+")

Bound = Callable[[str], bool]


def binds_text(top: Part, bound: Bound) -> bool:
    """Whether the text of a mail whose body is signed is what its signer wrote.

    `bound` tells of a field of the header whether it is signed, or signed as absent.
    """
    if not bound("content-disposition") and _is_put_aside(top.header):
        return False
    if not bound("content-type") and not _is_sure_of_type(top):
        return False
    if top.kind not in {"text", "multipart"}:
        return False
    return bound("content-transfer-encoding") or _is_sure_of_encoding(top)


def _is_put_aside(header: Header) -> bool:
    return header.has("content-disposition") and header.word("content-disposition") != "inline"


def _is_sure_of_type(top: Part) -> bool:
    first = _first_line(top.body)
    if top.content_type == "text/plain":
        codec = codec_of(top.params.get("charset", "us-ascii"))
        return (
            not first.startswith(b"--")
            and set(top.params) <= _PLAIN_PARAMS
            and codec is not None
            and codec.startswith(_PLAIN_CODECS)
            and _has_plain_lines(top)
        )
    if top.content_type not in _OPEN_MULTIPARTS:
        return False
    boundary = top.params.get("boundary", "").rstrip().encode("utf-8", "replace")
    if not boundary or first.rstrip(b" \t\r") != b"--" + boundary:
        return False
    if top.content_type == "multipart/related":
        return set(top.params) <= _ROOTED
    return top.content_type != "multipart/alternative" or all(map(_is_rendering, top.children))


def _first_line(body: bytes) -> bytes:
    """Return the first line that is not blank; of a multipart, the one that is no preamble."""
    for line in body[:2_000].split(b"\n"):
        if not _PREAMBLE.fullmatch(line.strip()):
            return line
    # nothing is nothing; after much of it neither a text nor a part begins
    return b"--" if body.strip() else b""


def _is_rendering(part: Part) -> bool:
    """Whether a part is a text of its author's, and not a file that was enclosed."""
    return part.content_type in _ALTERNATIVES and not part.header.has("content-disposition")


def _is_sure_of_encoding(top: Part) -> bool:
    encoding = top.header.word("content-transfer-encoding")
    if top.kind == "multipart":
        return encoding in IDENTITY
    if encoding in IDENTITY:
        return _SOFT_BREAK.search(top.body) is None
    if encoding == "quoted-printable":
        return _QP.fullmatch(top.body) is not None and _has_plain_lines(top)
    return encoding == "base64" and _BASE64.fullmatch(top.body) is not None


def _has_plain_lines(top: Part) -> bool:
    """Whether no letter of the decoded text is a line end in disguise (NEL, U+2028)."""
    text = decode(top.content()[0], top.params.get("charset", ""))[0]
    return _ODD_LINE_END.search(text) is None
