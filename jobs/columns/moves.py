"""Where a patient was in turn during an encounter: places of FHIR R4 Encounter.location that say since when.

A FHIR resource says all of them. A message on a visit tells of one at most, the ward that it brings the patient to
(jobs.formats.hl7v2_fhir_encounter): there the moves are what all messages so far say together.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.fhir import PERIOD, REFERENCE
from jobs.columns.reference_texts import reference
from jobs.columns.spans import SPAN
from jobs.formats.hl7v2_fhir_parties import WARD

MOVES: Final = f"array<struct<location_ref: string, {SPAN}>>"
TOLD: Final = f"struct<location: {REFERENCE}, period: {PERIOD}>"


def stated(locations: Column) -> Column:
    """Of a FHIR encounter: its `locations` (silver.encounter) that have a beginning, the first one first."""
    return in_order(F.filter(locations, lambda one: one["start_date"].isNotNull()))


def in_order(moves: Column) -> Column:
    """Moves (MOVES, or places with its fields), the first one first."""
    shaped = F.transform(
        moves,
        # Sorted by what stands first.
        lambda one: F.struct(one["start_date"], one["start_at"], one["location_ref"], one["end_date"], one["end_at"]),
    )
    sorted_ = F.array_sort(shaped.cast("array<struct<a: date, b: timestamp, c: string, d: date, e: timestamp>>"))
    return F.transform(sorted_, lambda one: F.struct(one["c"], one["a"], one["b"], one["d"], one["e"])).cast(MOVES)


def until_next(moves: Column) -> Column:
    """Moves in turn, of which those without an end end where the next begins."""
    following = F.slice(moves, 2, F.size(moves))
    return F.transform(
        F.arrays_zip(moves.alias("here"), following.alias("there")),
        lambda one: F.struct(
            one["here"]["location_ref"],
            one["here"]["start_date"],
            one["here"]["start_at"],
            F.coalesce(one["here"]["end_date"], one["there"]["start_date"]),
            F.when(one["here"]["end_date"].isNull(), one["there"]["start_at"]).otherwise(one["here"]["end_at"]),
        ),
    ).cast(MOVES)


def told_of(locations: Column) -> Column:
    """Of a message: the entry of `Encounter.location` that is the ward it brings the patient to; null without one."""
    wards = F.filter(locations, lambda one: F.array_contains(one["physicalType"]["coding"]["code"], WARD))
    ward = F.try_element_at(wards, F.lit(1))
    return F.when(ward.isNotNull(), F.struct(ward["location"].alias("location"), ward["period"].alias("period")))


def in_turn(told: Column, zone: Column) -> Column:
    """Of all messages on a visit, oldest first: the wards, each until the next.

    A ward without a time is the one that a transfer which is called off brings the patient back to (ADT A12).
    """
    named = F.transform(
        told,
        lambda one: F.struct(
            reference(one["location"], "Location").alias("location_ref"),
            *moment("start", one["period"]["start"], zone),
            # Nobody tells when a ward is left but by telling of the next.
            F.lit(None).cast("date").alias("end_date"),
            F.lit(None).cast("timestamp").alias("end_at"),
        ),
    ).cast(MOVES)
    known = F.filter(named, lambda one: one["location_ref"].isNotNull())
    wards = F.aggregate(known, F.array().cast(MOVES), _moved)
    return until_next(wards)


def _moved(so_far: Column, one: Column) -> Column:
    places = so_far["location_ref"]
    ago = F.array_position(F.reverse(places), one["location_ref"]).cast("int")
    brought_back = F.slice(so_far, 1, F.size(so_far) - F.greatest(ago, F.lit(1)) + 1)
    # Who is told to come to where he is has not moved.
    return F.when(one["start_date"].isNull() | (ago == 1), brought_back).otherwise(F.concat(so_far, F.array(one)))
