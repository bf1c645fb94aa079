"""What a patient lived, as far as the site's systems tell of it: visits, diagnoses, results, bills, images."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Visit(NamedTuple):
    """One encounter. `kind`: AMB, EMER, IMP, ...; `doctor` and `organization` are ids of FHIR resources, or an NPI."""

    id: str
    start: datetime
    end: datetime
    kind: str
    code: str
    text: str
    doctor: str
    organization: str


class Diagnosis(NamedTuple):
    """One condition, SNOMED CT as the EHR has it."""

    id: str
    visit: str
    code: str
    text: str
    at: datetime


class Result(NamedTuple):
    """One laboratory result. `value` is as written; `code` is of a coded value, SNOMED CT."""

    id: str
    loinc: str
    text: str
    at: datetime
    value: str
    unit: str
    code: str


class Report(NamedTuple):
    """One order with its results, at least one."""

    id: str
    loinc: str
    text: str
    at: datetime
    visit: str
    results: tuple[Result, ...]


class Item(NamedTuple):
    """What is charged: the source's code, in cents."""

    code: str
    system: str
    text: str
    cents: int


class Bill(NamedTuple):
    """One claim. `kind`: professional, institutional or pharmacy; `diagnoses` are ids of conditions."""

    id: str
    kind: str
    visit: str
    start: datetime
    end: datetime
    created: datetime
    payer: str
    organization: str
    items: tuple[Item, ...]
    diagnoses: tuple[str, ...]


class Image(NamedTuple):
    """One instance of a study: UIDs, modality, class, body site and titles."""

    study_id: str
    study: str
    series: str
    instance: str
    sop_class: str
    modality: str
    site: str
    description: str
    title: str
    at: datetime
    visit: str
    number: int


@dataclass
class History:
    """What one patient lived from some moment on, and their insurers by year from the begin."""

    visits: dict[str, Visit] = field(default_factory=dict)
    diagnoses: dict[str, Diagnosis] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    insurers: dict[int, str] = field(default_factory=dict)
