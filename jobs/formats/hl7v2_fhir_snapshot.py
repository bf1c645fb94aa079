"""Complete lists of HL7 v2 ADT messages: the DG1 and PR1 of a visit, the AL1 of a patient, where a feed sends them so.

HL7 v2.5.1 section 2.10.4 has two ways to update segments that repeat: a set replaces the one before ("snapshot"), or
each says by an action code what becomes of it. Which of them holds is agreed between the parties, and no message says
it: so a feed's option `snapshots` names the segments of which it sends complete lists (the reasons stand in
docs/decisions/hl7v2-snapshots.md).
"""

from __future__ import annotations

from jobs.formats.hl7v2_allergy import allergies
from jobs.formats.hl7v2_diagnosis import diagnoses
from jobs.formats.hl7v2_dialect import NULL
from jobs.formats.hl7v2_fhir_clinical import allergy_name, condition_name
from jobs.formats.hl7v2_fhir_procedure import procedure_name
from jobs.formats.hl7v2_fhir_story import Lists, Story, shortened
from jobs.formats.hl7v2_procedure import procedures
from jobs.formats.translation import ident

# HL7 table 0206: who says what becomes of one segment does not send them all. S, which says that he does, is no action.
_ACTIONS = frozenset("ADUX")
# One segment: whose it is, the name of what it tells, whether it says that there are none, its action code.
_Entry = tuple[str | None, str | None, bool, str | None]


def lists_of(story: Story) -> Lists:
    """What a message lists completely: who lists it and what, by the segment and the id of its visit or patient.

    A message without such segments says nothing of them. One that cannot be named, or that says what becomes of it,
    makes the message no complete list; one of nothing but `""` says that there are none (section 2.10.4.1).
    """
    wanted = story.feed.options.get("snapshots")
    if not isinstance(wanted, list) or not story.kind.startswith("ADT"):
        return {}
    head = story.message.segments[0]
    # The one who lists is the application and the facility that sends (MSH-3, MSH-4).
    sender = ident(story.message.value(head, 3, 1), story.message.value(head, 4, 1))
    found: Lists = {}
    # It is the visit that has the list, so there must be one that is told (PV1).
    visits = {story.whose[index].encounter for index, name in enumerate(story.names) if name == "PV1"}
    for kind in ("DG1", "PR1", "AL1"):
        if kind in wanted and kind in story.names:
            entries = [one for one in _entries(story, kind) if kind == "AL1" or one[0] in visits]
            found |= _complete(kind, entries, sender)
    return found


def _complete(kind: str, entries: list[_Entry], sender: str) -> Lists:
    if any((action or "").upper() in _ACTIONS for _, _, _, action in entries):
        return {}
    listed: Lists = {}
    spoilt = {owner for owner, name, is_none, _ in entries if name is None and not is_none}
    for owner, name, _, _ in entries:
        if owner is not None and owner not in spoilt:
            names = listed.setdefault((kind, owner), [sender])
            if name is not None:
                names.append(_unique(name, names))
    return listed


def _unique(name: str, known: list[str]) -> str:
    """As Story.unique names what a message tells twice."""
    found, count = name, 1
    while found in known[1:]:
        count += 1
        found = shortened(f"{name}-{count}")
    return found


def _entries(story: Story, kind: str) -> list[_Entry]:
    message, whose = story.message, story.whose

    def is_none(segment: int) -> bool:
        return message.field(message.segments[segment], 3) == NULL

    if kind == "DG1":
        entries: list[_Entry] = []
        for row in diagnoses(message):
            name, before = condition_name(row, whose[row.segment]), [one[1] for one in entries]
            # One diagnosis sent as admitting and as final is one.
            if name is None or name not in before:
                entries.append((whose[row.segment].encounter, name, is_none(row.segment), row.action))
        return entries
    if kind == "PR1":
        return [
            (whose[one.segment].encounter, procedure_name(one, whose[one.segment]), is_none(one.segment), one.action)
            for one in procedures(message)
        ]
    # IAM says what becomes of one allergy.
    if "IAM" in story.names:
        return []
    return [
        (whose[one.segment].patient, allergy_name(one, whose[one.segment]), is_none(one.segment), one.action)
        for one in allergies(message)
    ]
