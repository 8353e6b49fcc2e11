"""Text that says format=flowed (RFC 3676): soft line ends joined, stuffing removed.

Rule: lines of one quote depth that end in a blank flow into the next; the signature line `-- `
never flows. Quote bars are written anew as `> > `.
"""

SIGNATURE = "-- "


def unflow(text: str, *, delsp: bool = False) -> str:
    """Return `text` with its paragraphs on one line each; `delsp` drops the joining blank."""
    out: list[str] = []
    open_depth = -1  # the depth of a paragraph that waits for its next line
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        content = content.removeprefix(" ")
        bars = "> " * depth
        soft = content.endswith(" ") and content != SIGNATURE
        if open_depth == depth and content != SIGNATURE:
            out[-1] += content
        else:
            out.append(bars + content if content else bars.rstrip())
        if soft and delsp:
            out[-1] = out[-1][:-1]
        open_depth = depth if soft else -1
    return "\n".join(line if line.endswith(SIGNATURE) else line.rstrip(" ") for line in out)
