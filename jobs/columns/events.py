"""What the OMOP event tables share: which events are theirs, whose they are and in which visit they lie."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.faults import faults
from jobs.columns.placed import in_ward, with_visit

SOURCE_VALUE_LENGTH = 50


def belonging(events: DataFrame, target: str, people: DataFrame, visits: DataFrame, details: DataFrame) -> DataFrame:
    """The events of one OMOP table with person, visit and visit detail resolved; each event exactly once.

    `faults` names why an event cannot be published; it then waits in quarantine.
    """
    mine = events.where((F.col("target") == target) & F.col("excluded").isNull())
    published = people.select("person_id", F.lit(True).alias("_has_person"))
    placed = with_visit(mine.join(published, on="person_id", how="left"), "encounter_id", visits, details)
    wrong = faults(no_person=F.col("_has_person").isNull(), no_start_date=F.col("start_date").isNull())
    return in_ward(placed, details, F.col("start_at")).withColumn("faults", wrong)


def source_value(text: Column) -> Column:
    """A source value as OMOP holds it: 50 characters (varchar(50)); the gate warns of those that fill them (`cut`)."""
    return F.left(text, F.lit(SOURCE_VALUE_LENGTH))


def trace() -> list[Column]:
    """The trailing trace columns of an event row."""
    return [
        F.col("record_ids").alias("lw_record_ids"),
        F.concat_ws("|", F.col("source_table"), F.col("source_row_id").cast("string")).alias("lw_source"),
    ]
