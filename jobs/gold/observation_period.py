"""gold.observation_period: one stretch of time in which what happened to a person would be known."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.concepts import TYPE_EHR_ALGORITHM
from jobs.columns.keys import key

SPANS = {
    "visits": ("visit_start_date", "visit_end_date"),
    "conditions": ("condition_start_date", "condition_end_date"),
    "drugs": ("drug_exposure_start_date", "drug_exposure_end_date"),
    "procedures": ("procedure_date", "procedure_end_date"),
    "devices": ("device_exposure_start_date", "device_exposure_end_date"),
    "measurements": ("measurement_date", "measurement_date"),
    "observations": ("observation_date", "observation_date"),
}

RECEIVED = "SELECT NULL AS excluded FROM people"


def build(people: DataFrame, as_of: str, **events: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 OBSERVATION_PERIOD of an EHR: first to last event, one per person.

    Nothing is known after the day the data speaks of, and nothing of a person before birth. A person
    without an event is known on that day alone (at least one period per person).
    """
    last_day = F.lit(as_of).cast("date")
    seen = _spans(events).groupBy("person_id").agg(F.min("start").alias("start"), F.max("end").alias("end"))
    born = F.make_date(
        F.col("year_of_birth"), F.coalesce("month_of_birth", F.lit(1)), F.coalesce("day_of_birth", F.lit(1))
    )
    start = F.least(F.greatest(F.coalesce("start", last_day), born), last_day)
    end = F.greatest(F.least(F.coalesce("end", last_day), last_day), start)
    return people.join(seen, on="person_id", how="left").select(
        key("observation_period", F.col("person_id")).alias("observation_period_id"),
        "person_id",
        start.alias("observation_period_start_date"),
        end.alias("observation_period_end_date"),
        F.lit(TYPE_EHR_ALGORITHM).alias("period_type_concept_id"),
    )


def _spans(events: Mapping[str, DataFrame]) -> DataFrame:
    spans = None
    for name, (start, end) in SPANS.items():
        one = (
            events[name]
            .select("person_id", F.col(start).alias("start"), F.coalesce(end, start).alias("end"))
            .groupBy("person_id")
            .agg(F.min("start").alias("start"), F.max("end").alias("end"))
        )
        spans = one if spans is None else spans.unionByName(one)
    assert spans is not None
    return spans
