"""Patients of HL7 v2 messages as FHIR R4: what PID and PD1 say, and what merges, changes and deletes do to an id."""

from __future__ import annotations

import functools
from typing import Any

import orjson

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats import hl7v2_merge, hl7v2_types
from jobs.formats.hl7v2_dialect import NULL, Coded, Dialect
from jobs.formats.hl7v2_encounter import EVENTS
from jobs.formats.hl7v2_fhir_codes import CDC_RACE, THO, coded, concept, listed, packed, system
from jobs.formats.hl7v2_fhir_story import Story, first, patient_name, reference, shortened
from jobs.formats.hl7v2_message import Segment, below
from jobs.formats.hl7v2_subject import PREFERRED
from jobs.formats.hl7v2_types import Identifier, Name, Phone
from jobs.formats.translation import DELETE, LISTED, UNSAID, without_nothing

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
MOTHERS_NAME = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
_GENDERS = {"F": "female", "M": "male", "O": "other", "A": "other", "N": "other", "U": "unknown"}
_YES_NO = {"Y": True, "1": True, "N": False, "0": False}
# The categories of the Office of Management and Budget, of all CDC race and ethnicity codes; and HL7 table 0189.
_OMB = frozenset(("1002-5", "2028-9", "2054-5", "2076-8", "2106-3", "2131-1", "2135-2", "2186-5"))
_ETHNICITIES = {"H": ("2135-2", "Hispanic or Latino"), "N": ("2186-5", "Not Hispanic or Latino")}
# HL7 table 0002 in the codes of v3 MaritalStatus.
_MARITAL = {"M": "M", "S": "S", "D": "D", "W": "W", "A": "L", "I": "I", "P": "T"}
_LANGUAGES = ("ISO639", "ISO6391", "ISO6392", "HL70296", "0296")
_PAD = [""] * 41
_LOST = (hl7v2_merge.MERGE, hl7v2_merge.CHANGE)
_WHOLE = (hl7v2_merge.PATIENT, hl7v2_merge.PERSON)
# The fields of PID that say something, by our word for it.
_SAYS = {"name": (5, 9), "birth": (7,), "gender": (8,), "race": (10,), "ethnicity": (22,), "address": (11,),
         "telecom": (13, 14, 40), "language": (15,), "marital": (16,), "twin": (24, 25), "death": (29, 30),
         "SS": (19,), "DL": (20,)}  # fmt: skip
# Events that say who the patient is now (HL7 v2.5 section 3.3). The other events of a visit do so when PID is filled:
# a discharge tells who has died. An empty field says nothing (section 2.5.3), so a short PID takes nothing away.
_REGISTERED = frozenset(f"ADT^{event}" for event in ("A01", "A04", "A05", "A08", "A28", "A31"))
_VISITED = frozenset(f"ADT^{event}" for event in EVENTS) - {f"ADT^{event}" for event in hl7v2_merge.EVENTS}


def tell_patients(story: Story) -> None:
    """The Patient of each PID that has an identifier; in passing where the message is about something else."""
    segments = story.message.segments
    links = _links(story) if story.kind == "ADT^A24" else {}
    for index, name in enumerate(story.names):
        if name == "PID" and (patient := story.whose[index].patient):
            extra = None
            if "PD1" in story.names:
                extra = next((one for one in below(segments, index, ("PID",)) if one[0] == "PD1"), None)
            pid = segments[index] + _PAD
            in_passing = not _is_subject(story.kind, pid)
            if in_passing:
                # Whoever says the list must be heard, and what is said in passing may not be.
                story.lists.pop(("AL1", patient), None)
            lists = tuple(one["valueString"] for one in story.extension_of(patient, "AL1"))
            body = _body(story, pid, extra, lists, in_passing=in_passing)
            if patient in links:
                body["link"] = links[patient]
            story.tell("Patient", patient, body, in_passing=in_passing)


def _is_subject(kind: str, pid: Segment) -> bool:
    """Whether the message is about who the patient is."""
    return kind in _REGISTERED or (kind in _VISITED and bool(pid[7] and pid[8]))


def tell_merges(story: Story) -> None:
    """Patients that were given up: replaced by the surviving one, or deleted (A29)."""
    for merge in hl7v2_merge.merges(story.message):
        if merge.level not in _WHOLE:
            continue
        lost, survives = _primary(merge.lost_ids), _primary(merge.surviving_ids)
        if merge.action == hl7v2_merge.DELETE and lost:
            name = patient_name(story, lost.value, lost.assigner)
            if name:
                story.tell("Patient", name, {}, method=DELETE)
        elif merge.action in _LOST and merge.event != "A48" and lost and survives:
            _tell_replaced(story, lost, survives, merge)
        elif merge.action in (hl7v2_merge.LINK, hl7v2_merge.UNLINK) and lost and survives:
            one, other = (patient_name(story, number.value, number.assigner) for number in (survives, lost))
            _tell_pair(story, one, other, is_one=merge.action == hl7v2_merge.LINK)


