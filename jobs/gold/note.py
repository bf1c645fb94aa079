"""gold.note: one text that somebody wrote about a person."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.attachments import joined
from jobs.columns.events import source_value
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.placed import in_ward, with_person, with_visit
from jobs.columns.references import resolved

LONGEST_TITLE = 250
NOTE_COLUMNS = (
    "patient_id",
    "patient_ref",
    "encounter_ref",
    "practitioner_ref",
    "tenant",
    "feed",
    "lw_record_ids",
    "note_text",
    "note_title",
    "note_language",
    "code_text",
)

_WITHOUT_NOTE = "CASE WHEN note_text IS NULL THEN 'no_text' WHEN status = 'entered-in-error' THEN 'entered_in_error'"
# FHIR R4 DocumentReference: what was replaced by another document, and a text that should not have been written.
_WITHDRAWN = "WHEN doc_status = 'entered-in-error' THEN 'entered_in_error' WHEN status = 'superseded' THEN 'superseded'"
# What `_with_texts` does: a text that was not sent along is that of the Binary resources that hold it.
_TEXT = "* REPLACE (coalesce(fetched.text, note_text) AS note_text)"
RECEIVED = f"""
    WITH held AS (
        SELECT tenant, feed, ref, arg_min_null(note_text, binary_id) AS text
        FROM (SELECT tenant, feed, binary_id, note_text, unnest(aliases) AS ref FROM contents) GROUP BY ALL
    ), asked AS (
        SELECT document_reference_id AS id, tenant, feed, unnest(text_refs) AS ref,
        generate_subscripts(text_refs, 1) AS number FROM documents
        UNION ALL SELECT diagnostic_report_id, tenant, feed, unnest(text_refs), generate_subscripts(text_refs, 1)
        FROM reports
    ), fetched AS (
        SELECT id, string_agg(text, chr(10) || chr(10) ORDER BY number) AS text
        FROM asked JOIN held USING (tenant, feed, ref) GROUP BY id
    ), written AS (
        SELECT {_WITHOUT_NOTE} {_WITHDRAWN} END AS excluded, patient_ref, encounter_ref, hash(note_text) AS text
        FROM (SELECT {_TEXT} FROM documents LEFT JOIN fetched ON id = document_reference_id)
    )
    SELECT excluded FROM written UNION ALL
    SELECT {_WITHOUT_NOTE} WHEN w.text IS NOT NULL THEN 'told_by_a_document' END
    FROM (SELECT {_TEXT} FROM reports LEFT JOIN fetched ON id = diagnostic_report_id) r
    LEFT JOIN (SELECT DISTINCT * FROM written WHERE excluded IS NULL) w
    ON w.patient_ref IS NOT DISTINCT FROM r.patient_ref AND w.encounter_ref IS NOT DISTINCT FROM r.encounter_ref
    AND w.text = hash(r.note_text)
