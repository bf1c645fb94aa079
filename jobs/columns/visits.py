"""What visits and their details share: kind, care, arrival and departure of an encounter."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.billed_visits import BENEFIT
from jobs.columns.codes import lookup
from jobs.columns.events import source_value
from jobs.columns.mapping import first_concept, mapped
from jobs.columns.parties import with_care_site
from jobs.columns.placed import with_person
from jobs.columns.references import resolved
from jobs.columns.remittance import CLAIMS
from jobs.columns.told import FIRST_HEARD, feed_rank

# HL7 v3 ActCode, as FHIR R4 Encounter.class has it.
KINDS = {
    "IMP": concepts.VISIT_INPATIENT,
    "ACUTE": concepts.VISIT_INPATIENT,
    "NONAC": concepts.VISIT_NON_HOSPITAL,
    "PRENC": concepts.VISIT_OUTPATIENT,
    "AMB": concepts.VISIT_OUTPATIENT,
    "EMER": concepts.VISIT_EMERGENCY,
    "OBSENC": concepts.VISIT_EMERGENCY_AND_INPATIENT,
    "VR": concepts.VISIT_TELEHEALTH,
    "HH": concepts.VISIT_HOME,
    "SS": concepts.VISIT_EMERGENCY_ROOM_HOSPITAL,
    "FLD": concepts.VISIT_AMBULANCE,
}
CLASSES = {kind: code for code, kind in KINDS.items()}
STAYS = ("IMP", "ACUTE", "NONAC")
VISIT = "Visit"
EXCLUDED = {"entered-in-error": "entered_in_error", "cancelled": "cancelled", "planned": "planned"}
# The other one is the visit, and what was told under this number lies in it.
GIVEN_UP = "under_another_number"


def judged(encounters: DataFrame, claim_states: DataFrame) -> DataFrame:
    """Encounters with `excluded`: why it is no visit; null when it is one, or a part of one.

    It was called off, is still to come or never was; its number was given up for another's, whose visit it is; or all
    the claims that made it known are void or replaced.
    """
    over = claim_states.where(F.col("encounter_id").isNotNull()).select("encounter_id", F.col("state").alias("_state"))
    known = encounters.join(F.broadcast(over), on="encounter_id", how="left")
    given_up = F.when(F.col("replaced_by_ref").isNotNull(), GIVEN_UP)
    why = F.coalesce(
        given_up, F.try_element_at(lookup(EXCLUDED), F.col("status")), F.concat(F.lit("claim_"), F.col("_state"))
    )
    return known.withColumn("excluded", why).drop("_state")


def known_by() -> Column:
    """What an encounter is known by in every feed: its numbers; in its own its id, too."""
    return F.array_union(F.array("resource_id"), numbers())


def numbers() -> Column:
    """The numbers of an encounter, as sent."""
    return F.coalesce(F.col("identifiers")["value"], F.array().cast("array<string>"))


def told_in() -> Column:
    """Type concept of the record that tells of the visit: a claim where the payer is who told it first."""
    return F.when(is_billed(), concepts.TYPE_CLAIM).otherwise(concepts.TYPE_EHR_ENCOUNTER)


def is_billed() -> Column:
    """Whether it is known of an encounter that it was billed, and not from a record of care."""
    return F.col("feed").startswith(CLAIMS) | _of_benefit()


def teller() -> Column:
    """Who tells of an encounter, by whose word goes first: of one feed its benefits come after its record of care."""
    own = feed_rank(F.col("feed"))
    rank = F.when(is_billed(), F.greatest(own, F.lit(FIRST_HEARD.index("claims")))).otherwise(own)
    return F.struct(rank, "feed", _of_benefit())


def _of_benefit() -> Column:
    return F.col("resource_type").eqNullSafe(BENEFIT)


def described(
    encounters: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
    practitioners: DataFrame,
    organizations: DataFrame,
    concept_map: DataFrame,
    said_in: DataFrame,
) -> DataFrame:
    """Encounters with person, provider, care site and mapped arrival and departure; each stays once.

    `said_in` has all their codes (see `mapped`).
    """
    rows = with_person(encounters, patients, links, people)
    rows = resolved(rows, "practitioner_ref", practitioners, "provider_id", "provider_id")
    rows = with_care_site(rows, organizations)
    rows = mapped(rows, concept_map, "admit_source_codes", into="admit_map", said_in=said_in)
    return mapped(rows, concept_map, "discharge_codes", into="discharge_map", said_in=said_in)


def with_kind(encounters: DataFrame, concept_map: DataFrame) -> DataFrame:
    """Add `kind`, the visit concept of the class, 0 when none is known, and `meant_class`, the class in HL7's words.

    FHIR R4 binds Encounter.class to ActCode as extensible: others have classes of their own, and SOURCE_TO_CONCEPT_MAP
    leads these to a visit concept. What it says goes before what HL7 says.
    """
    rows = mapped(encounters, concept_map, "class_codes", into="_class_map")
    visits = F.filter(F.col("_class_map.targets"), lambda target: target["domain_id"] == VISIT)
    by_map = F.get(visits, F.lit(0))["concept_id"]
    code = F.upper("class_code")
    found = {
        "kind": F.coalesce(by_map, F.try_element_at(lookup(KINDS), code), F.lit(concepts.NO_MATCH)),
        "meant_class": F.coalesce(F.try_element_at(lookup(CLASSES), by_map), code),
    }
    return rows.withColumns(found).drop("_class_map")


def ends() -> Column:
    """Last day: as stated; of a stay that goes on the day we heard of it; else the day it began (OMOP: required)."""
    goes_on = F.col("meant_class").isin(*STAYS) & (F.col("status") == "in-progress")
    heard = F.greatest(F.to_date(F.from_utc_timestamp("received_at", "UTC")), F.col("start_date"))
    return F.coalesce(F.col("end_date"), F.when(goes_on, heard), F.col("start_date"))


def one_before(own: Column, within: str) -> Column:
    """Of the visits, or parts of a visit, that have `within` in common, the key `own` of the last that began before."""
    order = [F.col("start_date"), F.col("start_at").asc_nulls_last(), F.col("encounter_id"), own]
    in_order = Window.partitionBy(within).orderBy(*order)
    usable = F.col("start_date").isNotNull() & F.col("_has_person")
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    return F.last(F.when(usable, own), ignorenulls=True).over(before)


def coded(codes: str, found: str) -> tuple[Column, Column]:
    """Concept and source value of a coded attribute: null when it is not said, 0 when it is not mapped."""
    code = F.try_element_at(F.col(codes)["code"], F.lit(1))
    return first_concept(F.when(F.size(codes) > 0, F.col(found))), source_value(code)
