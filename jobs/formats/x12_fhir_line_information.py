"""What a line of an 837 says besides (loops 2400, 2410), as FHIR R4 Claim.supportingInfo that the line points to.

Teeth and areas after the first (TOO, SV304), dates other than the service's, references, amounts, test results (MEA),
notes, emergency, EPSDT, family planning and copay exemption (SV109, 11, 12, 15), certifications (CRC), attachments
(PWK), contract (CN1), repricing (HCP), ambulance (CR1). The last five stand at the whole claim alike (loop 2300), which
says of teeth besides which are missing or to be extracted (DN2).
"""

from __future__ import annotations

from collections.abc import Iterable

from jobs.formats import x12_fhir_codes as codes
from jobs.formats.x12_fhir_information import OWN, Said, dated, valued
from jobs.formats.x12_fhir_json import Text, concept, quoted
from jobs.formats.x12_segments import Node
from jobs.formats.x12_segments import decimal as number_of

_SERVICE = "472"
_ADDITIONAL = codes.information("additionalbodysite")
_ATTACHMENT = concept(f"{codes.TERMINOLOGY}claiminformationcategory", "attachment")
_FLAGS = (
    ("is_emergency", True, "emergency"), ("epsdt", "Y", "epsdt"), ("family_planning", "Y", "family-planning"),
    ("copay_status", "0", "copay-exempt"),
)  # fmt: skip
# What most lines have; a line with nothing else says nothing besides.
_PLAIN = frozenset({
    "number", "dates", "code_qualifier", "code", "modifiers", "charge", "unit", "quantity", "place_of_service",
    "pointers", "is_emergency", "service_start", "service_end", "revenue_code", "rendering",
})  # fmt: skip


def numbers(lines: Iterable[Node], told: list[Said]) -> list[list[int]]:
    """For each line the numbers of what it says besides, which is put at the end of what is told of the claim."""
    found = []
    for line in lines:
        start = len(told)
        if not line.keys() <= _PLAIN or line.get("is_emergency") or len(line["dates"]) > 1:
            told += _of_line(line)
        found.append(list(range(start + 1, len(told) + 1)))
    return found


def shared(part: Node) -> list[Said]:
    """Certifications, attachments, contract and repricing of a claim or a line."""
    told: list[Said] = []
    for one in part.get("certifications") or ():
        applies = ("", None) if one["applies"] else ("valueString", '"N"')
        category = concept(f"{codes.ELEMENT}1136", one["category"])
        told += [(category, concept(f"{codes.ELEMENT}1321", code), *applies) for code in one["conditions"] if category]
    for one in part.get("attachments") or ():
        told.append((_ATTACHMENT, concept(f"{codes.ELEMENT}755", one["type"]), *_text(one["id"])))
    if contract := part.get("contract"):
        value = _text(contract["code"]) if contract["amount"] is None else valued(contract["amount"])
        told.append((codes.INFO, concept(f"{codes.ELEMENT}1166", contract["type"]), *value))
    if repriced := part.get("repricing"):
        system = f"{codes.OURS}repricing"
        amounts = ((name, repriced[name]) for name in ("allowed", "savings"))
        told += [(codes.INFO, concept(system, name), *valued(one)) for name, one in amounts if one is not None]
    for kept in part.get("other_segments") or ():
        said = [one or "" for one in kept["elements"]] + [""] * 10
        if kept["segment"] == "CR1":
            told += _ambulance(said)
        elif kept["segment"] == "DN2" and said[0]:
            told.append((codes.INFO, concept(codes.TOOTH, said[0]), *_text(said[1])))
    return told


def _ambulance(said: list[str]) -> list[Said]:
    """Why (CR104) and how far (CR106, in miles) somebody was taken."""
    told: list[Said] = [(codes.INFO, concept(f"{codes.ELEMENT}1317", said[3]), "", None)] if said[3] else []
    if (miles := number_of(said[5])) is not None:
        told.append((codes.INFO, concept(OWN, "ambulance-miles"), *valued(miles)))
    return told


def _of_line(line: Node) -> list[Said]:
    told = [*_places(line), *dated(one for one in line["dates"] if one["qualifier"] != _SERVICE)]
    for part in (line, *(line.get("drugs") or ())):
        for one in part.get("references") or ():
            if one["value"] and one["qualifier"] != "6R":
                told.append((codes.INFO, concept(codes.REFERENCE, one["qualifier"]), *_text(one["value"])))
    for one in line.get("amounts") or ():
        if one["amount"] is not None:
            told.append((codes.INFO, concept(codes.AMOUNT, one["qualifier"]), *valued(one["amount"])))
    for one in line.get("quantities") or ():
        if one["quantity"] is not None:
            told.append((codes.INFO, concept(codes.QUANTITY, one["qualifier"]), *valued(one["quantity"])))
    for one in line.get("measurements") or ():
        if one["value"] is not None:
            told.append((codes.INFO, concept(f"{codes.ELEMENT}738", one["qualifier"]), *valued(one["value"])))
    told += [(codes.INFO, concept(OWN, code), "", None) for name, yes, code in _FLAGS if line.get(name) == yes]
    told += [(codes.INFO, None, *_text(one["text"])) for one in line.get("notes") or () if one["text"]]
    return told + shared(line)


def _places(line: Node) -> list[Said]:
    """Teeth and areas that are not the line's bodySite, which holds one (CARIN Blue Button, additionalbodysite)."""
    teeth, areas = line.get("teeth") or [], line.get("oral_cavity") or []
    told: list[Said] = [
        (_ADDITIONAL, concept(codes.TOOTH, one["code"]), *_text(" ".join(one["surfaces"]))) for one in teeth[1:]
    ]
    more = areas if teeth else areas[1:]
    return told + [(_ADDITIONAL, concept(codes.ORAL_AREA, one), "", None) for one in more]


def _text(value: str | None) -> tuple[str, Text]:
    return "valueString", quoted(value)
