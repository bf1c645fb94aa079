"""HL7 v2 messages as FHIR R4 resources, for silver (after the HL7 v2-to-FHIR guide as far as silver reads it).

Ids stand on identifiers with their assigning authority, so every message of a feed that speaks of a patient, visit,
order or result names the same resource; the newest message wins. A message speaks in passing of what is not its
subject (patient and visit of a result, the order of a dispense): that has no `last_updated`, so it holds only until
somebody says it properly. Types that are not in `hl7v2_extract.MAPPED` say nothing here.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from jobs.formats import hl7v2_extract
from jobs.formats.hl7v2_fhir_charge import tell_charges
from jobs.formats.hl7v2_fhir_clinical import tell_allergies, tell_conditions, tell_coverages
from jobs.formats.hl7v2_fhir_drug import tell_immunizations, tell_medications
from jobs.formats.hl7v2_fhir_encounter import tell_encounters
from jobs.formats.hl7v2_fhir_note import tell_documents
from jobs.formats.hl7v2_fhir_order import tell_orders
from jobs.formats.hl7v2_fhir_patient import tell_merges, tell_patients
from jobs.formats.hl7v2_fhir_problem import tell_problems
from jobs.formats.hl7v2_fhir_procedure import tell_procedures
from jobs.formats.hl7v2_fhir_result import tell_results
from jobs.formats.hl7v2_fhir_snapshot import lists_of
from jobs.formats.hl7v2_fhir_story import Story, Written
from jobs.formats.hl7v2_fhir_visit_number import tell_changed_visits
from jobs.formats.hl7v2_message import MessageError, parse
from jobs.formats.translation import Resource, Said, Source

_RESULTS = ("ORU", "OUL")


def translate(record: Said, feed: Source) -> list[Resource]:
    """The resources that a message tells; none when it is no message, or of a type that is not mapped.

    Options of a feed: `assigning_authority` is whose the patient numbers are that come without their authority;
    `uniform_billing: true` says that PV1-4, PV1-14 and PV1-36 hold the codes of the uniform bill (UB-04);
    `account_is_visit: true` says that each visit has an account of its own, by whose number (PID-18) a visit without
    a number (PV1-19, PV1-50) is known. It must be said: an account may span visits (HL7 v2.5.1 section 3.4.2.18), and
    PV1 is of an account by default (section 3.4.3), so no message tells by itself what its sender does;
    `snapshots: [DG1, PR1, AL1]` names the segments of which its ADT messages have complete lists (hl7v2_fhir_snapshot).
    """
    return [
        Resource(one.resource_type, one.resource_id, one.last_updated, one.method, _body(one.text))
        for one in translate_written(record, feed)
    ]


def translate_written(record: Said, feed: Source) -> list[Written]:
    """The same with each resource written as `translation.write` writes it: for millions of them, twice as fast."""
    try:
        message = parse(record.payload)
    except MessageError:
        return []
    kind = message.kind or ""
    things = hl7v2_extract.MAPPED.get(kind)
    if things is None:
        return []
    story = Story(message, feed, kind)
    if kind.startswith("RSP") and "RXA" not in story.names:
        # Who was asked for and may be one of these is nobody whom the answer tells anything of.
        return []
    story.lists = lists_of(story)
    _tell(story, things, set(story.names))
    return list(story.told.values())


def _body(text: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(text, parse_float=orjson.Fragment, parse_int=orjson.Fragment)
    del body["resourceType"], body["id"]
    return body


def _tell(story: Story, things: tuple[str, ...], present: set[str]) -> None:
    tell_patients(story)
    if "merge" in things:
        tell_merges(story)
        tell_changed_visits(story)
    diagnoses: dict[str, list[dict[str, Any]]] = {}
    if "DG1" in present and "diagnosis" in things:
        diagnoses = tell_conditions(story)
    if "PV1" in present and "encounter" in things:
        tell_encounters(story, diagnoses)
    if "PR1" in present and "procedure" in things:
        tell_procedures(story)
    if "problem" in things:
        tell_problems(story)
    if "allergy" in things and not present.isdisjoint(("AL1", "IAM")):
        tell_allergies(story)
    if "IN1" in present and "insurance" in things:
        tell_coverages(story)
    if "lab_result" in things and not present.isdisjoint(("OBX", "OBR")):
        tell_results(story, reported=story.kind.startswith(_RESULTS))
    if "order" in things:
        tell_orders(story)
    if "medication" in things:
        tell_medications(story)
    if "immunization" in things:
        tell_immunizations(story)
    if "charge" in things:
        tell_charges(story)
    if "note" in things:
        tell_documents(story)
