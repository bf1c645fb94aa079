"""Procedures of HL7 v2 messages (PR1) as FHIR R4: what was done, when, by whom and why.

After the map of PR1 to Procedure of the HL7 v2-to-FHIR guide (STU 1).
"""

from __future__ import annotations

import datetime
from typing import Any

import orjson

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats.hl7v2_charge import Charge, charges
from jobs.formats.hl7v2_dialect import NOTHING_CODED, Coded
from jobs.formats.hl7v2_fhir_charge import CHARGE, CREDIT, MONEY
from jobs.formats.hl7v2_fhir_codes import THO, assigner_system, coded, concept, system
from jobs.formats.hl7v2_fhir_story import Story, Whose, owned, reference
from jobs.formats.hl7v2_procedure import Procedure, procedures
from jobs.formats.hl7v2_types import Party
from jobs.formats.translation import DELETE, without_nothing

DONE, TO_BE_DONE, NOT_DONE = "completed", "preparation", "not-done"
# The visit is still to come (A05, A14), or never came (A11, A27, A38).
_STATES = {"ADT^A05": TO_BE_DONE, "ADT^A14": TO_BE_DONE, "ADT^A11": NOT_DONE, "ADT^A27": NOT_DONE,
           "ADT^A38": NOT_DONE}  # fmt: skip
# The classification of the diagnoses, named of a procedure, means that of the procedures which goes with it.
_OF_PROCEDURES = {**dict.fromkeys(("I10", "I10C", "ICD10", "ICD-10", "ICD10CM", "ICD-10-CM"), "I10P"),
                  **dict.fromkeys(("I9", "I9C", "ICD9", "ICD-9", "ICD9CM", "ICD-9-CM"), "I9CP")}  # fmt: skip
SNOMED, SURGEON, ANAESTHETIST = "http://snomed.info/sct", "304292004", "88189002"
_Codes = tuple[tuple[str | None, str | None], ...]


def tell_procedures(story: Story) -> None:
    """The Procedure of each PR1.

    Under a charge (DFT, FT1) what is charged is the charge's to tell, which knows whether it was taken back; and a
    credit or payment says anew what was done, of which it takes nothing back but money.
    """
    charged = _charged(story) if "FT1" in story.names else {}
    for row in procedures(story.message):
        whose, above = story.whose[row.segment], charged.get(row.segment)
        name = procedure_name(row, whose)
        row = row._replace(code=_in_words_of_procedures(row.code))
        if name is None or (above is not None and _is_told(row.code, above)):
            continue
        if row.action == "D":
            story.tell("Procedure", name, {}, method=DELETE)
        else:
            story.tell("Procedure", story.unique("Procedure", name), without_nothing(_procedure(story, row, whose)))


def _charged(story: Story) -> dict[int, _Codes]:
    """By the segment of each PR1 under an FT1 the codes that FT1 charges; none of an FT1 that is no charge."""
    rows = {row.segment: row for row in charges(story.message)}
    found: dict[int, _Codes] = {}
    above = None
    for index, name in enumerate(story.names):
        if name == "FT1":
            above = rows[index]
        elif name in ("PID", "PV1"):
            above = None
        elif name == "PR1" and above is not None:
            found[index] = _codes_charged(above)
    return found


def _codes_charged(ft1: Charge) -> _Codes:
    kind = (ft1.kind or "").upper()
    is_below_zero = (ft1.amount or 0) < 0 or (ft1.quantity or 0) < 0
    if kind in (CREDIT, *MONEY) or (kind == CHARGE and is_below_zero):
        return ()
    # A posting of no kind states nothing of its own.
    return (_known(ft1.procedure), _known(ft1.code)) if kind == CHARGE else (_known(NOTHING_CODED),)


def _is_told(code: Coded, charged: _Codes) -> bool:
    """Whether an FT1 tells what stands under it itself, or is no charge and tells of nothing."""
    return not charged or (code.code is not None and _known(code) in charged)


def _known(code: Coded) -> tuple[str | None, str | None]:
    return system(code.system), code.code


def _in_words_of_procedures(code: Coded) -> Coded:
    return code._replace(
        system=_OF_PROCEDURES.get((code.system or "").upper(), code.system),
        alternate_system=_OF_PROCEDURES.get((code.alternate_system or "").upper(), code.alternate_system),
    )


def procedure_name(row: Procedure, whose: Whose) -> str | None:
    """The id of the Procedure of a PR1: its own number, else the visit, the code and when it was done."""
    if row.identifier.value:
        return owned(whose.patient, "PR1", row.identifier.assigner, row.identifier.value)
    about, code = whose.encounter or whose.patient, _in_words_of_procedures(row.code)
    what = code.code or code.alternate_code or code.text or row.description
    of = code.system if code.code else code.alternate_system
    return owned(about, "PR1", of, what, row.performed_at) if what and about else None


def _procedure(story: Story, row: Procedure, whose: Whose) -> dict[str, Any]:
    code = row.code
    kind = coded(f"{THO}v2-0230", row.kind.code) if row.kind.code and not row.kind.system else concept(row.kind)
    start = story.time(row.performed_at) or story.raw_time(story.message.field(story.message.segments[row.segment], 5))
    own = {"system": assigner_system(row.identifier.assigner), "value": row.identifier.value}
    parent = owned(whose.patient, "PR1", row.parent.assigner, row.parent.value) if row.parent.value else None
    return {
        "identifier": [own] if row.identifier.value else [],
        "status": _STATES.get(story.kind) or (TO_BE_DONE if _is_to_come(story, start) else DONE),
        "category": kind,
        "code": concept(code._replace(original_text=code.original_text or code.text or row.description)),
        "subject": whose.patient_ref,
        "encounter": whose.encounter_ref,
        **_performed(row, start),
        "performer": _performers(story, row),
        "location": story.refer_place(row.place) if any(row.place) else None,
        "reasonCode": [concept(row.diagnosis)],
        "partOf": [reference("Procedure", parent)] if parent else [],
        "extension": story.listed_by(whose.encounter, "PR1"),
    }


def _is_to_come(story: Story, start: str | None) -> bool:
    """Whether its day is later than the message: a registration (A04) brings the operation that is scheduled."""
    return bool(start and story.said_at and len(start) >= 10 and start[:10] > story.said_at[:10])


def _performed(row: Procedure, start: str | None) -> dict[str, Any]:
    """PR1-5; with the minutes it took (PR1-7) until when."""
    if start and row.minutes and len(start) > 10 and 0 < row.minutes < 100_000:
        try:
            end = datetime.datetime.fromisoformat(start) + datetime.timedelta(minutes=float(row.minutes))
        except (ValueError, OverflowError):
            return {"performedDateTime": start}
        return {"performedPeriod": {"start": start, "end": end.isoformat()}}
    return {"performedDateTime": start}


def _performers(story: Story, row: Procedure) -> list[dict[str, Any]]:
    """The surgeon first, who answers for it; then whoever else is named (PR1-12, ROL, PR1-8)."""
    people: list[tuple[orjson.Fragment | None, Party]] = []
    people += [(coded(SNOMED, SURGEON), one) for one in row.surgeons]
    people += [(None, one) for one in row.practitioners]
    people += [(concept(one.role), one.person) for one in row.roles]
    people += [(coded(SNOMED, ANAESTHETIST), one) for one in row.anaesthetists]
    found = []
    for function, person in people:
        who = story.refer(parties.practitioner(person))
        if who is not None:
            found.append({"function": function, "actor": who})
    return found
