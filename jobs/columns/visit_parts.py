"""Which encounters are parts of a visit (OMOP CDM 5.4 VISIT_DETAIL): those of one person, gathered, say it together.

The topmost encounter of a person is the visit, all below it are its parts. A parent that is not known, or is somebody
else's, makes nobody a part; one that did not take place or has no date is passed over for its own parent.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.told import heard

# A part of a part, as a bed on a ward of a stay; more levels than this are a loop or an accident.
MOST_LEVELS = 8
_PARTS = "array<struct<encounter_id:bigint,parent_id:bigint>>"


def placed_in_visits(encounters: DataFrame, took_place: Column) -> DataFrame:
    """Add `is_part`, whether an encounter is a part of another one's visit, and `parts`, those of its own visit.

    `encounters` have their person, and what did not take place is among them as far as it is itself a part. Of each
    part is told which part it lies in directly, if not in the visit itself. No row is lost or doubled.
    """
    of_person = Window.partitionBy("person_id")
    is_known = F.coalesce("_has_person", F.lit(False))
    usable = is_known & took_place & F.col("start_date").isNotNull()
    asks = F.struct("encounter_id", "feed", F.col("part_of_ref").alias("ref"), took_place.alias("took_place"))
    asked = F.when(is_known & F.col("part_of_ref").isNotNull(), asks)
    # Three passes over what is gathered once: who asks for a parent, who answers, and where that leads.
    rows = encounters.withColumn("_asked", F.collect_list(asked).over(of_person))
    steps = F.array_sort(F.flatten(F.collect_list(_answers(usable)).over(of_person)))
    rows = rows.withColumn("_steps", steps)
    rows = rows.withColumn("_place", F.when(asked.isNotNull() & took_place, _place()))
    found = F.collect_list(F.when(F.col("_place").isNotNull(), F.col("_place"))).over(of_person)
    own = F.filter(F.col("_found"), lambda one: one["visit_id"] == F.col("encounter_id"))
    parts = F.transform(own, lambda one: F.struct(one["encounter_id"].alias("encounter_id"), one["parent_id"]))
    return (
        rows.withColumn("_found", found)
        .withColumns(
            {
                "is_part": F.col("_place").isNotNull(),
                "parts": F.when(F.size("_found") > 0, F.array_sort(parts)).otherwise(F.array()).cast(_PARTS),
            }
        )
        .drop("_asked", "_steps", "_place", "_found")
    )


def _answers(usable: Column) -> Column:
    """What of this person's encounters this one is the parent of."""
    mine = F.filter(
        F.col("_asked"),
        lambda one: (one["feed"] == F.col("feed")) & F.array_contains(F.col("aliases"), one["ref"]),
    )
    # An encounter with two parents goes with the first: sorted, its steps stand together.
    steps = F.transform(
        mine,
        lambda one: F.struct(
            one["encounter_id"].alias("encounter_id"),
            heard().alias("order"),
            F.col("encounter_id").alias("parent_id"),
            usable.alias("is_usable"),
        ),
    )
    return F.when(F.size("_asked") > 0, steps)


def _place() -> Column:
    """Where an encounter lies: the visit's encounter, and the part above it; null when it is a visit of its own."""
    steps = F.col("_steps")
    link = "struct<id:bigint,is_usable:boolean>"

    def hop(chain: Column, _: Column) -> Column:
        at = F.array_position(steps["encounter_id"], F.element_at(chain, -1)["id"]).cast("int") - 1
        onward = F.struct(F.get(steps, at)["parent_id"].alias("id"), F.get(steps, at)["is_usable"].alias("is_usable"))
        return F.when(onward["id"].isNotNull(), F.array_append(chain, onward.cast(link))).otherwise(chain)

    start = F.array(F.struct(F.col("encounter_id"), F.lit(False))).cast(f"array<{link}>")
    chain = F.aggregate(F.sequence(F.lit(1), F.lit(MOST_LEVELS)), start, hop)
    above = F.filter(chain, lambda one: one["is_usable"])["id"]
    # Who has not arrived by then goes round in a loop, and is nobody's part.
    ended = (F.size(chain) <= MOST_LEVELS) & (F.size(above) > 0)
    parent, top = F.get(above, F.lit(0)), F.try_element_at(above, F.lit(-1))
    place = F.struct(F.col("encounter_id"), top.alias("visit_id"), F.when(parent != top, parent).alias("parent_id"))
    return F.when((F.size(steps) > 0) & ended, place)
