"""What the OMOP event tables share: which events are theirs, whose they are and in which visit they lie."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.faults import faults
from jobs.columns.keys import key

SOURCE_VALUE_LENGTH = 50


def belonging(events: DataFrame, target: str, people: DataFrame, visits: DataFrame, details: DataFrame) -> DataFrame:
    """The events of one OMOP table with person, visit and visit detail resolved; each event exactly once.

    `faults` names why an event cannot be published; it then waits in quarantine.
    """
    mine = events.where((F.col("target") == target) & F.col("excluded").isNull())
    known_people = people.select("person_id", F.lit(True).alias("_has_person"))
    # One row per encounter on either side: a visit, or a stretch of one.
    stays = details.select(
        F.col("visit_detail_id").alias("_detail_id"), F.col("visit_occurrence_id").alias("_detail_visit_id")
    )
    whole = visits.select(F.col("visit_occurrence_id").alias("_visit_id"))
    return (
        mine.withColumn("_visit_id", key("visit_occurrence", F.col("encounter_id")))
        .withColumn("_detail_id", key("visit_detail", F.col("encounter_id")))
        .join(known_people, on="person_id", how="left")
        .join(whole.withColumn("_has_visit", F.lit(True)), on="_visit_id", how="left")
        .join(stays, on="_detail_id", how="left")
        .withColumn(
            "visit_occurrence_id", F.coalesce(F.col("_detail_visit_id"), F.when(F.col("_has_visit"), F.col("_visit_id")))
        )
        .withColumn("visit_detail_id", F.when(F.col("_detail_visit_id").isNotNull(), F.col("_detail_id")))
        .withColumn("faults", faults(no_person=F.col("_has_person").isNull(), no_start_date=F.col("start_date").isNull()))
    )


def source_value(text: Column) -> Column:
    """A source value as OMOP holds it: 50 characters (varchar(50)); a gate counts what is cut."""
    return F.left(text, F.lit(SOURCE_VALUE_LENGTH))


def trace() -> list[Column]:
    """The trailing trace columns of an event row."""
    return [
        F.col("record_ids").alias("lw_record_ids"),
        F.concat_ws("|", F.col("source_table"), F.col("source_row_id").cast("string")).alias("lw_source"),
    ]
