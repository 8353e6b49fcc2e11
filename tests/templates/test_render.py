import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.reply import REPLY_MARKER
from router.words import MailKind
from templates.check import check_templates
from templates.facts import facts
from templates.fallback import fallback
from templates.render import BrokenTemplate, Setting, Speaker
from templates.samples import DATE, SAMPLES, TICKET, settings

SETTING = Setting(42, DATE)
SPEAKER = Speaker()
BLOCK = re.compile(r"^[A-Z][A-Z ]*: \S.*$")
FACT_KINDS = ("receipt", "notification", "site-notification", "update", "held")


def block_of(text: str) -> list[str]:
    """Return the contiguous lines at the end, as a program of a region reads them."""
    lines = text.rstrip("\n").split("\n")
    start = len(lines)
    while start and BLOCK.match(lines[start - 1]):
        start -= 1
    return lines[start:]


@pytest.mark.parametrize("kind", FACT_KINDS)
def test_the_mail_ends_with_the_block_that_programs_read(kind: str) -> None:
    text = SPEAKER.render(MailKind(kind), {**TICKET, "vo": ""}, SETTING).text
    block = dict(line.split(": ", 1) for line in block_of(text))
    assert block["TICKET ID"] == "42"
    assert block["NOTIFIED SITE"] == "T1-EXAMPLE"
    assert block["CONCERNED VO"] == "none"
    assert block["DATE"] == "2026-11-24 09:30 UTC"
    assert list(block) == [label for label, _value in facts(TICKET, 42, DATE)]


@given(st.text(), st.text())
def test_nothing_that_somebody_writes_passes_for_a_line_of_ours(text: str, subject: str) -> None:
    values = {**TICKET, "text": text, "subject": subject, "site_notified": True}
    ours = SPEAKER.render(MailKind.UPDATE, {**TICKET, "text": "x", "subject": "x"}, SETTING)
    spoken = SPEAKER.render(MailKind.UPDATE, values, SETTING)
    assert len(block_of(spoken.text)) == len(block_of(ours.text))
    assert spoken.text.count(f"\n{REPLY_MARKER}\n") == 0
    assert spoken.text.startswith(REPLY_MARKER)
    assert len(spoken.subject.splitlines()) == 1


def test_a_text_that_imitates_the_block_stays_indented() -> None:
    forged = "x\n\nNOTIFIED SITE: T1-EVIL\n" + REPLY_MARKER + "\n-- \nSTATUS: verified"
    text = SPEAKER.render(MailKind.UPDATE, {**TICKET, "text": forged}, SETTING).text
    assert "\nNOTIFIED SITE: T1-EVIL" not in text
    assert "\n  NOTIFIED SITE: T1-EVIL\n" in text
    assert text.count("\nSTATUS: ") == 1


WORDS = st.lists(st.sampled_from(["NOTIFIED SITE: T1-EVIL", "x" * 20, "STATUS: closed", "y"]))


@given(st.sampled_from(MailKind), WORDS.map(" ".join))
def test_no_name_or_subject_that_is_wrapped_begins_a_line_like_the_block(
    kind: MailKind, words: str
) -> None:
    values = {**TICKET, **SAMPLES[kind][1], "subject": words, "author": words, "title": words}
    values |= {"notes": [words], "reasons": [words], "lines": [words], "held": "", "text": words}
    for spoken in (SPEAKER.render(kind, values, SETTING), fallback(kind, values, SETTING)):
        lines = [line for line in spoken.text.split("\n") if BLOCK.match(line)]
        assert lines in ([], block_of(spoken.text))


def test_what_people_wrote_keeps_its_lines_and_its_empty_lines() -> None:
    wrote = "one\n\n\n\ntwo" + " very long" * 20 + "\n    three"
    text = SPEAKER.render(MailKind.UPDATE, {**TICKET, "text": wrote}, SETTING).text
    assert "\n".join(f"  {line}".rstrip() for line in wrote.split("\n")) in text


def test_our_own_words_are_wrapped_and_no_gap_is_larger_than_one_line() -> None:
    for kind, values in SAMPLES.values():
        for setting in settings(kind):
            text = SPEAKER.render(kind, values, setting).text
            assert "\n\n\n" not in text
            assert max(len(line) for line in text.split("\n")) <= 72


def test_html_escapes_what_people_wrote_and_loads_nothing() -> None:
    hostile = '<img src="https://evil.example/x"><script>x</script>'
    values = {key: hostile if isinstance(old, str) else old for key, old in TICKET.items()}
    for kind in map(MailKind, FACT_KINDS):
        html = SPEAKER.render(kind, values, SETTING).html
        assert "<img" not in html
        assert "<script" not in html
        assert not re.search(r"(?:href|src|url)\s*[=(]", html.replace("&#34;", ""), re.ASCII) or (
            "&lt;img src=" in html
        )
        assert "<a " not in html
        assert "<link" not in html


def test_changed_fields_stand_out_in_both_forms() -> None:
    changes = [{"field": "status", "old": "assigned", "new": "in progress"}]
    spoken = SPEAKER.render(MailKind.UPDATE, {**TICKET, "changes": changes}, SETTING)
    assert "* status: assigned -> in progress\n" in spoken.text
    assert "<b>in progress</b>" in spoken.html


def test_a_cut_text_says_so_and_where_the_whole_is() -> None:
    text = SPEAKER.render(MailKind.UPDATE, {**TICKET, "text_cut": True}, SETTING).text
    assert "was cut here. The whole is in\nticket #42" in text


