"""The finder of lines knows all of TOML's ways to write a key."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from gateway.config.lines import find_lines, line_of

EVERY_WAY = '''\
# a comment with [brackets] and = signs
top = 1
[a]  # comment
b.c = "x # no comment"
"quoted.key" = """
two = 2
[not.a.header]
"""
'literal' = \'\'\'
# no comment
\'\'\'
list = [
  1, # one
  [2, 3],
  { x = 1, y = [
    4,
  ] },
]
[[t]]
n = 1
[t.inner]
k = 2
[[t]]
n = 3
[[t.sub]]
z = { w = { v = "deep" } }
[[t.sub]]
z = 1979-05-27T07:32:00Z
last = true'''
EXPECTED = {
    ("top",): 2,
    ("a",): 3,
    ("a", "b", "c"): 4,
    ("a", "quoted.key"): 5,
    ("a", "literal"): 9,
    ("a", "list"): 12,
    ("a", "list", 0): 13,
    ("a", "list", 1, 1): 14,
    ("a", "list", 2, "x"): 15,
    ("a", "list", 2, "y", 0): 16,
    ("t", 0): 19,
    ("t", 0, "inner", "k"): 22,
    ("t", 1): 23,
    ("t", 1, "n"): 24,
    ("t", 1, "sub", 0, "z", "w", "v"): 26,
    ("t", 1, "sub", 1, "z"): 28,
    ("t", 1, "sub", 1, "last"): 29,
}


def test_every_way_to_write_a_key_has_its_line() -> None:
    tomllib.loads(EVERY_WAY)
    lines = find_lines(EVERY_WAY)
    assert {loc: lines.get(loc) for loc in EXPECTED} == EXPECTED
    assert not any("not" in loc or "two" in loc for loc in lines)


def test_a_place_that_is_not_there_has_the_line_of_what_is_around_it() -> None:
    lines = find_lines(EVERY_WAY)
    assert line_of(lines, ("t", 1, "missing")) == 23
    assert line_of(lines, ("missing",)) == 1


def test_windows_line_ends_are_counted_once() -> None:
    lines = find_lines(EVERY_WAY.replace("\n", "\r\n"))
    assert {loc: lines.get(loc) for loc in EXPECTED} == EXPECTED


@given(st.text(alphabet="ab=[]{}.,\"'#\n\\ 1-", max_size=60))
def test_the_finder_ends_for_every_text_that_is_toml(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert all(line >= 1 for line in find_lines(text).values())
