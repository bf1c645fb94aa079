"""Whose a row is and in which visit it lies: person, visit and visit detail, resolved, no row lost or doubled."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.keys import key
from jobs.columns.people import own_person
from jobs.columns.references import resolved


def with_person(rows: DataFrame, patients: DataFrame, links: DataFrame, people: DataFrame) -> DataFrame:
    """Add person_id, and `_has_person`: true when that person is published."""
    known = resolved(rows, "patient_ref", patients, "patient_id", "_known_patient_id")
    known = known.withColumn("patient_id", F.coalesce("_known_patient_id", "patient_id")).drop("_known_patient_id")
    linked = known.join(links.select("patient_id", F.col("person_id").alias("_linked")), on="patient_id", how="left")
    owned = linked.withColumn("person_id", F.coalesce(F.col("_linked"), own_person(F.col("patient_id"))))
    published = people.select("person_id", F.lit(True).alias("_has_person"))
    return owned.drop("_linked").join(published, on="person_id", how="left")


def with_visit(rows: DataFrame, encounter_id: str, visits: DataFrame, details: DataFrame) -> DataFrame:
    """Add visit_occurrence_id and visit_detail_id of an encounter; null when it is no published visit.

    An encounter is a visit, or a part of one: then the visit is that of the part.
    """
    whole = visit_of(visits).withColumnRenamed("visit_occurrence_id", "_visit_id")
    parts = details.select(
        F.col("visit_detail_id").alias("_detail_id"), F.col("visit_occurrence_id").alias("_detail_visit_id")
    )
    found = (
        rows.withColumn("_encounter_id", F.col(encounter_id))
        .withColumn("_detail_id", key("visit_detail", F.col(encounter_id)))
        .join(whole, on="_encounter_id", how="left")
        .join(parts, on="_detail_id", how="left")
    )
    visit = F.coalesce("_detail_visit_id", "_visit_id")
    return found.withColumns(
        {
            "visit_occurrence_id": visit,
            "visit_detail_id": F.when(F.col("_detail_visit_id").isNotNull(), F.col("_detail_id")),
        }
    ).drop("_visit_id", "_detail_id", "_encounter_id", "_detail_visit_id")


def visit_of(visits: DataFrame) -> DataFrame:
    """(_encounter_id, visit_occurrence_id): the visit of each encounter that tells of one."""
    return visits.select(F.explode("lw_told_by").alias("_encounter_id"), "visit_occurrence_id")
