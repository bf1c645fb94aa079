"""Identifiers of people: who gave them out, whether they are one person's, and whether they can be right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from jobs.identity.check_digits import CHECKS
from jobs.identity.letters import fold
from jobs.identity.placeholders import is_no_name, is_no_number

# Authorities that have several names; the first is ours. OIDs as registered with HL7.
_SSN, _NHS, _SIN = "us-ssn", "uk-nhs", "ca-sin"
_AUTHORITIES = {
    "http://hl7.org/fhir/sid/us-ssn": _SSN,
    "2.16.840.1.113883.4.1": _SSN,
    "ssa": _SSN,
    "ussa": _SSN,
    "https://fhir.nhs.uk/id/nhs-number": _NHS,
    "2.16.840.1.113883.2.1.4.1": _NHS,
    "nhs": _NHS,
    "http://hl7.org/fhir/sid/ca-sin": _SIN,
    "2.16.840.1.113883.4.272": _SIN,
}
_BY_TYPE = {"SS": _SSN, "SSN": _SSN, "NH": _NHS, "NHS": _NHS, "SIN": _SIN}
_CHECKED = {_SSN: "ssn", _NHS: "nhs", _SIN: "luhn"}
_WITH_CHECK_DIGIT = frozenset(("nhs", "luhn"))
# HL7 table 0203: of a visit, a bill, an order or a provider, not of a person.
_NOT_OF_A_PERSON = frozenset("AN ANC ANON VN ACSN FILL PLAC NPI UPIN EN EI DEA LN MD PRN TAX BCT NCT GI GN SID".split())  # noqa: SIM905
# One for each person in a country: a near miss is a typing error. Of record numbers the next one is the next patient.
_NATIONAL_TYPES = frozenset("SS NI NH NHS SIN MC MA JHN HC PPN DL CZ".split())  # noqa: SIM905
_NATIONAL = frozenset((_SSN, _NHS, _SIN))
# Numbers of an insurance that a family has in common.
_OF_A_FAMILY = frozenset("MB SN MI PNT WC FAM".split())  # noqa: SIM905
_SIGNS = re.compile(r"[\s\-./]+")


class Identifiers(NamedTuple):
    """As `authority|value`: `own`, one person's; `national`, those of them that somebody has once; `family`, shared.

    `checked` are those of the national ones whose check digit is right, so that they are no typing error.
    """

    own: tuple[str, ...]
    national: tuple[str, ...]
    family: tuple[str, ...]
    checked: tuple[str, ...]


def identifiers(
    given: Iterable[Mapping[str, Any]] | None, feed: str, checks: Mapping[str, str] | None = None
) -> Identifiers:
    """Identifiers of silver.patient as keys, sorted; what fails its check or was filled in is left out.

    `checks` names the check (nhs, ssn, luhn) of further authorities. Without an authority a number belongs to its feed.

    >>> found = identifiers([{"type_code": "SS", "value": "536-22-1234"}, {"type_code": "MR", "value": "0012"},
    ...                      {"type_code": "MB", "system": "urn:oid:1.2", "value": "W1"},
    ...                      {"type_code": "SS", "value": "999-99-9999"}], "adt")
    >>> found.own, found.family
    (('adt mr|0012', 'us-ssn|536221234'), ('1.2|W1',))
    """
    own, national, family, checked = set(), set(), set(), set()
    for one in given or ():
        kind = (one.get("type_code") or "").strip().upper()
        value = _SIGNS.sub("", str(one.get("value") or "")).upper()
        if not value or kind in _NOT_OF_A_PERSON or is_no_number(value) or is_no_name(fold(value)):
            continue
        authority = _authority(one, kind, feed)
        check = (checks or {}).get(authority) or _CHECKED.get(authority)
        if check and not CHECKS[check](value):
            continue
        key = f"{authority}|{value}"
        if kind in _OF_A_FAMILY:
            family.add(key)
            continue
        own.add(key)
        if authority in _NATIONAL or kind in _NATIONAL_TYPES:
            national.add(key)
        if check in _WITH_CHECK_DIGIT:
            checked.add(key)
    return Identifiers(*(tuple(sorted(keys)) for keys in (own, national, family, checked)))


def _authority(one: Mapping[str, Any], kind: str, feed: str) -> str:
    system = (one.get("system") or "").strip().lower().removeprefix("urn:oid:")
    known = _AUTHORITIES.get(system)
    if known is None and (not system or kind in ("SS", "SSN", "SIN")):
        known = _BY_TYPE.get(kind)
    return known or system or f"{feed} {kind.lower()}"
