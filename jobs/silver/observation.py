"""silver.observation: one result; an observation with components gives one row for itself and one for each."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import by_then, ends_before_start, is_malformed, moment, spell
from jobs.columns.faults import faults
from jobs.columns.fhir import (
    ANNOTATION,
    CODEABLE,
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
from jobs.columns.numbers import digits, is_no_number
from jobs.columns.reference_texts import first_person, reference, references, subject
from jobs.columns.results import RESULT, normal_ranges, value_columns, value_kind
from jobs.formats.hl7v2_fhir_report import REQUESTER

# An observation and a component say their result with the same fields (FHIR R4 Observation.component).
_NAMES = [field.split(" ", 1)[0] for field in RESULT]
COMPONENTS = f"array<struct<{','.join(field.replace(' ', ':', 1) for field in RESULT)}>>"
SCHEMA = f"""
    status string, category array<{CODEABLE}>, subject {REFERENCE}, encounter {REFERENCE}, effectiveDateTime string,
    effectivePeriod {PERIOD}, effectiveInstant string,
    effectiveTiming struct<event: array<string>, repeat: struct<boundsPeriod: {PERIOD}>>, issued string,
    performer array<{REFERENCE}>, note array<{ANNOTATION}>, bodySite {CODEABLE}, `method` {CODEABLE},
    specimen {REFERENCE}, device {REFERENCE}, hasMember array<{REFERENCE}>, derivedFrom array<{REFERENCE}>,
    {", ".join(RESULT)}, component {COMPONENTS}, extension array<struct<url: string, valueReference: {REFERENCE}>>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each observation that is not deleted, and one for each of its components."""
    observations = parsed(current(resources, "Observation", translated=translated, superseded=superseded), SCHEMA)
    r = F.col("r")
    itself = F.array(F.struct(*[r[name].alias(name) for name in _NAMES]))
    components = F.coalesce(r["component"], F.array().cast(COMPONENTS))
    results = observations.select("*", F.posexplode(F.concat(itself, components)).alias("_place", "p"))
    # Place 0 is the observation itself.
    index = F.when(F.col("_place") > 0, F.col("_place") - 1)
    return results.withColumn("component_index", index).select(*_about(), *_result(), _faults().alias("faults"))


def _about() -> list[Column]:
    """What holds for the observation and all its components."""
    r, zone = F.col("r"), F.col("time_zone")
    performers = references(r["performer"], "Practitioner")
    return [
        *_identity(),
        *subject(r["subject"]),
        reference(r["encounter"], "Encounter").alias("encounter_ref"),
        r["status"].alias("status"),
        all_codings(r["category"]).alias("category_codes"),
        *spell("effective", _effective(), _until(), zone),
        by_then("effective", _effective()),
        *moment("issued", r["issued"], zone),
        codings(r["bodySite"]).alias("body_site_codes"),
        codings(r["method"]).alias("method_codes"),
        reference(r["specimen"], "Specimen").alias("specimen_ref"),
        reference(r["device"], "Device").alias("device_ref"),
        first_person(performers).alias("practitioner_ref"),
        performers.alias("performer_refs"),
        reference(extended(r["extension"], REQUESTER)["valueReference"], "Practitioner").alias("requester_ref"),
        references(r["hasMember"], "Observation").alias("member_refs"),
        references(r["derivedFrom"], "Observation").alias("derived_from_refs"),
        F.array_join(r["note"]["text"], "\n\n").alias("note_text"),
    ]


def _identity() -> list[Column]:
    own = identity("observation")
    component = identity("observation", F.col("component_index"))
    key = F.when(F.col("component_index").isNull(), own[0]).otherwise(component[0])
    return [key.alias("observation_id"), *own[1:], F.col("component_index")]


def _effective() -> Column:
    r = F.col("r")
    # Of a schedule the first time that it was done, else when that began (FHIR R4 Timing.event, repeat.bounds[x]).
    timing = r["effectiveTiming"]
    timed = F.coalesce(F.get(timing["event"], F.lit(0)), timing["repeat"]["boundsPeriod"]["start"])
    return F.coalesce(r["effectiveDateTime"], r["effectiveInstant"], r["effectivePeriod"]["start"], timed)


def _until() -> Column:
    r = F.col("r")
    timing = r["effectiveTiming"]
    timed = F.when(F.get(timing["event"], F.lit(0)).isNull(), timing["repeat"]["boundsPeriod"]["end"])
    return F.coalesce(r["effectivePeriod"]["end"], timed)


def _result() -> list[Column]:
    """What differs between the observation itself and each component."""
    r, p = F.col("r"), F.col("p")
    has_value = value_kind(p).isNotNull()
    has_parts = (F.size(r["component"]) > 0) | (F.size(r["hasMember"]) > 0)
    is_panel = F.col("component_index").isNull() & ~has_value & F.coalesce(has_parts, F.lit(False))
    return [
        has_value.alias("has_value"),
        is_panel.alias("is_panel"),
        codings(p["code"]).alias("codes"),
        text_of(p["code"]).alias("code_text"),
        *value_columns(p, F.col("time_zone")),
        codings(p["dataAbsentReason"]).alias("absent_codes"),
        all_codings(p["interpretation"]).alias("interpretation_codes"),
        *normal_ranges(p["referenceRange"]),
    ]


def _faults() -> Column:
    r, p = F.col("r"), F.col("p")
    number = F.coalesce(digits(p["valueQuantity"]["value"]), p["valueInteger"])
    return faults(
        no_subject=reference(r["subject"], "Patient").isNull(),
        no_code=~has_content(p["code"]),
        malformed_date=is_malformed(_effective()) | is_malformed(_until()) | is_malformed(r["issued"]),
        bad_period=ends_before_start(_effective(), _until()),
        value_not_a_number=is_no_number(number),
    )
