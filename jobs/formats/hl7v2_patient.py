"""Patients of HL7 v2 messages: one row per PID, with all that PID and PD1 say of the person."""

from __future__ import annotations

from typing import NamedTuple

from jobs.formats import hl7v2_types, hl7v2_values
from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fields import Fields
from jobs.formats.hl7v2_message import Message, below
from jobs.formats.hl7v2_subject import walk
from jobs.formats.hl7v2_types import Address, Identifier, Name, Organization, Party, Phone


class Patient(NamedTuple):
    """One PID (HL7 v2.5 section 3.4.2), with the PD1 after it (3.4.10).

    `identifiers`: PID-3, then PID-2, PID-4, PID-18 (AN), PID-19 (SS), PID-20 (DL), each with its assigner, type and
    field. `birth` is a date or time as FHIR writes it, no more exact than it was sent. `is_deceased` is PID-30.
    """

    segment: int
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    identifiers: tuple[Identifier, ...]
    names: tuple[Name, ...]
    mothers_maiden_name: Name | None
    birth: str | None
    sex: str | None
    aliases: tuple[Name, ...]
    races: tuple[Coded, ...]
    ethnicities: tuple[Coded, ...]
    addresses: tuple[Address, ...]
    county: str | None
    phones: tuple[Phone, ...]
    language: Coded
    marital_status: Coded
    religion: Coded
    birth_place: str | None
    is_multiple_birth: bool | None
    birth_order: str | None
    citizenships: tuple[Coded, ...]
    died_at: str | None
    is_deceased: bool | None
    is_identity_unknown: bool | None
    updated_at: str | None
    primary_facility: Organization
    primary_care_provider: Party
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


# Table 0136, and the digits some send for it.
_YES_NO = {"Y": True, "1": True, "N": False, "0": False}


def patients(message: Message) -> list[Patient]:
    """The patients a message speaks of, in its order."""
    found = []
    segments = message.segments
    for index, segment, subject in walk(message):
        if segment[0] != "PID":
            continue
        # PD1 belongs to the PID before it; a second patient has his own.
        extra = next((one for one in below(segments, index, ("PID",)) if one[0] == "PD1"), ["PD1"])
        found.append(_patient(index, Fields(message, segment), Fields(message, extra), subject[1:4]))
    return found


def _patient(index: int, pid: Fields, pd1: Fields, primary: tuple[str | None, str | None, str | None]) -> Patient:
    names = _names(pid, 5, "names")
    mothers = _names(pid, 6, "mothers_maiden_name")
    return Patient(
        index,
        *primary,
        identifiers=_identifiers(pid),
        names=names,
        mothers_maiden_name=mothers[0] if mothers else None,
        birth=pid.time(7, "birth"),
        sex=pid.text(8, "sex"),
        aliases=_names(pid, 9, "aliases"),
        races=pid.all_coded(10, "races"),
        ethnicities=pid.all_coded(22, "ethnicities"),
        addresses=tuple(hl7v2_types.many(pid.message.dialect, pid.raw(11, "addresses"), hl7v2_types.address)),
        county=pid.text(12, "county"),
        phones=_phones(pid),
        language=pid.coded(15, "language"),
        marital_status=pid.coded(16, "marital_status"),
        religion=pid.coded(17, "religion"),
        birth_place=pid.text(23, "birth_place"),
        is_multiple_birth=_yes(pid, 24, "is_multiple_birth"),
        birth_order=pid.text(25, "birth_order"),
        citizenships=pid.all_coded(26, "citizenships"),
        died_at=pid.time(29, "died_at"),
        is_deceased=_yes(pid, 30, "is_deceased"),
        is_identity_unknown=_yes(pid, 31, "is_identity_unknown"),
        updated_at=pid.time(33, "updated_at"),
        primary_facility=pd1.organization(3, "primary_facility"),
        primary_care_provider=pd1.party(4, "primary_care_provider"),
        nulls=pid.nulls + pd1.nulls,
        faults=pid.faults + pd1.faults,
    )


def _identifiers(pid: Fields) -> tuple[Identifier, ...]:
    fields = ((3, None), (2, None), (4, None), (18, "AN"), (19, "SS"))
    found = tuple(one for number, kind in fields for one in pid.identifiers(number, "identifiers", kind))
    return found + _licence(pid)


def _licence(pid: Fields) -> tuple[Identifier, ...]:
    # A DLN (PID-20) is number, state, expiration: no CX, though it looks like one.
    number, state, ends = hl7v2_types.padded(pid.message.dialect, pid.raw(20, "identifiers"), 3)[:3]
    if not number:
        return ()
    ends_on = hl7v2_values.iso(ends) if ends else None
    return (Identifier(number, state, None, "DL", None, None, None, ends_on, "PID-20"),)


def _names(pid: Fields, number: int, column: str) -> tuple[Name, ...]:
    return tuple(hl7v2_types.many(pid.message.dialect, pid.raw(number, column), hl7v2_types.name))


def _phones(pid: Fields) -> tuple[Phone, ...]:
    dialect = pid.message.dialect
    # PID-40 replaces 13 and 14 since 2.7.
    raws = [(f"PID-{n}", raw) for n in (13, 14, 40) for raw in dialect.repetitions(pid.raw(n, "phones"))]
    found = (hl7v2_types.phone(dialect, raw, source) for source, raw in raws)
    return tuple(one for one in found if one)


def _yes(pid: Fields, number: int, column: str) -> bool | None:
    return _YES_NO.get((pid.text(number, column) or "").upper())
