"""Which rows a message of which type gives. What is not here stays in bronze with the fate "not mapped"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jobs.formats import (
    hl7v2_allergy,
    hl7v2_charge,
    hl7v2_diagnosis,
    hl7v2_encounter,
    hl7v2_immunization,
    hl7v2_insurance,
    hl7v2_lab_result,
    hl7v2_medication,
    hl7v2_merge,
    hl7v2_note,
    hl7v2_order,
    hl7v2_patient,
    hl7v2_problem,
    hl7v2_procedure,
)
from jobs.formats.hl7v2_message import Message

Rows = Callable[[Message], Sequence[tuple[Any, ...]]]
THINGS: dict[str, Rows] = {
    "patient": hl7v2_patient.patients,
    "merge": hl7v2_merge.merges,
    "encounter": hl7v2_encounter.encounters,
    "diagnosis": hl7v2_diagnosis.diagnoses,
    "procedure": hl7v2_procedure.procedures,
    "problem": hl7v2_problem.problems,
    "allergy": hl7v2_allergy.allergies,
    "insurance": hl7v2_insurance.insurances,
    "lab_result": hl7v2_lab_result.lab_results,
    "order": hl7v2_order.orders,
    "immunization": hl7v2_immunization.immunizations,
    "note": hl7v2_note.notes,
    "medication": hl7v2_medication.medications,
    "charge": hl7v2_charge.charges,
}
# Row faults by thing; beside these every thing has `malformed_<column>` (hl7v2_fields).
FAULTS = {
    "merge": hl7v2_merge.FAULTS,
    "diagnosis": hl7v2_diagnosis.FAULTS,
    "procedure": hl7v2_procedure.FAULTS,
    "problem": hl7v2_problem.FAULTS,
    "allergy": hl7v2_allergy.FAULTS,
    "lab_result": hl7v2_lab_result.FAULTS,
    "order": hl7v2_order.FAULTS,
    "immunization": hl7v2_immunization.FAULTS,
    "note": hl7v2_note.FAULTS,
    "medication": hl7v2_medication.FAULTS,
    "charge": hl7v2_charge.FAULTS,
}
_PERSON = ("patient", "encounter", "insurance")
_VISIT = (*_PERSON, "diagnosis", "allergy", "lab_result")
_ADT = (
    *(f"A{number:02}" for number in range(1, 18)), "A21", "A22", "A25", "A26", "A27", "A28", "A31", "A32", "A33",
    "A38", "A52", "A53", "A54", "A55", "A60",
)  # fmt: skip
_RESULTS = ("ORU^R01", "ORU^R30", "ORU^R31", "ORU^R32", "ORU^R40", "OUL^R21", "OUL^R22", "OUL^R23", "OUL^R24")
MAPPED: dict[str, tuple[str, ...]] = {
    **{f"ADT^{event}": (*_VISIT, "procedure") for event in _ADT},
    **{f"ADT^{event}": ("patient", "merge") for event in hl7v2_merge.EVENTS},
    **dict.fromkeys((*_RESULTS, "ORU"), ("patient", "encounter", "lab_result")),
    **dict.fromkeys(("ORM^O01", "ORM", "OML^O21", "OML^O33", "OML^O35", "OML^O39", "OMG^O19",
                     "OMI^O23"),
                    (*_VISIT, "order", "medication")),
    # What a registry answers to a query has the same segments (CDC guide 2.5.1 release 1.5, RSP_K11; VXR before it).
    **dict.fromkeys(("VXU^V04", "VXU", "RSP^K11", "RSP^K22", "VXR^V03"),
                    ("patient", "encounter", "insurance", "immunization", "lab_result")),
    **dict.fromkeys(("PPR^PC1", "PPR^PC2", "PPR^PC3"), ("patient", "encounter", "problem")),
    **{f"MDM^{event}": ("patient", "encounter", "note") for event in hl7v2_note.EVENTS},
    **dict.fromkeys(("RDE^O01", "RDE^O11", "RDE^O25", "RAS^O01", "RAS^O17", "RDS^O01", "RDS^O13", "OMP^O09"),
                    ("patient", "encounter", "allergy", "order", "medication")),
    # Accounts: what is coded of a visit when it is billed (HL7 v2.5 sections 6.4.1, 6.4.5 and 6.4.9).
    **dict.fromkeys(("BAR^P01", "BAR^P05", "BAR^P12"), (*_PERSON, "diagnosis", "procedure")),
    **dict.fromkeys(("DFT^P03", "DFT^P11"), ("patient", "encounter", "insurance", "diagnosis", "procedure",
                                              "charge")),
}  # fmt: skip


def extract(message: Message) -> dict[str, Sequence[tuple[Any, ...]]]:
    """The rows of a message by thing; nothing of a type that is not mapped."""
    return {thing: THINGS[thing](message) for thing in MAPPED.get(message.kind or "", ())}
