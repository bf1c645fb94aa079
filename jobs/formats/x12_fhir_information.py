"""What a claim says besides, as FHIR R4 Claim.supportingInfo: dates, references, codes of the NUBC, notes.

Categories are those of CARIN Blue Button where it has one; else `info`, with the code of the X12 list it stands in.
"""

from __future__ import annotations

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.translation import number
from jobs.formats.x12_fhir_parties import iso
from jobs.formats.x12_segments import Node

_ADMITTED, _STATEMENT = "435", "434"
# References that have a place of their own in a Claim.
_ELSEWHERE = frozenset({"D9", "F8", "G1", "9F", "EA"})
_LISTS = {"occurrences": "OccurrenceCodes", "occurrence_spans": "OccurrenceSpanCodes", "values": "ValueCodes",
          "conditions": "ConditionCodes"}  # fmt: skip


def information(found: Node, *, has_diagnoses: bool) -> list[Node]:
    """All supporting information of a claim, numbered."""
    told = [*_admission(found), *_dates(found), *_references(found)]
    if found.get("frequency"):
        told.append({"category": _FREQUENCY, "code": codes.concept(codes.FREQUENCY, found["frequency"])})
    for name, system in _LISTS.items():
        told += [_coded(one, f"{codes.NUBC}{system}") for one in found.get(name) or () if one["code"]]
    for one in found.get("other_codes") or ():
        told.append({"category": codes.INFO, "code": codes.concept(f"{codes.ELEMENT}1270", one["code"])})
    drgs = found.get("drgs") or []
    for one in drgs if not has_diagnoses else drgs[1:]:
        told.append({"category": codes.information("drg"), "code": codes.health("DRG", one["code"])})
    for one in found.get("amounts") or ():
        if one["amount"] is not None:
            told.append({"category": codes.INFO, "code": codes.concept(codes.AMOUNT, one["qualifier"]),
                         "valueQuantity": {"value": number(f"{one['amount']:f}")}})  # fmt: skip
    told += [{"category": codes.INFO, "valueString": one["text"]} for one in found.get("notes") or () if one["text"]]
    for place, one in enumerate(told, 1):
        one["sequence"] = place
    return told


_FREQUENCY = codes.concept(f"{codes.OURS}claim-information", "frequency")


def _admission(found: Node) -> list[Node]:
    admission = found.get("admission")
    if not admission:
        return []
    told = [
        ("admtype", codes.ADMISSION_TYPE, admission["type"]),
        ("pointoforigin", codes.ADMISSION_SOURCE, admission["source"]),
        ("discharge-status", codes.PATIENT_STATUS, admission["patient_status"]),
    ]
    return [
        {"category": codes.information(category), "code": codes.concept(system, code)}
        for category, system, code in told
        if code
    ]


def _dates(found: Node) -> list[Node]:
    told = found.get("dates")
    if not told:
        return []
    made = []
    for one in told:
        if one["qualifier"] == _STATEMENT:
            continue
        said: Node = {"category": codes.INFO, "code": codes.concept(codes.DATE, one["qualifier"])}
        if one["qualifier"] == _ADMITTED:
            said = {"category": codes.information("admissionperiod"), "timingPeriod": {"start": iso(one["start"])}}
        elif one["start"] is None:
            said["valueString"] = one["value"]
        elif one["start"] == one["end"]:
            said["timingDate"] = iso(one["start"])
        else:
            said["timingPeriod"] = {"start": iso(one["start"]), "end": iso(one["end"])}
        made.append(said)
    return made


def _references(found: Node) -> list[Node]:
    return [
        {"category": codes.INFO, "code": codes.concept(codes.REFERENCE, one["qualifier"]), "valueString": one["value"]}
        for one in found.get("references") or ()
        if one["value"] and one["qualifier"] not in _ELSEWHERE
    ]


def _coded(one: Node, system: str) -> Node:
    said: Node = {"category": codes.INFO, "code": codes.concept(system, one["code"])}
    if one.get("start"):
        if one["start"] == one["end"]:
            said["timingDate"] = iso(one["start"])
        else:
            said["timingPeriod"] = {"start": iso(one["start"]), "end": iso(one["end"])}
    if one.get("amount") is not None:
        said["valueQuantity"] = {"value": number(f"{one['amount']:f}")}
    return said
