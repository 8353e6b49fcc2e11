"""HTML to text for people: lines where a reader sees lines, and quotes marked with `>`.

Rule: bounded before parsing (1 MB, and a nesting that the parser takes in linear time; deeper
markup is stripped instead), so no page can stall the reader. Nothing is loaded, nothing is run,
and no mark-up leaves this file.
"""

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_HTML_CHARS = 1_000_000
MAX_NESTING = 3_000
MAX_HREF_CHARS = 500

# Where mail programs put what is quoted without a blockquote.
QUOTES = "#appendonsend, #appendonsend ~ *, #divRplyFwdMsg, #divRplyFwdMsg ~ *, .yahoo_quoted"
_DROP = "script, style, head, template, title, noscript"
_LINES = "div, li, tr, dt, dd, section, article, header, footer, address, hr, form, center"
_PARAGRAPHS = "p, h1, h2, h3, h4, h5, h6, ul, ol, dl, table, pre"
# Marks inside the text, control characters that `clean` has removed from every mail before.
_LINE, _GAP, _BREAK, _TAB, _IN, _OUT = "\x01\x02\x03\x04\x05\x06"
_RUN = re.compile(r" ?[\x01-\x03][ \x01-\x03]*")
_TAGS = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_ANY_TAG = re.compile(r"<[^<>]*>")
# Elements that never nest, or close themselves.
_FLAT = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "td",
        "th",
        "tr",
        "dt",
        "dd",
        "option",
        "tbody",
        "thead",
        "tfoot",
        "colgroup",
    ]
)


def text_of_html(html: str, *, drop_quotes: bool = False) -> str:
    """Return the text of a page; `html` must be clean. "" for a page that shows nothing.

    With `drop_quotes`, parts that only a mail program's mark-up shows to be a quote are left out.
    """
    html = html[:MAX_HTML_CHARS]
    if _too_deep(html):
        return "\n".join(
            " ".join(line.split()) for line in unescape(_ANY_TAG.sub("\n", html)).split("\n")
        ).strip()
    tree = LexborHTMLParser(html)
    root = tree.body or tree.root
    if root is None:
        return ""
    if drop_quotes:
        for node in root.css(QUOTES):
            node.decompose()
    for node in root.css(_DROP):
        node.decompose()
    for node in root.css("pre, textarea"):
        _keep_lines(node)
    for node in root.css("a[href]"):
        _show_target(node)
    for node in root.css("br"):
        node.replace_with(_BREAK)
    for selector, before, after in (
        (_LINES, _LINE, _LINE),
        (_PARAGRAPHS, _GAP, _GAP),
        ("blockquote", _GAP + _IN, _OUT + _GAP),
        ("td, th", "", _TAB),
    ):
        for node in root.css(selector):
            if before:
                node.insert_before(before)
            node.insert_after(after)
    return _lines(root.text())


def _too_deep(html: str) -> bool:
    depth = 0
    for closing, name in _TAGS.findall(html):
        if name.lower() not in _FLAT:
            depth = depth + 1 if not closing else max(depth - 1, 0)
            if depth > MAX_NESTING:
                return True
    return False


def _keep_lines(node: LexborNode) -> None:
    for child in list(node.traverse(include_text=True)):
        if child.tag == "-text" and child.text_content and "\n" in child.text_content:
            child.replace_with(child.text_content.replace("\n", _BREAK))


def _show_target(node: LexborNode) -> None:
    """Put a link's target behind its words, unless the words say it already."""
    target = (node.attributes.get("href") or "").strip()
    words = node.text().strip()
    if (
        target.lower().startswith(("http://", "https://"))
        and len(target) <= MAX_HREF_CHARS
        and words
        and words.rstrip("/").lower() not in target.lower()
    ):
        node.insert_after(f" <{target}>")


def _lines(text: str) -> str:
    """Turn the marks into line ends and quote bars."""
    text = _RUN.sub(_ends, " ".join(text.split()))
    out: list[str] = []
    depth = 0
    for line in text.split("\n"):
        depth += line.count(_IN)
        shown = line.replace(_IN, "").replace(_OUT, "").replace(_TAB, "\t").strip()
        out.append("> " * min(depth, 10) + shown if depth and shown else ">" * bool(depth) + shown)
        depth = max(depth - line.count(_OUT), 0)
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(out)).strip()


def _ends(run: re.Match[str]) -> str:
    marks = run[0].replace(" ", "")
    ends = marks.count(_BREAK) + (marks[0] != _BREAK)
    return "\n" * (max(ends, 2) if _GAP in marks else min(ends, 3))