def _primary(found: tuple[Identifier, ...]) -> Identifier | None:
    ranked = [one for kind in PREFERRED for one in found if one.type == kind]
    return next(iter((*ranked, *found)), None)


def _tell_replaced(story: Story, lost: Identifier, survives: Identifier, merge: hl7v2_merge.Merge) -> None:
    # MRG-1 often leaves out who assigned the number: the same as of the one that replaces it (section 3.5.2.1).
    old = patient_name(story, lost.value, lost.assigner or survives.assigner)
    new = patient_name(story, survives.value, survives.assigner)
    if old is None or new is None or old == new:
        return
    body = {
        "identifier": [parties.identifier(one) for one in merge.lost_ids],
        "name": [parties.human_name(one) for one in merge.lost_names],
    }
    # MRG knows less than was told of the number while it was in use. That it was given up, the Linkage says.
    story.tell("Patient", old, without_nothing(body), in_passing=True)
    story.tell("Linkage", old, _linkage(old, new))


def _tell_pair(story: Story, one: str | None, other: str | None, *, is_one: bool) -> None:
    """Two who live on are one person (A24) or are not (A37): the same Linkage in whichever order they are named."""
    if one is None or other is None or one == other:
        return
    pair = shortened("-with-".join(sorted((one, other))))
    if is_one:
        story.tell("Linkage", pair, _linkage(other, one))
        return
    # Whoever unlinks two undoes the merge that made them one, too.
    for name in (pair, one, other):
        story.tell("Linkage", name, {}, method=DELETE)


def _linkage(lost: str, survives: str) -> dict[str, Any]:
    """FHIR R4 Linkage: two records are of one person. Apart from the Patient, which any later message tells anew."""
    items = [{"type": "source", "resource": reference("Patient", survives)}]
    items.append({"type": "alternate", "resource": reference("Patient", lost)})
    return {"active": True, "item": items}


def _links(story: Story) -> dict[str, list[dict[str, Any]]]:
    """Patient.link of patients who are said to be one person and both live on (A24)."""
    found = {}
    for merge in hl7v2_merge.merges(story.message):
        pair = [_primary(one) for one in (merge.surviving_ids, merge.lost_ids)]
        names = [patient_name(story, one.value, one.assigner) for one in pair if one]
        for mine, other in (names, names[::-1]) if len(names) == 2 and names[0] != names[1] else ():
            if mine and other:
                found[mine] = [{"other": reference("Patient", other), "type": "seealso"}]
    return found


def _body(
    story: Story, pid: Segment, pd1: Segment | None, lists: tuple[str, ...], *, in_passing: bool
) -> dict[str, Any]:
    dialect = story.message.dialect
    body: dict[str, Any] = {"identifier": _own_identifiers(dialect, pid)}
    if pid[5] or pid[9]:
        body["name"] = _names(dialect, pid[5], pid[9])
    if pid[7]:
        _birth(story, pid[7], body)
    if sex := _code(dialect, pid[8]):
        body["gender"] = _GENDERS.get(sex.upper(), sex)
    unsaid = "" if in_passing else _unsaid(pid, pd1)
    if pid[10] or pid[22] or pid[6] or unsaid or lists:
        body["extension"] = _extensions(dialect, pid[10], pid[22], pid[6], unsaid, lists)
    if pid[11]:
        body["address"] = _addresses(dialect, pid[11])
    if pid[13] or pid[14] or pid[40]:
        body["telecom"] = _telecom(dialect, pid[13], pid[14], pid[40])
    if pid[15]:
        body["communication"] = _language(dialect, pid[15])
    if pid[16]:
        body["maritalStatus"] = _marital(dialect.coded(pid[16]))
    _born_and_died(story, pid, body)
    if pd1 is not None:
        fields = pd1 + _PAD[:5]
        who = (story.refer(parties.party(dialect, fields[4])),
               story.refer(parties.organization(hl7v2_types.organization(dialect, fields[3]))))  # fmt: skip
        body["generalPractitioner"] = [one for one in who if one is not None]
    return {name: value for name, value in body.items() if value is not None and value != []}


def _unsaid(pid: Segment, pd1: Segment | None) -> str:
    """What a PID leaves out (section 2.5.3), in the words of `jobs.silver.patient`; `""` says that there is none."""
    left_out = [word for word, fields in _SAYS.items() if not any(pid[field] for field in fields)]
    if pd1 is None or not any(pd1[3:5]):
        left_out.append("practitioner")
    return " ".join(left_out)


def _code(dialect: Dialect, raw: str) -> str | None:
    return hl7v2_types.padded(dialect, first(dialect, raw), 1)[0] if raw else None


def _birth(story: Story, raw: str, body: dict[str, Any]) -> None:
    born = story.raw_time(raw)
    if born and len(born) > 10 and born[10] == "T":
        body["birthDate"] = born[:10]
        body["_birthDate"] = {"extension": [{"url": BIRTH_TIME, "valueDateTime": born}]}
    elif born:
        body["birthDate"] = born


