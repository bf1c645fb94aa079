"""gold.specimen: one sample taken from a person."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.mapping import first_concept, mapped, mapped_code
from jobs.columns.placed import with_person

UCUM = "http://unitsofmeasure.org"

RECEIVED = "SELECT CASE WHEN status = 'entered-in-error' THEN 'entered_in_error' END AS excluded FROM specimens"


def build(
    specimens: DataFrame, patients: DataFrame, links: DataFrame, people: DataFrame, concept_map: DataFrame
) -> DataFrame:
    """OMOP CDM 5.4 SPECIMEN: samples that were taken; one entered in error never was."""
    taken = specimens.where(F.coalesce(F.col("status"), F.lit("")) != "entered-in-error")
    rows = with_person(taken, patients, links, people)
    rows = mapped(rows, concept_map, "codes", into="kind", said_in=taken)
    rows = mapped(rows, concept_map, "body_site_codes", into="site", said_in=taken)
    unit = F.coalesce("quantity_unit_code", "quantity_unit")
    system = F.coalesce("quantity_unit_system", F.lit(UCUM))
    rows = mapped_code(rows, concept_map, system, unit, into="unit_map", said_in=taken)
    site_code = F.try_element_at(F.col("body_site_codes")["code"], F.lit(1))
    start = F.coalesce("collected_date", "arrived_date")
    return rows.select(
        key("specimen", F.col("specimen_id")).alias("specimen_id"),
        "person_id",
        F.coalesce(first_concept(F.col("kind")), F.lit(concepts.NO_MATCH)).alias("specimen_concept_id"),
        F.lit(concepts.TYPE_EHR).alias("specimen_type_concept_id"),
        start.alias("specimen_date"),
        F.when(F.col("collected_date").isNotNull(), F.col("collected_at"))
        .otherwise(F.col("arrived_at"))
        .alias("specimen_datetime"),
        F.col("quantity").cast("double").alias("quantity"),
        F.when(unit.isNotNull(), first_concept(F.col("unit_map"))).alias("unit_concept_id"),
        F.when(F.size("body_site_codes") > 0, first_concept(F.col("site"))).alias("anatomic_site_concept_id"),
        F.lit(None).cast("int").alias("disease_status_concept_id"),
        source_value(F.col("resource_id")).alias("specimen_source_id"),
        source_value(F.coalesce(F.col("kind.source_code"), F.col("code_text"))).alias("specimen_source_value"),
        source_value(F.coalesce("quantity_unit", "quantity_unit_code")).alias("unit_source_value"),
        source_value(site_code).alias("anatomic_site_source_value"),
        F.lit(None).cast("string").alias("disease_status_source_value"),
        F.array("record_id").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.specimen"), F.col("specimen_id").cast("string")).alias("lw_source"),
        faults(no_person=F.col("_has_person").isNull(), no_start_date=start.isNull()).alias("faults"),
    )
