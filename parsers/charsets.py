"""Bytes to text when the label may lie.

Rule: the label is tried first, read as its users mean it (iso-8859-1 is windows-1252, gb2312 is
gb18030); valid UTF-8 beats a single-byte label; a guess comes last, on a sample, and is reported.
Never raises, never drops a byte silently: what cannot be read becomes U+FFFD.
"""

import codecs
import re

from charset_normalizer import from_bytes

MAX_SAMPLE_BYTES = 4_096
MIN_GUESS_BYTES = 16  # bytes outside ASCII
DEFAULT = "windows-1252"

# What labels mean in practice (WHATWG Encoding, section 4.2, and old mail programs).
MEANT = {
    "": "utf-8", "ascii": DEFAULT, "us-ascii": DEFAULT, "ansi_x3.4-1968": DEFAULT,
    "iso-8859-1": DEFAULT, "latin1": DEFAULT, "latin-1": DEFAULT, "iso8859-1": DEFAULT,
    "iso_8859-1": DEFAULT, "cp1252": DEFAULT, "iso-8859-9": "windows-1254",
    "iso-8859-8-i": "iso-8859-8", "iso-8859-11": "cp874", "tis-620": "cp874",
    "windows-874": "cp874", "gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030",
    "x-gbk": "gb18030", "iso-gb2312": "gb18030", "cn-gb": "gb18030", "euc-cn": "gb18030",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932", "shift-jis": "cp932",
    "sjis": "cp932", "x-sjis": "cp932", "big5": "big5hkscs", "x-big5": "big5hkscs",
    "iso-2022-jp": "iso2022_jp_ext", "unicode-1-1-utf-7": "utf-7", "x-unicode-2-0-utf-7": "utf-7",
    "utf8mb4": "utf-8", "utf_8": "utf-8", "unicode": "utf-8", "koi8": "koi8-r",
    "x-mac-roman": "mac-roman", "x-macroman": "mac-roman",
}  # fmt: skip
# Python codecs that are no character sets: some run code-like escapes, some are quadratic.
NO_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
_SEVEN_BIT = ("utf-7", "iso2022", "hz")
_NOT_ASCII = bytes(range(128, 256))
_LABEL = re.compile(r"[^a-z0-9_.:+-]+")


def decode(payload: bytes, label: str = "") -> tuple[str, bool]:
    """Return the text of `payload`, and whether its character set had to be guessed.

    `label` may be anything a mail says, "" for nothing. The text is not cleaned.
    """
    codec = codec_of(label)
    if payload.isascii() and not (codec and codec.startswith(_SEVEN_BIT)):
        if b"\x1b$" in payload or b"\x1b(J" in payload:  # Japanese that forgot its label
            return _strict(payload, "iso2022_jp_ext") or payload.decode("ascii"), True
        if not (codec or "").startswith(("utf-16", "utf-32", "cp037", "cp500")):
            return payload.decode("ascii"), False
    if codec is None:
        return _guess(payload), True
    if _is_single_byte(codec) and (utf8 := _strict(payload, "utf-8")) is not None:
        return utf8, True
    strict = _strict(payload, codec)
    if strict is not None:
        return strict, False
    return _damaged(payload, codec), True


def codec_of(label: str) -> str | None:
    """Return Python's name for a character set label, or None when nobody knows it."""
    name = _LABEL.sub("", label.lower())[:60]
    try:
        codec = codecs.lookup(MEANT.get(name, name)).name
    except (LookupError, ValueError):
        return None
    if codec.replace("-", "_") in NO_CHARSETS:
        return None
    try:
        b"a".decode(codec)
    except UnicodeError:
        return codec  # such as utf-16, which wants two bytes
    except (LookupError, ValueError):
        return None  # a byte-to-byte codec such as zlib
    return codec


def _strict(payload: bytes, codec: str) -> str | None:
    try:
        return payload.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None


def _is_single_byte(codec: str) -> bool:
    return codec.startswith(("cp125", "iso8859", "koi8", "mac", "cp874", "cp866", "cp437", "cp850"))


def _damaged(payload: bytes, codec: str) -> str:
    """Read text whose label is right but for a few bytes; else guess."""
    text = payload.decode(codec, "replace")
    wrong = text.count("\ufffd")
    foreign = len(text) - len(text.encode("ascii", "ignore")) - wrong
    return text if foreign and wrong <= max(3, foreign // 10) else _guess(payload)


def _guess(payload: bytes) -> str:
    if (text := _strict(payload, "utf-8")) is not None:
        return text
    sample = payload[:MAX_SAMPLE_BYTES]
    if len(sample) - len(sample.translate(None, _NOT_ASCII)) < MIN_GUESS_BYTES:
        return payload.decode(DEFAULT, "replace")  # too little to tell more than the most common
    best = from_bytes(sample, enable_fallback=False).best()
    codec = codec_of(best.encoding) if best is not None else None
    return payload.decode(codec or DEFAULT, "replace")
