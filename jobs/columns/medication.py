"""What the medication resources of FHIR R4 share: medication[x], ingredients, dosage instructions, durations."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.contained import FIELDS, held, is_inside
from jobs.columns.fhir import CODEABLE, CODES, DECIMAL, PERIOD, REFERENCE, codings, has_content, text_of
from jobs.columns.quantities import DAYS, QUANTITY, RATIO, days
from jobs.columns.reference_texts import reference
from jobs.columns.spans import SPAN, span

INGREDIENT: Final = (
    f"struct<itemCodeableConcept: {CODEABLE}, itemReference: {REFERENCE}, isActive: boolean, strength: {RATIO}>"
)
# FHIR R4 allows only one thing of interest to us inside: the Medication that medicationReference names by "#id".
CONTAINED: Final = f"array<struct<{FIELDS}, code: {CODEABLE}, form: {CODEABLE}, ingredient: array<{INGREDIENT}>>>"
MEDICATION: Final = f"contained {CONTAINED}, medicationCodeableConcept {CODEABLE}, medicationReference {REFERENCE}"
_RANGE = f"struct<low: {QUANTITY}, high: {QUANTITY}>"
_REPEAT = (
    f"struct<boundsPeriod: {PERIOD}, boundsDuration: {QUANTITY}, count: int, frequency: int,"
    f" period: {DECIMAL}, periodUnit: string>"
)
DOSAGE: Final = (
    f"struct<text: string, patientInstruction: string, asNeededBoolean: boolean,"
    f" timing: struct<repeat: {_REPEAT}, code: {CODEABLE}>, site: {CODEABLE}, route: {CODEABLE}, method: {CODEABLE},"
    f" doseAndRate: array<struct<doseQuantity: {QUANTITY}, doseRange: {_RANGE},"
    f" rateQuantity: {QUANTITY}, rateRatio: {RATIO}>>>"
)
INGREDIENTS: Final = (
    f"array<struct<codes: {CODES}, code_text: string, medication_ref: string, is_active: boolean,"
    f" strength: {DECIMAL}, strength_unit: string, strength_unit_code: string,"
    f" per: {DECIMAL}, per_unit: string, per_unit_code: string>>"
)
DOSAGES: Final = (
    f"array<struct<text: string, is_as_needed: boolean, frequency: int, period: {DECIMAL}, period_unit: string,"
    f" timing_codes: {CODES}, {SPAN}, duration_days: {DAYS}, route_codes: {CODES}, route_text: string,"
    f" site_codes: {CODES}, method_codes: {CODES},"
    f" dose: {DECIMAL}, dose_low: {DECIMAL}, dose_high: {DECIMAL}, dose_unit: string, dose_unit_code: string,"
    f" rate: {DECIMAL}, rate_unit: string, rate_unit_code: string,"
    f" rate_per: {DECIMAL}, rate_per_unit: string, rate_per_unit_code: string>>"
)
_TIMING: Final = (
    "is_as_needed",
    "frequency",
    "period",
    "period_unit",
    "timing_codes",
    "start_date",
    "start_at",
    "end_date",
    "end_at",
    "duration_days",
)


def medication(r: Column) -> list[Column]:
    """What drug a resource speaks of: codes, code_text, medication_ref and the ingredients of a contained Medication.

    medication_ref is null when the codes stand in the resource itself, as codeable concept or contained.
    """
    own, ref = r["medicationCodeableConcept"], r["medicationReference"]
    inside = held(r["contained"], ref, "Medication")
    words = F.coalesce(text_of(own), text_of(inside["code"]), ref["display"])
    return [
        F.when(has_content(own), codings(own)).otherwise(codings(inside["code"])).alias("codes"),
        words.alias("code_text"),
        F.when(inside.isNull(), reference(ref, "Medication")).alias("medication_ref"),
        ingredients(inside["ingredient"], r["contained"]).alias("ingredients"),
    ]


def names_no_medication(r: Column) -> Column:
    """Whether a resource leaves open which drug it means: no code, no words, no reference, no ingredient."""
    ref = r["medicationReference"]
    found = held(r["contained"], ref, "Medication")
    inside = has_content(found["code"]) | (F.size(found["ingredient"]) > 0)
    elsewhere = ref["display"].isNotNull() | (reference(ref, "Medication").isNotNull() & ~is_inside(ref))
    return ~(has_content(r["medicationCodeableConcept"]) | F.coalesce(inside, F.lit(False)) | elsewhere)


def ingredients(parts: Column, contained: Column) -> Column:
    """The ingredients of a Medication with their strength: so much of it per so much of the medication.

    One that is contained, as a Medication or a Substance, is what that says.
    """

    def one(part: Column) -> Column:
        amount, per = part["strength"]["numerator"], part["strength"]["denominator"]
        own, ref = part["itemCodeableConcept"], part["itemReference"]
        inside = F.coalesce(held(contained, ref, "Substance"), held(contained, ref, "Medication"))
        return F.struct(
            F.when(has_content(own), codings(own)).otherwise(codings(inside["code"])).alias("codes"),
            F.coalesce(text_of(own), text_of(inside["code"]), ref["display"]).alias("code_text"),
            F.when(inside.isNull(), reference(ref, "Medication")).alias("medication_ref"),
            part["isActive"].alias("is_active"),
            *_sized("strength", amount),
            *_sized("per", per),
        )

    return F.coalesce(F.transform(parts, one), F.array()).cast(INGREDIENTS)


def _sized(what: str, quantity: Column) -> list[Column]:
    return [
        quantity["value"].alias(what),
        quantity["unit"].alias(f"{what}_unit"),
        quantity["code"].alias(f"{what}_unit_code"),
    ]


def dosages(instructions: Column, zone: Column) -> Column:
    """Dosage instructions (FHIR R4 Dosage), in the order sent; empty when there are none."""

    def one(said: Column) -> Column:
        rate = F.get(said["doseAndRate"], F.lit(0))
        repeat = said["timing"]["repeat"]
        timing = [
            said["asNeededBoolean"].alias("is_as_needed"),
            repeat["frequency"].alias("frequency"),
            repeat["period"].alias("period"),
            repeat["periodUnit"].alias("period_unit"),
            codings(said["timing"]["code"]).alias("timing_codes"),
            *span(repeat["boundsPeriod"]["start"], repeat["boundsPeriod"]["end"], zone),
            days(repeat["boundsDuration"]).alias("duration_days"),
        ]
        text = F.coalesce(said["text"], said["patientInstruction"])
        low, high = rate["doseRange"]["low"], rate["doseRange"]["high"]
        return _dosage(said, text, timing, rate["doseQuantity"], low, high, rate["rateQuantity"], rate["rateRatio"])

    return F.coalesce(F.transform(instructions, one), F.array()).cast(DOSAGES)


def given(dosage: Column) -> Column:
    """The one dosage of a MedicationAdministration in the shape of `dosages`: a list of one, or empty."""
    timing = [F.lit(None).alias(name) for name in _TIMING]
    nothing = F.lit(None).cast(QUANTITY)
    text, dose = dosage["text"], dosage["dose"]
    one = _dosage(dosage, text, timing, dose, nothing, nothing, dosage["rateQuantity"], dosage["rateRatio"])
    return F.when(dosage.isNotNull(), F.array(one)).otherwise(F.array()).cast(DOSAGES)


def _dosage(
    said: Column,
    text: Column,
    timing: list[Column],
    dose: Column,
    low: Column,
    high: Column,
    rate: Column,
    ratio: Column,
) -> Column:
    return F.struct(
        text.alias("text"),
        *timing,
        codings(said["route"]).alias("route_codes"),
        text_of(said["route"]).alias("route_text"),
        codings(said["site"]).alias("site_codes"),
        codings(said["method"]).alias("method_codes"),
        dose["value"].alias("dose"),
        low["value"].alias("dose_low"),
        high["value"].alias("dose_high"),
        F.coalesce(dose["unit"], low["unit"], high["unit"]).alias("dose_unit"),
        F.coalesce(dose["code"], low["code"], high["code"]).alias("dose_unit_code"),
        *_sized("rate", F.coalesce(rate, ratio["numerator"])),
        *_sized("rate_per", ratio["denominator"]),
    )


def sig(instructions: Column) -> Column:
    """The directions as written, joined when there are several; null when none is written."""
    texts = F.transform(instructions, lambda said: F.coalesce(said["text"], said["patientInstruction"]))
    written = F.array_compact(texts)
    return F.when(F.size(written) > 0, F.array_join(written, "; "))


def first_said(codeable_concepts: Column) -> Column:
    """The first of these CodeableConcepts that says anything."""
    return F.get(F.filter(codeable_concepts, has_content), F.lit(0))
