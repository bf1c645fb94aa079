"""Persons: the id of somebody whom only one source knows."""

from __future__ import annotations

from pyspark.sql import Column

from jobs.columns.keys import key


def own_person(patient_id: Column) -> Column:
    """The person a patient is when no link says otherwise: stable, and known before the patient record arrives."""
    return key("person", patient_id)
