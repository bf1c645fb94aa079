"""Procedures of HL7 v2 messages: one row per PR1, with the ROL after it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fields import Fields
from jobs.formats.hl7v2_message import Message, below
from jobs.formats.hl7v2_subject import Subject, walk
from jobs.formats.hl7v2_types import EntityId, Party, Place

NO_CODE = "no_procedure_code"
FAULTS = {NO_CODE: "a procedure without code and without description (PR1-3, PR1-4)"}
_ENDS = frozenset(("PR1", "FT1", "DG1", "GT1", "IN1", "PV1", "PID"))


class Role(NamedTuple):
    """Who took part (ROL-4), and as what (ROL-3, table 0443)."""

    role: Coded
    person: Party


class Procedure(NamedTuple):
    """One PR1 (HL7 v2.5 section 6.5.4).

    The system of the code is PR1-2 where the code, as before 2.3, has none itself. `kind` is table 0230: A
    anaesthesia, D diagnostic, I invasive, P for treatment. `action` (PR1-20, table 0206): A add, U update, D delete.
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
    performed_at: str | None
    minutes: Decimal | None
    kind: Coded
    surgeons: tuple[Party, ...]
    anaesthetists: tuple[Party, ...]
    practitioners: tuple[Party, ...]
    roles: tuple[Role, ...]
    diagnosis: Coded
    modifiers: tuple[Coded, ...]
    identifier: EntityId
    action: str | None
    place: Place
    parent: EntityId
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


def procedures(message: Message) -> list[Procedure]:
    """The procedures of a message."""
    return [_procedure(message, index, subject) for index, segment, subject in walk(message) if segment[0] == "PR1"]


def _procedure(message: Message, index: int, subject: Subject) -> Procedure:
    pr1 = Fields(message, message.segments[index])
    code, method = pr1.coded(3, "code"), pr1.text(2, "code")
    if code.code and not code.system and method:
        code = code._replace(system=method)
    description = pr1.whole(4, "description")
    nothing = () if code.code or code.text or code.alternate_code or description else (NO_CODE,)
    under = [Fields(message, one) for one in below(message.segments, index, _ENDS) if one[0] == "ROL"]
    return Procedure(
        index,
        *subject,
        set_id=pr1.text(1, "set_id"),
        code=code,
        description=description,
        performed_at=pr1.time(5, "performed_at"),
        minutes=pr1.number(7, "minutes"),
        kind=pr1.coded(6, "kind"),
        surgeons=pr1.parties(11, "surgeons"),
        anaesthetists=pr1.parties(8, "anaesthetists"),
        practitioners=pr1.parties(12, "practitioners"),
        roles=tuple(Role(rol.coded(3, "roles"), rol.party(4, "roles")) for rol in under),
        diagnosis=pr1.coded(15, "diagnosis"),
        modifiers=pr1.all_coded(16, "modifiers"),
        identifier=pr1.entity(19, "identifier"),
        action=pr1.text(20, "action"),
        place=pr1.place(23, "place"),
        parent=pr1.entity(25, "parent"),
        nulls=pr1.nulls,
        faults=pr1.faults + nothing,
    )
