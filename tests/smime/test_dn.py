"""Distinguished names: the same structure in every spelling, and no text that means two names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.dn import (
    COMMON_NAME,
    EMAIL,
    SPELLINGS,
    DistinguishedName,
    read_dn,
    read_slash,
    write_slash,
)
from parsers.errors import Malformed
from parsers.roster import Member, Roster

C, ORG, OU, CN = "2.5.4.6", "2.5.4.10", "2.5.4.11", COMMON_NAME
DC, UID = "0.9.2342.19200300.100.1.25", "0.9.2342.19200300.100.1.1"

READ = [
    ("/C=DE/O=GermanGrid/OU=KIT/CN=ggusmail/ggus.eu",
     [(C, "DE"), (ORG, "GermanGrid"), (OU, "KIT"), (CN, "ggusmail/ggus.eu")]),
    ("/DC=org/DC=example/OU=People/CN=Alba Alarm 123",
     [(DC, "org"), (DC, "example"), (OU, "People"), (CN, "Alba Alarm 123")]),
    ("CN=ggusmail/ggus.eu,OU=KIT,O=GermanGrid,C=DE",
     [(C, "DE"), (ORG, "GermanGrid"), (OU, "KIT"), (CN, "ggusmail/ggus.eu")]),
    ("CN = Alba, OU = People, DC = example, DC = org",
     [(DC, "org"), (DC, "example"), (OU, "People"), (CN, "Alba")]),
    (r"CN=Doe\, Jane,O=A\+B,C=DE", [(C, "DE"), (ORG, "A+B"), (CN, "Doe, Jane")]),
    ('CN="Doe, Jane",C=DE', [(C, "DE"), (CN, "Doe, Jane")]),
    (r"CN=J\C3\BCrgen,C=DE", [(C, "DE"), (CN, "Jürgen")]),
    (r"/C=DE/CN=J\xC3\xBCrgen", [(C, "DE"), (CN, "Jürgen")]),
    ("/C=DE/CN=Jürgen", [(C, "DE"), (CN, "Jürgen")]),
    ("/O=x/CN=a/CN=b", [(ORG, "x"), (CN, "a"), (CN, "b")]),
    (r"CN=a/CN\=b,O=x", [(ORG, "x"), (CN, "a/CN=b")]),
    ("CN=a/CN=b,O=x", [(ORG, "x"), (CN, "a/CN=b")]),
    ("/CN=x/E=a@b.example", [(CN, "x"), (EMAIL, "a@b.example")]),
    ("/CN=x/Email=a@b.example", [(CN, "x"), (EMAIL, "a@b.example")]),
    ("/cn=x/EMAILADDRESS=a@b.example", [(CN, "x"), (EMAIL, "a@b.example")]),
    ("/CN=x/1.2.840.113549.1.9.1=a@b.example", [(CN, "x"), (EMAIL, "a@b.example")]),
    ("/CN=x/OID.1.2.3=y", [(CN, "x"), ("1.2.3", "y")]),
    ("/O=x/USERID=me/CN=C++ = fun", [(ORG, "x"), (UID, "me"), (CN, "C++ = fun")]),
    ("  /O=x/CN=y  ", [(ORG, "x"), (CN, "y")]),
    ("subject=CN=y,O=x", [(ORG, "x"), (CN, "y")]),  # as `openssl x509 -subject` prints it
    ("subject= /O=x/CN=y", [(ORG, "x"), (CN, "y")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pairs"), READ)
def test_a_name_is_read_as_structure(text: str, pairs: list[tuple[str, str]]) -> None:
    assert read_dn(text) == DistinguishedName.of([pair] for pair in pairs)


def test_the_pairs_of_one_part_have_no_order() -> None:
    assert read_dn("UID=1+CN=a,O=x") == read_dn("CN=a+UID=1,O=x") != read_dn("CN=a,UID=1,O=x")


CA = "/DC=org/DC=example/CN=CA"
UNCLEAR = [
    ("", "neither"),
    ("Alba Alarm", "neither"),
    ("/", "does not begin"),
    ("/alba", "does not begin"),
    ("/CN=a/Foo=b", "'Foo' is no type"),
    ("/CN=service/host=1", "'host' is no type"),
    ("/CN=a+OU=b", "may be part of a value"),
    ("/O=/CN=a", "empty"),
    ("/CN=", "empty"),
    ("/CN=a\x00b", "not printable"),
    ("/CN=a\nb", "not printable"),
    ("CN=a,Foo=b", "'Foo' is no type"),
    ("CN=a,", "neither"),
    ("CN=a\\", "ends in an escape"),
    ('CN=a"b,C=DE', "quotation mark"),
    ("CN=#0c0161,C=DE", "hexadecimal"),
    ("CN=\\FF,C=DE", "not UTF-8"),
    ("C = DE, O = GermanGrid, CN = Alba", "from the root down"),
    ("/CN=" + "a" * 2_000, "longer than"),
]


@pytest.mark.parametrize(("text", "why"), UNCLEAR)
def test_an_unclear_name_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read_dn(text)
    assert roster_of(text).with_certificate(text, CA) == (), "an unclear name is nobody's"


def test_same_names_in_different_spellings_are_the_same() -> None:
    registry = "CN=Robot: gw,emailAddress=a@b.example,DC=example,DC=org"
    roster = roster_of(registry)
    assert roster.with_certificate("/DC=org/DC=example/Email=a@b.example/CN=Robot: gw", CA)
    assert roster.with_certificate(registry, CA)
    assert not roster.with_certificate("/DC=org/DC=example/Email=a@b.example/CN=robot: gw", CA)
    assert not roster.with_certificate("/DC=org/DC=example/CN=Robot: gw", CA)


def roster_of(certificate: str) -> Roster:
    """Return a roster of one person, who owns this certificate."""
    return Roster((Member("Robot", certificates=(certificate,)),))


def test_a_value_that_looks_like_two_has_no_slash_form() -> None:
    one = DistinguishedName.of([[(ORG, "x")], [(CN, "a/CN=b")]])
    two = DistinguishedName.of([[(ORG, "x")], [(CN, "a")], [(CN, "b")]])
    assert write_slash(two) == "/O=x/CN=a/CN=b"
    assert one != two
    with pytest.raises(Malformed):
        write_slash(one)
    assert read_dn("/O=x/CN=a/CN=b") != one
    with pytest.raises(Malformed, match="several values"):
        write_slash(DistinguishedName.of([[(CN, "a"), (UID, "1")]]))


def test_spellings_have_one_meaning() -> None:
    names = [name.lower() for names in SPELLINGS.values() for name in names]
    assert len(names) == len(set(names))


_values = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["a/CN=b", "a/b", "x+OU=y", "\\xC3\\xBC", " a", "a ", "/", "=", "a/1.2=3"]
)
_names = st.lists(
    st.lists(st.tuples(st.sampled_from([*SPELLINGS, "1.2.3.4"]), _values), min_size=1, max_size=2),
    min_size=1, max_size=5,
).map(DistinguishedName.of)  # fmt: skip


@given(_names)
def test_what_is_written_reads_back_as_the_same_name(dn: DistinguishedName) -> None:
    try:
        text = write_slash(dn)
    except Malformed:
        return
    assert read_slash(text) == dn == read_dn(text)


@given(st.text(alphabet='/=+,\\"CNOUDx# .1\xfc\n', max_size=40) | st.text())
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        dn = read_dn(text)
    except Malformed:
        return
    assert all(value for rdn in dn.rdns for _, value in rdn)
