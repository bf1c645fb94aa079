"""Codes of HL7 v2 as FHIR R4 codes: coding systems as URIs, coded elements as CodeableConcepts, units.

What is given back again and again is given as written JSON (`orjson.Fragment`), made once for each coded element.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import orjson

from jobs.formats import translation
from jobs.formats.hl7v2_dialect import Coded

UCUM = "http://unitsofmeasure.org"
CDC_RACE = "urn:oid:2.16.840.1.113883.6.238"
NPI = "http://hl7.org/fhir/sid/us-npi"
SSN = "http://hl7.org/fhir/sid/us-ssn"
THO = "http://terminology.hl7.org/CodeSystem/"
# HL7 table 0396, and names that are not in it but are sent. The rest is passed on as it was sent.
_SYSTEMS = {
    "LN": "http://loinc.org", "LOINC": "http://loinc.org",
    "SCT": "http://snomed.info/sct", "SNM": "http://snomed.info/sct", "SNM3": "http://snomed.info/sct",
    **dict.fromkeys(("SNOMED CT", "SNOMEDCT"), "http://snomed.info/sct"), "LNC": "http://loinc.org",
    "SNOMED": "http://snomed.info/sct", "SNOMED-CT": "http://snomed.info/sct", "SCT2": "http://snomed.info/sct",
    **dict.fromkeys(("I10", "I10C", "ICD10", "ICD-10", "ICD10CM", "ICD-10-CM", "ICD10-CM"),
                    "http://hl7.org/fhir/sid/icd-10-cm"),
    **dict.fromkeys(("I10P", "ICD10PCS", "ICD-10-PCS"), "http://www.cms.gov/Medicare/Coding/ICD10"),
    **dict.fromkeys(("I9", "I9C", "I9CDX", "ICD9", "ICD-9", "ICD9CM", "ICD-9-CM"), "http://hl7.org/fhir/sid/icd-9-cm"),
    "I9CP": "urn:oid:2.16.840.1.113883.6.104",
    **dict.fromkeys(("C4", "C5", "CPT", "CPT4", "CPT-4"), "http://www.ama-assn.org/go/cpt"),
    **dict.fromkeys(("HCPCS", "HPC", "HCPC"), "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"),
    "NDC": "http://hl7.org/fhir/sid/ndc", "CVX": "http://hl7.org/fhir/sid/cvx", "MVX": "http://hl7.org/fhir/sid/mvx",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm", "RXN": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "UCUM": UCUM, "NUCC": "http://nucc.org/provider-taxonomy", "CDCREC": CDC_RACE, "DCM":
    "http://dicom.nema.org/resources/ontology/DCM", "ATC": "http://www.whocc.no/atc", "NCIT":
    "http://ncithesaurus-stage.nci.nih.gov",
}  # fmt: skip
# Tables of HL7 whose codes are those of a system of somebody else: vaccines given, and their makers.
_TABLES = {"0292": "http://hl7.org/fhir/sid/cvx", "0227": "http://hl7.org/fhir/sid/mvx"}
_TABLE = re.compile(r"(?:HL7)?-?([0-9]{4})\Z")
_OID = re.compile(r"[0-2](?:\.[0-9]+){3,}\Z")
# Who assigns identifiers, where the whole country knows him.
_ASSIGNERS = {"NPI": NPI, "SSA": SSN, "USSSA": SSN, "CLIA": "urn:oid:2.16.840.1.113883.4.7",
              "2.16.840.1.113883.4.6": NPI, "2.16.840.1.113883.4.1": SSN,
              "MVX": "http://hl7.org/fhir/sid/mvx"}  # fmt: skip


@functools.lru_cache(1 << 12)
def system(name: str | None) -> str | None:
    """The URI of a coding system; of a table of HL7 that of its code system, what is not known as it was sent.

    >>> system("LN"), system("HL70078"), system("2.16.840.1.113883.6.1"), system("L"), system(None)
    ('http://loinc.org', 'http://terminology.hl7.org/CodeSystem/v2-0078', 'urn:oid:2.16.840.1.113883.6.1', 'L', None)
    """
    if not name:
        return None
    if known := _SYSTEMS.get(name.strip().upper()):
        return known
    if table := _TABLE.match(name.upper()):
        return _TABLES.get(table.group(1)) or f"{THO}v2-{table.group(1)}"
    return f"urn:oid:{name}" if _OID.match(name) else name


@functools.lru_cache(1 << 12)
def assigner_system(assigner: str | None, universal: str | None = None) -> str | None:
    """The system of identifiers that somebody assigns: his OID as URI, else his name as it was sent."""
    if known := _ASSIGNERS.get((assigner or "").upper()) or _ASSIGNERS.get(universal or ""):
        return known
    found = universal or assigner
    return f"urn:oid:{found}" if found and _OID.match(found) else found


def written(value: Any) -> str:
    """A value as JSON text."""
    return orjson.dumps(value).decode()


def members(found: Mapping[str, Any]) -> str:
    """Members of an object as JSON text, each with a comma before it; without those that are None.

    >>> members({"status": "final", "method": None})
    ',"status":"final"'
    """
    text = written({name: value for name, value in found.items() if value is not None})[1:-1]
    return f",{text}" if text else ""


def listed(items: list[Any]) -> orjson.Fragment | None:
    """Items, in which nothing is empty, as written JSON; None when there is none."""
    return orjson.Fragment(orjson.dumps(items)) if items else None


def filled(**named: Any) -> dict[str, Any]:
    """A dict of what is neither None nor empty."""
    return {name: value for name, value in named.items() if value}


def packed(value: Any) -> orjson.Fragment | None:
    """A value as written JSON without empty elements; None when nothing is left of it."""
    kept = translation.without_nothing(value)
    return orjson.Fragment(orjson.dumps(kept)) if kept or kept is False or kept == 0 else None


@functools.lru_cache(1 << 15)
def concept(found: Coded) -> orjson.Fragment | None:
    """A CodeableConcept with the codes of both systems; None of a coded element that says nothing."""
    pairs = (
        (found.code, found.text, found.system),
        (found.alternate_code, found.alternate_text, found.alternate_system),
    )
    codings = [{"system": system(named), "code": code, "display": text} for code, text, named in pairs if code]
    text = found.original_text or found.text or found.alternate_text or found.code
    return packed({"coding": codings, "text": text})


@functools.lru_cache(1 << 12)
def coded(url: str | None, code: str | None, display: str | None = None) -> orjson.Fragment | None:
    """A CodeableConcept of one code."""
    return packed({"coding": [{"system": url, "code": code, "display": display}]}) if code else None


def chosen_unit(unit: Coded) -> tuple[str | None, str | None, str | None]:
    """Name, system and code of a unit; the UCUM one of two. A unit that is not declared as UCUM is a name only."""
    pairs = (
        (unit.code, unit.text, unit.system),
        (unit.alternate_code, unit.alternate_text, unit.alternate_system),
    )
    for code, text, declared in pairs:
        if code and system(declared) == UCUM:
            return text or code, UCUM, code
    return unit.code or unit.text or unit.alternate_code or unit.alternate_text, None, None


@functools.lru_cache(1 << 12)
def unit_members(unit: Coded) -> str:
    """The members of a Quantity that say its unit, as JSON text to follow its value.

    >>> unit_members(Coded("mg/dL", "mg/dL", "UCUM", None, None, None))
    ',"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"'
    """
    name, url, code = chosen_unit(unit)
    return members({"unit": name or None, "system": url, "code": code})


def quantity(number: str, comparator: str | None, unit: str = "") -> orjson.Fragment:
    """A Quantity: see quantity_text."""
    return orjson.Fragment(quantity_text(number, comparator, unit))


def quantity_text(number: str, comparator: str | None, unit: str = "") -> str:
    """A Quantity as JSON text; `number` keeps all its digits, what is none stays text; `unit`: see unit_members."""
    value = written(translation.number(plain(number)))
    if comparator not in _COMPARATORS:
        return f'{{"value":{value}{unit}}}'
    return f'{{"value":{value},"comparator":"{comparator}"{unit}}}'


_COMPARATORS = ("<", "<=", ">", ">=")
_DIGITS = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?\Z")


def plain(number: str) -> str:
    """An NM as JSON writes numbers; the digits stay. What is no number stays as it is.

    >>> plain("+05"), plain("-.50"), plain("7."), plain("4.10"), plain("high"), plain("-0")
    ('5', '-0.50', '7', '4.10', 'high', '-0')
    """
    match = _DIGITS.match(number.strip())
    if match is None or not any(character.isdigit() for character in number):
        return number
    sign, whole, fraction = match.groups()
    return ("-" if sign == "-" else "") + (whole or "0") + (f".{fraction}" if fraction else "")
