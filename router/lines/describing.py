"""The lines that say what a ticket is about: priority, category, type of issue, VO, affected site.

Sources: EGI-STAFF, EGI-PRIORITY (docs/sources.md).
"""

from dataclasses import replace

from parsers.block import Field
from parsers.text import folded
from router.acting import SHARED
from router.fields import MAX_FIELD_CHARS
from router.lines.assigning import MAX_NAMES
from router.steering import Steering
from router.words import CATEGORIES, Priority

_YES_OR_NO = ("yes", "no")


def priority(steering: Steering, line: Field) -> Steering:
    """Raise or lower the priority; both need a reason in words."""
    old, words = steering.ticket, list(Priority)
    new = next((one for one in words if one.value == folded(line.value)), None)
    if new is None:
        return steering.refused(line.line, f"allowed are: {', '.join(words)}.")
    if new is not old.priority and not steering.text:
        raises = words.index(new) > words.index(old.priority)
        verb = "raised" if raises else "lowered"
        return steering.refused(line.line, f"please write below it why it has to be {verb}.")
    ticket = replace(old, priority=new)
    return steering.changed("priority", ticket, str(old.priority), str(new))


def category(steering: Steering, line: Field) -> Steering:
    """Put the ticket into another category."""
    old = steering.ticket
    new = next((one for one in CATEGORIES if one.lower() == folded(line.value)), None)
    if new is None:
        return steering.refused(line.line, f"allowed are: {', '.join(CATEGORIES)}.")
    return steering.changed("category", replace(old, category=new), old.category, new)


def type_of_issue(steering: Steering, line: Field) -> Steering:
    """Say of what type the issue is, in the helpdesk's words or others."""
    old, new = steering.ticket, " ".join(line.value.split())
    limit = MAX_FIELD_CHARS["type_of_issue"]
    if not new or len(new) > limit:
        return steering.refused(line.line, f"it takes 1 to {limit} characters.")
    ticket = replace(old, type_of_issue=new)
    return steering.changed("type of issue", ticket, old.type_of_issue, new)


def vo(steering: Steering, line: Field) -> Steering:
    """Say which VO it concerns; the VO of a shared ticket is that of its team and stays."""
    old, registry = steering.ticket, steering.facts.registry
    if old.kind in SHARED:
        return steering.refused(line.line, f"{old.kind} tickets keep their VO.")
    new = "" if folded(line.value) == "none" else registry.find_vo(line.value)
    if not new and folded(line.value) != "none":
        return steering.refused(line.line, f"allowed are: {', '.join((*registry.vos, 'none'))}.")
    steering = steering.changed("VO", replace(old, vo=new), old.vo, new)
    if new or not old.vo_specific:
        return steering
    ticket = replace(steering.ticket, vo_specific=False)
    return steering.changed("VO specific", ticket, "yes", "no")


def vo_specific(steering: Steering, line: Field) -> Steering:
    """Say whether it is a matter of its VO alone."""
    old, word = steering.ticket, folded(line.value)
    if word not in _YES_OR_NO:
        return steering.refused(line.line, f"allowed are: {', '.join(_YES_OR_NO)}.")
    if word == "yes" and not old.vo:
        return steering.refused(
            line.line, 'it has no VO; a line "VO: NAME" can come with this one.'
        )
    ticket = replace(old, vo_specific=word == "yes")
    before = "yes" if old.vo_specific else "no"
    return steering.changed("VO specific", ticket, before, word)


def affected_site(steering: Steering, line: Field) -> Steering:
    """Say where it shows; that routes nothing."""
    old, registry = steering.ticket, steering.facts.registry
    sites = registry.find_sites(line.value)
    if len(sites) != 1 and folded(line.value) != "none":
        near = ", ".join(one.name for one in (sites or registry.sites)[:MAX_NAMES])
        return steering.refused(line.line, f"allowed are the name of one site, or none: {near}.")
    new = sites[0].name if sites else ""
    ticket = replace(old, affected_site=new)
    return steering.changed("affected site", ticket, old.affected_site, new)
