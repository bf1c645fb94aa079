"""gold.cdm_source: one source of the data set."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

CDM_VERSION = "5.4"
UNKNOWN = "unknown"


def build(deliveries: DataFrame, concepts: DataFrame, vocabularies: DataFrame, as_of: str) -> DataFrame:
    """OMOP CDM 5.4 CDM_SOURCE: one row for each tenant and feed.

    source_release_date is the day the source was extracted, never the day of the run: two runs over
    the same deliveries say the same.
    """
    sources = deliveries.groupBy("tenant", "feed").agg(
        F.max(F.coalesce("exported_at", "received_at")).cast("date").alias("source_release_date")
    )
    # The concept of a CDM version differs between vocabulary releases, so it is looked up.
    versions = concepts.where((F.col("vocabulary_id") == "CDM") & F.col("concept_code").rlike(r"v?5\.4(\.0)?$"))
    cdm = versions.agg(F.coalesce(F.min("concept_id"), F.lit(0)).alias("cdm_version_concept_id"))
    release = vocabularies.where(F.col("vocabulary_id") == "None").agg(
        F.coalesce(F.left(F.max("vocabulary_version"), F.lit(20)), F.lit(UNKNOWN)).alias("vocabulary_version")
    )
    return (
        sources.crossJoin(F.broadcast(cdm))
        .crossJoin(F.broadcast(release))
        .select(
            F.left(F.concat_ws(" ", F.lit("Lakeward"), "tenant", "feed"), F.lit(255)).alias("cdm_source_name"),
            F.left(F.concat_ws("-", "tenant", "feed"), F.lit(25)).alias("cdm_source_abbreviation"),
            F.left(F.col("tenant"), F.lit(255)).alias("cdm_holder"),
            F.concat(F.lit("Deliveries of feed "), F.col("feed")).alias("source_description"),
            F.lit(None).cast("string").alias("source_documentation_reference"),
            F.lit(None).cast("string").alias("cdm_etl_reference"),
            "source_release_date",
            F.lit(as_of).cast("date").alias("cdm_release_date"),
            F.lit(CDM_VERSION).alias("cdm_version"),
            "cdm_version_concept_id",
            "vocabulary_version",
        )
    )
