"""Which encounters are parts of a visit (OMOP CDM 5.4 VISIT_DETAIL): those of one person, gathered, say it together.

The topmost encounter of a person is the visit, all below it are its parts. A parent that is not known, or is somebody
else's, makes nobody a part; one that did not take place or has no date is passed over for its own parent.

What a professional bills for in a hospital during somebody's visit there is a part of that visit too, as the OHDSI ETLs
have it: the claim says the place of service, and the record of care or the hospital's own claim says the visit.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns.billed_visits import INSTITUTIONAL
from jobs.columns.visits import ends, is_billed, known_by, teller
from jobs.formats.x12_fhir_codes import PLACE_OF_SERVICE, TYPE_OF_BILL

# A part of a part, as a bed on a ward of a stay; more levels than this are a loop or an accident.
MOST_LEVELS = 8
OUTPATIENT = "AMB"
_BEDS = ("IMP", "ACUTE", "OBSENC")
_NURSED = ("NONAC",)
# CMS place of service of a professional claim -> classes of the visits it belongs to, the likeliest first.
WITHIN = {
    "21": (*_BEDS, "EMER"),
    "51": _BEDS,
    "23": ("EMER", "OBSENC", "IMP", "ACUTE"),
    "22": (OUTPATIENT, "OBSENC", "EMER", "IMP", "ACUTE"),
    "19": (OUTPATIENT, "OBSENC", "EMER", "IMP", "ACUTE"),
    "31": _NURSED,
    "61": _NURSED,
}
_GIVEN_UP = (
    "array<struct<encounter_id:bigint,start_date:date,start_at:timestamp,end_date:date,end_at:timestamp,"
    "numbers:array<string>>>"
)
_PARTS = "array<struct<encounter_id:bigint,parent_id:bigint>>"


def placed_in_visits(encounters: DataFrame, took_place: Column, named: Column) -> DataFrame:
    """Add `is_part`, whether an encounter is a part of another one's visit, `parts`, those of its own visit, and
    `given_up`, those whose number was given up for that of this visit or of a part of it, with its days and numbers.

    `encounters` have their person, and what did not take place is among them as far as it is itself a part. Of each
    part is told which part it lies in directly, if not in the visit itself. `named` is the encounter whose number one
    has. No row is lost or doubled.
    """
    of_person = Window.partitionBy("person_id")
    is_known = F.coalesce("_has_person", F.lit(False))
    usable = is_known & took_place & F.col("start_date").isNotNull()
    within = _within()
    # Whose number was given up, perhaps more than once, is where what stands for it is; and so are its own parts.
    given_up = F.col("replaced_by_ref").isNotNull()
    elsewhere = F.coalesce("replaced_by_ref", "part_of_ref")
    asks = F.struct(
        "encounter_id",
        "feed",
        elsewhere.alias("ref"),
        given_up.alias("given_up"),
        within.alias("within"),
        named.alias("named"),
        F.col("start_date").alias("start"),
        F.coalesce("end_date", "start_date").alias("end"),
    )
    asked = F.when(is_known & (elsewhere.isNotNull() | within.isNotNull()), asks)
    # Three passes over what is gathered once: who asks for a parent, who answers, and where that leads.
    rows = encounters.withColumn("_asked", F.collect_list(asked).over(of_person))
    steps = F.array_sort(F.flatten(F.collect_list(_answers(usable, is_known & took_place)).over(of_person)))
    rows = rows.withColumn("_steps", steps)
    is_placed = (took_place | given_up) & asked.isNotNull()
    rows = rows.withColumn("_found", F.collect_list(F.when(is_placed, _place(given_up))).over(of_person))
    own = F.filter(F.col("_found"), lambda one: one["visit_id"] == F.col("encounter_id"))
    lost = F.transform(F.filter(own, lambda one: one["is_given_up"]), lambda one: one["days"])
    own = F.filter(own, lambda one: ~one["is_given_up"])
    parts = F.transform(own, lambda one: F.struct(one["encounter_id"].alias("encounter_id"), one["parent_id"]))
    return rows.withColumns(
        {
            "is_part": F.array_contains(F.col("_found.encounter_id"), F.col("encounter_id")),
            "parts": F.when(F.size("_found") > 0, F.array_sort(parts)).otherwise(F.array()).cast(_PARTS),
            "given_up": F.when(F.size("_found") > 0, F.array_sort(lost)).otherwise(F.array()).cast(_GIVEN_UP),
        }
    )


def _within() -> Column:
    """Classes of the visits that a professional claim's encounter may be a part of; null for any other encounter."""
    table = F.create_map(
        *[part for place, classes in WITHIN.items() for part in (F.lit(place), F.array(*map(F.lit, classes)))]
    )
    return F.when(is_billed(), F.try_element_at(table, _kind_of_bill(PLACE_OF_SERVICE)))


def _kind_of_bill(system: str) -> Column:
    codes = F.col("type_codes")
    return F.get(codes["code"], F.array_position(codes["system"], system).cast("int") - 1)


def _answers(usable: Column, lives: Column) -> Column:
    """What of this person's encounters this one is the parent of: by its name, or since it holds them.

    One that took place and may not say when (`lives`) has from the number given up for its own when it was.
    """
    # What a claim says of a hospital, other than the hospital's own, is no evidence of a stay there.
    # A benefit may not say its type of bill.
    is_own = _kind_of_bill(TYPE_OF_BILL).isNotNull() | F.array_contains(F.col("type_codes")["code"], INSTITUTIONAL)
    holds = usable & (~is_billed() | F.coalesce(is_own, F.lit(False)))
    kind = F.col("meant_class")

    def likely(one: Column) -> Column:
        inside = (one["start"] >= F.col("start_date")) & (one["end"] <= ends())
        same_day = (kind != OUTPATIENT) | (one["start"] == F.col("start_date"))
        return F.when(holds & inside & same_day, F.array_position(one["within"], kind))

    mine = F.filter(
        F.col("_asked"),
        lambda one: (
            ((one["feed"] == F.col("feed")) & F.array_contains(F.col("aliases"), one["ref"])) | (likely(one) > 0)
        ),
    )
    # An encounter with several parents goes with the first: sorted, its steps stand together.
    steps = F.transform(
        mine,
        lambda one: F.struct(
            one["encounter_id"].alias("encounter_id"),
            # Of two visits on a day a claim goes with the one it names.
            F.when(one["named"] == F.col("encounter_id"), 0).otherwise(likely(one)).alias("likely"),
            teller().alias("heard"),
            F.col("encounter_id").alias("parent_id"),
            F.when(one["given_up"], lives).otherwise(usable).alias("is_usable"),
        ),
    )
    return F.when(F.size("_asked") > 0, steps)


def _place(given_up: Column) -> Column:
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
    place = F.struct(
        F.col("encounter_id"),
        top.alias("visit_id"),
        F.when(parent != top, parent).alias("parent_id"),
        given_up.alias("is_given_up"),
        F.struct("encounter_id", "start_date", "start_at", "end_date", "end_at", known_by().alias("numbers")).alias(
            "days"
        ),
    )
    return F.when((F.size(steps) > 0) & ended, place)
