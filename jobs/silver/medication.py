"""silver.medication: one Medication resource, newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, IDENTIFIER, REFERENCE, codings, current, has_content, identity, parsed, text_of
from jobs.columns.medication import CONTAINED, INGREDIENT, ingredients
from jobs.columns.quantities import RATIO, measured
from jobs.columns.reference_texts import aliases, reference

MEDICATION = f"""
    contained {CONTAINED}, identifier array<{IDENTIFIER}>, status string, code {CODEABLE}, form {CODEABLE},
    amount {RATIO}, ingredient array<{INGREDIENT}>, manufacturer {REFERENCE},
    batch struct<lotNumber: string, expirationDate: string>
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    r, zone = F.col("r"), F.col("time_zone")
    per = r["amount"]["denominator"]
    return parsed(current(resources, "Medication", translated=translated, superseded=superseded), MEDICATION).select(
        *identity("medication"),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        r["status"].alias("status"),
        codings(r["code"]).alias("codes"),
        text_of(r["code"]).alias("code_text"),
        codings(r["form"]).alias("form_codes"),
        text_of(r["form"]).alias("form_text"),
        *measured("amount", r["amount"]["numerator"]),
        *measured("per", per),
        ingredients(r["ingredient"], r["contained"]).alias("ingredients"),
        reference(r["manufacturer"], "Organization").alias("manufacturer_ref"),
        r["batch"]["lotNumber"].alias("lot_number"),
        *moment("expiration", r["batch"]["expirationDate"], zone)[:1],
        faults(
            no_code=~has_content(r["code"]) & ~F.coalesce(F.size(r["ingredient"]) > 0, F.lit(False)),
        ).alias("faults"),
    )
