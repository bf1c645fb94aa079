"""gold.person: one human with at least a year of birth."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.addresses import location_key, main_address
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.references import resolved
from jobs.columns.sex import gender_concept

# US Core race and ethnicity, OMB categories (CDC race and ethnicity code set).
RACES = {
    "1002-5": concepts.RACE_AMERICAN_INDIAN,
    "2028-9": concepts.RACE_ASIAN,
    "2054-5": concepts.RACE_BLACK,
    "2076-8": concepts.RACE_PACIFIC_ISLANDER,
    "2106-3": concepts.RACE_WHITE,
}
ETHNICITIES = {"2135-2": concepts.ETHNICITY_HISPANIC, "2186-5": concepts.ETHNICITY_NOT_HISPANIC}


def build(patients: DataFrame, links: DataFrame, practitioners: DataFrame, organizations: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 PERSON: the surviving patient record of each person.

    Without a year of birth a person is not published (OMOP rule) and waits in quarantine.
    """
    survivors = links.where("is_survivor").select("patient_id", "person_id")
    own = patients.join(survivors, on="patient_id", how="inner")
    own = resolved(own, "general_practitioner_ref", practitioners, "practitioner_id", "provider_id")
    own = resolved(own, "organization_ref", organizations, "organization_id", "care_site_id")
    return own.select(
        "person_id",
        gender_concept(_sex()).alias("gender_concept_id"),
        "year_of_birth",
        "month_of_birth",
        "day_of_birth",
        F.coalesce(F.col("birth_at"), F.col("birth_date").cast("timestamp")).alias("birth_datetime"),
        _only(F.col("race_codes"), RACES).alias("race_concept_id"),
        _only(F.col("ethnicity_codes"), ETHNICITIES).alias("ethnicity_concept_id"),
        location_key(main_address(F.col("addresses"))).alias("location_id"),
        "provider_id",
        "care_site_id",
        source_value(F.concat_ws("|", "feed", "resource_id")).alias("person_source_value"),
        source_value(_sex_as_said()).alias("gender_source_value"),
        F.lit(concepts.NO_MATCH).alias("gender_source_concept_id"),
        _said(F.col("race_codes"), F.col("race_text")).alias("race_source_value"),
        F.lit(concepts.NO_MATCH).alias("race_source_concept_id"),
        _said(F.col("ethnicity_codes"), F.col("ethnicity_text")).alias("ethnicity_source_value"),
        F.lit(concepts.NO_MATCH).alias("ethnicity_source_concept_id"),
        F.array("record_id").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.patient"), F.col("patient_id").cast("string")).alias("lw_source"),
        faults(no_year_of_birth=F.col("year_of_birth").isNull()).alias("faults"),
    )


def _sex() -> Column:
    """Sex at birth (US Core birthsex) where it is known; it may be told as unknown beside a gender that is."""
    is_known = gender_concept(F.col("birth_sex")) != concepts.NO_MATCH
    return F.when(is_known, F.col("birth_sex")).otherwise(F.coalesce("gender", "birth_sex"))


def _sex_as_said() -> Column:
    """The word that the concept stands for: the gender's where both mean the same."""
    is_same = gender_concept(F.col("gender")) == gender_concept(_sex())
    return F.when(is_same, F.coalesce("gender", _sex())).otherwise(_sex())


def _only(codes: Column, known: dict[str, int]) -> Column:
    """The concept when exactly one category is said: for two or more OMOP has none, so 0."""
    table = F.create_map(*[F.lit(part) for pair in known.items() for part in pair])
    one = F.when(F.size(codes) == 1, F.try_element_at(table, F.try_element_at(codes["code"], F.lit(1))))
    return F.coalesce(one, F.lit(concepts.NO_MATCH))


def _said(codes: Column, text: Column) -> Column:
    joined = F.array_join(F.array_compact(codes["code"]), "+")
    return source_value(F.coalesce(F.nullif(joined, F.lit("")), text))
