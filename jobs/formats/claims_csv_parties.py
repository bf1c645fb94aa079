"""Members, payers and providers of flat claim extracts as FHIR, with the ids that references to them have.

A row of a claim tells of them in passing; its member has no time, so that the enrolment, which tells all, is newer.
"""

from __future__ import annotations

from datetime import datetime

from jobs.formats import x12_fhir_codes as codes
from jobs.formats import x12_fhir_members as members
from jobs.formats import x12_fhir_parties as parties
from jobs.formats.csv_said import Values, date, text
from jobs.formats.translation import Resource, Said, Source, ident
from jobs.formats.x12_fhir_json import Text, body, concept, joined, listed, named, period, quoted, reference
from jobs.formats.x12_fhir_parties import Key
from jobs.formats.x12_segments import Node

_RELATIONSHIPS = {"self": "18", "spouse": "01", "child": "19", "subscriber": "18", "dependent": "G8"}
_CLASS = f"{codes.TERMINOLOGY}coverage-class"
# An end that means none.
_FAR = 9000


def payer_of(row: Values, feed: Source) -> str:
    """What the payer is called in ids: its number, as the feed's `columns: payers` may say another."""
    number = text(row, "payer_id", "plan_id") or ""
    meant = feed.columns.get("payers") or {}
    return str(meant.get(number, number))


def member_of(row: Values, payer: str) -> Key | None:
    """What the member is called in ids; None where the row names none."""
    number = text(row, "member_id")
    if not number:
        return None
    dependent = text(row, "dependent_number")
    return ("member", payer, number, dependent) if dependent else ("member", payer, number)


def member(row: Values, who: Key, payer: str, at: datetime | None) -> Resource | None:
    """The Patient, as far as the row knows them; None when it knows the number only."""
    party = _person(row)
    return members.patient(party, who, payer, None, at) if len(party) > 0 else None


def _person(row: Values) -> Node:
    phone = text(row, "phone")
    columns = {
        "name": ("last_name", "family_name"), "first_name": ("first_name", "given_name"),
        "middle_name": ("middle_name",), "sex": ("sex",), "line1": ("street",), "line2": ("street_2",),
        "city": ("city",), "state": ("state",), "zip": ("zip", "postal_code"),
    }  # fmt: skip
    found: Node = {name: text(row, *told) for name, told in columns.items()}
    found["birth_date"] = date(row, "birth_date")
    if phone:
        found["contacts"] = [{"numbers": [{"qualifier": "TE", "value": phone}]}]
    if number := text(row, "ssn"):
        found["references"] = [{"qualifier": "SY", "value": number}]
    return {name: value for name, value in found.items() if value}


def provider(number: str | None, *, is_person: bool) -> Node | None:
    """A provider known by the NPI alone."""
    return {"id_qualifier": "XX", "id": number, "is_person": is_person} if number else None


def providers(*told: Node | None) -> list[Resource]:
    """The providers a row names, in passing."""
    return [one for party in told if party for one in parties.provider(party, None, None, None)]


def enrolment(row: Values, record: Said, feed: Source) -> list[Resource]:
    """A span of enrolment: the Patient in full, the payer, and the Coverage with its time."""
    payer, at = payer_of(row, feed), record.received_at
    who = member_of(row, payer)
    if who is None:
        return []
    payer_name = text(row, "payer_name", "plan_name")
    made = [members.patient(_person(row), who, payer, None, at)]
    if payer or payer_name:
        made.append(parties.payer({"id": payer, "name": payer_name}, payer, at))
    start, end = date(row, "coverage_start", "start_date"), date(row, "coverage_end", "end_date")
    number, plan = text(row, "subscriber_id", "member_id"), text(row, "plan_id")
    name = text(row, "enrolment_id") or ident(payer, plan, *who, start.isoformat() if start else "")
    subscriber = (who[0], payer, number) if number else None
    classes = [
        _class("plan", plan, text(row, "plan_name")),
        _class("group", text(row, "group_id"), text(row, "group_name")),
    ]
    told = text(row, "relationship")
    parts = {
        "identifier": listed([members.member_number(payer, text(row, "member_id"))]),
        "status": '"active"',
        "type": concept(f"{codes.OURS}coverage-type", text(row, "coverage_type")),
        "subscriber": members.patient_reference(subscriber),
        "subscriberId": quoted(number),
        "dependent": quoted(text(row, "dependent_number")),
        "beneficiary": members.patient_reference(who),
        "relationship": members.relationship(_RELATIONSHIPS.get(told.lower(), told) if told else None),
        "period": period(start, end if end and end.year < _FAR else None),
        "payor": listed([parties.payer_reference(payer, {"name": payer_name})]),
        "class": listed(classes),
    }
    return [*made, Resource("Coverage", named(name), at, None, body(parts))]


def _class(kind: str, value: str | None, name: str | None) -> Text:
    if not value and not name:
        return None
    return joined({"type": concept(_CLASS, kind), "value": quoted(value), "name": quoted(name)})


def provider_references(party: Node | None) -> Text:
    """A reference to a provider, or None."""
    return parties.provider_reference(party) if party else None


def location(party: Node | None) -> Text:
    """A reference to the place of a provider, or None."""
    return reference("Location", named(*parties.provider_key(party))) if party else None
