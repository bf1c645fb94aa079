"""Rows of flat claim extracts as FHIR R4 resources, by the kind of file that their feed declares.

    claim_header     claims_csv_header: Claim, ExplanationOfBenefit, Encounter; member and providers in passing
    claim_line       claims_csv_line: a part of that Claim and ExplanationOfBenefit
    pharmacy_claim   claims_csv_pharmacy: Claim, ExplanationOfBenefit, MedicationDispense
    enrolment        claims_csv_parties: Patient, Coverage, payer
Of the feed's `columns`: `currency` (USD), `payers` (number told: the one it means), `encounters` (false: claims make
none).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from jobs.formats import csv_said
from jobs.formats.claims_csv_header import header
from jobs.formats.claims_csv_line import line
from jobs.formats.claims_csv_parties import enrolment
from jobs.formats.claims_csv_pharmacy import pharmacy
from jobs.formats.csv_said import Values
from jobs.formats.translation import Resource, Said, Source
from jobs.formats.x12_fhir_json import resource, written


def translate(record: Said, feed: Source) -> list[Resource]:
    """The resources that a row says; none for a row of a kind that is not known."""
    return [resource(one) for one in _said(record, feed)]


def translate_written(record: Said, feed: Source) -> list[tuple[str, str, datetime | None, str | None, str]]:
    """The same with their JSON written: type, id, last_updated, method, text."""
    return [written(one) for one in _said(record, feed)]


def _said(record: Said, feed: Source) -> list[Resource]:
    work = _KINDS.get(record.resource_type)
    row = csv_said.values(record, feed) if work else None
    return work(row, record, feed) if work and row else []


_KINDS: dict[str, Callable[[Values, Said, Source], list[Resource]]] = {
    "claim_header": header,
    "claim": header,
    "claim_line": line,
    "pharmacy_claim": pharmacy,
    "enrolment": enrolment,
}
