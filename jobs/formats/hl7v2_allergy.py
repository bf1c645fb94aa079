"""Allergies of HL7 v2 messages: one row per AL1 or IAM."""

from __future__ import annotations

from typing import NamedTuple

from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fields import Fields, each_of
from jobs.formats.hl7v2_message import Message
from jobs.formats.hl7v2_subject import Subject
from jobs.formats.hl7v2_types import NO_ENTITY, EntityId

NO_ALLERGEN = "no_allergen"
FAULTS = {NO_ALLERGEN: "an allergy that names nothing (AL1-3, IAM-3)"}


class Allergy(NamedTuple):
    """One AL1 (HL7 v2.5 section 3.4.6) or IAM (3.4.7).

    AL1 is a snapshot: what a later message leaves out is no longer said. IAM adds, changes and deletes one at a time
    (`action`, table 0323) by its `identifier`. `kind` is table 0127: DA drug, FA food, EA environment, ...
    """

    segment: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    set_id: str | None
    kind: Coded
    allergen: Coded
    severity: Coded
    reactions: tuple[str, ...]
    identified_on: str | None
    action: str | None
    identifier: EntityId
    clinical_status: str | None
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


def allergies(message: Message) -> list[Allergy]:
    """The allergies of a message."""
    return [_allergy(*one) for one in each_of(message, "AL1", "IAM")]


def _allergy(index: int, subject: Subject, fields: Fields) -> Allergy:
    single = fields.segment[0] == "IAM"
    allergen = fields.coded(3, "allergen")
    return Allergy(
        index,
        *subject,
        set_id=fields.text(1, "set_id"),
        kind=fields.coded(2, "kind"),
        allergen=allergen,
        severity=fields.coded(4, "severity"),
        reactions=fields.texts(5, "reactions"),
        identified_on=fields.time(11 if single else 6, "identified_on"),
        action=fields.text(6, "action") if single else None,
        identifier=fields.entity(7, "identifier") if single else NO_ENTITY,
        clinical_status=fields.text(17, "clinical_status") if single else None,
        nulls=fields.nulls,
        faults=fields.faults + (() if any(allergen) else (NO_ALLERGEN,)),
    )
