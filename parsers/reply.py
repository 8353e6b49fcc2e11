"""What a mail adds to its thread: its text without the quoted mail and without the signature.

Rule: own rules first, each needing a shape that people do not write by accident; the reply library
only sees a short normalised copy, only where our rules found nothing, and is believed only where
nobody would have written what it points at. Whatever would leave nothing is undone: then the whole
text shows. A forwarded mail is content and stays whole.
"""

import re
from dataclasses import dataclass

from mailparser_reply import EmailReplyParser

from parsers.attributions import MAX_ATTRIBUTION_LINES, is_certain, is_intro
from parsers.devices import is_device_line
from parsers.quote_marks import is_quoted
from parsers.quotes import has_forward, header_start, lead_end, tail_start

# Templates print this line above the text that a reply will quote.
REPLY_MARKER = "--- please write above this line ---"

# The library's patterns are not linear: these bounds keep the worst known text under 0.2 s.
MAX_COPY_LINES = 400
MAX_COPY_LINE_CHARS = 300
MAX_COPY_CHARS = 16_000
MAX_SIGNATURE_LINES = 20
MAX_BARE_SIGNATURE_LINES = 6  # below a `--` that has lost its blank
LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "da", "sv", "pl", "cs", "ja", "ko", "zh"]
_BARS = " \t>|\u2502\u2503\u00a0*"
_HINT = re.compile(r"[:\uff1a]\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What was written, and the same with the signature; neither is blank unless the text is.

    `adds` is false for a mail that surely says nothing but what it quotes, or nothing at all.
    """

    visible: str
    with_signature: str
    adds: bool = True


def split_reply(text: str, *, forward: bool = False) -> Reply:
    """Return the part of a clean text that its writer added."""
    if forward:
        return Reply(text.strip("\n"), text.strip("\n"))
    lines = text.split("\n")
    own, foot = _without_quote(lines)
    intro_at = len(own)
    start = lead_end(own)
    if "".join(own[start:]).strip():
        own = own[start:]
    signature = signature_start(own)
    visible = _text(own[:signature])
    signed = _text(own + foot)
    if not visible:
        whole = _text(lines)
        return Reply(whole, whole, adds=not _is_all_quoted(lines, intro_at))
    return Reply(visible, signed)


def _is_all_quoted(lines: list[str], intro_at: int) -> bool:
    """Whether nobody can have written anything: all is quoted with bars, but its lead and a name.

    A quote without bars may hold words of the writer's own, anywhere, so it never counts as one;
    nor does a sentence that only looks like a mail program's (`intro_at` is where that begins), nor
    a header that is written out, whose subject may be anybody's.
    """
    body = lines[: signature_start(lines)]
    first = next((at for at, line in enumerate(body) if is_quoted(line)), None)
    if first is None:
        return not "".join(body).strip()
    lead = lines[intro_at:first]
    if header_start(lead) < len(lead) or not is_intro(" ".join(lead)):
        return False
    return all(is_quoted(line) or not line.strip() for line in body[first:])


def marker_start(lines: list[str]) -> int:
    """Return where our own reply marker stands, however deep it is quoted."""
    for at, line in enumerate(lines):
        if REPLY_MARKER in line and line.strip(_BARS) == REPLY_MARKER:
            return at
    return len(lines)


def signature_start(lines: list[str]) -> int:
    """Return the line where the signature begins (RFC 3676 section 4.3), len(lines) for none."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    at = end
    if end and is_device_line(lines[end - 1]):
        at = end - 1
    bare = sum(line.rstrip() == "--" for line in lines) == 1
    for index in range(end - 1, max(end - 1 - MAX_SIGNATURE_LINES, -1), -1):
        line = lines[index]
        if line == "-- " or (
            bare and line.rstrip() == "--" and end - index - 1 <= MAX_BARE_SIGNATURE_LINES
        ):
            at = index
            break
    return at if at < end else len(lines)


def _without_quote(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the lines before the quoted mail, and a signature that stands below it."""
    marker = marker_start(lines)
    if marker < len(lines) and _goes_on_below(lines[marker:]):
        marker = len(lines)
    certain = marker < len(lines)
    lines = lines[:marker]
    at = header_start(lines)
    if at < len(lines) and (certain or "".join(lines[:at]).strip()):
        lines = lines[:at]  # nothing above it, but our marker below: its words stand inside
    if has_forward(lines) and not certain:
        return lines, []
    foot_at = len(lines) if certain else signature_start(lines)
    tail = tail_start(lines[:foot_at], certain=certain)
    if tail < foot_at:
        return lines[:tail], lines[foot_at:]
    tail = tail_start(lines, certain=certain)
    if tail < len(lines):
        return lines[:tail], []
    return (lines if certain else lines[: _library_cut(lines)]), []


def _goes_on_below(lines: list[str]) -> bool:
    """Whether somebody has written below or between the bars of a quote that begins here."""
    body = lines[: signature_start(lines)]
    barred = [is_quoted(line) for line in body if line.strip()]
    return bool(barred) and barred[0] and not all(barred)


def _library_cut(lines: list[str]) -> int:
    """Return where the reply library sees the quoted mail begin, len(lines) when it sees none."""
    copy: list[tuple[int, str]] = []
    room = MAX_COPY_CHARS
    blank = True
    for at, line in enumerate(lines):
        seen = " ".join(line[:MAX_COPY_LINE_CHARS].split())
        if (not seen and blank) or is_quoted(line):
            continue
        blank = not seen
        room -= len(seen) + 1
        if room < 0 or len(copy) == MAX_COPY_LINES:
            break
        copy.append((at, seen))
    text = "\n".join(seen for _, seen in copy)
    if not _HINT.search(text):
        return len(lines)
    try:
        first = EmailReplyParser(languages=list(LANGUAGES)).parse_reply(text) or ""
    except Exception:  # a library's fault never costs text
        return len(lines)
    kept = sum(1 for line in first.split("\n") if line.strip())
    shown = [(at, seen) for at, seen in copy if seen]
    if not kept or kept >= len(shown) or shown[kept - 1][1] != first.split("\n")[-1].strip():
        return len(lines)
    cut = shown[kept][0]
    between = any(map(is_quoted, lines[:cut]))  # where there are bars, they say what is quoted
    later = any(at >= cut + MAX_ATTRIBUTION_LINES for at, _ in shown)
    barred = between or (later and any(map(is_quoted, lines)))
    return cut if not barred and _announces(lines[cut:]) else len(lines)


def _announces(lines: list[str]) -> bool:
    """Whether an attribution stands here that nobody would write himself."""
    for count in range(1, MAX_ATTRIBUTION_LINES + 1):
        text = " ".join(lines[:count]).strip()
        if text.endswith((":", "\uff1a")):
            return is_certain(text)
    return False


def _text(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n").rstrip()
