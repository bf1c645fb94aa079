"""silver.organization: a hospital, practice or payer, the newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, IDENTIFIER, REFERENCE, all_codings, current, identity, parsed, text_of
from jobs.columns.parties import (
    ADDRESS,
    NPI_SYSTEMS,
    NPI_TYPE,
    TELECOM,
    addresses,
    identifier_of,
    identifiers,
)
from jobs.columns.reference_texts import aliases, reference

SCHEMA = f"""
    active boolean, name string, alias array<string>, identifier array<{IDENTIFIER}>, type array<{CODEABLE}>,
    telecom array<{TELECOM}>, address array<{ADDRESS}>, partOf {REFERENCE}
"""


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each organization that is not deleted."""
    organizations = parsed(current(resources, "Organization", translated=translated, superseded=superseded), SCHEMA)
    r = F.col("r")
    known_as = identifiers(r["identifier"])
    return organizations.select(
        *identity("organization"),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        r["active"].alias("is_active"),
        r["name"].alias("name"),
        r["alias"].alias("other_names"),
        identifier_of(known_as, NPI_SYSTEMS, NPI_TYPE).alias("npi"),
        known_as.alias("identifiers"),
        all_codings(r["type"]).alias("type_codes"),
        text_of(F.try_element_at(r["type"], F.lit(1))).alias("type_text"),
        r["telecom"].alias("telecom"),
        addresses(r["address"]).alias("addresses"),
        reference(r["partOf"], "Organization").alias("part_of_ref"),
        # FHIR R4 org-1: a name or an identifier at least, else nobody can tell which one it is.
        faults(nameless=r["name"].isNull() & (F.size(known_as) == 0)).alias("faults"),
    )
