"""silver.device_use: one DeviceUseStatement resource, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.contained import FIELDS, held, is_inside
from jobs.columns.dates import moment
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, PERIOD, REFERENCE, all_codings, codings, current, identity, parsed, text_of
from jobs.columns.reference_texts import reference, references, subject
from jobs.columns.spans import span, span_faults

DEVICE_USE = f"""
    contained array<struct<{FIELDS}, type: {CODEABLE},
        udiCarrier: array<struct<carrierHRF: string>>, deviceName: array<struct<name: string>>>>,
    status string, subject {REFERENCE}, timingDateTime string, timingPeriod {PERIOD},
    timingTiming struct<event: array<string>, repeat: struct<boundsPeriod: {PERIOD}>>, recordedOn string,
    source {REFERENCE}, device {REFERENCE}, reasonCode array<{CODEABLE}>, reasonReference array<{REFERENCE}>,
    bodySite {CODEABLE}, derivedFrom array<{REFERENCE}>, basedOn array<{REFERENCE}>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    period, timing = r["timingPeriod"], r["timingTiming"]
    bounds = timing["repeat"]["boundsPeriod"]
    start = F.coalesce(r["timingDateTime"], period["start"], bounds["start"], F.get(timing["event"], F.lit(0)))
    end = F.coalesce(period["end"], bounds["end"])
    inside = held(r["contained"], r["device"], "Device")
    words = F.coalesce(text_of(inside["type"]), F.get(inside["deviceName"]["name"], F.lit(0)), r["device"]["display"])
    return parsed(
        current(resources, "DeviceUseStatement", translated=translated, superseded=superseded), DEVICE_USE
    ).select(
        *identity("device_use"),
        *subject(r["subject"]),
        F.when(inside.isNull(), reference(r["device"], "Device")).alias("device_ref"),
        reference(r["source"], "Practitioner").alias("source_ref"),
        references(r["derivedFrom"], "Procedure").alias("derived_from_refs"),
        references(r["basedOn"], "ServiceRequest").alias("based_on_refs"),
        r["status"].alias("status"),
        codings(inside["type"]).alias("codes"),
        words.alias("code_text"),
        F.get(inside["udiCarrier"]["carrierHRF"], F.lit(0)).alias("udi"),
        *span(start, end, zone),
        *moment("recorded", r["recordedOn"], zone),
        all_codings(r["reasonCode"]).alias("reason_codes"),
        references(r["reasonReference"], "Condition").alias("reason_refs"),
        codings(r["bodySite"]).alias("body_site_codes"),
        faults(
            no_subject=reference(r["subject"], "Patient").isNull(),
            no_device=words.isNull() & (is_inside(r["device"]) | reference(r["device"], "Device").isNull()),
            **span_faults(start, end),
        ).alias("faults"),
    )