def _born_and_died(story: Story, pid: Segment, body: dict[str, Any]) -> None:
    dialect = story.message.dialect
    if died := story.raw_time(pid[29]):
        body["deceasedDateTime"] = died
    elif (dead := _YES_NO.get((_code(dialect, pid[30]) or "").upper())) is not None:
        body["deceasedBoolean"] = dead
    order = _code(dialect, pid[25])
    if order and order.isascii() and order.isdigit() and len(order) < 3:
        body["multipleBirthInteger"] = int(order)
    elif (one_of_many := _YES_NO.get((_code(dialect, pid[24]) or "").upper())) is not None:
        body["multipleBirthBoolean"] = one_of_many


def _own_identifiers(dialect: Dialect, pid: Segment) -> orjson.Fragment | None:
    licence = pid[20] and first(dialect, pid[20])
    if licence:
        # A DLN is number, state and expiration: no CX, though it looks like one.
        number, state = (*hl7v2_types.components(dialect, licence), "", "")[:2]
        licence = dialect.delimiters.component.join((number, "", "", state))
    fields = ((pid[3], None), (pid[2], None), (pid[4], None), (pid[18], "AN"), (pid[19], "SS"), (licence, "DL"))
    return parties.identifiers(dialect, *fields)


@functools.lru_cache(1 << 12)
def _names(dialect: Dialect, own: str, aliases: str) -> orjson.Fragment | None:
    names = [parties.human_name(one) for one in hl7v2_types.many(dialect, own, hl7v2_types.name)]
    # Who goes by another name is found by either; FHIR has no use for an alias but that it is not the name now.
    names += [parties.human_name(one, "old") for one in hl7v2_types.many(dialect, aliases, hl7v2_types.name)]
    return listed(names)


@functools.lru_cache(1 << 12)
def _addresses(dialect: Dialect, raw: str) -> orjson.Fragment | None:
    return listed([parties.address(one) for one in hl7v2_types.many(dialect, raw, hl7v2_types.address)])


@functools.lru_cache(1 << 12)
def _telecom(dialect: Dialect, home: str, work: str, since_27: str) -> orjson.Fragment | None:
    fields = ((home, "PID-13"), (work, "PID-14"), (since_27, "PID-40"))
    raws = [(one, source) for raw, source in fields for one in dialect.repetitions(raw)]
    found: list[Phone | None] = [hl7v2_types.phone(dialect, raw, source) for raw, source in raws]
    return listed([point for one in found if one for point in parties.telecom(one)])


@functools.lru_cache(1 << 10)
def _language(dialect: Dialect, raw: str) -> orjson.Fragment | None:
    spoken = dialect.coded(raw)
    if spoken.code and (spoken.system or "").upper().replace("-", "") in _LANGUAGES:
        said = coded("urn:ietf:bcp:47", spoken.code.lower(), spoken.text)
    else:
        said = concept(spoken)
    return packed([{"language": said, "preferred": True}]) if said else None


@functools.lru_cache(1 << 10)
def _marital(said: Coded) -> orjson.Fragment | None:
    known = _MARITAL.get((said.code or "").upper())
    return coded(f"{THO}v3-MaritalStatus", known, said.text) if known else concept(said)


@functools.lru_cache(1 << 12)
def _extensions(
    dialect: Dialect, races: str, ethnicities: str, mother: str, unsaid: str, lists: tuple[str, ...]
) -> orjson.Fragment | None:
    found = [_origin("race", dialect, races), _origin("ethnicity", dialect, ethnicities)]
    mothers: list[Name] = hl7v2_types.many(dialect, mother, hl7v2_types.name)
    if mothers and mothers[0].family:
        found.append({"url": MOTHERS_NAME, "valueString": mothers[0].family})
    if unsaid:
        found.append({"url": UNSAID, "valueString": unsaid})
    found += [{"url": f"{LISTED}-AL1", "valueString": one} for one in lists]
    return packed([one for one in found if one])


def _origin(what: str, dialect: Dialect, raw: str) -> dict[str, Any] | None:
    """The US Core extension: categories of the OMB, codes in more detail, and the words."""
    said = [one for repetition in dialect.repetitions(raw) if any(one := dialect.coded(repetition))]
    if not said or raw == NULL:
        return None
    parts: list[dict[str, Any]] = []
    for one in said:
        if one.code:
            parts.append(_origin_code(what, one))
    words = ", ".join(word for one in said if (word := one.text or one.code))
    return {"url": f"{US_CORE}{what}", "extension": [*parts, {"url": "text", "valueString": words}]}


def _origin_code(what: str, said: Coded) -> dict[str, Any]:
    code, text = said.code or "", said.text
    if what == "ethnicity" and code.upper() in _ETHNICITIES:
        code, text = _ETHNICITIES[code.upper()]
    if code in _OMB:
        return {"url": "ombCategory", "valueCoding": {"system": CDC_RACE, "code": code, "display": text}}
    # CDC codes are sent under the name of HL7's table, which suggests them.
    url = CDC_RACE if code[4:5] == "-" and code[:4].isdigit() else system(said.system)
    return {"url": "detailed", "valueCoding": {"system": url, "code": code, "display": text}}
