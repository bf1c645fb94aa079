"""gold.drug_exposure: one drug ordered, dispensed, given or stated."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.events import belonging, source_value, trace
from jobs.columns.keys import key


def build(events: DataFrame, people: DataFrame, visits: DataFrame, details: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 DRUG_EXPOSURE."""
    mine = belonging(events, "drug_exposure", people, visits, details)
    # OMOP: an end is required. Stated, else by the days supplied, else the day it began.
    supplied = F.when(F.col("days_supply") > 0, F.date_add("start_date", F.col("days_supply") - 1))
    ends = F.coalesce(F.col("end_date"), supplied, F.col("start_date"))
    return mine.select(
        key("drug_exposure", F.col("event_id")).alias("drug_exposure_id"),
        "person_id",
        F.col("concept_id").alias("drug_concept_id"),
        F.col("start_date").alias("drug_exposure_start_date"),
        F.col("start_at").alias("drug_exposure_start_datetime"),
        ends.alias("drug_exposure_end_date"),
        F.when(F.col("end_date").isNotNull(), F.col("end_at")).alias("drug_exposure_end_datetime"),
        F.col("end_date").alias("verbatim_end_date"),
        F.col("type_concept_id").alias("drug_type_concept_id"),
        F.left(F.col("stop_reason"), F.lit(20)).alias("stop_reason"),
        "refills",
        F.col("quantity").cast("double").alias("quantity"),
        "days_supply",
        "sig",
        "route_concept_id",
        source_value(F.col("lot_number")).alias("lot_number"),
        "provider_id",
        "visit_occurrence_id",
        "visit_detail_id",
        source_value(F.col("source_value")).alias("drug_source_value"),
        F.col("source_concept_id").alias("drug_source_concept_id"),
        source_value(F.col("route_source_value")).alias("route_source_value"),
        source_value(F.col("unit_source_value")).alias("dose_unit_source_value"),
        *trace(),
        "faults",
    )
