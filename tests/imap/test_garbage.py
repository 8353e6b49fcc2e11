"""Whatever a server answers, a question to a folder ends: with an answer, with its no, or Lost."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.inbound.imap.connection import Lost, close, connect
from gateway.inbound.imap.folder import Folder
from parsers.errors import Refused
from tests.imap.boxes import mail
from tests.imap.fake import FakeServer, Session, reading

PIECES = st.sampled_from([
    b"* ", b"+ ", b"TAG ", b"OK ", b"NO ", b"BAD ", b"BYE ", b"\r\n", b"\r\n", b"\n", b" ", b"(",
    b"((((((((", b")", b'"', b"\\", b"NIL", b"{3}\r\n", b"{0}\r\n", b"{99999999999}\r\n", b"]",
    b"SEARCH ", b"1 FETCH (", b"UID 3 ", b"UID x", b"BODY[] ", b"RFC822.SIZE ", b"INTERNALDATE ",
    b'"31-Feb-2026 99:00:00 +0000"', b"FLAGS", b"3", b"-1", b"0", b"18446744073709551617", b"abc",
    b"\0", b"\xff\xfe", b"[UIDVALIDITY 9]", b"[UIDNEXT x]", b"5 EXISTS", b"1 EXPUNGE", b"LIST ",
    b'() "/" Done', b"VANISHED 1:5", b"[READ-ONLY]", b"[COPYUID 1 2 3]", b"done",
])  # fmt: skip
ROUGH = st.lists(PIECES, max_size=14).map(b"".join) | st.binary(max_size=60)
ANSWERS = ROUGH | ROUGH.map(lambda rough: b"* START " + rough)
STARTS = {"SEARCH": b"SEARCH", "FETCH": b"1 FETCH", "LIST": b"LIST"}
QUESTIONS: dict[str, Callable[[Folder], object]] = {
    "SELECT": lambda folder: folder.select(),
    "SEARCH": lambda folder: (folder.uids(), folder.still_there([3, 7])),
    "FETCH": lambda folder: (folder.sizes([3, 7]), folder.bodies([3, 7], 10_000)),
    "MOVE": lambda folder: folder.file_away([3, 7], "Done"),
    "LIST": lambda folder: folder.file_away([3], "Done"),
    "IDLE": lambda folder: folder.wait_for_news(0.01, 0.2, 0),
}


@pytest.fixture(scope="module")
def rude() -> Iterator[FakeServer]:
    with FakeServer({uid: mail(uid) for uid in (3, 7)}) as opened:
        yield opened


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("verb", QUESTIONS)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(answer=b"* START " + b"(" * 5000, ends=True)
@example(answer=b"* START x", ends=True)
@given(answer=ANSWERS, ends=st.booleans())
def test_a_question_ends(verb: str, answer: bytes, ends: bool, rude: FakeServer) -> None:
    def garble(session: Session, tag: bytes, _line: str) -> bool:
        session.send(answer.replace(b"TAG", tag).replace(b"START", start))
        if ends:
            session.send(b"\r\n")
            session.done(tag)
        return session.leave()

    start = STARTS.get(verb, b"OK")
    rude.faults.clear()
    client = connect(reading(rude))
    try:
        folder = Folder(client, "INBOX")
        folder.select()
        rude.faults[verb] = garble
        with suppress(Lost, Refused):
            QUESTIONS[verb](folder)
    finally:
        rude.faults.clear()
        close(client)
