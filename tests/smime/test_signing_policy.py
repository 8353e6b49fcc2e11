"""Signing policies: which subjects an authority may sign for."""

from contextlib import suppress
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.proofs.signing_policy import allowed, read_policies
from parsers.dn import read_slash
from parsers.errors import Malformed

TYPICAL = rb"""# EACL Example CA

 access_id_CA      X509         '/C=DE/O=ExampleGrid/CN=Example-CA'   # the root
 pos_rights        globus        CA:sign
 cond_subjects     globus        '"/C=DE/O=ExampleGrid/*" "/DC=org/DC=example/CN=?*"'

 access_id_CA X509 "/DC=org/CN=Other"
 pos_rights globus CA:sign
 cond_subjects globus '/DC=org/OU=One Unit/*'
"""


def test_a_file_may_hold_the_policies_of_several_authorities() -> None:
    assert read_policies(TYPICAL) == {
        read_slash("/C=DE/O=ExampleGrid/CN=Example-CA"): (
            "/C=DE/O=ExampleGrid/*", "/DC=org/DC=example/CN=?*",
        ),
        read_slash("/DC=org/CN=Other"): ("/DC=org/OU=One Unit/*",),
    }  # fmt: skip


BROKEN = [
    (b"", "names no authority"),
    (b"# nothing\n", "names no authority"),
    (b"\xff", "not UTF-8"),
    (b"access_id_CA X509 '/CN=x\n", "without its partner"),
    (b"access_id_CA X509 'x'\n", "does not begin with"),
    (b"access_id_CA X509 '/CN=x'\npos_rights globus CA:all\n", "line 2 is not understood"),
    (b"access_id_CA X509 '/CN=x'\nneg_rights globus CA:sign\n", "neg_rights"),
    (b"pos_rights globus CA:sign\n", "line 1 is not understood"),
    (b"access_id_CA X509 '/CN=x'\ncond_subjects globus '\"/*\"'\n", "line 2 is not understood"),
    (b"access_id_CA X509 '/CN=x'\npos_rights globus CA:sign\ncond_subjects globus 'CN=y'\n",
     "does not begin with a slash"),
    (b"access_id_CA X509 '/CN=x'\npos_rights globus CA:sign\ncond_subjects globus '\"/a\"b'\n",
     "subjects are not understood"),
    (b"a" * 300_000, "too long"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "why"), BROKEN)
def test_a_line_that_is_not_understood_breaks_the_file(data: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read_policies(data)


MATCHES = [
    ("/C=DE/O=Grid/CN=a", "/C=DE/O=Grid/*", True),
    ("/C=DE/O=Grid", "/C=DE/O=Grid/*", False),
    ("/C=DE/O=Grid/CN=", "/C=DE/O=Grid/CN=?*", False),
    ("/C=DE/O=GridX/CN=a", "/C=DE/O=Grid/*", False),
    ("/X=y/C=DE/O=Grid/CN=a", "/C=DE/O=Grid/*", False),
    ("/c=de/o=grid/CN=a", "/C=DE/O=Grid/*", False),
    ("/CN=a/emailAddress=a@b.example", "/CN=a/Email=*", True),
    ("/CN=a/UID=1", "/CN=a/USERID=*", True),
    ("/CN=a.b", "/CN=a?b", True),
    ("/CN=a[b]", "/CN=a[b]", True),
    ("/CN=ab", "/CN=[a]b", False),
]


@pytest.mark.parametrize(("subject", "glob", "fits"), MATCHES)
def test_a_subject_is_matched_whole_and_with_its_case(subject: str, glob: str, fits: bool) -> None:
    assert allowed(subject, (glob,)) is fits
    assert not allowed(subject, ())


@given(st.text("ab/", max_size=8), st.text("ab/*?", max_size=8))
def test_globs_match_as_fnmatch_does(text: str, glob: str) -> None:
    assert allowed(text, (glob,)) is fnmatchcase(text, glob)


def test_a_hostile_glob_costs_no_more_than_its_length_allows() -> None:
    assert not allowed("/" + "a" * 2_000, ("/" + "a*" * 249 + "b",))


_texts = st.text("access_id_CAX509'\"/=# \n*posrights globus:").map(str.encode)


@given(st.binary(max_size=200) | _texts)
def test_any_bytes_are_a_policy_or_malformed(data: bytes) -> None:
    with suppress(Malformed):
        assert read_policies(data)
