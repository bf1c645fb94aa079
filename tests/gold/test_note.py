"""gold.note: which documents are notes."""

import inspect

import schemas
from jobs.gold.note import build


def test_a_document_that_was_replaced_or_written_in_error_is_no_note(rows):
    table = schemas.table("gold.note")
    same = {"tenant": "demo", "feed": "ehr_fhir", "record_id": 1, "patient_id": 1, "patient_ref": "Patient/1"}
    states = [("current", "final"), ("superseded", "final"), ("current", "entered-in-error"), (None, None)]
    documents = [
        {**same, "document_reference_id": number, "note_text": f"{number}", "status": status, "doc_status": of_text}
        for number, (status, of_text) in enumerate(states)
    ]
    frames = {p: rows(table.built_from[p]) for p in inspect.signature(build).parameters}
    made = build(**{**frames, "documents": rows("silver.document_reference", *documents)}).collect()
    assert sorted(row.note_text for row in made) == ["0", "3"]
