"""silver.allergy: one AllergyIntolerance resource, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import by_then, moment, precision
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    CODEABLE,
    CODES,
    PERIOD,
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
from jobs.columns.quantities import QUANTITY, unit
from jobs.columns.reference_texts import reference, subject
from jobs.columns.spans import span_faults
from jobs.formats.translation import LISTED

REACTION = (
    f"struct<substance: {CODEABLE}, manifestation: array<{CODEABLE}>, description: string, onset: string,"
    f" severity: string, exposureRoute: {CODEABLE}>"
)
REACTIONS = (
    f"array<struct<substance_codes: {CODES}, manifestation_codes: {CODES}, manifestation_text: string,"
    f" description: string, onset_date: date, onset_at: timestamp, severity: string, route_codes: {CODES}>>"
)
ALLERGY = f"""
    clinicalStatus {CODEABLE}, verificationStatus {CODEABLE}, type string, category array<string>, criticality string,
    code {CODEABLE}, patient {REFERENCE}, encounter {REFERENCE}, onsetDateTime string, onsetAge {QUANTITY},
    onsetPeriod {PERIOD}, onsetString string, recordedDate string, recorder {REFERENCE}, asserter {REFERENCE},
    lastOccurrence string, reaction array<{REACTION}>,
    extension array<struct<url:string,valueString:string>>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    onset = F.coalesce(r["onsetDateTime"], r["onsetPeriod"]["start"])
    onset_end = r["onsetPeriod"]["end"]
    verification = F.get(r["verificationStatus"]["coding"]["code"], F.lit(0))
    substances = r["reaction"]["substance"]
    return parsed(
        current(resources, "AllergyIntolerance", translated=translated, superseded=superseded), ALLERGY
    ).select(
        *identity("allergy"),
        *subject(r["patient"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        reference(r["recorder"], "Practitioner").alias("recorder_ref"),
        reference(r["asserter"], "Practitioner").alias("asserter_ref"),
        verification.alias("status"),
        F.get(r["clinicalStatus"]["coding"]["code"], F.lit(0)).alias("clinical_status"),
        verification.alias("verification_status"),
        r["type"].alias("type"),
        F.coalesce(r["category"], F.array().cast("array<string>")).alias("categories"),
        r["criticality"].alias("criticality"),
        codings(r["code"]).alias("codes"),
        text_of(r["code"]).alias("code_text"),
        onset.alias("onset_sent"),
        *moment("onset", onset, zone),
        by_then("onset", onset),
        precision(onset).alias("onset_precision"),
        *moment("onset_end", onset_end, zone),
        r["onsetAge"]["value"].alias("onset_age"),
        unit(r["onsetAge"]).alias("onset_age_unit"),
        r["onsetString"].alias("onset_text"),
        *moment("recorded", r["recordedDate"], zone),
        *moment("last_occurrence", r["lastOccurrence"], zone),
        _reactions(r["reaction"], zone).alias("reactions"),
        all_codings(substances).alias("substance_codes"),
        extended(r["extension"], LISTED)["valueString"].alias("listed_by"),
        faults(
            no_subject=reference(r["patient"], "Patient").isNull(),
            no_code=~has_content(r["code"]) & (F.size(all_codings(substances)) == 0),
            **span_faults(onset, onset_end),
        ).alias("faults"),
    )


def _reactions(reactions: Column, zone: Column) -> Column:
    shaped = F.transform(
        reactions,
        lambda one: F.struct(
            codings(one["substance"]).alias("substance_codes"),
            all_codings(one["manifestation"]).alias("manifestation_codes"),
            text_of(F.get(one["manifestation"], F.lit(0))).alias("manifestation_text"),
            one["description"].alias("description"),
            *moment("onset", one["onset"], zone),
            one["severity"].alias("severity"),
            codings(one["exposureRoute"]).alias("route_codes"),
        ),
    )
    return F.coalesce(shaped, F.array().cast(REACTIONS))
