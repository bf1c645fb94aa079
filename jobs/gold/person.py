"""gold.person: one human with at least a year of birth."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.addresses import location_key, main_address
from jobs.columns.codes import lookup
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.parties import with_care_site
from jobs.columns.references import resolved
from jobs.columns.sex import gender_concept
from jobs.columns.told import feed_rank, first_said

# US Core race and ethnicity, OMB categories (CDC race and ethnicity code set).
RACES = {
    "1002-5": concepts.RACE_AMERICAN_INDIAN,
    "2028-9": concepts.RACE_ASIAN,
    "2054-5": concepts.RACE_BLACK,
    "2076-8": concepts.RACE_PACIFIC_ISLANDER,
    "2106-3": concepts.RACE_WHITE,
}
ETHNICITIES = {"2135-2": concepts.ETHNICITY_HISPANIC, "2186-5": concepts.ETHNICITY_NOT_HISPANIC}

RECEIVED = "SELECT CASE WHEN NOT is_survivor THEN 'joined_with_survivor' END AS excluded FROM links"


def build(patients: DataFrame, links: DataFrame, practitioners: DataFrame, organizations: DataFrame) -> DataFrame:
    """OMOP CDM 5.4 PERSON: each person as all their records tell them, the surviving one first.

    Of each thing the first word counts: the surviving record's, then by feed (jobs.columns.told). A birth that is known
    to the day goes before a year alone, a sex or race that has a concept before one that has none.
    Without a year of birth a person is not published (OMOP rule) and waits in quarantine.
    """
    told = patients.join(links.select("patient_id", "person_id", "is_survivor"), on="patient_id", how="inner")
    told = resolved(told, "general_practitioner_ref", practitioners, "provider_id", "provider_id")
    told = with_care_site(told, organizations)
    born_at = F.coalesce(F.col("birth_at"), F.col("birth_date").cast("timestamp"))
    sex = F.struct(gender_concept(_sex()).alias("concept"), _sex_as_said().alias("word"))
    race = _origin("race", RACES)
    ethnicity = _origin("ethnicity", ETHNICITIES)
    whole = told.groupBy("person_id").agg(
        _first(F.struct("year_of_birth", "month_of_birth", "day_of_birth", born_at.alias("at")), "born",
               F.col("year_of_birth").isNotNull(), F.col("day_of_birth").isNull(), F.col("month_of_birth").isNull()),
        _first(sex, "sex", sex["word"].isNotNull(), sex["concept"] == concepts.NO_MATCH),
        _first(race, "race", race["word"].isNotNull(), ~_is_clear(race, "race")),
        _first(ethnicity, "ethnicity", ethnicity["word"].isNotNull(), ~_is_clear(ethnicity, "ethnicity")),
        _first(location_key(main_address(F.col("addresses"))), "location_id"),
        _first(F.col("provider_id"), "provider_id"),
        _first(F.col("care_site_id"), "care_site_id"),
        _first(F.struct("feed", "resource_id", "patient_id"), "own", F.lit(True)),
        F.array_sort(F.collect_set("record_id")).alias("lw_record_ids"),
    )  # fmt: skip
    return whole.select(
        "person_id",
        F.coalesce("sex.concept", F.lit(concepts.NO_MATCH)).alias("gender_concept_id"),
        "born.year_of_birth",
        "born.month_of_birth",
        "born.day_of_birth",
        F.col("born.at").alias("birth_datetime"),
        F.coalesce("race.concept", F.lit(concepts.NO_MATCH)).alias("race_concept_id"),
        F.coalesce("ethnicity.concept", F.lit(concepts.NO_MATCH)).alias("ethnicity_concept_id"),
        "location_id",
        "provider_id",
        "care_site_id",
        source_value(F.concat_ws("|", "own.feed", "own.resource_id")).alias("person_source_value"),
        source_value(F.col("sex.word")).alias("gender_source_value"),
        F.lit(concepts.NO_MATCH).alias("gender_source_concept_id"),
        source_value(F.col("race.word")).alias("race_source_value"),
        F.lit(concepts.NO_MATCH).alias("race_source_concept_id"),
        source_value(F.col("ethnicity.word")).alias("ethnicity_source_value"),
        F.lit(concepts.NO_MATCH).alias("ethnicity_source_concept_id"),
        "lw_record_ids",
        F.concat_ws("|", F.lit("silver.patient"), F.col("own.patient_id").cast("string")).alias("lw_source"),
        faults(no_year_of_birth=F.col("born").isNull()).alias("faults"),
    )


def _first(value: Column, name: str, is_said: Column | None = None, *later: Column) -> Column:
    """The value of the first record that says it; a record for which `later` is true comes after all others."""
    order = F.struct(*later, ~F.col("is_survivor"), feed_rank(F.col("feed")), "patient_id")
    return first_said(value, order, is_said).alias(name)


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
    one = F.when(F.size(codes) == 1, F.try_element_at(lookup(known), F.try_element_at(codes["code"], F.lit(1))))
    return F.coalesce(one, F.lit(concepts.NO_MATCH))


def _origin(kind: str, known: dict[str, int]) -> Column:
    codes = F.col(f"{kind}_codes")
    joined = F.array_join(F.array_compact(codes["code"]), "+")
    words = F.coalesce(F.nullif(joined, F.lit("")), F.col(f"{kind}_text"))
    return F.struct(_only(codes, known).alias("concept"), words.alias("word"))


def _is_clear(origin: Column, kind: str) -> Column:
    """Whether it is one that OMOP knows, or several."""
    return (origin["concept"] != concepts.NO_MATCH) | (F.size(f"{kind}_codes") > 1)
