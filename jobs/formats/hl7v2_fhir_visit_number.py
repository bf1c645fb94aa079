"""Numbers of visits that HL7 v2 merges, changes and deletes: in which visit that lies which was told under them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats import hl7v2_merge, hl7v2_subject
from jobs.formats.hl7v2_fhir_encounter import NUMBERED, tell_encounters
from jobs.formats.hl7v2_fhir_story import NOBODY, Story, patient_name, reference, visit_name
from jobs.formats.translation import DELETE, REPLACED_BY, UNSAID

# All that a message may leave unsaid of a visit, but for which number it was given up.
_LEFT_OUT = (
    "status", "start", "end", "class", "location", "provider", "people", "source", "disposition", "priority", "service",
    "type", "reason", "diagnosis",
)  # fmt: skip
_PAD = [""] * 7


def tell_changed_visits(story: Story) -> None:
    """Visits deleted (A23), merged into another (A42), or under another number (A50, A51) or patient (A45) now.

    What was told under a number that was given up goes on to be of that visit: it is not taken back, but says which
    visit it is now, until the number is taken up again. Where an account is a visit (option `account_is_visit`),
    accounts that are merged (A35, A36, A41), moved (A44) or renumbered (A49) are visits that are.
    """
    event = story.kind[4:]
    action, level = hl7v2_merge.EVENTS[event]
    # A36 merges the accounts of the patients, too.
    of_account = level == hl7v2_merge.ACCOUNT or event == "A36"
    if level != hl7v2_merge.VISIT and not (of_account and story.account_is_visit):
        return
    if event in NUMBERED:
        tell_encounters(story, {})
    around = list(_around(story.names)) if "MRG" in story.names else []
    for index, name in enumerate(story.names):
        if name == "PV1" and action == hl7v2_merge.DELETE and (lost := story.whose[index].encounter):
            story.tell("Encounter", lost, {}, method=DELETE)
        elif name == "MRG" and action != hl7v2_merge.DELETE:
            _tell_given_up(story, index, *around[index])


def _around(names: list[str]) -> Iterator[tuple[int, int]]:
    """Of each segment its PID, and the PV1 under the same PID that follows or else precedes it; 0 for none.

    The PV1 of an MRG follows it (ADT_A45 has a pair for each visit); some senders write it before.
    """
    following, ahead = [], 0
    for index in range(len(names) - 1, -1, -1):
        following.append(ahead)
        ahead = index if names[index] == "PV1" else 0 if names[index] == "PID" else ahead
    pid = before = 0
    for index, name in enumerate(names):
        pid, before = (index, 0) if name == "PID" else (pid, index if name == "PV1" else before)
        yield pid, following[-1 - index] or before


def _tell_given_up(story: Story, index: int, pid: int, pv1: int) -> None:
    """The visit that an MRG gives up, and for which; nothing when it is the one that stays, or none stays."""
    stays = story.whose[pv1 or pid] if pv1 or pid else NOBODY
    patient, lost = _lost_visit(story, index, pid, pv1)
    if stays.encounter is None or lost is None or lost == stays.encounter:
        return
    mrg = story.message.segments[index] + _PAD
    numbers = (mrg[5], "VN"), (mrg[6], None), (mrg[3] if story.account_is_visit else "", "AN")
    # Whoever had the visit, it is one with that of the patient who has it now: nobody else's goes on under the number.
    story.tell("Encounter", lost, _named_only(story, stays.patient or patient, numbers, stays.encounter))
    if ("Encounter", stays.encounter) not in story.told:
        # Without a PV1 it is known by its account alone; it may have been given up before.
        account = ((story.accounts.get(stays, ""), "AN"),)
        story.tell("Encounter", stays.encounter, _named_only(story, stays.patient, account, None))


def _named_only(
    story: Story, patient: str | None, numbers: tuple[tuple[str, str | None], ...], replaced_by: str | None
) -> dict[str, Any]:
    """An Encounter of which no more is said than its numbers, and perhaps for which other it was given up."""
    body: dict[str, Any] = {"subject": reference("Patient", patient)} if patient else {}
    if identifiers := parties.identifiers(story.message.dialect, *numbers):
        body["identifier"] = identifiers
    body["extension"] = [{"url": UNSAID, "valueString": " ".join(_LEFT_OUT)}]
    if replaced_by:
        body["extension"].append({"url": REPLACED_BY, "valueReference": reference("Encounter", replaced_by)})
    return body


def _lost_visit(story: Story, index: int, pid: int, pv1: int) -> tuple[str | None, str | None]:
    """Whose visit an MRG gives up, and which, named as its own PV1 would name it."""
    message, segments = story.message, story.message.segments
    mrg = segments[index] + _PAD
    # MRG-1 may leave out who assigned the patient's number; MRG-5 is the visit number that was, MRG-6 the alternate
    # visit id, which is what A51 changes.
    found = hl7v2_subject.primary(message.dialect, mrg[1], mrg[4], mrg[2])
    patient = story.whose[index].patient
    if found:
        same = hl7v2_subject.of_patient(message, pid, segments[pid]).patient_assigner if pid else None
        patient = patient_name(story, found.value, found.assigner or same)
    first, second = (mrg[6], mrg[5]) if story.kind == "ADT^A51" else (mrg[5], mrg[6])
    numbers = (first, second, mrg[3] if story.account_is_visit else "")
    return patient, visit_name(story, numbers, patient, message.field(segments[pv1], 44) if pv1 else "")
