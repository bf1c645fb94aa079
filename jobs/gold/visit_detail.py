"""gold.visit_detail: one part of a visit."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.moves import MOVES, in_order, until_next
from jobs.columns.parties import with_unit
from jobs.columns.placed import visit_of
from jobs.columns.told import heard
from jobs.columns.visits import (
    EXCLUDED,
    GIVEN_UP,
    STAYS,
    coded,
    described,
    ends,
    judged,
    one_before,
    told_in,
    with_kind,
)

# Classes of encounters in which it matters on which ward somebody lies, though it be one alone.
ON_WARDS = (*STAYS, "OBSENC")
# What `judged` says, and which encounters are parts. The places of an encounter are rows beside its own.
RECEIVED = f"""
    SELECT coalesce(
        CASE WHEN replaced_by_ref IS NOT NULL THEN '{GIVEN_UP}' END,
        CASE status {" ".join(f"WHEN '{status}' THEN '{reason}'" for status, reason in EXCLUDED.items())} END,
        'claim_' || over.state,
        CASE WHEN parts.encounter_id IS NULL THEN 'visit_of_its_own' END
    ) AS excluded
    FROM encounters
    LEFT JOIN (SELECT encounter_id, state FROM claim_states WHERE encounter_id IS NOT NULL) over USING (encounter_id)
    LEFT JOIN (SELECT unnest(lw_parts).encounter_id AS encounter_id FROM visits) parts USING (encounter_id)
