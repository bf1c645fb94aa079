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
from jobs.formats.hl7v2_dialect import NULL, Dialect
from jobs.formats.hl7v2_fhir_codes import THO, coded, concept, members, system, unit_members
from jobs.formats.hl7v2_fhir_note import written_text
from jobs.formats.hl7v2_fhir_parties import Mention
from jobs.formats.hl7v2_fhir_report import Group
from jobs.formats.hl7v2_fhir_story import Story, Written, first, shortened
from jobs.formats.hl7v2_fhir_value import DOCUMENTS, LINES, READERS, is_number, media_type, reference_range, values
from jobs.formats.hl7v2_types import Organization
from jobs.formats.translation import LONGEST_ID, ident

OBSERVATION = "Observation"
_BEGIN = '{"resourceType":"Observation","id":"'
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
# States of a result that there is none of.
_WITHOUT = frozenset("DINOXW")
_WORDS = frozenset((*LINES, *DOCUMENTS, "ST"))
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
    group = reports.group_of(story, at, last, specimens, story.whose[last], reported)
    media: list[dict[str, Any]] = []
    told = _observe(story, held, group, media)
    if reported and at is not None and story.names[at] == "OBR":
        if text := _narrative(story, held):
            media.insert(0, written_text(text))
        reports.tell_report(story, at, group, told, media)


def _narrative(story: Story, held: list[int]) -> str | None:
    """The text of a report that is words alone, as those of radiology and pathology are: its OBX are its lines."""
    segments, dialect = story.message.segments, story.message.dialect
    has_lines = False
    for at in held:
        kind = segments[at][2] if len(segments[at]) > 2 else ""
        if kind not in _WORDS:
            return None
        has_lines = has_lines or kind in LINES
    if not has_lines:
        return None
    lines = []
    for fields in (segments[at] + _PAD for at in held):
        if fields[2] not in DOCUMENTS and fields[11] not in _WITHOUT:
            lines += [dialect.text(one) or "" for one in dialect.repetitions(fields[5])]
    return "\n".join(lines).strip("\n") or None


def _observe(story: Story, held: list[int], group: Group, media: list[dict[str, Any]]) -> list[str]:
    """The Observations of a group; gives their ids."""
    message, told, of_feed, results = story.message, story.told, story.feed.time_zone, []
    dialect, segments, zone, at = message.dialect, message.segments, message.zone, story.at
    mark, has_notes = dialect.delimiters.repetition or "\r", "NTE" in story.names
    seen, effective, followed = "", group.effective, story.followed
    for index in held:
        fields = segments[index] + _PAD
        kind, raw, observed = fields[2], fields[5], fields[14]
        what, constant, unit, laboratory = _described(
            dialect, fields[3], fields[6], fields[7], fields[8], fields[11], fields[17], fields[23], fields[15]
        )
        if fields[11] == "U" and not raw:
            # "Now final, as sent before": an Observation without a value would take the value's place.
            continue
        if observed != seen:
            seen, effective = observed, story.effective(observed) or group.effective
        more = ""
        if laboratory is not None or fields[16] or has_notes or kind in DOCUMENTS:
            more = _also(story, index, laboratory, media)
        name = f"{group.key}-{what}-{ident(dialect.text(fields[4]))}" if fields[4] else f"{group.key}-{what}"
        if len(name) > LONGEST_ID:
            name = shortened(name)
        if followed is not None:
            followed.setdefault((what, ident(dialect.text(fields[4]))), []).append(name)
        if fields[11] != "F" and kind == "NM" and fields[11] in _WITHOUT and raw and not is_number(dialect, raw):
            # Why there is no number, as QNS or TNP.
            kind = "ST"
        read = READERS.get(kind)
        if read is None or not raw or mark in raw or raw == NULL:
            found = values(dialect, kind, raw, unit, zone, of_feed)
        else:
            found = [read(dialect, raw, unit, zone, of_feed)]
        for value in found:
            key = (OBSERVATION, name)
            if key in told:
                key = (OBSERVATION, story.unique(OBSERVATION, name))
            text = f'{_BEGIN}{key[1]}"{constant}{group.members}{effective}{more}{value}}}'
            told[key] = _new(Written, (OBSERVATION, key[1], at, None, text))
            results.append(key[1])
    return results


def _also(story: Story, index: int, laboratory: Mention | None, media: list[dict[str, Any]]) -> str:
    """Performers and comment of an OBX; the sort of a document goes to the report."""
    message = story.message
    fields = message.segments[index] + _PAD
    who = parties.party(message.dialect, fields[16]) if fields[16] else None
    performers = [ref for one in (laboratory, who) if (ref := story.refer(one)) is not None]
    noted = story.names[index + 1 : index + 2] == ["NTE"]
    note = contexts.comment(message, index) if noted else None
    if fields[2] in DOCUMENTS and (sort := media_type(message.dialect, first(message.dialect, fields[5]))):
        media.append({"contentType": sort, "title": message.dialect.coded(fields[3]).text})
    return members({"performer": performers or None, "note": [{"text": note}] if note else None})


@functools.lru_cache(1 << 15)
def _described(
    dialect: Dialect, code: str, unit: str, usual: str, flags: str, status: str, method: str, by: str, producer: str
) -> tuple[str, str, str, Mention | None]:
    """What results of one test have in common: its part of the id, members as JSON text, unit, laboratory."""
    said = dialect.coded(code)
    text, unit_said = dialect.text(usual), unit_members(dialect.coded(unit))
    found = (hl7v2_types.padded(dialect, one, 1)[0] for one in dialect.repetitions(flags))
    elements = {
        "status": STATUSES.get(status.strip(), "unknown"),
        "code": concept(said),
        "interpretation": [_flag(one) for one in found if one] or None,
        "method": concept(dialect.coded(method)),
        "referenceRange": reference_range(text, unit_said) if text else None,
    }
    what = ident(said.code or said.text or said.alternate_code or said.alternate_text)
    return what, members(elements), unit_said, _laboratory(dialect, by, producer)


def _flag(code: str) -> orjson.Fragment | None:
    return coded(INTERPRETATION if code.upper() in _FLAGS else system("HL70078"), code)


def _laboratory(dialect: Dialect, by: str, producer: str) -> Mention | None:
    """OBX-23 names the laboratory since 2.5.1; before, and of those who never took it up, OBX-15."""
    found = hl7v2_types.organization(dialect, by)
    if not (found.name or found.id) and producer:
        said = dialect.coded(producer)
        found = Organization(said.text, said.code, said.system)
    return parties.organization(found)
