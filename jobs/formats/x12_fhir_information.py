"""What a claim says besides, as FHIR R4 Claim.supportingInfo: dates, references, codes of the NUBC, notes.

Categories are those of CARIN Blue Button where it has one; else `info`, with the code of the X12 list it stands in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.x12_fhir_json import Text, concept, day, decimal, period, quoted
from jobs.formats.x12_segments import Node

_ADMITTED, _STATEMENT = "435", "434"
# References that have a place of their own in a Claim.
_ELSEWHERE = frozenset({"D9", "F8", "G1", "9F", "EA"})
_LISTS = {"occurrences": "OccurrenceCodes", "occurrence_spans": "OccurrenceSpanCodes", "values": "ValueCodes",
          "conditions": "ConditionCodes"}  # fmt: skip
OWN = f"{codes.OURS}claim-information"
_FREQUENCY = concept(OWN, "frequency")
# Surgery that anaesthesia was given for (837P 2300 HI BP and BO): the surgeon's own claim says that it was done.
ANESTHESIA = frozenset({"anesthesia_principal", "anesthesia_other"})
_ANESTHESIA_FOR = concept(OWN, "anesthesia-related-procedure")
# Category, code, and the name and JSON of a value.
Said = tuple[Text, Text, str, Text]


def information(found: Node, *, has_diagnoses: bool) -> list[Said]:
    """All supporting information of a claim as a whole."""
    told: list[Said] = [*_admission(found), *_dates(found), *_references(found)]
    if found.get("frequency"):
        told.append((_FREQUENCY, concept(codes.FREQUENCY, found["frequency"]), "", None))
    for name, system in _LISTS.items():
        if name in found:
            told += [_coded(one, f"{codes.NUBC}{system}") for one in found[name] if one["code"]]
    for one in found.get("procedures") or ():
        if one["role"] in ANESTHESIA and one["code"]:
            told.append((_ANESTHESIA_FOR, codes.health(one["system"], one["code"]), "", None))
    for name in ("treatments", "other_codes"):
        for one in found.get(name) or ():
            told.append((codes.INFO, concept(f"{codes.ELEMENT}1270/{one['qualifier']}", one["code"]), "", None))
    drgs = found.get("drgs") or []
    for one in drgs if not has_diagnoses else drgs[1:]:
        told.append((codes.information("drg"), codes.health("DRG", one["code"]), "", None))
    for one in found.get("amounts") or ():
        if one["amount"] is not None:
            told.append((codes.INFO, concept(codes.AMOUNT, one["qualifier"]), *valued(one["amount"])))
    person = found.get("patient") or found.get("subscriber") or {}
    if person.get("is_pregnant"):
        told.append((codes.INFO, concept(OWN, "pregnant"), "", None))
    if person.get("weight") is not None:
        told.append((codes.INFO, concept(OWN, "weight-in-pounds"), *valued(person["weight"])))
    for name, element in (("special_program", "1366"), ("delay_reason", "1514")):
        if found.get(name):
            told.append((codes.INFO, concept(f"{codes.ELEMENT}{element}", found[name]), "", None))
    # The first cause is the accident's type.
    for cause in (found.get("accident_causes") or ())[1:]:
        told.append((codes.INFO, concept(f"{codes.ELEMENT}1362", cause), "", None))
    return told + [
        (codes.INFO, None, "valueString", quoted(one["text"])) for one in found.get("notes") or () if one["text"]
    ]


def numbered(told: list[Said]) -> Text:
    """Supporting information in its order."""
    if not told:
        return None
    made = []
    for place, (category, code, name, value) in enumerate(told, 1):
        said = f',"code":{code}' if code else ""
        valued = f',"{name}":{value}' if value else ""
        made.append(f'{{"sequence":{place},"category":{category}{said}{valued}}}')
    return f"[{','.join(made)}]"


def timing(start: Any, end: Any) -> tuple[str, Text]:
    """timingDate of one day, timingPeriod of several."""
    if start is not None and (end is None or start == end):
        return "timingDate", day(start)
    return "timingPeriod", period(start, end)


def valued(amount: Any) -> tuple[str, Text]:
    """A number as the value of an information."""
    return "valueQuantity", f'{{"value":{decimal(amount)}}}'


def _admission(found: Node) -> list[Said]:
    admission = found.get("admission")
    if not admission:
        return []
    told = [
        ("admtype", codes.ADMISSION_TYPE, admission["type"]),
        ("pointoforigin", codes.ADMISSION_SOURCE, admission["source"]),
        ("discharge-status", codes.PATIENT_STATUS, admission["patient_status"]),
    ]
    return [(codes.information(category), concept(system, code), "", None) for category, system, code in told if code]


def _dates(found: Node) -> list[Said]:
    made: list[Said] = []
    for one in found.get("dates") or ():
        if one["qualifier"] == _STATEMENT:
            continue
        if one["qualifier"] == _ADMITTED and one["start"]:
            made.append((codes.information("admissionperiod"), None, "timingPeriod", period(one["start"], None)))
        else:
            made += dated([one])
    return made


def dated(dates: Iterable[Node]) -> list[Said]:
    """Dates by their qualifier (data element 374); a time of day alone, and what is no date, as a text."""
    made: list[Said] = []
    for one in dates:
        day = one["start"]
        when = ("valueString", quoted(one["value"])) if day is None else timing(day, one["end"])
        made.append((codes.INFO, concept(codes.DATE, one["qualifier"]), *when))
    return made


def _references(found: Node) -> list[Said]:
    return [
        (codes.INFO, concept(codes.REFERENCE, one["qualifier"]), "valueString", quoted(one["value"]))
        for one in found.get("references") or ()
        if one["value"] and one["qualifier"] not in _ELSEWHERE
    ]


def _coded(one: Node, system: str) -> Said:
    code = concept(system, one["code"])
    if one.get("amount") is not None:
        return (codes.INFO, code, *valued(one["amount"]))
    return (codes.INFO, code, *(timing(one["start"], one.get("end")) if one.get("start") else ("", None)))
