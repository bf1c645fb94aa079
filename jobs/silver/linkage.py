"""silver.linkage: one record that a source says is of the same person as another."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.faults import faults
from jobs.columns.fhir import REFERENCE, current, identity, parsed
from jobs.columns.reference_texts import reference

LINKAGE = f"active boolean, item array<struct<type: string, resource: {REFERENCE}>>"


def without_row() -> Column:
    """Why a linkage links nobody: it names no other record."""
    return F.when(F.get_json_object("payload", "$.item[1]").isNull(), "links_nobody")


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """FHIR R4 Linkage: its source item is the record that stays, every other one stands for it."""
    r = F.col("r")
    linkages = parsed(current(resources, "Linkage", translated=translated, superseded=superseded), LINKAGE)
    source = F.get(F.filter(r["item"], lambda one: one["type"] == "source"), F.lit(0))
    others = F.filter(r["item"], lambda one: one["type"].isin("alternate", "historical"))
    each = linkages.withColumn("_source", source).select("*", F.posexplode(others).alias("_place", "_other"))
    survivor = reference(F.col("_source.resource"), "Patient")
    return each.select(
        *identity("linkage", F.col("_place")),
        reference(F.col("_other.resource"), "Patient").alias("patient_ref"),
        survivor.alias("survivor_ref"),
        r["active"].alias("is_active"),
        faults(no_source=survivor.isNull()).alias("faults"),
    )
