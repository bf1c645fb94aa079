"""What an 835 says of a claim besides the money that counts, as FHIR R4 ExplanationOfBenefit.supportingInfo.

DRG (CLP11), the day the claim came in (DTM 050), interest, discount and the like (AMT), days (QTY), contract and
authorisation numbers (REF), what an inpatient or outpatient payment is made of and its remarks (MIA, MOA), and to whom
the claim was passed on (NM1 TT) or should have gone (NM1 PR). Numbers of the patient are left out: they stand at the
Patient. Shapes and lists are those of the claim's own (x12_fhir_information).
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.x12_fhir_information import Said, numbered, timing
from jobs.formats.x12_fhir_json import Text, concept, decimal, quoted
from jobs.formats.x12_segments import Node

_RECEIVED = "050"
# The statement's days are the benefit's own, what is covered (AU) is its total.
_ELSEWHERE = frozenset({"232", "233", "AU"})
# 835 TR3, 2100 REF: predetermination, authorisations, repricing, group, class of contract. A policy may be a person's.
_TOLD = frozenset({"6P", "9A", "9C", "BB", "CE", "G1", "G3"})
_OWN = f"{codes.OURS}claim-information"
_OTHER_PAYERS = {
    "crossover": concept(_OWN, "crossover-carrier"),
    "corrected_payer": concept(_OWN, "corrected-priority-payer"),
}


def information(found: Node) -> Text:
    """All supporting information of a claim payment, numbered."""
    told: list[Said] = []
    if found.get("drg"):
        told.append((codes.information("drg"), codes.health("DRG", found["drg"]), "", None))
    for name in ("inpatient", "outpatient"):
        if name in found:
            told += _made_of(name, found[name])
    if "dates" in found:
        told += _dates(found["dates"])
    for one in found.get("amounts") or ():
        if one["amount"] is not None and one["qualifier"] not in _ELSEWHERE:
            told.append(_counted(codes.AMOUNT, one["qualifier"], one["amount"]))
    for one in found.get("quantities") or ():
        if one["quantity"] is not None:
            told.append(_counted(codes.QUANTITY, one["qualifier"], one["quantity"]))
    for one in found.get("references") or ():
        if one["qualifier"] in _TOLD and one["value"]:
            told.append((codes.INFO, concept(codes.REFERENCE, one["qualifier"]), "valueString", quoted(one["value"])))
    for name, category in _OTHER_PAYERS.items():
        if name in found:
            payer = found[name]
            told.append((category, concept(f"{codes.OURS}payer", payer["id"], payer["name"]), "", None))
    return numbered(told)


def _dates(dates: list[Node]) -> list[Said]:
    made: list[Said] = []
    for one in dates:
        if one["qualifier"] in _ELSEWHERE or not one["start"]:
            continue
        when = timing(one["start"], one["end"])
        if one["qualifier"] == _RECEIVED:
            made.append((codes.information("clmrecvddate"), None, *when))
        else:
            made.append((codes.INFO, concept(codes.DATE, one["qualifier"]), *when))
    return made


def _made_of(name: str, told: Node) -> list[Said]:
    """The remarks and numbers of MIA or MOA, the numbers by their names here."""
    remarks: list[Said] = [(codes.INFO, concept(codes.REMARKS, one), "", None) for one in told["remarks"]]
    system = f"{codes.OURS}{name}-adjudication"
    return remarks + [
        _counted(system, _word(part), value) for part, value in told.items() if part != "remarks" and value is not None
    ]


@cache
def _word(name: str) -> str:
    return name.replace("_", "-")


def _counted(system: str, code: str, value: Decimal) -> Said:
    return (codes.INFO, concept(system, code), "valueQuantity", f'{{"value":{decimal(value)}}}')
