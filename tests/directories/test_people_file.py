"""What is made of a plain file of sites and people, and what is refused of it."""

from datetime import UTC, datetime

import pytest

from parsers.errors import Malformed
from parsers.people_file import read_file

ROLES = {"team": ("/atlas/team",), "alarm": ("/atlas/alarm",)}


TOML = b"""
[[site]]
name = "HARBOUR MRF"
roc = "NGI_SOUTH"
tier = 2
contact = "a@harbour.example; b@harbour.example"
[[roc]]
name = "NGI_SOUTH"
address = ["desk@south.example"]
[[member]]
name = "Emil"
addresses = ["emil@biomed.example"]
roles = ["team"]
until = 2027-01-01
"""


def test_a_toml_file_has_sites_rocs_and_people() -> None:
    answer = read_file(TOML, "biomed")
    assert answer.sites[0].contacts == ("a@harbour.example", "b@harbour.example")
    assert answer.rocs[0].addresses == ("desk@south.example",)
    emil = answer.members[0]
    assert (emil.vo, emil.roles) == ("biomed", {"team"})
    assert emil.until == datetime(2027, 1, 1, tzinfo=UTC)


def test_a_csv_file_of_people_has_lists_in_its_cells() -> None:
    raw = (
        "\ufeffname,addresses,certificates,vo,roles,suspended\r\n"
        'Ada,ada@atlas.example; a@x.example,"/CN=a, b/x;/CN=c",atlas,team;alarm,no\r\n'
        "Susan,susan@atlas.example,,atlas,alarm,yes\r\n"
    ).encode()
    ada, susan = read_file(raw, as_csv=True).members
    assert ada.addresses == ("ada@atlas.example", "a@x.example")
    assert ada.certificates == ("/CN=a, b/x", "/CN=c")
    assert ada.roles == {"team", "alarm"}
    assert susan.suspended


def test_a_csv_file_without_peoples_columns_lists_sites() -> None:
    (site,) = read_file(b"name,roc,tier,contact\nX-1,NGI_X,1,a@x.example\n", as_csv=True).sites
    assert (site.name, site.tier, site.contacts) == ("X-1", 1, ("a@x.example",))


@pytest.mark.parametrize(
    ("raw", "as_csv", "why"),
    [
        (b'[[member]]\nname = "A"\nrole = ["team"]', False, "role: is not a key"),
        (b'[[member]]\nname = "A"\nroles = ["boss"]', False, "'boss' is none of"),
        (b'[[member]]\naddresses = ["a@x.example"]', False, "name: is missing"),
        (b'[[member]]\nname = "A"\naddresses = ["nobody"]', False, "no mail address"),
        (b'[[person]]\nname = "A"', False, "[[person]]"),
        (b"member = 1", False, "member is no"),
        (b'[[site]]\nname = "A"\ntier = 9', False, "tier: must be"),
        (b'[[site]]\nname = "A"\ncertification = "fine"', False, "'fine' is none"),
        (b'[[member]]\nname = "A"\nuntil = "soon"', False, "until:"),
        (b'[[member]]\nname = "A"\nsuspended = "maybe"', False, "must be true or false"),
        (b"[[member", False, ""),
        (b"\xff", False, "byte 0"),
        (b"addresses,roles\na@x.example,team\n", True, "first line"),
        (b"name,addresses\nA,a@x.example,more\n", True, "row 1"),
        (b'name,addresses\nA,"a@x.example\n', True, ""),
    ],
)
def test_a_fault_in_a_file_of_ours_is_a_fault_of_the_whole_file(
    raw: bytes, as_csv: bool, why: str
) -> None:
    with pytest.raises(Malformed) as raised:
        read_file(raw, as_csv=as_csv)
    assert why in raised.value.detail
