"""Persons: the id of somebody whom only one source knows."""

from __future__ import annotations

from pyspark.sql import Column

from jobs.columns.keys import key, key_of


def own_person(patient_id: Column) -> Column:
    """The person a patient is when no link says otherwise: stable, and known before the patient record arrives."""
    return key("person", patient_id)


def person_of_one(patient_id: int) -> int:
    """The same for a patient id that is on the driver."""
    return key_of("person", str(patient_id))
