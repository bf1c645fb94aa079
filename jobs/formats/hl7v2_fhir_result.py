"""Results of HL7 v2 messages as FHIR R4: an Observation for each value of an OBX, straight from the segments.

Results are nine in ten of what arrives, so whatever those of one test have in common is made once and kept.
"""

from __future__ import annotations

import functools
from typing import Any

import orjson

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats import hl7v2_fhir_report as reports
from jobs.formats import hl7v2_order_context as contexts
from jobs.formats import hl7v2_types
from jobs.formats.hl7v2_dialect import Dialect
from jobs.formats.hl7v2_fhir_codes import THO, coded, concept, packed, system, unit_members
from jobs.formats.hl7v2_fhir_parties import Mention
from jobs.formats.hl7v2_fhir_report import Group
from jobs.formats.hl7v2_fhir_story import Story, first, shortened
from jobs.formats.hl7v2_fhir_value import DOCUMENTS, READERS, media_type, reference_range, values
from jobs.formats.hl7v2_message import Segment
from jobs.formats.hl7v2_types import Organization
from jobs.formats.translation import Resource, ident

INTERPRETATION = f"{THO}v3-ObservationInterpretation"
# HL7 table 0085, result status.
STATUSES = {
    "A": "amended", "B": "final", "C": "corrected", "D": "entered-in-error", "F": "final", "I": "registered",
    "N": "cancelled", "O": "registered", "P": "preliminary", "R": "preliminary", "S": "preliminary", "U": "final",
    "V": "final", "W": "entered-in-error", "X": "cancelled",
}  # fmt: skip
# HL7 table 0078 as far as v3 ObservationInterpretation has the same code.
_FLAGS = frozenset(
    ("L", "H", "LL", "HH", "<", ">", "N", "A", "AA", "U", "D", "B", "W", "S", "R", "I", "MS", "VS", "POS", "NEG",
     "IND", "DET", "ND", "LU", "HU", "RR", "WR", "NR", "AC", "TOX", "QCF", "CAR", "E", "EX", "HX", "LX", "SDD", "SYN-R",
     "SYN-S", "NS", "NCL", "EXP", "UNE", "OBX")
)  # fmt: skip
_PAD = [""] * 26
_GROUPS = frozenset(("OBR", "RXA", "RXE", "PV1", "FT1", "RXO"))
_BREAKS = _GROUPS | {"PID", "ORC", "TXA"}
_new = tuple.__new__


def tell_results(story: Story, *, reported: bool) -> None:
    """The Observations of a message; when they are reported (ORU, OUL), the DiagnosticReport of each OBR too."""
    held: list[int] = []
    group: int | None = None
    # An order that no results were seen of yet; a report without results is one too.
    unanswered: int | None = None
    names = story.names
    specimens = contexts.specimens(names)
    for index, name in enumerate((*names, "PID")):
        if name == "OBX":
            held.append(index)
        elif name in _BREAKS:
            if held or (unanswered is not None and name != "ORC"):
                _finish(story, group if held else unanswered, held, specimens, reported)
                held, unanswered = [], None
            # In OUL the ORC stands between the OBR and its results; a document's OBX are its text (MDM).
            group = index if name in _GROUPS else None if name in ("PID", "TXA") else group
            if name == "OBR" and reported:
                unanswered = index


def _finish(
    story: Story, at: int | None, held: list[int], specimens: contexts.Specimens | None, reported: bool
) -> None:
    last: int = held[-1] if held else at or 0
    whose = story.whose[last]
    group = reports.group_of(story, at, last, specimens, whose, reported)
    told: list[str] = []
    media: list[dict[str, Any]] = []
    for index in held:
        _observe(story, index, group, told, media)
    if reported and at is not None and story.names[at] == "OBR":
        reports.tell_report(story, at, group, told, media)


def _observe(story: Story, index: int, group: Group, told: list[str], media: list[dict[str, Any]]) -> None:
    message = story.message
    dialect = message.dialect
    fields: Segment = message.segments[index] + _PAD
    kind, raw = fields[2], fields[5]
    what, constant, unit, laboratory = _described(
        dialect, fields[3], fields[6], fields[7], fields[8], fields[11], fields[17], fields[23], fields[15]
    )
    if fields[11] == "U" and not raw:
        # "Now final, as sent before": an Observation without a value would take the value's place.
        return
    body: dict[str, Any] = {**constant, **group.members}
    if observed := fields[14] and story.raw_time(fields[14]):
        body.pop("effectivePeriod", None)
        body["effectiveDateTime"] = observed
    if laboratory is not None or fields[16]:
        performers = [story.refer(laboratory), story.refer(parties.party(dialect, fields[16]) if fields[16] else None)]
        if any(performers):
            body["performer"] = [one for one in performers if one is not None]
    names = story.names
    if index + 1 < len(names) and names[index + 1] == "NTE" and (note := contexts.comment(message, index)):
        body["note"] = [{"text": note}]
    name = f"{group.key}-{what}"
    if fields[4]:
        name += f"-{_part(dialect, fields[4])}"
    zone, of_feed = message.zone, story.feed.time_zone
    read, mark = READERS.get(kind), dialect.delimiters.repetition
    if read is None or not raw or (mark and mark in raw) or raw == '""':
        found = values(dialect, kind, raw, unit, zone, of_feed)
    else:
        found = [read(dialect, raw, unit, zone, of_feed)]
    for element, value in found:
        own = name if len(name) <= 64 else shortened(name)
        if ("Observation", own) in story.told:
            own = story.unique("Observation", own)
        whole = body if value is None else {**body, element: value}
        story.told["Observation", own] = _new(Resource, ("Observation", own, story.at, None, whole))
        told.append(own)
    if kind in DOCUMENTS and (sort := media_type(dialect, first(dialect, raw))):
        media.append({"contentType": sort, "title": dialect.coded(fields[3]).text})


@functools.lru_cache(1 << 12)
def _part(dialect: Dialect, raw: str) -> str:
    """A field as a part of an id."""
    return ident(dialect.text(raw))


@functools.lru_cache(1 << 15)
def _described(
    dialect: Dialect, code: str, unit: str, usual: str, flags: str, status: str, method: str, by: str, producer: str
) -> tuple[str, dict[str, Any], str, Mention | None]:
    """What results of one test have in common: its part of the id, elements, unit, laboratory."""
    said = dialect.coded(code)
    text, members = dialect.text(usual), unit_members(dialect.coded(unit))
    found = (hl7v2_types.padded(dialect, one, 1)[0] for one in dialect.repetitions(flags))
    elements = {
        "status": STATUSES.get(status.strip(), "unknown"),
        "code": concept(said),
        "interpretation": packed([_flag(one) for one in found if one]),
        "method": concept(dialect.coded(method)),
        "referenceRange": reference_range(text, members) if text else None,
    }
    what = ident(said.code or said.text or said.alternate_code or said.alternate_text)
    kept = {name: value for name, value in elements.items() if value is not None}
    return what, kept, members, _laboratory(dialect, by, producer)


def _flag(code: str) -> orjson.Fragment | None:
    return coded(INTERPRETATION if code.upper() in _FLAGS else system("HL70078"), code)


def _laboratory(dialect: Dialect, by: str, producer: str) -> Mention | None:
    """OBX-23 names the laboratory since 2.5.1; before, and of those who never took it up, OBX-15."""
    found = hl7v2_types.organization(dialect, by)
    if not (found.name or found.id) and producer:
        said = dialect.coded(producer)
        found = Organization(said.text, said.code, said.system)
    return parties.organization(found)
