"""Specimens of HL7 v2 messages (SPM, before 2.5 OBR-9, OBR-14 and OBR-15) as FHIR R4.

After the maps of SPM and OBR to Specimen of the HL7 v2-to-FHIR guide (STU 1).
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import orjson

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats import hl7v2_order_context as contexts
from jobs.formats import hl7v2_types, hl7v2_values
from jobs.formats.hl7v2_dialect import NOTHING_CODED, Coded, Dialect, sub_parts
from jobs.formats.hl7v2_fhir_codes import assigner_system, concept, quantity, unit_members
from jobs.formats.hl7v2_fhir_story import Story, Whose, first, owned, reference, shortened
from jobs.formats.hl7v2_message import Segment
from jobs.formats.hl7v2_types import NO_ENTITY, EntityId
from jobs.formats.translation import without_nothing

_PAD = [""] * 31


class _Sample(NamedTuple):
    """What SPM or OBR say: `amount` (CQ), `taken`, `until` and `received` as sent."""

    number: EntityId
    kind: Coded
    method: Coded
    site: Coded
    amount: str
    taken: str
    until: str
    received: str


def tell_specimen(
    story: Story, at: int, last: int, found: contexts.Specimens | None, whose: Whose, key: str, *, reported: bool
) -> orjson.Fragment | None:
    """A reference to the specimen of the OBR at segment `at`, which is told too.

    OBR-7 is when a specimen was taken whose SPM does not say (HL7 v2.5 section 4.5.3.7). One that nobody took or
    received yet, as orders ask for it, is none.
    """
    segments = story.message.segments
    spm = contexts.specimen_segment(story.names, at, last, found) if found else None
    obr = segments[at] + _PAD
    sample = _of_spm(story.message.dialect, segments[spm] + _PAD) if spm is not None else _of_obr(story, obr)
    says = sample.number.value or any(sample.kind) or any(sample.site) or sample.taken or sample.received
    if not says or not (reported or sample.taken or sample.received):
        return None
    number = sample.number
    name = owned(whose.patient, number.assigner, number.value) if number.value else shortened(f"{key}-specimen")
    body = {
        "identifier": [{"system": assigner_system(number.assigner), "value": number.value}] if number.value else [],
        "type": concept(sample.kind),
        "subject": whose.patient_ref,
        "receivedTime": story.raw_time(sample.received),
        "collection": {
            "collector": story.refer(parties.party(story.message.dialect, obr[10])) if obr[10] else None,
            **_collected(story, sample, obr),
            "quantity": _amount(story.message.dialect, sample.amount),
            "method": concept(sample.method),
            "bodySite": concept(sample.site),
        },
    }
    story.tell("Specimen", name, without_nothing(body))
    return reference("Specimen", name)


def _collected(story: Story, sample: _Sample, obr: Segment) -> dict[str, Any]:
    begin, end = (sample.taken, sample.until) if sample.taken else (obr[7], obr[8])
    start, until = story.raw_time(begin), story.raw_time(end)
    if until and until != start:
        return {"collectedPeriod": {"start": start, "end": until}}
    return {"collectedDateTime": start}


def _of_spm(dialect: Dialect, spm: Segment) -> _Sample:
    placer, filler = hl7v2_types.entity_pair(dialect, spm[2])
    # DR: two subcomponents would be two components of it.
    taken, until = (*hl7v2_types.components(dialect, first(dialect, spm[17])), "", "")[:2]
    kind, method, site = (dialect.coded(spm[field]) for field in (4, 7, 8))
    return _Sample(filler if filler.value else placer, kind, method, site, spm[12], taken, until, spm[18])


def _of_obr(story: Story, obr: Segment) -> _Sample:
    kind, method, site = _source(story.message.dialect, obr[15])
    return _Sample(NO_ENTITY, kind, method, site, obr[9], "", "", obr[14])


@functools.lru_cache(1 << 12)
def _source(dialect: Dialect, raw: str) -> tuple[Coded, Coded, Coded]:
    """SPS: specimen, method of collection in words and body site, the coded ones in subcomponents."""
    parts = (*hl7v2_types.components(dialect, raw), "", "", "", "")[:4]
    return _within(dialect, parts[0]), NOTHING_CODED._replace(text=dialect.text(parts[2])), _within(dialect, parts[3])


def _within(dialect: Dialect, component: str) -> Coded:
    """A coded element inside a component, its parts in subcomponents."""
    return Coded._make((*sub_parts(dialect, component), *(None,) * 6)[:6] + (None,)) if component else NOTHING_CODED


def _amount(dialect: Dialect, raw: str) -> orjson.Fragment | None:
    """CQ: a number, and its unit in subcomponents."""
    number, unit = (*hl7v2_types.components(dialect, first(dialect, raw)), "", "")[:2]
    value = hl7v2_values.number(number)
    if value is None:
        return None
    return quantity(format(value, "f"), None, unit_members(_within(dialect, unit)))
