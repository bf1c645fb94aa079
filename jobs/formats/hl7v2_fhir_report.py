"""Orders that results stand under (OBR, ORC, SPM) as FHIR R4: DiagnosticReport, Specimen, and what results share."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import orjson

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats import hl7v2_order_context as contexts
from jobs.formats import hl7v2_types
from jobs.formats.hl7v2_dialect import Dialect, sub_parts
from jobs.formats.hl7v2_fhir_codes import THO, assigner_system, coded, concept, filled, members, packed, written
from jobs.formats.hl7v2_fhir_parties import Mention
from jobs.formats.hl7v2_fhir_specimen import tell_specimen
from jobs.formats.hl7v2_fhir_story import Story, Whose, Written, first, named, reference, shortened
from jobs.formats.hl7v2_message import Segment
from jobs.formats.translation import ident, without_nothing
from jobs.formats.x12_fhir_codes import OURS

OBSERVATION_CATEGORY = f"{THO}observation-category"
# FHIR R4 knows who ordered by a ServiceRequest only, which would be a resource more for each order.
REQUESTER = f"{OURS}requester"
# HL7 table 0123, status of the report.
STATUSES = {
    "O": "registered", "I": "registered", "S": "registered", "P": "preliminary", "R": "preliminary", "A": "partial",
    "F": "final", "C": "corrected", "M": "corrected", "X": "cancelled", "D": "entered-in-error",
}  # fmt: skip
# HL7 table 0074, diagnostic service section: those that are no laboratory's.
_IMAGING = ("RAD", "RUS", "RX", "CT", "NMR", "NMS", "CUS", "OUS", "VUS", "XRC", "IMG", "MRI", "CTH", "NUC")
_EXAMS = ("EC", "EN", "PHY", "PF", "AU", "OT", "PT", "NRS", "ICU", "RC", "RT")
_IMAGING_CATEGORY = coded(OBSERVATION_CATEGORY, "imaging")
_LABORATORY_CATEGORY = coded(OBSERVATION_CATEGORY, "laboratory")
_PAD = [""] * 50


class Group(NamedTuple):
    """What the results of one order share.

    `key` begins their ids and is that of the report; `about`, `effective` and `members` are members of each resource
    as JSON text: whom it is about, when it holds, and what only results have.
    """

    key: str
    about: str
    effective: str
    specimen: orjson.Fragment | None
    members: str


def group_of(
    story: Story, at: int | None, last: int, specimens: contexts.Specimens | None, whose: Whose, reported: bool
) -> Group:
    """The group of the segment `at`, whose results end at segment `last`."""
    about = ""
    if whose.patient:
        about = f',"subject":{{"reference":"Patient/{whose.patient}"}}'
    if whose.encounter:
        about += f',"encounter":{{"reference":"Encounter/{whose.encounter}"}}'
    if at is None or story.names[at] != "OBR":
        about += _member("issued", story.said_at)
        return Group(shortened(_name_of_other(story, at, whose)), about, "", None, about)
    obr = story.message.segments[at] + _PAD
    dialect = story.message.dialect
    orc = _orc(story, at)
    # The filler's number is that of the laboratory; two laboratories, and two patients in two years, may share one.
    order = obr[3] or orc[3] or obr[2] or orc[2]
    what, category = _ordered(dialect, obr[4], obr[24], reported)
    key = shortened(f"{whose.patient or ''}-{_order_name(dialect, order) or _part_of_time(story, obr)}-{what}")
    about += _member("issued", story.raw_time(obr[22]) or story.said_at)
    specimen = None
    if specimens or obr[15] or obr[14]:
        specimen = tell_specimen(story, at, last, specimens, whose, key, reported=reported)
    also = members({"specimen": specimen}) if specimen else ""
    if reported and (obr[16] or orc[12]):
        also += _requested(story, obr[16], orc[12])
    if story.followed and obr[26]:
        also += _followed(story, obr, whose)
    return Group(key, about, _effective(story, obr), specimen, f"{about}{category}{also}")


def _member(name: str, text: str | None) -> str:
    return f',"{name}":{written(text)}' if text else ""


def _requested(story: Story, raw: str, other: str) -> str:
    """Who ordered, who is told too: OBR-16, else ORC-12, which say the same where both are sent (HL7 v2.5 4.5.1.12)."""
    who, text = _requester(story.message.dialect, raw, other)
    story.refer(who)
    return text


@functools.lru_cache(1 << 12)
def _requester(dialect: Dialect, raw: str, other: str) -> tuple[Mention | None, str]:
    who = parties.party(dialect, raw) or parties.party(dialect, other)
    return who, members({"extension": [{"url": REQUESTER, "valueReference": who.reference}]}) if who else ""


def _followed(story: Story, obr: Segment, whose: Whose) -> str:
    """The result that those of an OBR follow from, as susceptibilities do from the organism that was found.

    OBR-26 has its code and sub-id, OBR-29 the numbers of its order (HL7 v2.5 sections 4.5.3.26 and 4.5.3.29).
    """
    dialect = story.message.dialect
    code, sub = (*hl7v2_types.components(dialect, obr[26]), "", "")[:2]
    candidates = (story.followed or {}).get((ident(sub_parts(dialect, code)[0]), ident(dialect.text(sub))), [])
    orders = [one for one in hl7v2_types.entity_pair(dialect, obr[29]) if one.value]
    begins = tuple(f"{whose.patient or ''}-{named(one.assigner, one.value)}-" for one in orders)
    found = next((one for one in candidates if one.startswith(begins or "")), None)
    return members({"derivedFrom": [reference("Observation", found)]}) if found else ""


def _effective(story: Story, obr: Segment) -> str:
    begin, end = obr[7], obr[8]
    if begin and end and begin != end:
        return members({"effectivePeriod": filled(start=story.raw_time(begin), end=story.raw_time(end)) or None})
    return story.effective(begin or end)


def tell_report(story: Story, at: int, group: Group, results: list[str], media: list[dict[str, Any]]) -> None:
    """The DiagnosticReport of an OBR with its results; of two OBR that say the same order the results of both."""
    obr = story.message.segments[at] + _PAD
    orc = _orc(story, at)
    status = STATUSES.get(obr[25].strip(), "unknown")
    dialect = story.message.dialect
    titled = _numbered(dialect, obr[2] or orc[2], obr[3] or orc[3]) + _titled(dialect, obr[4], obr[24])
    more = members({"specimen": [group.specimen]}) if group.specimen else ""
    if obr[32]:
        more += _read_by(story, obr[32])
    if media:
        more += members({"presentedForm": without_nothing(media)})
    told = story.results.setdefault(group.key, [])
    told += results
    if told:
        refs = ",".join([f'{{"reference":"Observation/{one}"}}' for one in told])
        more += f',"result":[{refs}]'
    begin = f'{{"resourceType":"DiagnosticReport","id":"{group.key}","status":"{status}"'
    text = f"{begin}{group.about}{group.effective}{titled}{more}}}"
    key = ("DiagnosticReport", group.key)
    story.told[key] = Written(*key, story.at, None, text)


def _read_by(story: Story, raw: str) -> str:
    """Who read the report (OBR-32, NDL): a name in subcomponents, or in components as if it were an XCN."""
    dialect = story.message.dialect
    mark = dialect.delimiters
    name, next_one = (*hl7v2_types.components(dialect, first(dialect, raw)), "", "")[:2]
    whole = raw if next_one and not next_one[0].isdigit() else name
    if mark.subcomponent:
        whole = whole.replace(mark.subcomponent, mark.component)
    who = story.refer(parties.party(dialect, whole))
    return members({"resultsInterpreter": [who]}) if who is not None else ""


def _orc(story: Story, at: int) -> Segment:
    names, segments = story.names, story.message.segments
    # The ORC of an OBR stands before it, in OUL after it.
    if names[at - 1] == "ORC":
        return segments[at - 1] + _PAD
    return segments[at + 1] + _PAD if names[at + 1 : at + 2] == ["ORC"] else _PAD


@functools.lru_cache(1 << 12)
def _ordered(dialect: Dialect, code: str, section: str, reported: bool) -> tuple[str, str]:
    """What of the id the ordered test is, and the category of its results."""
    said = dialect.coded(code)
    where = (hl7v2_types.padded(dialect, first(dialect, section), 1)[0] or "").upper()
    category = _IMAGING_CATEGORY if where in _IMAGING else None if where in _EXAMS else _LABORATORY_CATEGORY
    what = ident(said.code or said.text or said.alternate_code or said.alternate_text)
    # What an order says (ORM, OML) are answers of who orders, not results.
    return what, members({"category": [category]}) if reported and category is not None else ""


@functools.lru_cache(1 << 12)
def _titled(dialect: Dialect, code: str, section: str) -> str:
    where = hl7v2_types.padded(dialect, first(dialect, section), 1)[0]
    return members({"category": packed([coded(f"{THO}v2-0074", where)]), "code": concept(dialect.coded(code))})


def _numbered(dialect: Dialect, placer: str, filler: str) -> str:
    found = []
    for kind, raw in (("PLAC", placer), ("FILL", filler)):
        value, assigner = contexts.entity(dialect, raw)
        if value:
            found.append(f'{{{_numbered_by(kind, assigner)},"value":{written(value)}}}')
    return f',"identifier":[{",".join(found)}]' if found else ""


@functools.lru_cache(1 << 10)
def _numbered_by(kind: str, assigner: str | None) -> str:
    return members({"type": coded(f"{THO}v2-0203", kind), "system": assigner_system(assigner)})[1:]


def _order_name(dialect: Dialect, raw: str) -> str:
    value, assigner = contexts.entity(dialect, raw)
    return named(assigner, value) if value else ""


def _part_of_time(story: Story, obr: Segment) -> str:
    return ident("at", story.raw_time(obr[7]) or story.said_at or story.message.control_id)


def _name_of_other(story: Story, at: int | None, whose: Whose) -> str:
    """The begin of the ids of results without an order: of a vaccine given, a drug, a visit, or the patient alone."""
    message = story.message
    patient = whose.patient or ""
    if at is None or story.names[at] == "PV1":
        # A weight told at admission and another at discharge are two.
        return f"{whose.encounter or patient}-{ident('at', story.said_at or message.control_id)}"
    segment = message.segments[at]
    orc = _orc(story, at)
    order = _order_name(message.dialect, orc[3] or orc[2])
    given = ident(message.field(segment, 3), message.field(segment, 5))
    return f"{patient}-{segment[0]}-{order}-{given}"
