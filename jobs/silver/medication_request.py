"""silver.medication_request: one MedicationRequest resource, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    PERIOD,
    REFERENCE,
    all_codings,
    codings,
    current,
    extended,
    identity,
    parsed,
    text_of,
)
from jobs.columns.medication import DOSAGE, MEDICATION, dosages, first_said, medication, names_no_medication, sig
from jobs.columns.quantities import QUANTITY, days, measured
from jobs.columns.reference_texts import reference, references, subject
from jobs.columns.spans import span_faults
from jobs.columns.unsaid import with_what_holds_on
from jobs.formats.hl7v2_fhir_prescription import WHETHER_DRUG
from jobs.formats.translation import UNSAID

REQUEST = f"""
    {MEDICATION}, status string, statusReason {CODEABLE}, intent string, priority string, doNotPerform boolean,
    category array<{CODEABLE}>, reportedBoolean boolean, reportedReference {REFERENCE}, subject {REFERENCE},
    encounter {REFERENCE}, authoredOn string, requester {REFERENCE}, performer {REFERENCE},
    recorder {REFERENCE}, reasonCode array<{CODEABLE}>, reasonReference array<{REFERENCE}>, basedOn array<{REFERENCE}>,
    priorPrescription {REFERENCE}, courseOfTherapyType {CODEABLE}, dosageInstruction array<{DOSAGE}>,
    dispenseRequest struct<validityPeriod: {PERIOD}, numberOfRepeatsAllowed: int, quantity: {QUANTITY},
        expectedSupplyDuration: {QUANTITY}>,
    extension array<struct<url:string,valueString:string>>
"""
# What is over may be told by its number alone: HL7 v2 cancels with an ORC and nothing under it.
OVER = ("cancelled", "stopped", "completed", "entered-in-error")
MAY_BE_A_TEST = "known_by_number_only"


def without_row() -> Column:
    """Why the end of an order is no order for a drug: by its number alone, it may be of a test (HL7 v2 ORM)."""
    words = F.split(F.get_json_object("payload", "$.extension[0].valueString"), " ")
    return F.when(F.array_contains(words, WHETHER_DRUG), MAY_BE_A_TEST)


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each order that is not deleted, but for those that nobody said to be of a drug."""
    requests = parsed(current(resources, "MedicationRequest", translated=translated, superseded=superseded), REQUEST)
    if translated is not None:
        requests = _with_what_holds_on(requests, translated)
    r, zone = F.col("r"), F.col("time_zone")
    supply, said = r["dispenseRequest"], r["dosageInstruction"]
    valid = supply["validityPeriod"]
    route = first_said(said["route"])
    return requests.select(
        *identity("medication_request"),
        *subject(r["subject"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        reference(r["requester"], "Practitioner").alias("requester_ref"),
        reference(r["performer"], "Practitioner").alias("performer_ref"),
        reference(r["recorder"], "Practitioner").alias("recorder_ref"),
        r["status"].alias("status"),
        codings(r["statusReason"]).alias("status_reason_codes"),
        text_of(r["statusReason"]).alias("status_reason_text"),
        r["intent"].alias("intent"),
        r["priority"].alias("priority"),
        F.coalesce(r["doNotPerform"], F.lit(False)).alias("is_not_to_perform"),
        F.coalesce(r["reportedBoolean"], F.when(r["reportedReference"].isNotNull(), True)).alias("is_reported"),
        all_codings(r["category"]).alias("category_codes"),
        *medication(r),
        *moment("authored", r["authoredOn"], zone),
        *[c for what in ("start", "end") for c in moment(f"validity_{what}", valid[what], zone)],
        codings(r["courseOfTherapyType"]).alias("course_codes"),
        sig(said).alias("sig"),
        codings(route).alias("route_codes"),
        text_of(route).alias("route_text"),
        dosages(said, zone).alias("dosages"),
        *measured("quantity", supply["quantity"]),
        days(supply["expectedSupplyDuration"]).alias("days_supply"),
        supply["numberOfRepeatsAllowed"].alias("refills"),
        all_codings(r["reasonCode"]).alias("reason_codes"),
        references(r["reasonReference"], "Condition").alias("reason_refs"),
        references(r["basedOn"], "ServiceRequest").alias("based_on_refs"),
        reference(r["priorPrescription"], "MedicationRequest").alias("prior_ref"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_code=names_no_medication(r) & ~_is_over_by_number(),
            **span_faults(valid["start"], valid["end"], r["authoredOn"]),
        ).alias("faults"),
    )


def _is_over_by_number() -> Column:
    """Whether the newest word on an order leaves open which drug it is, and says that it is over."""
    return _leaves_out("drug") & F.coalesce(F.col("r.status").isin(*OVER), F.lit(False))


def _leaves_out(part: str) -> Column:
    words = F.split(extended(F.col("r.extension"), UNSAID)["valueString"], " ")
    return F.coalesce(F.array_contains(words, part), F.lit(False))


def _with_what_holds_on(requests: DataFrame, translated: DataFrame) -> DataFrame:
    """What a later message on an order may leave out without taking it back: it may say no more than that it ends."""
    r, held = F.col("r"), F.col("held")
    supply = r["dispenseRequest"]
    places = {"authored": r["authoredOn"], "requester": r["requester"], "dosage": r["dosageInstruction"]}
    places |= {one: supply["validityPeriod"][one] for one in ("start", "end")}
    places |= {"quantity": supply["quantity"], "refills": supply["numberOfRepeatsAllowed"]}
    places |= {"duration": supply["expectedSupplyDuration"]}
    places |= {"drug": r["medicationCodeableConcept"], "visit": r["encounter"], "priority": r["priority"]}
    told = with_what_holds_on(requests, translated, "MedicationRequest", REQUEST, places)
    # Stopped before its day came, it never was in force.
    never_was = (r["status"] == "stopped") & (F.left(held["end"], F.lit(10)) < F.left(held["start"], F.lit(10)))
    end = F.when(~F.coalesce(never_was, F.lit(False)), held["end"])
    supplied = F.struct(
        F.struct(held["start"].alias("start"), end.alias("end")).alias("validityPeriod"),
        held["refills"].alias("numberOfRepeatsAllowed"),
        held["quantity"].alias("quantity"),
        held["duration"].alias("expectedSupplyDuration"),
    )
    whole = r.withField("medicationCodeableConcept", held["drug"]).withField("encounter", held["visit"])
    whole = (
        whole.withField("priority", held["priority"])
        .withField("authoredOn", held["authored"])
        .withField("requester", held["requester"])
    )
    whole = whole.withField("dosageInstruction", held["dosage"]).withField("dispenseRequest", supplied)
    whole = whole.withField("status", F.when(never_was, "cancelled").otherwise(r["status"]))
    known = told.withColumn("r", F.when(held.isNull(), r).otherwise(whole)).drop("held")
    return known.where(~(_leaves_out(WHETHER_DRUG) & names_no_medication(r)))
