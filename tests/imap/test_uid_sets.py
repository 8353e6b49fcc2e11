"""Sets of UIDs as IMAP says them: just what was named, however long the list is."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.imap.folder import SET_CHARS, uid_sets

UIDS = st.lists(st.integers(1, 2**32 - 1), max_size=60) | st.lists(
    st.integers(1, 3000), max_size=3000
)


def meant(text: str) -> list[int]:
    found = []
    for part in text.split(","):
        low, _, high = part.partition(":")
        found += range(int(low), int(high or low) + 1)
    return found


@given(UIDS.map(lambda uids: sorted(set(uids))))
def test_a_set_names_just_these_mails_and_fits_a_command(uids: list[int]) -> None:
    said = list(uid_sets(uids))
    assert [uid for text in said for uid in meant(text)] == uids
    assert all(len(text) <= SET_CHARS for text in said)


def test_neighbours_are_one_range() -> None:
    assert list(uid_sets([3, 4, 5, 7, 9, 10])) == ["3:5,7,9:10"]
    assert list(uid_sets([])) == []
