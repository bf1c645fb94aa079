"""gold.image_occurrence: one series of images of a person."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.concepts import NO_MATCH
from jobs.columns.faults import faults
from jobs.columns.imaging import same_study
from jobs.columns.imaging_codes import meant
from jobs.columns.imaging_procedures import PROCEDURE, with_procedure
from jobs.columns.keys import key
from jobs.columns.mapping import mapped
from jobs.columns.placed import with_person, with_visit
from jobs.columns.references import resolved
from jobs.columns.told import feed_rank

SITE = "Spec Anatomic Site"
# Whose word on a series is kept: the images' own headers before what a record tells of them.
OWN_WORD = "imaging_"
NO_IMAGES = ("entered-in-error", "cancelled", "registered")


def excluded() -> Column:
    """Why a series gives no row: its study was withdrawn, or has no images yet."""
    return F.when(F.col("status").isin(*NO_IMAGES), F.regexp_replace("status", "-", "_"))


def build(
    series: DataFrame,
    studies: DataFrame,
    procedures: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
    encounters: DataFrame,
    visits: DataFrame,
    details: DataFrame,
    concept_map: DataFrame,
    done: DataFrame,
) -> DataFrame:
    """OMOP medical imaging extension, IMAGE_OCCURRENCE: each series once, whatever number of feeds tells of it.

    It stands on the procedure in which it was made; a series whose procedure is not published waits in quarantine.
    """
    told = with_procedure(studies, procedures, concept_map)
    told = with_person(told, patients, links, people)
    told = resolved(told, "encounter_ref", encounters, "encounter_id", "encounter_id")
    places = _places(with_visit(told, "encounter_id", visits, details), done)
    rows = with_person(series.where(excluded().isNull()), patients, links, people)
    rows = rows.withColumn("_study", same_study(F.col("study_uid"), F.col("imaging_study_id")))
    rows = rows.join(places, on=["tenant", "person_id", "_study"], how="left")
    for codes, into in (("modality_codes", "modality"), ("body_site_codes", "site")):
        source = series.select(meant(F.col(codes)).alias("_meant"))
        rows = mapped(rows.withColumn("_meant", meant(F.col(codes))), concept_map, "_meant", into=into, said_in=source)
    once = _told_once(rows.withColumn("faults", _faults()))
    return once.select(
        key("image_occurrence", F.col("tenant"), F.col("person_id"), _own_key()).alias("image_occurrence_id"),
        "person_id",
        "procedure_occurrence_id",
        "visit_occurrence_id",
        F.col("_site").alias("anatomic_site_concept_id"),
        F.col("_retrieve_url").alias("wadors_uri"),
        F.lit(None).cast("string").alias("local_path"),
        F.col("started_date").alias("image_occurrence_date"),
        F.col("study_uid").alias("image_study_UID"),
        F.col("series_uid").alias("image_series_UID"),
        F.coalesce(F.col("_modality"), F.lit(NO_MATCH)).alias("modality_concept_id"),
        "lw_record_ids",
        F.concat_ws("|", F.lit("silver.imaging_series"), F.col("imaging_series_id").cast("string")).alias("lw_source"),
        "lw_told_by",
        "faults",
    )


def _places(studies: DataFrame, done: DataFrame) -> DataFrame:
    """(tenant, person_id, _study, procedure_occurrence_id, visit_occurrence_id) of each study, once.

    A procedure is found by the record it stands on, so also where another feed's word on it was kept.
    """
    stands = done.select(
        F.explode("lw_record_ids").alias("_record"),
        F.col("person_id").alias("_person"),
        F.struct("procedure_occurrence_id", "visit_occurrence_id").alias("_done"),
    )
    first = stands.groupBy("_record", "_person").agg(F.min("_done").alias("_done"))
    own = first.select(F.col("_record").alias("_r1"), F.col("_person").alias("_p1"), F.col("_done").alias("_own"))
    said = first.select(F.col("_record").alias("_r2"), F.col("_person").alias("_p2"), F.col("_done").alias("_said"))
    is_own = (F.col("_procedure_record") == F.col("_r1")) & (F.col("person_id") == F.col("_p1"))
    is_said = (F.col("record_id") == F.col("_r2")) & (F.col("person_id") == F.col("_p2"))
    found = studies.join(own, on=is_own, how="left").join(said, on=is_said, how="left")
    found = found.withColumn("_study", same_study(F.col("study_uid"), F.col("imaging_study_id")))
    grouped = found.groupBy("tenant", "person_id", "_study").agg(
        F.coalesce(F.min("_own"), F.min("_said")).alias("_done"),
        F.min("visit_occurrence_id").alias("_visit"),
    )
    return grouped.select(
        "tenant",
        "person_id",
        "_study",
        F.col("_done.procedure_occurrence_id").alias("procedure_occurrence_id"),
        F.coalesce(F.col("_visit"), F.col("_done.visit_occurrence_id")).alias("visit_occurrence_id"),
    )


def _faults() -> Column:
    return faults(
        no_person=F.col("_has_person").isNull(),
        no_study_uid=F.col("study_uid").isNull(),
        no_start_date=F.col("started_date").isNull(),
        no_procedure=F.col("procedure_occurrence_id").isNull(),
    )


def _own_key() -> Column:
    """What makes a series itself: its UID, whoever tells of it; one that waits is what its row is."""
    return F.when(F.size("faults") == 0, F.col("series_uid")).otherwise(F.col("imaging_series_id").cast("string"))


def _told_once(rows: DataFrame) -> DataFrame:
    """Of the rows that tell one series of a person the first, with what the others know better and their records."""
    whole = Window.partitionBy("tenant", "person_id", _own_key())
    in_order = whole.orderBy(~F.col("feed").startswith(OWN_WORD), feed_rank(F.col("feed")), "feed", "imaging_series_id")
    all_of_it = in_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    modality, site = _concept("modality", PROCEDURE), _concept("site", SITE)
    sent_site = F.max(F.size("body_site_codes") > 0).over(whole)
    return rows.withColumns(
        {
            "_modality": F.first(modality, ignorenulls=True).over(all_of_it),
            "_site": F.coalesce(F.first(site, ignorenulls=True).over(all_of_it), F.when(sent_site, F.lit(NO_MATCH))),
            "_retrieve_url": F.first("retrieve_url", ignorenulls=True).over(all_of_it),
            "lw_told_by": F.sort_array(F.collect_list("imaging_series_id").over(whole)),
            "lw_record_ids": F.sort_array(F.collect_set("record_id").over(whole)),
            "_place": F.rank().over(in_order),
        }
    ).where(F.col("_place") == 1)


def _concept(means: str, domain: str) -> Column:
    """The first standard concept of a domain that codings map to; null when there is none."""
    targets = F.filter(F.col(means)["targets"], lambda target: target["domain_id"] == domain)
    return F.try_element_at(targets, F.lit(1))["concept_id"]