"""


def build(
    documents: DataFrame,
    reports: DataFrame,
    contents: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
    encounters: DataFrame,
    practitioners: DataFrame,
    visits: DataFrame,
    details: DataFrame,
) -> DataFrame:
    """OMOP CDM 5.4 NOTE: documents with a text, and reports whose text is no document of the same encounter."""
    documents = _with_texts(documents, "document_reference_id", contents)
    reports = _with_texts(reports, "diagnostic_report_id", contents)
    said = ~F.coalesce(F.col("doc_status") == "entered-in-error", F.lit(False))
    standing = documents.where(said & (F.coalesce("status", F.lit("")) != "superseded"))
    written = _written(standing, "document_reference", F.coalesce("documented_date", "start_date"), _at("documented"))
    reported = _written(reports, "diagnostic_report", F.coalesce("effective_date", "issued_date"), _at("effective"))
    # Exports send the note of an encounter both ways; one text is one note.
    told = written.select(_same_text().alias("_same"))
    reported = reported.withColumn("_same", _same_text()).join(told, on="_same", how="left_anti").drop("_same")
    rows = with_person(written.unionByName(reported), patients, links, people)
    rows = resolved(rows, "encounter_ref", encounters, "encounter_id", "encounter_id")
    rows = resolved(rows, "practitioner_ref", practitioners, "provider_id", "provider_id")
    rows = in_ward(with_visit(rows, "encounter_id", visits, details), details, F.col("note_at"))
    return rows.select(
        key("note", F.col("source"), F.col("source_row_id")).alias("note_id"),
        "person_id",
        "note_date",
        F.col("note_at").alias("note_datetime"),
        F.lit(concepts.TYPE_EHR_NOTE).alias("note_type_concept_id"),
        F.lit(concepts.NO_MATCH).alias("note_class_concept_id"),
        F.left(F.coalesce("note_title", "code_text"), F.lit(LONGEST_TITLE)).alias("note_title"),
        "note_text",
        F.lit(concepts.ENCODING_UTF8).alias("encoding_concept_id"),
        F.when(F.coalesce("note_language", F.lit("en")).startswith("en"), concepts.LANGUAGE_ENGLISH)
        .otherwise(F.lit(concepts.NO_MATCH))
        .alias("language_concept_id"),
        "provider_id",
        "visit_occurrence_id",
        "visit_detail_id",
        source_value(F.col("code_text")).alias("note_source_value"),
        F.lit(None).cast("bigint").alias("note_event_id"),
        F.lit(None).cast("int").alias("note_event_field_concept_id"),
        "lw_record_ids",
        F.concat_ws("|", F.concat(F.lit("silver."), F.col("source")), F.col("source_row_id").cast("string")).alias(
            "lw_source"
        ),
        faults(no_person=F.col("_has_person").isNull(), no_start_date=F.col("note_date").isNull()).alias("faults"),
    )


def _with_texts(rows: DataFrame, row_id: str, contents: DataFrame) -> DataFrame:
    """The rows of one silver table, with the text of the Binary resources they name, and the records they stand on."""
    own = rows.withColumn("lw_record_ids", F.array("record_id"))
    # Texts are heavy: those that came along are not moved, and who names others has none but a report's conclusion.
    asking = own.where(F.size("text_refs") > 0)
    said = F.col("conclusion") if "conclusion" in rows.columns else F.lit(None).cast("string")
    each = asking.select(row_id, "tenant", "feed", F.posexplode("text_refs").alias("_number", "_ref"))
    each = resolved(each, "_ref", contents, "binary_id", "binary_id")
    texts = contents.select("binary_id", F.col("note_text").alias("_text"), F.col("record_id").alias("_record"))
    each = each.join(texts, on="binary_id", how="left").where(F.col("_text").isNotNull())
    found = each.groupBy(row_id).agg(
        F.sort_array(F.collect_list(F.struct("_number", "_text", "_record"))).alias("_held")
    )
    answered = asking.join(found, on=row_id, how="left").withColumns(
        {
            "note_text": F.coalesce(joined(F.col("_held._text")), said),
            "lw_record_ids": F.array_distinct(
                F.concat("lw_record_ids", F.coalesce("_held._record", F.array().cast("array<bigint>")))
            ),
        }
    )
    return own.where(F.size("text_refs") == 0).unionByName(answered.select(*own.columns))


def _written(rows: DataFrame, source: str, day: Column, at: Column) -> DataFrame:
    """Rows of one silver table that hold a text and were not withdrawn."""
    kept = rows.where(F.col("note_text").isNotNull() & (F.coalesce("status", F.lit("")) != "entered-in-error"))
    return kept.select(
        F.lit(source).alias("source"),
        F.col(f"{source}_id").alias("source_row_id"),
        *NOTE_COLUMNS,
        day.alias("note_date"),
        at.alias("note_at"),
    )


def _at(what: str) -> Column:
    return F.when(F.col(f"{what}_date").isNotNull(), F.col(f"{what}_at"))


def _same_text() -> Column:
    return key("note text", F.col("patient_ref"), F.col("encounter_ref"), F.xxhash64("note_text"))
