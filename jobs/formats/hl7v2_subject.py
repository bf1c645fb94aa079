"""Whom a segment of an HL7 v2 message is about: the patient of the PID before it, the visit of the PV1 before it.

Every row says it, for one message may speak of several patients.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from jobs.formats import hl7v2_types
from jobs.formats.hl7v2_dialect import Dialect
from jobs.formats.hl7v2_message import Message, Segment
from jobs.formats.hl7v2_types import Identifier

# Which of a patient's identifiers the sender would call the patient's (table 0203): a medical record number,
# the sender's own patient number; else the first that is there.
PREFERRED = ("MR", "PI", "PT")


class Subject(NamedTuple):
    """Patient and visit: the number of the PID among the message's segments, the patient's and the visit's id."""

    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None


NOBODY = Subject(None, None, None, None, None, None)


def walk(message: Message) -> Iterator[tuple[int, Segment, Subject]]:
    """Every segment with its number and whom it is about; MSH is segment 0."""
    subject = NOBODY
    for index, segment in enumerate(message.segments):
        if segment[0] == "PID":
            subject = of_patient(message, index, segment)
        elif segment[0] == "PV1":
            subject = with_visit(message, segment, subject)
        yield index, segment, subject


def of_patient(message: Message, index: int, segment: Segment) -> Subject:
    """The patient of a PID."""
    dialect, listed = message.dialect, message.field(segment, 3)
    mark = dialect.delimiters.repetition
    if listed and (not mark or mark not in listed):
        value, assigner, kind = hl7v2_types.identified(dialect, listed)
        if value:
            return Subject(index, value, assigner, kind, None, None)
    found = primary(dialect, listed, message.field(segment, 2), message.field(segment, 4))
    if found is None:
        return NOBODY._replace(patient_segment=index)
    return Subject(index, found.value, found.assigner, found.type, None, None)


def with_visit(message: Message, segment: Segment, subject: tuple[Any, ...]) -> Subject:
    """The same patient, in the visit of a PV1 (PV1-19)."""
    value, assigner, _ = hl7v2_types.identified(message.dialect, segment[19]) if len(segment) > 19 else _NONE
    return Subject(*subject[:4], *((value, assigner) if value else subject[4:6]))


_NONE = (None, None, None)


def primary(dialect: Dialect, listed: str, external: str, alternate: str) -> Identifier | None:
    """The identifier of PID-3 that means the patient to the sender; of PID-2, then PID-4, when PID-3 has none."""
    found = [one for raw in dialect.repetitions(listed) if (one := hl7v2_types.identifier(dialect, raw, "PID-3"))]
    for kind in PREFERRED:
        for one in found:
            if one.type == kind:
                return one
    if found:
        return found[0]
    for raw, source in ((external, "PID-2"), (alternate, "PID-4")):
        for repetition in dialect.repetitions(raw):
            if made := hl7v2_types.identifier(dialect, repetition, source):
                return made
    return None
