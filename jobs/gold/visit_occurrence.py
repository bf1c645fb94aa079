"""gold.visit_occurrence: one visit of a person to a care site."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.placed import with_person
from jobs.columns.told import numbered, together
from jobs.columns.visit_parts import placed_in_visits
from jobs.columns.visits import (
    coded,
    described,
    ends,
    judged,
    known_by,
    numbers,
    one_before,
    teller,
    told_in,
    with_kind,
)


def build(
    encounters: DataFrame,
    claim_states: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
    practitioners: DataFrame,
    organizations: DataFrame,
    concept_map: DataFrame,
) -> DataFrame:
    """OMOP CDM 5.4 VISIT_OCCURRENCE: every encounter of every class that took place and is no part of another's visit.

    Encounters of different feeds are one visit, told by the first feed, when one names the other's number, be it one
    that was given up for the other's, or when they are of one person, kind and first day.
    """
    # What did not take place may still say what its parts are parts of.
    known = judged(with_kind(encounters, concept_map), claim_states)
    elsewhere = F.coalesce("replaced_by_ref", "part_of_ref").isNotNull()
    asked = known.where(F.col("excluded").isNull() | elsewhere)
    rows = described(asked, patients, links, people, practitioners, organizations, concept_map, said_in=encounters)
    own = known.where(F.col("excluded").isNull())
    rows = _told_once(rows, _named(with_person(own, patients, links, people)))
    came_from, came_from_said = coded("admit_source_codes", "admit_map")
    went_to, went_to_said = coded("discharge_codes", "discharge_map")
    visit = key("visit_occurrence", F.col("encounter_id"))
    rows = rows.withColumn("_before", one_before(visit, within="person_id"))
    return rows.select(
        visit.alias("visit_occurrence_id"),
        "person_id",
        F.col("kind").alias("visit_concept_id"),
        F.col("start_date").alias("visit_start_date"),
        F.col("start_at").alias("visit_start_datetime"),
        ends().alias("visit_end_date"),
        F.col("end_at").alias("visit_end_datetime"),
        told_in().alias("visit_type_concept_id"),
        "provider_id",
        "care_site_id",
        source_value(F.col("class_code")).alias("visit_source_value"),
        F.lit(concepts.NO_MATCH).alias("visit_source_concept_id"),
        came_from.alias("admitted_from_concept_id"),
        came_from_said.alias("admitted_from_source_value"),
        went_to.alias("discharged_to_concept_id"),
        went_to_said.alias("discharged_to_source_value"),
        F.col("_before").alias("preceding_visit_occurrence_id"),
        "lw_record_ids",
        F.concat_ws("|", F.lit("silver.encounter"), F.col("encounter_id").cast("string")).alias("lw_source"),
        "lw_told_by",
        "lw_parts",
        "lw_given_up",
        faults(no_person=F.col("_has_person").isNull(), no_start_date=F.col("start_date").isNull()).alias("faults"),
    )


def _named(encounters: DataFrame) -> DataFrame:
    """(encounter_id, _as): of an encounter that shares a number with an earlier feed's, what that one is."""
    ranked = encounters.withColumn("_rank", teller())
    known = ranked.select(
        "tenant",
        "person_id",
        F.col("_rank").alias("_earlier"),
        F.explode(known_by()).alias("_number"),
        F.struct("kind", "start_date", "start_at", "encounter_id").alias("_one"),
    )
    each = ranked.select("tenant", "person_id", "_rank", "encounter_id", F.explode(numbers()).alias("_number"))
    found = each.join(known, on=["tenant", "person_id", "_number"], how="inner").where("_earlier < _rank")
    return found.groupBy("encounter_id").agg(F.min(F.struct("_earlier", "_one"))["_one"].alias("_as"))