"""
FOUND_AGAIN = "SELECT count(*) FROM made WHERE lw_place IS NULL"


def build(
    encounters: DataFrame,
    claim_states: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
    practitioners: DataFrame,
    organizations: DataFrame,
    places: DataFrame,
    concept_map: DataFrame,
    visits: DataFrame,
) -> DataFrame:
    """OMOP CDM 5.4 VISIT_DETAIL: encounters that are parts of a visit, and the places where a patient was in turn.

    Which encounters are parts, and of which part, the visit knows. A visit that several feeds tell of has the places
    of the first of them that knows any, with those told under the numbers that were given up for its own.
    """
    given_up = F.col("replaced_by_ref").isNotNull()
    known = judged(with_kind(encounters, concept_map), claim_states).where(F.col("excluded").isNull() | given_up)
    known = known.join(_parts(visits), on="encounter_id", how="left")
    known = known.withColumn("_is_part", F.col("visit_occurrence_id").isNotNull())
    place = F.struct(F.lit(None).cast("int").alias("number"), F.lit(None).cast("string").alias("ref"))
    parts = known.where("_is_part").withColumn("_place", place)
    rows = parts.unionByName(_places(known, visits))
    rows = described(rows, patients, links, people, practitioners, organizations, concept_map, said_in=encounters)
    rows = with_unit(rows.withColumn("_place_ref", F.col("_place.ref")), "_place_ref", places)
    came_from, came_from_said = coded("admit_source_codes", "admit_map")
    went_to, went_to_said = coded("discharge_codes", "discharge_map")
    number = F.col("_place.number")
    encounter = key("visit_detail", F.col("encounter_id"))
    own = F.when(number.isNull(), encounter).otherwise(key("visit_detail", F.col("encounter_id"), number))
    parent = F.when(number.isNull(), F.col("parent_id")).otherwise(F.when(F.col("_is_part"), F.col("encounter_id")))
    return rows.select(
        own.alias("visit_detail_id"),
        "person_id",
        F.col("kind").alias("visit_detail_concept_id"),
        F.col("start_date").alias("visit_detail_start_date"),
        F.col("start_at").alias("visit_detail_start_datetime"),
        ends().alias("visit_detail_end_date"),
        F.col("end_at").alias("visit_detail_end_datetime"),
        told_in().alias("visit_detail_type_concept_id"),
        "provider_id",
        F.coalesce("unit_id", "care_site_id").alias("care_site_id"),
        source_value(F.coalesce("place_name", "class_code")).alias("visit_detail_source_value"),
        F.lit(concepts.NO_MATCH).alias("visit_detail_source_concept_id"),
        came_from.alias("admitted_from_concept_id"),
        came_from_said.alias("admitted_from_source_value"),
        went_to.alias("discharged_to_concept_id"),
        went_to_said.alias("discharged_to_source_value"),
        one_before(own, within="visit_occurrence_id").alias("preceding_visit_detail_id"),
        F.when(parent.isNotNull(), key("visit_detail", parent)).alias("parent_visit_detail_id"),
        "visit_occurrence_id",
        F.array("record_id").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.encounter"), F.col("encounter_id").cast("string")).alias("lw_source"),
        number.alias("lw_place"),
        faults(no_person=F.col("_has_person").isNull(), no_start_date=F.col("start_date").isNull()).alias("faults"),
    )


def _parts(visits: DataFrame) -> DataFrame:
    """(encounter_id, parent_id, visit_occurrence_id): the encounters that are parts of visits, each once."""
    return visits.select("visit_occurrence_id", F.inline("lw_parts"))


def _places(known: DataFrame, visits: DataFrame) -> DataFrame:
    """A row for each place where the patient was in turn: the encounter with the time and the place of that."""
    matters = F.col("meant_class").isin(*ON_WARDS) | (F.size("moves") > 1)
    tells = known.where(matters & (F.size("moves") > 0))
    whole = visit_of(visits, "visit_end_date", "visit_end_datetime")
    whole = whole.withColumnsRenamed({"_encounter_id": "encounter_id", "visit_occurrence_id": "_visit_id"})
    rows = tells.join(whole, on="encounter_id", how="left")
    rows = rows.withColumn("visit_occurrence_id", F.coalesce("visit_occurrence_id", "_visit_id")).drop("_visit_id")
    rows = rows.where(F.col("visit_occurrence_id").isNotNull())
    # A part has places of its own, a visit those of one teller.
    about = Window.partitionBy(F.when(F.col("_is_part"), F.col("encounter_id")).otherwise(F.col("visit_occurrence_id")))
    given_up = F.col("replaced_by_ref").isNotNull()
    order = F.struct(heard(), given_up, "encounter_id")
    before = F.collect_list(F.when(given_up, F.struct("feed", "moves"))).over(about)
    told = rows.withColumns({"_is_first": order == F.min(order).over(about), "_before": before}).where("_is_first")
    # Whose number was given up knows not when the visit ended.
    ends = {
        "end_date": F.when(given_up, F.col("visit_end_date")).otherwise(F.col("end_date")),
        "end_at": F.when(given_up, F.col("visit_end_datetime")).otherwise(F.col("end_at")),
    }
    told = told.withColumns({"moves": _with_earlier(given_up), **ends})
    told = told.drop("_is_first", "_before", "visit_end_date", "visit_end_datetime")
    each = told.select("*", F.posexplode("moves").alias("_number", "_move"))
    nothing = F.array().cast(known.schema["admit_source_codes"].dataType)
    return each.withColumns(
        {
            "start_date": F.col("_move.start_date"),
            "start_at": F.col("_move.start_at"),
            **_until(),
            "admit_source_codes": nothing,
            "discharge_codes": nothing,
            "_place": F.struct((F.col("_number") + 1).alias("number"), F.col("_move.location_ref").alias("ref")),
        }
    ).drop("_number", "_move")


def _with_earlier(given_up: Column) -> Column:
    """The places of an encounter and those told under numbers that were given up for it, each until the next."""
    earlier = F.filter("_before", lambda one: one["feed"] == F.col("feed"))["moves"]
    own = F.when(given_up, F.array().cast(MOVES)).otherwise(F.col("moves"))
    together = until_next(in_order(F.concat(F.flatten(earlier), own)))
    return F.when(F.size("_before") > 0, together).otherwise(F.col("moves"))


def _until() -> dict[str, Column]:
    """When a stay in a place ended: as said, else with the encounter; never before it began."""
    said = F.col("_move.end_date").isNotNull()
    last = F.when(said, F.col("_move.end_date")).otherwise(F.col("end_date"))
    last_at = F.when(said, F.col("_move.end_at")).otherwise(F.col("end_at"))
    return {
        "end_date": F.when(last.isNotNull(), F.greatest(last, "_move.start_date")),
        "end_at": F.when(last_at.isNotNull(), F.greatest(last_at, "_move.start_at")),
    }
