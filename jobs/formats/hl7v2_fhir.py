"""HL7 v2 messages as FHIR R4 resources, for silver (after the HL7 v2-to-FHIR guide as far as silver reads it).

Ids stand on identifiers with their assigning authority, so every message of a feed that speaks of a patient, visit,
order or result names the same resource; the newest message wins. A message speaks in passing of what is not its
subject (the visit of a result, the order of a dispense): that has no `last_updated`, so it holds only until somebody
says it properly. Types that are not in `hl7v2_extract.MAPPED` say nothing here.
"""

from __future__ import annotations

from typing import Any

from jobs.formats import (
    hl7v2_extract,
    hl7v2_fhir_clinical,
    hl7v2_fhir_drug,
    hl7v2_fhir_encounter,
    hl7v2_fhir_note,
    hl7v2_fhir_patient,
    hl7v2_fhir_result,
)
from jobs.formats.hl7v2_fhir_story import Story
from jobs.formats.hl7v2_message import MessageError, parse
from jobs.formats.translation import Resource, Said, Source

_RESULTS = ("ORU", "OUL")


def translate(record: Said, feed: Source) -> list[Resource]:
    """The resources that a message tells; none when it is no message, or of a type that is not mapped.

    `feed.options["assigning_authority"]` is whose the patient numbers are that come without their authority.
    """
    try:
        message = parse(record.payload)
    except MessageError:
        return []
    kind = message.kind or ""
    things = hl7v2_extract.MAPPED.get(kind)
    if things is None:
        return []
    story = Story(message, feed)
    present = set(story.names)
    hl7v2_fhir_patient.tell_patients(story)
    if "merge" in things:
        hl7v2_fhir_patient.tell_merges(story)
        hl7v2_fhir_encounter.tell_changed_visits(story)
    diagnoses: dict[str, list[dict[str, Any]]] = {}
    if "DG1" in present and "diagnosis" in things:
        diagnoses = hl7v2_fhir_clinical.tell_conditions(story)
    if "PV1" in present and "encounter" in things:
        hl7v2_fhir_encounter.tell_encounters(story, diagnoses)
    if "allergy" in things and not present.isdisjoint(("AL1", "IAM")):
        hl7v2_fhir_clinical.tell_allergies(story)
    if "IN1" in present and "insurance" in things:
        hl7v2_fhir_clinical.tell_coverages(story)
    if "lab_result" in things and not present.isdisjoint(("OBX", "OBR")):
        hl7v2_fhir_result.tell_results(story, reported=kind.startswith(_RESULTS))
    if "medication" in things:
        hl7v2_fhir_drug.tell_medications(story)
    if "immunization" in things:
        hl7v2_fhir_drug.tell_immunizations(story)
    if "note" in things:
        hl7v2_fhir_note.tell_documents(story)
    return list(story.told.values())