def _told_once(rows: DataFrame, named: DataFrame) -> DataFrame:
    # Gathered once for all that compares them.
    alike = rows.join(named, on="encounter_id", how="left").repartition("person_id")
    took_place = F.col("excluded").isNull()
    alike = placed_in_visits(alike, took_place, F.col("_as.encounter_id")).where(took_place & ~F.col("is_part"))
    alike = alike.withColumns(_days()).withColumn("_stays", _named_as_it_was())
    alike = alike.withColumn("_as", F.coalesce("_stays.one", "_as"))
    day = F.coalesce("_as.start_date", "start_date")
    usable = day.isNotNull() & F.col("_has_person")
    what = F.coalesce("_as.kind", "kind")
    same = F.when(usable, F.xxhash64(F.col("person_id"), what, day)).otherwise(F.col("encounter_id"))
    # Of two visits on a day each goes with the one it names.
    first = F.coalesce(F.col("_as.start_at"), F.col("start_at"))
    # Who knows a visit by its old and by its new number tells of one.
    own = F.when(F.col("_stays.rank") < teller(), F.col("_as.encounter_id")).otherwise(F.col("encounter_id"))
    order = [first.asc_nulls_last(), F.coalesce("_as.encounter_id", "encounter_id"), own]
    compared = ["person_id", "_same"]
    rank = F.struct(teller(), F.col("encounter_id"))
    known = numbered(alike.withColumn("_same", same), compared, order, teller=teller(), rank=rank)
    whole = together(compared)
    heard_of = {name: F.min_by(name, F.when(is_said, rank)).over(whole)
                for names, is_said in _left_out() for name in names}  # fmt: skip
    return (
        known.withColumns(heard_of)
        .withColumn("lw_told_by", F.sort_array(F.collect_list("encounter_id").over(whole)))
        .withColumn("lw_record_ids", F.sort_array(F.collect_list("record_id").over(whole)))
        .withColumn("lw_parts", F.array_sort(F.flatten(F.collect_list("parts").over(whole))))
        .withColumn("lw_given_up", F.array_sort(F.flatten(F.collect_list("given_up.encounter_id").over(whole))))
        .where("_is_first")
    )


def _named_as_it_was() -> Column:
    """Of an encounter that names a number of a visit of another feed which has others given up for it: that visit.

    `one` is what that is (see `_named`), `rank` whose word it is.
    """
    own = F.struct("kind", "start_date", "start_at", "encounter_id")
    stays = F.struct(
        teller().alias("rank"),
        F.coalesce("_as", own).alias("one"),
        "tenant",
        F.array_union(known_by(), F.flatten("given_up.numbers")).alias("numbers"),
    )
    known = F.collect_list(F.when(F.size("given_up") > 0, stays)).over(Window.partitionBy("person_id"))

    def is_it(one: Column) -> Column:
        # One of no day is nobody's.
        elsewhere = (one["rank"] != teller()) & one["one"]["start_date"].isNotNull()
        return elsewhere & (one["tenant"] == F.col("tenant")) & F.arrays_overlap(one["numbers"], numbers())

    return F.get(F.array_sort(F.filter(known, is_it)), F.lit(0))


def _days() -> dict[str, Column]:
    """Begin and end, as a visit says them, else as was said under the numbers that were given up for its own.

    Whoever is still there has not left, though that number's visit had ended.
    """
    own, goes_on = F.col("start_date").isNotNull(), F.col("status") == "in-progress"
    starts = F.filter("given_up", lambda one: one["start_date"].isNotNull())
    over = F.filter("given_up", lambda one: one["end_date"].isNotNull())
    first = F.array_min(F.transform(starts, lambda one: F.struct(one["start_date"], one["start_at"])))
    last = F.array_max(F.transform(over, lambda one: F.struct(one["end_date"], one["end_at"])))
    ended = F.col("end_date").isNotNull() | F.coalesce(goes_on, F.lit(False))
    return {
        "start_date": F.coalesce("start_date", first["start_date"]),
        "start_at": F.when(own, F.col("start_at")).otherwise(first["start_at"]),
        "end_date": F.when(ended, F.col("end_date")).otherwise(last["end_date"]),
        "end_at": F.when(ended, F.col("end_at")).otherwise(last["end_at"]),
    }


def _left_out() -> list[tuple[tuple[str, ...], Column]]:
    """What the first feed may not say of a visit and another know, and whether a row says it."""
    return [
        (("provider_id",), F.col("provider_id").isNotNull()),
        (("care_site_id",), F.col("care_site_id").isNotNull()),
        (("admit_source_codes", "admit_map"), F.size("admit_source_codes") > 0),
        (("discharge_codes", "discharge_map"), F.size("discharge_codes") > 0),
    ]
