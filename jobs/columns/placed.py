"""Whose a row is and in which visit it lies: person, visit and visit detail, resolved, no row lost or doubled."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
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


def with_visit(
    rows: DataFrame, encounter_id: str, visits: DataFrame, details: DataFrame, *, anybodys: bool = False
) -> DataFrame:
    """Add visit_occurrence_id and visit_detail_id of an encounter; null when it is no published visit of the person.

    An encounter is a visit, or a part of one: then the visit is that of the part. Nothing lies in the visit of somebody
    else, which is not at hand when one person is rebuilt: a visit may have moved to another patient, or been merged
    into that of one (HL7 v2 A45, A42), and what was told of the first one stays his. Where all who have to do with
    one thing are rebuilt together, it may be `anybodys`.
    """
    own = [] if anybodys else ["person_id"]
    whole = visit_of(visits, *own).withColumnRenamed("visit_occurrence_id", "_visit_id")
    parts = details.select(
        *own,
        F.col("visit_detail_id").alias("_detail_id"),
        F.col("visit_occurrence_id").alias("_detail_visit_id"),
    )
    found = (
        rows.withColumn("_encounter_id", F.col(encounter_id))
        .withColumn("_detail_id", key("visit_detail", F.col(encounter_id)))
        .join(whole, on=["_encounter_id", *own], how="left")
        .join(parts, on=["_detail_id", *own], how="left")
    )
    visit = F.coalesce("_detail_visit_id", "_visit_id")
    return found.withColumns(
        {
            "visit_occurrence_id": visit,
            "visit_detail_id": F.when(F.col("_detail_visit_id").isNotNull(), F.col("_detail_id")),
        }
    ).drop("_visit_id", "_detail_id", "_encounter_id", "_detail_visit_id")


def in_ward(rows: DataFrame, details: DataFrame, at: Column) -> DataFrame:
    """The same rows, after `with_visit`: what happened at an hour lies in the place where the patient then was.

    `at` (timestamp) is that hour. What is known to the day, or of an hour that no place of the visit holds, stays
    where its encounter lies. At the hour of a transfer the patient is in the new place.
    """
    within = F.coalesce("parent_visit_detail_id", "visit_occurrence_id").alias("_within")
    stay = F.struct(
        F.col("visit_detail_start_datetime").alias("since"),
        F.col("visit_detail_end_datetime").alias("until"),
        F.col("visit_detail_id").alias("id"),
    )
    stays = (
        details.where(F.col("lw_place").isNotNull())
        .groupBy(within)
        .agg(F.sort_array(F.collect_list(stay)).alias("_stays"))
    )

    def holds(one: Column) -> Column:
        return (one["since"] <= at) & F.coalesce(at <= one["until"], F.lit(True))

    found = rows.withColumn("_within", F.coalesce("visit_detail_id", "visit_occurrence_id"))
    found = found.join(stays, on="_within", how="left")
    last = F.try_element_at(F.filter("_stays", holds), F.lit(-1))
    return found.withColumn("visit_detail_id", F.coalesce(last["id"], "visit_detail_id")).drop("_within", "_stays")


def visit_of(visits: DataFrame, *more: str) -> DataFrame:
    """(_encounter_id, visit_occurrence_id): the visit of each encounter that tells of one, be its number given up.

    `more` are columns of the visit to bring along.
    """
    given_up = F.coalesce("lw_given_up", F.array().cast("array<bigint>"))
    return visits.select(
        F.explode(F.concat("lw_told_by", given_up)).alias("_encounter_id"), "visit_occurrence_id", *more
    )
