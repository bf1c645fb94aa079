"""gold.death: one person who died."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.dates import known_by
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.told import feed_rank

# LOINC "Cause of death": its coded answer is what the certificate says.
CAUSE_OF_DEATH = "69453-9"

RECEIVED = """
    SELECT CASE
        WHEN NOT coalesce(is_deceased, false) THEN 'alive'
        WHEN patient_id > min(patient_id) OVER (PARTITION BY person_id, is_deceased) THEN 'told_by_another_record'
    END AS excluded FROM patients JOIN links USING (patient_id)
"""


def build(patients: DataFrame, links: DataFrame, people: DataFrame, events: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 DEATH: at most one row per person, who is dead when any of their records says so.

    When, says the first that knows it: the surviving record, then by feed (jobs.columns.told). Of a month or a year the
    last day is taken (OMOP CDM 5.4 DEATH.death_date), or the day on which we heard of it where that is earlier.
    A person known to be dead without a date waits in quarantine; a death without a known cause is kept.
    """
    of = links.select("patient_id", "person_id", "is_survivor")
    day = F.coalesce("deceased_date", known_by(F.col("deceased_sent")))
    exact = [day.isNull(), F.col("deceased_date").isNull()]
    order = F.struct(*exact, ~F.col("is_survivor"), feed_rank(F.col("feed")), "patient_id")
    told = F.struct("patient_id", day.alias("deceased_date"), "deceased_at")
    records = patients.where("is_deceased").join(of, on="patient_id", how="inner")
    dead = records.groupBy("person_id").agg(
        F.min_by(told, order).alias("told"), F.array_sort(F.collect_set("record_id")).alias("tellers")
    )
    published = people.select("person_id", F.lit(True).alias("_has_person"))
    said = events.where((F.col("source_code") == CAUSE_OF_DEATH) & F.col("excluded").isNull())
    causes = said.groupBy("person_id").agg(
        F.min(
            F.struct(
                F.col("start_date").alias("day"),
                "event_id",
                F.col("value_as_concept_id").alias("concept"),
                F.coalesce("value_as_string", "value_source_value").alias("words"),
                "record_ids",
            )
        ).alias("cause")
    )
    rows = dead.join(published, on="person_id", how="left").join(causes, on="person_id", how="left")
    return rows.select(
        "person_id",
        F.col("told.deceased_date").alias("death_date"),
        F.col("told.deceased_at").alias("death_datetime"),
        F.lit(concepts.TYPE_EHR).alias("death_type_concept_id"),
        F.col("cause.concept").alias("cause_concept_id"),
        source_value(F.col("cause.words")).alias("cause_source_value"),
        F.when(F.col("cause").isNotNull(), concepts.NO_MATCH).alias("cause_source_concept_id"),
        F.array_union("tellers", F.coalesce("cause.record_ids", F.array().cast("array<bigint>"))).alias(
            "lw_record_ids"
        ),
        F.concat_ws("|", F.lit("silver.patient"), F.col("told.patient_id").cast("string")).alias("lw_source"),
        faults(no_person=F.col("_has_person").isNull(), no_death_date=F.col("told.deceased_date").isNull()).alias(
            "faults"
        ),
    )
