"""Insurance of HL7 v2 messages: one row per IN1, with the IN2 after it."""

from __future__ import annotations

from typing import NamedTuple

from jobs.formats import hl7v2_types
from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fields import Fields
from jobs.formats.hl7v2_message import Message
from jobs.formats.hl7v2_subject import Subject, walk
from jobs.formats.hl7v2_types import Address, Identifier, Name, Organization


class Insurance(NamedTuple):
    """One IN1 (HL7 v2.5 section 6.5.6) and its IN2 (6.5.7).

    `member_ids` are IN1-49 and IN2-61; `relationship` is table 0063.
    """

    segment: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    set_id: str | None
    plan: Coded
    company_ids: tuple[Identifier, ...]
    company: Organization
    group_number: str | None
    group: Organization
    starts_on: str | None
    ends_on: str | None
    plan_type: str | None
    insured_name: Name | None
    relationship: Coded
    insured_birth: str | None
    insured_sex: str | None
    insured_address: Address | None
    priority: str | None
    policy_number: str | None
    member_ids: tuple[Identifier, ...]
    medicare_number: str | None
    medicaid_number: str | None
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


def insurances(message: Message) -> list[Insurance]:
    """The insurances of a message."""
    found = []
    segments = message.segments
    for index, segment, subject in walk(message):
        if segment[0] == "IN1":
            follows = segments[index + 1] if index + 1 < len(segments) else []
            in2 = follows if follows and follows[0] == "IN2" else ["IN2"]
            found.append(_insurance(index, subject, Fields(message, segment), Fields(message, in2)))
    return found


def _insurance(index: int, subject: Subject, in1: Fields, in2: Fields) -> Insurance:
    dialect = in1.message.dialect
    names = hl7v2_types.many(dialect, in1.raw(16, "insured_name"), hl7v2_types.name)
    addresses = hl7v2_types.many(dialect, in1.raw(19, "insured_address"), hl7v2_types.address)
    return Insurance(
        index,
        *subject,
        set_id=in1.text(1, "set_id"),
        plan=in1.coded(2, "plan"),
        company_ids=in1.identifiers(3, "company_ids"),
        company=in1.organization(4, "company"),
        group_number=in1.text(8, "group_number"),
        group=in1.organization(9, "group"),
        starts_on=in1.time(12, "starts_on"),
        ends_on=in1.time(13, "ends_on"),
        plan_type=in1.text(15, "plan_type"),
        insured_name=names[0] if names else None,
        relationship=in1.coded(17, "relationship"),
        insured_birth=in1.time(18, "insured_birth"),
        insured_sex=in1.text(43, "insured_sex"),
        insured_address=addresses[0] if addresses else None,
        priority=in1.text(22, "priority"),
        policy_number=in1.text(36, "policy_number"),
        member_ids=in1.identifiers(49, "member_ids") + in2.identifiers(61, "member_ids"),
        medicare_number=in2.text(6, "medicare_number"),
        medicaid_number=in2.text(8, "medicaid_number"),
        nulls=in1.nulls + in2.nulls,
        faults=in1.faults + in2.faults,
    )
