"""silver.binary: content that documents and reports name by its address, the newest version."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.attachments import ATTACHMENT, has_undecodable, joined, texts
from jobs.columns.faults import faults
from jobs.columns.fhir import IDENTIFIER, current, identity, parsed
from jobs.columns.reference_texts import aliases

SCHEMA = "contentType string, data string"


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each Binary that is not deleted; content that is no text stays in bronze."""
    contents = parsed(
        current(resources, "Binary", translated=translated, superseded=superseded), SCHEMA, contained=False
    )
    r, nothing = F.col("r"), F.lit(None).cast("string")
    attachment = F.struct(r["contentType"], nothing, r["data"], nothing, nothing).cast(ATTACHMENT)
    # FHIR R4 Binary: it has no identifier.
    unnumbered = F.array().cast(f"array<{IDENTIFIER}>")
    return contents.withColumn("_texts", texts(F.array(attachment))).select(
        *identity("binary"),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), unnumbered).alias("aliases"),
        r["contentType"].alias("content_type"),
        joined(F.col("_texts")).alias("note_text"),
        faults(bad_attachment=has_undecodable(F.col("_texts"))).alias("faults"),
    )
