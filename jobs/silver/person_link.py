"""silver.person_link: which person a patient record stands for."""

from __future__ import annotations

import functools

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.people import own_person

# A record merged into one that was merged itself; more hops than this are a loop or an accident.
MOST_MERGES = 6


def build(patients: DataFrame) -> DataFrame:
    """Each patient record is its own person, but one that was replaced stands for the record that replaced it."""
    survivors = _survivors(patients)
    own = patients.select("patient_id", "tenant", "feed", "record_id")
    linked = own.join(survivors, on="patient_id", how="left")
    return linked.select(
        "patient_id",
        own_person(F.coalesce("survivor_id", "patient_id")).alias("person_id"),
        F.col("survivor_id").isNull().alias("is_survivor"),
        "tenant",
        "feed",
        "record_id",
    )


def _survivors(patients: DataFrame) -> DataFrame:
    """(patient_id, survivor_id) of the records that were replaced (Patient.link replaced-by, or replaces from afar)."""
    named = patients.select("tenant", "feed", F.col("patient_id").alias("other_id"), F.explode("aliases").alias("ref"))
    links = patients.select("tenant", "feed", "patient_id", F.explode("links").alias("link")).select(
        "tenant", "feed", "patient_id", F.col("link.type").alias("type"), F.col("link.patient_ref").alias("ref")
    )
    found = links.join(named, on=["tenant", "feed", "ref"], how="inner").where("patient_id <> other_id")
    backward = found.where("type = 'replaces'").select(
        F.col("other_id").alias("patient_id"), F.col("patient_id").alias("to_id")
    )
    forward = found.where("type = 'replaced-by'").select("patient_id", F.col("other_id").alias("to_id"))
    # Replaced by two records is not decidable by a rule; the smaller key is, and stays so over rebuilds.
    step = forward.unionByName(backward).groupBy("patient_id").agg(F.min("to_id").alias("survivor_id"))
    onward = step.select(F.col("patient_id").alias("survivor_id"), F.col("survivor_id").alias("_next"))

    def hop(reached: DataFrame, _: int) -> DataFrame:
        further = reached.join(onward, on="survivor_id", how="left")
        return further.select("patient_id", F.coalesce("_next", "survivor_id").alias("survivor_id"))

    reached = functools.reduce(hop, range(MOST_MERGES), step)
    # Who is still replaced after that is in a loop: such records replace each other, so each stays its own person.
    return reached.join(onward.select("survivor_id"), on="survivor_id", how="left_anti")
