"""Every sample mail as people see it, checked in as a file.

`GOLDEN=write pytest tests/templates/test_golden.py` writes the files anew; read the difference.
"""

import os
from pathlib import Path

import pytest

from router.words import MailKind
from templates.message import Head, build
from templates.render import BUILT_IN, TEXT_ALONE, Speaker
from templates.samples import DATE, SAMPLES, settings

SPEAKER = Speaker()
GOLDEN = Path(__file__).parent / "golden"
CASES = [
    (f"{name}{('', '-not-answerable', '-without-ticket')[number]}", name, number)
    for name, (kind, _values) in SAMPLES.items()
    for number in range(len(settings(kind)))
    if number == 0 or (name, number) in {("notification", 1), ("refusal", 2)}
]


@pytest.mark.parametrize(("file", "name", "number"), CASES, ids=[case[0] for case in CASES])
def test_a_sample_mail_reads_as_the_golden_file(file: str, name: str, number: int) -> None:
    kind, values = SAMPLES[name]
    spoken = SPEAKER.render(kind, values, settings(kind)[number])
    _same(GOLDEN / f"{file}.txt", f"Subject: {spoken.subject}\n\n{spoken.text}")
    if kind not in TEXT_ALONE:
        _same(GOLDEN / f"{file}.html", spoken.html)


def test_a_whole_mail_is_as_the_golden_file() -> None:
    kind, values = SAMPLES["update"]
    spoken = SPEAKER.render(kind, {**values, "text": "Grüße aus Genève"}, settings(kind)[0])
    head = Head(
        sender_name="Example Helpdesk",
        sender="support@hd.example",
        recipient="jo@lab.example",
        message_id="<t.42.7.00112233445566778899@hd.example>",
        date=DATE,
        reply_to="reply+token@hd.example",
        in_reply_to=("<first@lab.example>",),
        references=("<t.42.root@hd.example>", "<first@lab.example>"),
        loop_mark="hd.example",
    )
    _same(GOLDEN / "whole.eml", build(spoken, head).decode("ascii").replace("\r\n", "\n"))


def test_every_kind_of_mail_has_a_sample_and_its_three_files() -> None:
    assert {kind for kind, _values in SAMPLES.values()} == set(MailKind)
    for kind in MailKind:
        names = {path.name for path in (BUILT_IN / kind).iterdir()}
        alone = kind in TEXT_ALONE
        assert names == ({"body.txt"} if alone else {"subject.txt", "body.txt", "body.html"})


def test_no_golden_file_is_left_over() -> None:
    known = {
        f"{file}.{ending}"
        for file, name, _number in CASES
        for ending in (("txt",) if SAMPLES[name][0] in TEXT_ALONE else ("txt", "html"))
    }
    assert {path.name for path in GOLDEN.iterdir()} == known | {"whole.eml"}


def _same(path: Path, text: str) -> None:
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
