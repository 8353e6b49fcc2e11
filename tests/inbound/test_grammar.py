"""The fast reading of addresses agrees with the stock grammar wherever it reads at all."""

from types import SimpleNamespace

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.grammar import MailParameters, mail_parameters, path_argument, plain_path
from tests.cost import costs_less_than

PLAIN = {
    "<a@example.org>": ("a@example.org", ""),
    "<>": ("", ""),
    "<postmaster>": ("postmaster", ""),
    "<a@b.example> SIZE=5  BODY=7BIT": ("a@b.example", "SIZE=5  BODY=7BIT"),
    "<o'neil+tag=x@a-b.example>": ("o'neil+tag=x@a-b.example", ""),
    "<a/b%c!d@example.org>": ("a/b%c!d@example.org", ""),
}
NOT_PLAIN = [
    "", "a@example.org", "<a@example.org", "<a@@example.org>", "<@example.org>", "<a@>",
    "<a b@c.example>",
    "<.a@example.org>", "<a.@example.org>", "<a..b@example.org>", "<a@b..example>",
    "<a@-b.example>",
    "<a@b.example->", "<a@[192.0.2.1]>", '<"a"@example.org>', "<@x:a@example.org>",
    "<a@example.org>X",
    "<<a@example.org>>", "<a@exa_mple.org>", "<" + "a" * 400 + "@example.org>",
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_path_is_read(text: str) -> None:
    assert plain_path(text) == PLAIN[text]


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_any_other_path_is_left_to_the_slow_way(text: str) -> None:
    assert plain_path(text) is None


@given(st.text(alphabet="aB0.@-+_%<>\" ()[],:'", max_size=12).map(lambda inner: f"<{inner}>"))
def test_what_is_read_fast_is_read_equally_by_the_stock_grammar(text: str) -> None:
    fast = plain_path(text)
    if fast is not None and "@" in fast[0]:
        slow, rest = SMTP._getaddr(SimpleNamespace(local_part_limit=0), text)
        assert (slow, rest.strip()) == fast


def test_the_fast_reading_takes_linear_time() -> None:
    with costs_less_than(0.1):
        for inner in ("a." * 1000, "a@" + "a-" * 1000, "a@" * 1000, "." * 2000):
            plain_path(f"<{inner}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", MailParameters()),
        ("SIZE=1000", MailParameters(1000)),
        ("size=5 body=8bitmime", MailParameters(5)),
        ("BODY=7BIT", MailParameters()),
        ("SIZE", None),
        ("SIZE=-1", None),
        ("SIZE=\u0661", None),
        ("SIZE=" + "9" * 21, None),
        ("BODY=BINARYMIME", None),
        ("SMTPUTF8", None),
        ("RET=HDRS", None),
        ("=", None),
    ],
)
def test_the_parameters_of_mail(text: str, expected: MailParameters | None) -> None:
    assert mail_parameters(text) == expected


def test_the_keyword_before_a_path() -> None:
    assert path_argument("from:<a@b>", "FROM:") == "<a@b>"
    assert path_argument("FROM: <a@b>", "FROM:") == "<a@b>"
    assert path_argument("TO:<a@b>", "FROM:") is None
