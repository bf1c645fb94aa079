"""The visit that a benefit bills for, where neither a claim nor an encounter tells of it.

Payers who share what they paid (CARIN Blue Button, Medicare's Blue Button 2.0 and BCDA) send benefits alone. Such a
benefit is a meeting of a patient with care, as the claim that it answers would be.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.claims import by_role
from jobs.columns.codes import lookup
from jobs.columns.fhir import CODES, identity
from jobs.columns.keys import key
from jobs.columns.lists import flat
from jobs.columns.parties import IDENTIFIERS
from jobs.formats.x12_fhir_codes import OURS, PLACE_OF_SERVICE, TERMINOLOGY, TYPE_OF_BILL
from jobs.formats.x12_fhir_encounter import BILLS, EMERGENCY, OBSERVATION, PLACES, STILL_PATIENT

BENEFIT: Final = "ExplanationOfBenefit"
PHARMACY, INSTITUTIONAL = "pharmacy", "institutional"
# Why a benefit is no visit of its own.
ANSWERS, NAMES, ASKS, DRAFT = "answers_a_claim", "names_an_encounter", "not_a_claim", "draft"
_STATUSES = {"active": "finished", "cancelled": "cancelled", "entered-in-error": "entered-in-error"}
# What Medicare calls a benefit (Blue Button 2.0 eob-type) and CARIN an institutional one (its claim sub-type);
# what is not listed, as OUTPATIENT and CARRIER, is told by revenue codes and places.
_KINDS = {"INPATIENT": "IMP", "inpatient": "IMP", "SNF": "NONAC", "HHA": "HH", "HOSPICE": "HH"}
# The categories of its supporting information (CARIN C4BBSupportingInfoType).
_BILL, _ACCOUNT, _ADMITTED, _STATUS = "typeofbill", "patientaccountnumber", "admissionperiod", "discharge-status"
_ORIGIN, _PRIORITY = "pointoforigin", "admtype"
# Who saw the patient, the likeliest first.
_SEEN_BY = ("attending", "rendering", "performing", "primary", "operating")
_ACT = f"{TERMINOLOGY}v3-ActCode"
_STAY, _AMBULATORY = "IMP", "AMB"
_PARTICIPANTS = (
    f"array<struct<practitioner_ref:string,role_codes:{CODES},start_date:date,start_at:timestamp,end_date:date,"
    f"end_at:timestamp>>"
)
_LOCATIONS = (
    f"array<struct<location_ref:string,status:string,physical_type_codes:{CODES},start_date:date,start_at:timestamp,"
    f"end_date:date,end_at:timestamp>>"
)


def visit_ref() -> Column:
    """The name of the visit that a benefit, or a line of it, tells of itself; null where it answers a claim."""
    return F.when(F.col("claim_ref").isNull(), F.concat(F.lit(f"{BENEFIT}/"), F.col("resource_id")))


def no_visit() -> Column:
    """Why a benefit is no visit of its own; null when it is one."""
    return (
        F.when(F.col("claim_ref").isNotNull(), ANSWERS)
        .when(F.size("encounter_refs") > 0, NAMES)
        .when(F.coalesce("use", F.lit("claim")) != "claim", ASKS)
        .when(F.col("status") == "draft", DRAFT)
        .when(F.array_contains(F.col("type_codes")["code"], PHARMACY), PHARMACY)
    )


def visit_id() -> Column:
    """The key in silver.encounter of the visit that a benefit tells of itself; null when it tells of none."""
    source = [F.col(name) for name in ("tenant", "feed", "resource_type", "resource_id")]
    return F.when(no_visit().isNull(), key("encounter", *source))


def visits_of(benefits: DataFrame) -> DataFrame:
    """A row of silver.encounter for each benefit that is a visit of its own."""
    # Where every benefit answers a claim, Parquet's own counts tell so and none is read.
    alone = benefits.where(F.col("claim_ref").isNull())
    rows = alone.where(no_visit().isNull()).withColumns(_described())
    rows = rows.withColumn("class_code", _class())
    rows = rows.withColumns(_days())
    provider, nothing = F.col("provider_ref"), F.array().cast(CODES)
    is_person = provider.startswith("Practitioner")
    person = F.coalesce(by_role(F.col("care_team"), _SEEN_BY), F.when(is_person, provider))
    stays_on = F.array_contains(_told(_STATUS)["code"], STILL_PATIENT) & (F.col("class_code") == _STAY)
    return rows.select(
        *identity("encounter"),
        "patient_id",
        "patient_ref",
        "aliases",
        F.when(stays_on & (F.col("status") == "active"), "in-progress")
        .otherwise(F.try_element_at(lookup(_STATUSES), F.col("status")))
        .alias("status"),
        _identifiers().alias("identifiers"),
        "class_code",
        _coded(_ACT, F.col("class_code")).alias("class_codes"),
        # By the kind of bill is known who bills.
        F.concat(_coded(TYPE_OF_BILL, F.col("_bill")), _coded(PLACE_OF_SERVICE, F.col("_place")), "type_codes").alias(
            "type_codes"
        ),
        nothing.alias("service_type_codes"),
        _told(_PRIORITY).alias("priority_codes"),
        F.col("_start_date").alias("start_date"),
        F.col("_start_at").alias("start_at"),
        F.when(~stays_on, F.col("_end_date")).alias("end_date"),
        F.when(~stays_on, F.col("_end_at")).alias("end_at"),
        nothing.alias("reason_codes"),
        F.array().cast("array<string>").alias("reason_refs"),
        _told(_ORIGIN).alias("admit_source_codes"),
        nothing.alias("readmission_codes"),
        _told(_STATUS).alias("discharge_codes"),
        _participants().alias("participants"),
        person.alias("practitioner_ref"),
        F.when(~is_person, provider).alias("organization_ref"),
        F.when(
            F.col("facility_ref").isNotNull(), F.array(F.struct("facility_ref", *[F.lit(None)] * 6)).cast(_LOCATIONS)
        ).alias("locations"),
        F.col("facility_ref").alias("location_ref"),
        F.array().cast("array<string>").alias("faults"),
    )


def _told(category: str) -> Column:
    """The codes of the supporting information of a category; empty when there is none."""
    mine = F.filter("information", lambda one: F.array_contains(one["category_codes"]["code"], category))
    return F.coalesce(flat(mine["codes"]), F.array()).cast(CODES)


def _described() -> dict[str, Column]:
    """`_bill`, facility and care of the type of bill as an 837 tells it; `_place`, the place of service."""
    told = F.get(_told(_BILL)["code"], F.lit(0))
    bill = F.left(F.ltrim(told, F.lit("0")), F.lit(2))
    place = F.get(F.col("place_codes")["code"], F.lit(0))
    # Medicare tells how often it is billed and calls it type of bill.
    return {"_bill": F.when(F.length(bill) == 2, bill), "_place": place}


def _class() -> Column:
    """HL7 v3 ActCode: by type of bill, else by the kind of the benefit, else by revenue codes or place of service.

    Ambulatory where none says more, as of an 837 (`x12_fhir_encounter.act_class`).
    """
    kinds = F.concat(F.col("type_codes")["code"], F.col("sub_type_codes")["code"])
    by_kind = F.lit(None).cast("string")
    for kind, code in reversed(_KINDS.items()):
        by_kind = F.when(F.array_contains(kinds, kind), code).otherwise(by_kind)
    revenues = F.transform(F.col("revenue_codes")["code"], lambda code: F.lpad(code, 4, "0"))
    by_revenue = F.when(F.array_contains(revenues, OBSERVATION), "OBSENC").when(
        F.exists(revenues, lambda code: code.startswith(EMERGENCY)), "EMER"
    )
    by_place = F.try_element_at(lookup(PLACES), F.col("_place"))
    is_institutional = F.array_contains(kinds, INSTITUTIONAL)
    by_bill = F.try_element_at(lookup(BILLS), F.col("_bill"))
    by_kind = F.when(F.col("_bill").isNull(), by_kind)
    by_line = F.when(F.coalesce(is_institutional, F.lit(False)), by_revenue).otherwise(by_place)
    return F.coalesce(by_bill, by_kind, by_line, F.lit(_AMBULATORY))


def _days() -> dict[str, Column]:
    """The days that are billed; a stay is from the admission on, as of an 837 (`x12_fhir_encounter.stay`)."""
    told = F.filter("information", lambda one: F.array_contains(one["category_codes"]["code"], _ADMITTED))
    admitted = F.when(F.col("class_code") == _STAY, F.get(told, F.lit(0)))
    day, first = admitted["start_date"], F.col("start_date")
    last = F.coalesce("end_date", admitted["end_date"])
    is_later = F.coalesce((first < day) & (day <= last), F.lit(False))
    since = F.when(is_later | first.isNull(), day).otherwise(first)
    return {
        "_start_date": since,
        "_start_at": F.coalesce(F.when(day == since, admitted["start_at"]), F.when(first == since, F.col("start_at"))),
        "_end_date": last,
        "_end_at": F.coalesce("end_at", F.when(admitted["end_date"] == last, admitted["end_at"])),
    }


def _identifiers() -> Column:
    """The numbers of the benefit, and the provider's own, by which the same visit is known in other feeds."""
    told = F.filter("information", lambda one: F.array_contains(one["category_codes"]["code"], _ACCOUNT))
    number = F.get(told, F.lit(0))["value_text"]
    system = F.lit(f"{OURS}patient-control-number")
    own = F.array(F.struct(*[F.lit(None)] * 3, system, number)).cast(IDENTIFIERS)
    return F.when(number.isNotNull(), F.concat("identifiers", own)).otherwise(F.col("identifiers"))


def _participants() -> Column:
    people = F.filter("care_team", lambda one: one["provider_ref"].startswith("Practitioner"))
    return F.transform(people, lambda one: F.struct(one["provider_ref"], one["role_codes"], *[F.lit(None)] * 4)).cast(
        _PARTICIPANTS
    )


def _coded(system: str, code: Column) -> Column:
    one = F.struct(F.lit(system), code, *[F.lit(None)] * 3)
    return F.when(code.isNotNull(), F.array(one).cast(CODES)).otherwise(F.array().cast(CODES))
