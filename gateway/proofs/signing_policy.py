"""Signing policies of the grid: which subjects an authority may sign for (EACL, *.signing_policy).

    access_id_CA   X509    '/DC=org/DC=example/CN=Example CA'
    pos_rights     globus  CA:sign
    cond_subjects  globus  '"/DC=org/DC=example/*" "/DC=net/DC=example/CN=?*"'

Rule: what is not granted is not allowed; a line that is not understood makes the whole file broken,
and the caller then trusts none of its authorities. In a subject `*` is any text and `?` any one
character. Matching is on slash forms, as the grid has it, case included.
"""

import re
from collections.abc import Iterator, Mapping

from parsers.dn import DistinguishedName, read_slash
from parsers.errors import Malformed

MAX_POLICY_BYTES = 256 * 1024
MAX_SUBJECTS = 500
MAX_SUBJECT_CHARS = 500
_WORD = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"|([^\s'\"]+)")
_QUOTED = re.compile(r"\s*(?:\"([^\"]*)\"|([^\s\"]+))(?=\s|\Z)")
_SPELLINGS = (
    (re.compile(r"/(?:E|Email|emailAddress)=", re.IGNORECASE), "/emailAddress="),
    (re.compile(r"/(?:UID|userId)=", re.IGNORECASE), "/UID="),
)
Policies = Mapping[DistinguishedName, tuple[str, ...]]


def read_policies(data: bytes) -> Policies:
    """Return authority -> globs of the subjects that it may sign; raises Malformed."""
    if len(data) > MAX_POLICY_BYTES:
        raise Malformed("the signing policy is too long")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("the signing policy is not UTF-8") from None
    found: dict[DistinguishedName, tuple[str, ...]] = {}
    authority: DistinguishedName | None = None
    signs: bool | None = None
    for number, words in _lines(text):
        match words:
            case ["access_id_CA", "X509" | "x509", name]:
                authority, signs = read_slash(name), None
                found.setdefault(authority, ())
            case ["pos_rights", "globus", "CA:sign"] if authority is not None:
                signs = True
            case ["neg_rights", "globus", _] if authority is not None:
                raise Malformed(f"line {number}: neg_rights is not understood")
            case ["cond_subjects", "globus", subjects] if authority is not None and signs:
                found[authority] += _subjects(number, subjects)
            case _:
                raise Malformed(f"line {number} is not understood")
    if not found:
        raise Malformed("the signing policy names no authority")
    return found


def allowed(subject: str, globs: tuple[str, ...]) -> bool:
    """Whether one of the globs matches the slash form of a subject."""
    text = _one_spelling(subject)
    return any(_matches(text, _one_spelling(glob)) for glob in globs)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        words: list[str] = []
        at = 0
        while at < len(stripped) and not stripped.startswith("#", at):
            word = _WORD.match(stripped, at)
            if word is None:
                raise Malformed(f"line {number} has a quotation mark without its partner")
            words.append(next(group for group in word.groups() if group is not None))
            at = word.end() + len(stripped[word.end() :]) - len(stripped[word.end() :].lstrip())
        yield number, words


def _subjects(number: int, text: str) -> tuple[str, ...]:
    """Split `"glob" "glob"`; a glob without marks stands alone up to the next blank."""
    globs: list[str] = []
    at = 0
    text = text.strip()
    if '"' not in text:
        globs = [text] if text else []
        at = len(text)
    while at < len(text):
        found = _QUOTED.match(text, at)
        if found is None:
            raise Malformed(f"line {number}: the subjects are not understood")
        globs.append(found[1] if found[1] is not None else found[2])
        at = found.end()
    if not globs or any(not g.startswith(("/", "*")) or len(g) > MAX_SUBJECT_CHARS for g in globs):
        raise Malformed(f"line {number}: a subject does not begin with a slash")
    if len(globs) > MAX_SUBJECTS:
        raise Malformed(f"line {number}: more than {MAX_SUBJECTS} subjects")
    return tuple(globs)


def _one_spelling(text: str) -> str:
    for pattern, name in _SPELLINGS:
        text = pattern.sub(name, text)
    return text


def _matches(text: str, glob: str) -> bool:
    """Match a glob in time that grows with text times glob, never worse."""
    at, start = 0, 0
    star, resume = -1, 0
    while at < len(text):
        if start < len(glob) and glob[start] == "*":
            star, resume = start, at
            start += 1
        elif start < len(glob) and glob[start] in {"?", text[at]}:
            start += 1
            at += 1
        elif star >= 0:
            resume += 1
            start, at = star + 1, resume
        else:
            return False
    return all(char == "*" for char in glob[start:])
