"""HTML to text for people: lines where a reader sees lines, and quotes marked with `>`.

Rule: bounded before parsing (1 MB, and a nesting that the parser takes in linear time; deeper
markup is stripped instead), then one walk over the tree; the tree is never changed, since that is
not linear. Nothing is loaded, nothing is run, and no mark-up leaves this file.
"""

import re
from collections.abc import Iterator
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_HTML_CHARS = 1_000_000
MAX_NESTING = 2_000
MAX_HREF_CHARS = 500
MAX_BARS = 10

# Where mail programs put what is quoted without a blockquote: this element (and what follows it).
QUOTE_IDS = frozenset({"appendonsend", "divRplyFwdMsg"})
QUOTE_CLASS = "yahoo_quoted"
# Marks inside the text, control characters that `clean` has removed from every mail before.
_LINE, _GAP, _BREAK, _TAB, _IN, _OUT = "\x01\x02\x03\x04\x05\x06"
_DROP = frozenset(
    ["script", "style", "head", "template", "title", "noscript", "iframe", "object", "svg", "math"]
)
# What stands before and after an element's text.
_AROUND: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        [
            "div", "tr", "dt", "dd", "section", "article", "header", "footer", "main", "aside",
            "address", "hr", "form", "center",
        ],
        (_LINE, _LINE),
    ),
    **dict.fromkeys(
        ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "pre"], (_GAP, _GAP)
    ),
    "li": (_LINE + "- ", _LINE),
    "br": (_BREAK, ""),
    "td": ("", _TAB),
    "th": ("", _TAB),
    "blockquote": (_GAP + _IN, _OUT + _GAP),
}  # fmt: skip
_RUN = re.compile(r" ?[\x01-\x03\x05\x06][ \x01-\x03\x05\x06]*")
_TAGS = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_ANY_TAG = re.compile(r"<[^<>]*>")
# Elements that never nest, or close themselves.
_FLAT = frozenset(
    [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
        "source", "track", "wbr", "p", "li", "td", "th", "tr", "dt", "dd", "option", "tbody",
        "thead", "tfoot", "colgroup",
    ]
)  # fmt: skip


def text_of_html(html: str) -> tuple[str, str]:
    """Return the text of a page, and the same without what its mark-up shows to be a quote.

    `html` must be clean. Both are "" for a page that shows nothing.
    """
    html = html[:MAX_HTML_CHARS]
    if _too_deep(html):
        lines = unescape(_ANY_TAG.sub("\n", html)).split("\n")
        text = "\n".join(" ".join(line.split()) for line in lines).strip()
        return text, text
    tree = LexborHTMLParser(html)
    root = tree.body or tree.root
    whole: list[str] = []
    own: list[str] = []
    for text, quoted in _pieces(root) if root is not None else ():
        whole.append(text)
        if not quoted:
            own.append(text)
    shown = _lines("".join(whole))
    return shown, shown if len(own) == len(whole) else _lines("".join(own))


def _too_deep(html: str) -> bool:
    depth = 0
    for closing, name in _TAGS.findall(html):
        if name.lower() not in _FLAT:
            depth = max(depth - 1, 0) if closing else depth + 1
            if depth > MAX_NESTING:
                return True
    return False


def _pieces(root: LexborNode) -> Iterator[tuple[str, bool]]:
    """Yield the page's text with its marks, in order, each with whether it is a quote.

    Nodes are told apart by `mem_id`: comparing nodes compares their whole HTML.
    """
    node, last = root, root.mem_id
    quoted_until: int | None = None  # the element at whose end a quote ends
    pre = 0
    while True:
        tag = node.tag or ""
        if quoted_until is None:
            quoted_until = _quote_end(node)
        quoted = quoted_until is not None
        if tag == "-text":
            text = node.text_content or ""
            yield (text.replace("\n", _BREAK) if pre else text), quoted
        elif tag not in _DROP:
            yield _AROUND.get(tag, ("", ""))[0], quoted
            pre += tag == "pre"
        child = None if tag in _DROP or tag == "-text" else node.child
        while child is None:  # climb until there is a next node; each element is left once
            tag = node.tag or ""
            if tag not in _DROP and tag != "-text":
                pre -= tag == "pre"
                yield _AROUND.get(tag, ("", ""))[1] + _target(node, tag), quoted
            if node.mem_id == quoted_until:
                quoted_until, quoted = None, False
            if node.mem_id == last:
                return
            child = node.next
            if child is None:
                node = node.parent or root
        node = child


def _quote_end(node: LexborNode) -> int | None:
    attributes = node.attributes if node.tag == "div" else None
    if not attributes:
        return None
    if (attributes.get("id") or "").removeprefix("x_") in QUOTE_IDS:
        return node.parent.mem_id if node.parent else None
    return node.mem_id if QUOTE_CLASS in (attributes.get("class") or "") else None


def _target(node: LexborNode, tag: str) -> str:
    """Return a link's target to stand behind its words, unless the words say it already."""
    target = ((node.attributes.get("href") or "") if tag == "a" else "").strip()
    if not target.lower().startswith(("http://", "https://")) or len(target) > MAX_HREF_CHARS:
        return ""
    words = node.text().strip().rstrip("/").lower()
    return "" if not words or words in target.lower() else f" <{target}>"


def _lines(text: str) -> str:
    """Turn the marks into line ends and quote bars."""
    text = _RUN.sub(_ends, " ".join(text.split()))
    out: list[str] = []
    depth = 0
    for line in text.split("\n"):
        depth += line.count(_IN)
        shown = line.replace(_IN, "").replace(_OUT, "").replace(_TAB, "\t").strip()
        bars = min(depth, MAX_BARS)
        out.append("> " * bars + shown if shown else ">" * min(bars, 1))
        depth = max(depth - line.count(_OUT), 0)
    return "\n".join(out).strip()


def _ends(run: re.Match[str]) -> str:
    marks = run[0].replace(" ", "")
    lines = marks.replace(_IN, "").replace(_OUT, "")
    ends = marks.count(_BREAK) + (lines[:1] != _BREAK)
    count = max(ends, 2) if _GAP in marks else min(ends, 3)
    return _OUT * marks.count(_OUT) + "\n" * count + _IN * marks.count(_IN)
