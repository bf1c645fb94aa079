"""HI segments of an 837: health care codes by their qualifiers (data element 1270 in composite C022).

Each code lands in a list named for what it is: diagnoses, procedures, occurrences, occurrence_spans, values,
conditions, drgs, treatments; a qualifier that is not known in `other_codes`. X12 writes codes without dots.
"""

from __future__ import annotations

from typing import NamedTuple

from jobs.formats.x12_segments import BAD_DATE, BAD_NUMBER, NEVER, Node, State, decimal, period


class Meaning(NamedTuple):
    """The list a code belongs to, its role in it and the code system it is from."""

    collection: str
    role: str | None
    system: str | None


_ICD10, _ICD9 = "ICD-10-CM", "ICD-9-CM"
MEANINGS = {
    "ABK": Meaning("diagnoses", "principal", _ICD10),
    "ABF": Meaning("diagnoses", "other", _ICD10),
    "ABJ": Meaning("diagnoses", "admitting", _ICD10),
    "APR": Meaning("diagnoses", "reason_for_visit", _ICD10),
    "ABN": Meaning("diagnoses", "external_cause", _ICD10),
    "BK": Meaning("diagnoses", "principal", _ICD9),
    "BF": Meaning("diagnoses", "other", _ICD9),
    "BJ": Meaning("diagnoses", "admitting", _ICD9),
    "PR": Meaning("diagnoses", "reason_for_visit", _ICD9),
    "BN": Meaning("diagnoses", "external_cause", _ICD9),
    "BBR": Meaning("procedures", "principal", "ICD-10-PCS"),
    "BBQ": Meaning("procedures", "other", "ICD-10-PCS"),
    "BR": Meaning("procedures", "principal", "ICD-9-CM procedures"),
    "BQ": Meaning("procedures", "other", "ICD-9-CM procedures"),
    "CAH": Meaning("procedures", "principal", "ABC"),
    "BP": Meaning("procedures", "anesthesia_principal", "HCPCS"),
    "BO": Meaning("procedures", "anesthesia_other", "HCPCS"),
    "BH": Meaning("occurrences", None, "NUBC"),
    "BI": Meaning("occurrence_spans", None, "NUBC"),
    "BE": Meaning("values", None, "NUBC"),
    "BG": Meaning("conditions", None, "NUBC"),
    "DR": Meaning("drgs", None, "DRG"),
    "TC": Meaning("treatments", None, "treatment"),
}
_OTHER = Meaning("other_codes", None, None)


def coded(state: State, said: list[str]) -> None:
    """HI: up to twelve codes, each with what its qualifier lets it have.

    Keys: qualifier, role, system, code; code_end (C022-8, a range); start, end (C022-4); amount (C022-5), quantity
    (C022-6), on_admission (C022-9) where they were sent.
    """
    top, component = state.top, state.component
    for element, composite in enumerate(said[1:13], 1):
        if not composite:
            continue
        parts = composite.split(component)
        meaning = MEANINGS.get(parts[0], _OTHER)
        found: Node = {
            "qualifier": parts[0],
            "role": meaning[1],
            "system": meaning[2],
            "code": (parts[1] or None) if len(parts) > 1 else None,
        }
        if len(parts) > 2:
            _more(state, said, element, parts, found)
        collection = meaning[0]
        if collection in top:
            top[collection].append(found)
        else:
            top[collection] = [found]


def _more(state: State, said: list[str], element: int, parts: list[str], found: Node) -> None:
    parts = parts + [""] * (10 - len(parts))
    if parts[3]:
        when = period(parts[2], parts[3])
        if when is None:
            state.tell(BAD_DATE, said, element)
        found["start"], found["end"] = (when or NEVER)[:2]
    for name, at in (("amount", 4), ("quantity", 5)):
        if parts[at]:
            found[name] = decimal(parts[at])
            if found[name] is None:
                state.tell(BAD_NUMBER, said, element)
    if parts[7]:
        found["code_end"] = parts[7]
    if parts[8]:
        found["on_admission"] = parts[8]
