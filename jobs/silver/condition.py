"""silver.condition: a diagnosis or problem, the newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import by_then, ends_before_start, is_malformed, moment, spell
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    ANNOTATION,
    CODEABLE,
    IDENTIFIER,
    PERIOD,
    QUANTITY,
    REFERENCE,
    all_codings,
    codings,
    current,
    extended,
    has_content,
    identity,
    parsed,
    text_of,
)
from jobs.columns.numbers import decimal, digits
from jobs.columns.reference_texts import aliases, reference, subject
from jobs.formats.translation import LISTED

# Condition.onset[x] and abatement[x] take the same types.
_TIME = "{0}DateTime string, {0}Age {1}, {0}Period {2}, {0}Range struct<low:{1},high:{1}>, {0}String string"
SCHEMA = f"""
    identifier array<{IDENTIFIER}>, clinicalStatus {CODEABLE}, verificationStatus {CODEABLE},
    category array<{CODEABLE}>, severity {CODEABLE}, code {CODEABLE}, bodySite array<{CODEABLE}>, subject {REFERENCE},
    encounter {REFERENCE}, {_TIME.format("onset", QUANTITY, PERIOD)}, {_TIME.format("abatement", QUANTITY, PERIOD)},
    abatementBoolean boolean, recordedDate string, recorder {REFERENCE}, asserter {REFERENCE},
    note array<{ANNOTATION}>,
    extension array<struct<url:string,valueString:string>>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each condition that is not deleted."""
    conditions = parsed(current(resources, "Condition", translated=translated, superseded=superseded), SCHEMA)
    r, zone = F.col("r"), F.col("time_zone")
    verification = _first_code(r["verificationStatus"])
    onset = F.coalesce(r["onsetDateTime"], r["onsetPeriod"]["start"])
    abatement = F.coalesce(r["abatementDateTime"], r["abatementPeriod"]["start"])
    return conditions.select(
        *identity("condition"),
        *subject(r["subject"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        verification.alias("status"),
        _first_code(r["clinicalStatus"]).alias("clinical_status"),
        verification.alias("verification_status"),
        all_codings(r["category"]).alias("category_codes"),
        codings(r["severity"]).alias("severity_codes"),
        codings(r["code"]).alias("codes"),
        text_of(r["code"]).alias("code_text"),
        all_codings(r["bodySite"]).alias("body_site_codes"),
        *_time("onset", onset, zone),
        by_then("onset", onset),
        *_time("abatement", abatement, zone),
        _is_abated().alias("is_abated"),
        *moment("recorded", r["recordedDate"], zone),
        reference(r["recorder"], "Practitioner").alias("recorder_ref"),
        reference(r["asserter"], "Practitioner").alias("asserter_ref"),
        F.array_join(r["note"]["text"], "\n\n").alias("note_text"),
        extended(r["extension"], LISTED)["valueString"].alias("listed_by"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_code=~has_content(r["code"]),
            malformed_date=is_malformed(onset) | is_malformed(abatement) | is_malformed(r["recordedDate"]),
            bad_period=ends_before_start(onset, F.coalesce(r["abatementDateTime"], r["abatementPeriod"]["end"])),
        ).alias("faults"),
    )


def _time(name: str, start: Column, zone: Column) -> list[Column]:
    r = F.col("r")
    age, ages = r[f"{name}Age"], r[f"{name}Range"]
    in_range = F.concat_ws(" - ", digits(ages["low"]["value"]), digits(ages["high"]["value"]))
    return [
        start.alias(f"{name}_sent"),
        *spell(name, start, r[f"{name}Period"]["end"], zone),
        decimal(age["value"]).alias(f"{name}_age"),
        F.coalesce(age["code"], age["unit"]).alias(f"{name}_age_unit"),
        F.coalesce(r[f"{name}String"], F.when(ages.isNotNull(), in_range)).alias(f"{name}_text"),
    ]


def _is_abated() -> Column:
    r = F.col("r")
    said = [r[f"abatement{kind}"].isNotNull() for kind in ("DateTime", "Age", "Period", "Range", "String")]
    some = said[0]
    for one in said[1:]:
        some = some | one
    # R4 has no abatementBoolean any more; DSTU2 feeds still send it.
    return some | F.coalesce(r["abatementBoolean"], F.lit(False))


def _first_code(status: Column) -> Column:
    return F.coalesce(F.try_element_at(status["coding"]["code"], F.lit(1)), status["text"])