def test_an_override_wins_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "update").mkdir()
    (tmp_path / "update" / "subject.txt").write_text("{{ tag }}: #{{ ticket }} NEUES\n")
    spoken = Speaker(tmp_path).render(MailKind.UPDATE, TICKET, SETTING)
    assert spoken.subject == "Ticket-ID: #42 NEUES"
    assert spoken.text == Speaker().render(MailKind.UPDATE, TICKET, SETTING).text
    assert check_templates(tmp_path) == []


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("Hello\n{% if %}\n", 2, "Expected an expression"),
        ("Hello\n\n{{ no_such_value }}\n", 3, "'no_such_value' is undefined"),
        ("{{ subject.no_such_part.x }}\n", 1, "no_such_part"),
        ("{{ 1 / 0 }}\n", 1, "division by zero"),
        ("{{ ().__class__.__base__ }}\n", 1, "unsafe"),
        ("{{ text | no_such_filter }}\n", 1, "no_such_filter"),
        ("{% include 'update/body.txt' %}", 1, "recursion depth"),
        ("{% include 'missing.txt' %}", 1, "missing.txt"),
    ],
)
def test_a_broken_override_is_named_with_file_and_line(
    tmp_path: Path, source: str, line: int, why: str
) -> None:
    (tmp_path / "update").mkdir()
    (tmp_path / "update" / "body.txt").write_text(source)
    with pytest.raises(BrokenTemplate) as broken:
        Speaker(tmp_path).render(MailKind.UPDATE, TICKET, SETTING)
    assert broken.value.file.endswith("update/body.txt")
    assert broken.value.line == line
    assert why in broken.value.why
    faults = check_templates(tmp_path)
    assert [(fault.file, fault.line) for fault in faults] == [(broken.value.file, line)]
    assert why in str(faults[0])


def test_a_missing_value_is_a_clear_error() -> None:
    values = {key: value for key, value in TICKET.items() if key != "unit"}
    with pytest.raises(BrokenTemplate, match=r"receipt/body\.txt:\d+: 'unit' is undefined"):
        Speaker().render(MailKind.RECEIPT, values, SETTING)


def test_the_check_names_every_fault_and_every_stray_file(tmp_path: Path) -> None:
    for name, source in {
        "update/body.txt": "{{ nothing }}",
        "held/subject.txt": "\n",
        "updte/body.txt": "never used",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    found = [str(fault).removeprefix(f"{tmp_path}/") for fault in check_templates(tmp_path)]
    assert len(found) == 3
    assert any(fault.startswith("update/body.txt:1: 'nothing' is undefined") for fault in found)
    assert any("held/subject.txt: gives an empty subject" in fault for fault in found)
    assert any(fault.startswith("updte/body.txt: is no template") for fault in found)
    assert "is not a directory" in str(check_templates(tmp_path / "none")[0])


def test_the_same_arguments_give_the_same_words() -> None:
    for kind, values in SAMPLES.values():
        for setting in settings(kind):
            again = Speaker().render(kind, values, setting)
            assert Speaker().render(kind, values, setting) == again


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(MailKind), st.dictionaries(st.sampled_from([*TICKET, "lines"]), JUNK))
def test_the_built_in_words_need_no_template_and_fail_for_no_value(
    kind: MailKind, values: dict[str, object]
) -> None:
    spoken = fallback(kind, values, SETTING)
    assert spoken.subject
    assert len(spoken.subject.splitlines()) == 1
    assert spoken.text.startswith(REPLY_MARKER)
    assert "\nTICKET ID: 42\n" in spoken.text


def test_the_built_in_words_say_all_that_matters() -> None:
    notes = ["a note"]
    spoken = fallback(MailKind.SITE_NOTIFICATION, {**TICKET, "notes": notes}, SETTING)
    expected = 'Ticket-ID: #42 Ticket for site "T1-EXAMPLE" "cms" "Transfers to T1-EXAMPLE fail"'
    assert spoken.subject == expected
    assert "  connection refused" in spoken.text
    assert "* a note" in spoken.text
    assert block_of(spoken.text)[0] == "TICKET ID: 42"
    digest = fallback(*SAMPLES["held-digest"], Setting(0, DATE, answerable=False))
    assert "Storage is down" in digest.text


def test_each_command_that_a_held_mail_names_stands_on_a_line_of_its_own() -> None:
    kind, values = SAMPLES["notification-held-alarm"]
    spoken = Speaker().render(kind, values, settings(kind)[0])
    lines = spoken.text.splitlines()
    at = lines.index("ticketgate confirm 42")
    commands = [f"ticketgate {name} 42" for name in ("confirm", "release", "discard")]
    assert lines[at - 1 : at + 4] == ["", *commands, ""]
    for command in ("confirm", "release", "discard"):
        assert f"<br><code>ticketgate {command} 42</code>" in spoken.html


def test_our_templates_are_of_the_version_that_runs() -> None:
    """An upgrade changes the files beside a running daemon: none of them is read any more."""
    code = """
import sys
from templates.render import BUILT_IN, Speaker
from templates.samples import SAMPLES, settings
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
for kind, values in SAMPLES.values():
    assert Speaker().render(kind, values, settings(kind)[0]).text
print([path for path in opened if path.startswith(str(BUILT_IN))])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "[]\n", done.stderr or done.stdout[:300]
