"""gold.note: which documents are notes."""

import inspect

import schemas
from jobs.gold.note import build


def test_a_document_that_was_replaced_or_written_in_error_is_no_note(rows):
    table = schemas.table("gold.note")
    same = {"tenant": "demo", "feed": "ehr_fhir", "record_id": 1, "patient_id": 1, "patient_ref": "Patient/1"}
    states = [("current", "final"), ("superseded", "final"), ("current", "entered-in-error"), (None, None)]
    documents = [
        {
            **same,
            "document_reference_id": number,
            "note_text": f"{number}",
            "status": status,
            "doc_status": of_text,
            "text_refs": [],
        }
        for number, (status, of_text) in enumerate(states)
    ]
    frames = {p: rows(table.built_from[p]) for p in inspect.signature(build).parameters}
    made = build(**{**frames, "documents": rows("silver.document_reference", *documents)}).collect()
    assert sorted(row.note_text for row in made) == ["0", "3"]


def test_a_text_that_lies_elsewhere_is_that_of_what_the_document_names(rows):
    table = schemas.table("gold.note")
    same = {"tenant": "demo", "feed": "ehr_fhir", "patient_id": 1, "patient_ref": "Patient/1"}
    asked = [["Binary/2", "Binary/1"], ["Binary/9"], ["Binary/3"], []]
    documents = [
        {**same, "record_id": number, "document_reference_id": number, "text_refs": refs, "note_text": text}
        for number, (refs, text) in enumerate(zip(asked, [None, None, None, "own"], strict=True))
    ]
    reports = [
        {**same, "record_id": 10 + number, "diagnostic_report_id": number, "text_refs": refs, "conclusion": "short",
         "note_text": "short"}
        for number, refs in enumerate([["Binary/4"], ["Binary/9"], ["Binary/2", "Binary/1"]])
    ]  # fmt: skip
    contents = [
        {"tenant": "demo", "feed": "ehr_fhir", "binary_id": number, "record_id": 100 + number, "note_text": text,
         "aliases": [f"Binary/{number}"]}
        for number, text in [(1, "one"), (2, "two"), (3, None), (4, "long")]
    ]  # fmt: skip
    contents.append({**contents[0], "feed": "other", "binary_id": 0, "note_text": "another"})
    given = {
        "documents": rows("silver.document_reference", *documents),
        "reports": rows("silver.diagnostic_report", *reports),
        "contents": rows("silver.binary", *contents),
    }
    frames = {p: rows(table.built_from[p]) for p in inspect.signature(build).parameters}
    made = {row.note_text: row.lw_record_ids for row in build(**{**frames, **given}).collect()}
    assert made == {"two\n\none": [0, 102, 101], "own": [3], "long": [10, 104], "short": [11]}
