"""The columns of a result row of HL7 v2: the value and its meaning, then what its order and its specimen say."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class LabResult(NamedTuple):
    """One value of one OBX (HL7 v2.5 section 7.4.2); `repetition` counts the values of OBX-5 from 1.

    `group_segment`: the OBR, RXA, PV1, ... that it stands under. `value_text` is the value as sent, of codes their
    text, of documents (`value_media` says their sort) nothing. `value_number` with `value_comparator`; of an SN with
    a `value_separator` also `value_number_2`. `value_time`, `observed_at`, ... are texts as FHIR writes them.
    `performer` is OBX-23, or OBX-15. `comment`: the NTE after it. Order and specimen: see hl7v2_order_context.
    `nulls`: columns the sender deletes; `faults`: see FAULTS.
    """

    segment: int
    repetition: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    group_segment: int | None
    set_id: str | None
    sub_id: str | None
    code: str | None
    code_text: str | None
    code_system: str | None
    alternate_code: str | None
    alternate_text: str | None
    alternate_system: str | None
    value_type: str | None
    value_text: str | None
    value_number: Decimal | None
    value_comparator: str | None
    value_separator: str | None
    value_number_2: Decimal | None
    value_time: str | None
    value_code: str | None
    value_code_text: str | None
    value_code_system: str | None
    value_alternate_code: str | None
    value_alternate_text: str | None
    value_alternate_system: str | None
    value_media: str | None
    unit: str | None
    unit_text: str | None
    unit_system: str | None
    alternate_unit: str | None
    alternate_unit_text: str | None
    alternate_unit_system: str | None
    reference_range: str | None
    reference_low: Decimal | None
    reference_high: Decimal | None
    abnormal_flags: tuple[str, ...]
    status: str | None
    observed_at: str | None
    analysed_at: str | None
    method: str | None
    method_text: str | None
    performer: str | None
    performer_id: str | None
    performer_assigner: str | None
    instance_id: str | None
    comment: str | None
    # What the order and the specimen say, the same for all results of a group.
    placer_order: str | None
    placer_assigner: str | None
    filler_order: str | None
    filler_assigner: str | None
    order_control: str | None
    order_code: str | None
    order_text: str | None
    order_system: str | None
    order_alternate_code: str | None
    order_alternate_text: str | None
    order_alternate_system: str | None
    order_status: str | None
    order_priority: str | None
    collected_at: str | None
    collected_until: str | None
    reported_at: str | None
    provider_id: str | None
    provider_assigner: str | None
    provider_family: str | None
    provider_given: str | None
    section: str | None
    parent_code: str | None
    parent_sub_id: str | None
    parent_filler_order: str | None
    specimen_id: str | None
    specimen_assigner: str | None
    specimen_code: str | None
    specimen_text: str | None
    specimen_system: str | None
    specimen_alternate_code: str | None
    specimen_site_code: str | None
    specimen_site_text: str | None
    specimen_collected_at: str | None
    specimen_received_at: str | None
    nulls: tuple[str, ...]
    faults: tuple[str, ...]
