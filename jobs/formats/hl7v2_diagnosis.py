"""Diagnoses of HL7 v2 messages: one row per DG1."""

from __future__ import annotations

from typing import NamedTuple

from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fields import Fields, each_of
from jobs.formats.hl7v2_message import Message
from jobs.formats.hl7v2_subject import Subject
from jobs.formats.hl7v2_types import EntityId, Party

NO_CODE = "no_diagnosis_code"
FAULTS = {NO_CODE: "a diagnosis without code and without description (DG1-3, DG1-4)"}


class Diagnosis(NamedTuple):
    """One DG1 (HL7 v2.5 section 6.5.2). `kind` is table 0052: A admitting, W working, F final.

    The system of the code is DG1-2 where the code, as before 2.3, has none itself. `action` (DG1-21, table 0206):
    A add, U update, D delete; without one the segments are all that the sender has for the visit.
    """

    segment: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    set_id: str | None
    code: Coded
    description: str | None
    diagnosed_at: str | None
    kind: str | None
    priority: str | None
    clinician: Party
    classification: str | None
    attested_at: str | None
    identifier: EntityId
    action: str | None
    present_on_admission: str | None
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


def diagnoses(message: Message) -> list[Diagnosis]:
    """The diagnoses of a message."""
    return [_diagnosis(*one) for one in each_of(message, "DG1")]


def _diagnosis(index: int, subject: Subject, dg1: Fields) -> Diagnosis:
    code, method = dg1.coded(3, "code"), dg1.text(2, "code")
    if code.code and not code.system and method:
        code = code._replace(system=method)
    description = dg1.whole(4, "description")
    nothing = () if code.code or code.text or code.alternate_code or description else (NO_CODE,)
    return Diagnosis(
        index,
        *subject,
        set_id=dg1.text(1, "set_id"),
        code=code,
        description=description,
        diagnosed_at=dg1.time(5, "diagnosed_at"),
        kind=dg1.text(6, "kind"),
        priority=dg1.text(15, "priority"),
        clinician=dg1.party(16, "clinician"),
        classification=dg1.text(17, "classification"),
        attested_at=dg1.time(19, "attested_at"),
        identifier=dg1.entity(20, "identifier"),
        action=dg1.text(21, "action"),
        present_on_admission=dg1.text(26, "present_on_admission"),
        nulls=dg1.nulls,
        faults=dg1.faults + nothing,
    )
