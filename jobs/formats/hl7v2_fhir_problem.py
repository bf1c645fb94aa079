"""Problems of HL7 v2 messages (PPR^PC1, PC2, PC3) as FHIR R4 Conditions of the problem list.

After the mapping of FHIR Condition to the PPR message (PRB-3 code, PRB-13 and PRB-14 status, PRB-16 onset, PRB-26
severity), with what it leaves out: PRB-4 identifier, PRB-9 abatement, PRB-17 onset in words.
"""

from __future__ import annotations

from typing import Any

from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fhir_clinical import CLINICAL, VERIFICATION, what_tells_apart
from jobs.formats.hl7v2_fhir_codes import THO, assigner_system, coded, concept
from jobs.formats.hl7v2_fhir_story import Story, Whose, owned
from jobs.formats.hl7v2_problem import Problem, problems
from jobs.formats.translation import DELETE, without_nothing

DELETES = "DE"
# Sites fill these tables (confirmation and life cycle are user-defined), mostly with the words of FHIR, their first
# letters, or SNOMED CT: 55561003 active, 73425007 inactive, 413322009 resolved.
_LIFE = {"active": "active", "a": "active", "55561003": "active", "inactive": "inactive", "i": "inactive",
         "73425007": "inactive", "resolved": "resolved", "r": "resolved", "413322009": "resolved",
         "recurrence": "recurrence", "relapse": "relapse", "remission": "remission"}  # fmt: skip
_SURE = {"confirmed": "confirmed", "c": "confirmed", "provisional": "provisional", "p": "provisional",
         "differential": "differential", "d": "differential", "unconfirmed": "unconfirmed", "u": "unconfirmed",
         "refuted": "refuted"}  # fmt: skip


def tell_problems(story: Story) -> None:
    """The Condition of each PRB; one that is deleted (PRB-1) is taken back."""
    for row in problems(story.message):
        whose = story.whose[row.segment]
        name = _name(row, whose)
        if name is None:
            continue
        if (row.action or "").upper() == DELETES:
            story.tell("Condition", name, {}, method=DELETE)
        else:
            story.tell("Condition", name, without_nothing(_condition(story, row, whose)))


def _name(row: Problem, whose: Whose) -> str | None:
    if row.identifier.value:
        return owned(whose.patient, "PRB", row.identifier.assigner, row.identifier.value)
    what = what_tells_apart(row.code)
    return owned(whose.patient, "PRB", *what) if whose.patient and any(what) else None


def _condition(story: Story, row: Problem, whose: Whose) -> dict[str, Any]:
    own = {"system": assigner_system(row.identifier.assigner), "value": row.identifier.value}
    onset = _time(story, row, row.onset_at, 16)
    life = _known(_LIFE, row.life_cycle) or ("resolved" if row.resolved_at else "active")
    return {
        "identifier": [own] if row.identifier.value else [],
        "clinicalStatus": coded(CLINICAL, life),
        "verificationStatus": coded(VERIFICATION, _known(_SURE, row.confirmation)),
        "category": [coded(f"{THO}condition-category", "problem-list-item")],
        "severity": concept(row.severity),
        "code": concept(row.code),
        "subject": whose.patient_ref,
        "encounter": whose.encounter_ref,
        "onsetDateTime": onset,
        "onsetString": None if onset else row.onset_text,
        "abatementDateTime": _time(story, row, row.resolved_at, 9),
        # A problem may be told of long after it was put on the list.
        "recordedDate": story.time(row.established_at) or story.time(row.acted_at) or story.said_at,
        "note": [{"text": row.comment}] if row.comment else [],
    }


def _time(story: Story, row: Problem, known: str | None, number: int) -> str | None:
    """A time, or what was sent for one, of which silver names the fault."""
    return story.time(known) or story.raw_time(story.message.field(story.message.segments[row.segment], number))


def _known(table: dict[str, str], said: Coded) -> str | None:
    words = (said.code, said.text, said.alternate_code, said.alternate_text)
    return next((table[word.lower()] for word in words if word and word.lower() in table), None)
