"""What the alarm's documents say over its whole life: in order, of one alarm, by whom."""

import json
from email import message_from_bytes, policy

from acting import PROVEN, Acting
from stage import Said

from router.decision import Command


def document(page: Said) -> dict[str, object]:
    mail = message_from_bytes(page.mail, policy=policy.default)
    part = next(one for one in mail.walk() if one.get_filename() == "alarm.json")
    return dict(json.loads(part.get_content()))


def test_the_number_rises_with_every_document_of_an_alarm(acting: Acting) -> None:
    seqs: dict[str, list[object]] = {}
    ids: list[object] = []

    def look() -> None:
        for page in acting.pages():
            found = document(page)
            seqs.setdefault(page.recipient, []).append(found["seq"])
            ids.extend((found["nonce"], found["event_id"]))

    by, ref = "anna@cern.example", "In-Reply-To: {{message_id anna@cern.example}}\n"
    support, alarm = "support@helpdesk.example", "alarm@fzk.example"
    acting.alarm()
    look()
    acting.answer(alarm, "Event: unreachable")
    look()
    acting.bounce("duty@fzk.example")
    look()
    acting.answer(alarm, "Event: ack")
    look()
    for text in ("Status: solved\n\nWell.", "Status: reopened\n\nDead.", "Status: unsolved\n\nNo."):
        acting.mail(support, by, text, more=ref, proofs=PROVEN)
        look()
    assert len(seqs[alarm]) == 7
    for found in seqs.values():
        assert found == sorted(set(found)), seqs  # type: ignore[type-var]
    assert len(set(ids)) == len(ids)


def test_the_alarm_mail_says_who_confirmed_it_to_the_end(acting: Acting) -> None:
    acting.mail("alarm@helpdesk.example", "anna@cern.example", "Site: FZK-LCG2\nVO: atlas\n\nDead.")
    acting.said()
    acting.stage.desk.do(Command("confirm", 100001, "Tim <tim@desk.example>"))
    (page,) = acting.pages()
    assert document(page)["alarmer"] == "Tim <tim@desk.example>"
    assert b"confirmed by Tim <tim@desk.example>; anna@cern.example" in words(page)
    acting.bounce("alarm@fzk.example")
    for again in acting.pages():
        assert b"confirmed by Tim" in words(again)
        assert b"Dead." in words(again)


def test_a_team_ticket_made_an_alarm_names_who_made_it_one_and_what_he_wrote(
    acting: Acting,
) -> None:
    team = "Site: FZK-LCG2\nVO: atlas\n\nSlow."
    acting.mail("team@helpdesk.example", "tom@cern.example", team, proofs=PROVEN)
    acting.said()
    ref = "In-Reply-To: {{message_id tom@cern.example}}\n"
    text = "Convert: alarm\nAlarm: helpdesk.example\n\nNow it is dead."
    acting.mail("support@helpdesk.example", "anna@cern.example", text, more=ref, proofs=PROVEN)
    (page,) = acting.pages()
    assert b"raised by anna@cern.example" in words(page)
    acting.bounce("alarm@fzk.example")
    for again in acting.pages():
        assert b"raised by anna@cern.example" in words(again)
        assert b"Now it is dead." in words(again)


def words(page: Said) -> bytes:
    """Return the text for people, in one line."""
    mail = message_from_bytes(page.mail, policy=policy.default)
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split()).encode()
