"""A line row of a flat claim extract as FHIR: a part of its claim's Claim and ExplanationOfBenefit.

Rows come one by one, so a line is a Claim and an ExplanationOfBenefit of its own, whose extension `part-of` names the
whole. Silver takes their one item as an item of the whole; they are no claims and have no totals.
"""

from __future__ import annotations

import re

from jobs.formats import claims_csv_parties as parties
from jobs.formats import x12_fhir_codes as codes
from jobs.formats import x12_fhir_members as members
from jobs.formats.claims_csv_amounts import adjudicated, currency_of
from jobs.formats.claims_csv_header import claim_id
from jobs.formats.csv_said import Values, amount, date, moment, text
from jobs.formats.translation import Resource, Said, Source
from jobs.formats.x12_fhir_json import Text, alone, body, concept, extension, joined, listed, money, named, reference
from jobs.formats.x12_fhir_lines import quantity, serviced

_NUMBER, _LETTERS, _BETWEEN = re.compile("0*[1-9][0-9]*"), re.compile("[A-L]+"), re.compile("[,;:|/ ]+")
PART_OF = f"{codes.OURS}part-of"


def line(row: Values, record: Said, feed: Source) -> list[Resource]:
    """What the row of a line says."""
    name, number = claim_id(row), text(row, "line_number")
    if name is None or number is None:
        return []
    currency, at = currency_of(row, feed), moment(row, feed, "paid_date", "processed_date") or record.received_at
    payer = parties.payer_of(row, feed)
    item = _item(row, number, name, currency, with_encounter=bool(feed.columns.get("encounters", True)))
    own = named(name, "line", number)
    shared = {
        "status": '"active"',
        "use": '"claim"',
        "patient": members.patient_reference(parties.member_of(row, payer)),
    }
    claim = {"extension": _part_of("Claim", name), **shared, "item": alone(joined(item))}
    benefit = {
        "extension": _part_of("ExplanationOfBenefit", name),
        **shared,
        "outcome": '"complete"',
        "claim": reference("Claim", name),
        "item": alone(joined({**item, "adjudication": adjudicated(row, currency)})),
    }
    made = [
        Resource("Claim", own, at, None, body(claim)),
        Resource("ExplanationOfBenefit", own, at, None, body(benefit)),
    ]
    return made + parties.providers(parties.provider(text(row, "rendering_npi"), is_person=True))


def _pointers(told: str) -> list[int]:
    """Numbers of the claim's diagnoses, from 1; letters are those of CMS-1500, item 24E.

    >>> _pointers("1:2"), _pointers("AC"), _pointers("A, B"), _pointers("12"), _pointers("1|?")
    ([1, 2], [1, 3], [1, 2], [12], [1])
    """
    found: list[int] = []
    for one in _BETWEEN.split(told.upper()):
        if _NUMBER.fullmatch(one):
            found.append(int(one))
        elif _LETTERS.fullmatch(one):
            found += [ord(letter) - ord("A") + 1 for letter in one]
    return found


def _part_of(kind: str, name: str) -> Text:
    return alone(extension(PART_OF, "Reference", reference(kind, name)))


def _item(row: Values, number: str, claim: str, currency: str, *, with_encounter: bool) -> dict[str, Text]:
    code, ndc = text(row, "procedure_code"), text(row, "ndc")
    told = [codes.service_coding("AD" if code[:1] == "D" else "HC", code) if code else None]
    told.append(codes.service_coding("N4", ndc))
    modifiers = [one for place in range(1, 5) if (one := text(row, f"modifier_{place}"))]
    start, end = date(row, "service_date", "service_from", "from_date"), date(row, "service_to", "to_date")
    return {
        "sequence": number.lstrip("0") if _NUMBER.fullmatch(number) else None,
        "diagnosisSequence": listed(map(str, _pointers(text(row, "diagnosis_pointers") or ""))),
        "revenue": concept(codes.REVENUE, text(row, "revenue_code")),
        "productOrService": joined({"coding": listed(told)}),
        "modifier": codes.modifiers(modifiers),
        **serviced({"service_start": start, "service_end": end}),
        "locationCodeableConcept": concept(codes.PLACE_OF_SERVICE, text(row, "place_of_service")),
        "quantity": quantity(amount(row, "units"), text(row, "unit")),
        "net": money(amount(row, "charge"), currency),
        "encounter": alone(reference("Encounter", claim)) if with_encounter else None,
    }
