"""Documents of HL7 v2 messages (MDM) as FHIR R4 DocumentReferences, with their text."""

from __future__ import annotations

import base64
from typing import Any

from jobs.formats import hl7v2_fhir_parties as parties
from jobs.formats.hl7v2_fhir_codes import THO, assigner_system, coded, concept
from jobs.formats.hl7v2_fhir_story import Story, Whose, owned
from jobs.formats.hl7v2_note import Note, notes
from jobs.formats.hl7v2_types import EntityId
from jobs.formats.translation import without_nothing

# HL7 table 0271, how far a document is: in FHIR's composition-status.
_COMPLETION = {"AU": "final", "LA": "final", "DI": "preliminary", "DO": "preliminary", "IN": "preliminary",
               "IP": "preliminary", "PA": "preliminary"}  # fmt: skip
# HL7 table 0273.
_AVAILABILITY = {"CA": "entered-in-error", "OB": "superseded"}
_CURRENT = "current"


def tell_documents(story: Story) -> None:
    """The DocumentReference of each TXA; a document that is replaced is told to be superseded."""
    for row in notes(story.message):
        whose = story.whose[row.segment]
        name = _name(row.number, row, whose)
        if name is None:
            continue
        body = _document(story, row, whose)
        # A notice that has not the text must not take the place of the document that has, unless it ends it.
        notice = not body.get("content") and body["status"] == _CURRENT
        story.tell("DocumentReference", name, body, in_passing=notice)
        parent = _name(row.parent, row, whose) if row.parent.value else None
        if row.meaning == "replacement" and parent and parent != name:
            old = {"status": "superseded", "masterIdentifier": _identifier(row.parent), "subject": whose.patient_ref}
            story.tell("DocumentReference", parent, without_nothing(old))


def _name(number: EntityId, row: Note, whose: Whose) -> str | None:
    if number.value:
        return owned(whose.patient, number.assigner, number.value)
    when = row.activity_at or row.originated_at
    return owned(whose.patient, row.kind.code, when) if whose.patient and when else None


def _identifier(number: EntityId) -> dict[str, Any] | None:
    return {"system": assigner_system(number.assigner), "value": number.value} if number.value else None


def _document(story: Story, row: Note, whose: Whose) -> dict[str, Any]:
    status = "entered-in-error" if row.meaning == "cancel" else _AVAILABILITY.get(row.availability or "", _CURRENT)
    authors = [story.refer(parties.practitioner(one)) for one in dict.fromkeys((row.originator, row.provider))]
    signers = [story.refer(parties.practitioner(one)) for one in row.authenticators]
    kept: dict[str, Any] = without_nothing(
        {
            "masterIdentifier": _identifier(row.number),
            "status": status,
            "docStatus": _COMPLETION.get((row.completion or "").upper()),
            "type": concept(row.kind),
            "category": [coded(f"{THO}v2-0270", row.kind.code)] if not row.kind.system else [],
            "subject": whose.patient_ref,
            "date": story.time(row.edited_at or row.transcribed_at or row.originated_at or row.activity_at)
            or story.said_at,
            "author": authors,
            "authenticator": signers[0] if signers else None,
            "description": row.title.text,
            "content": _content(row),
            "context": {
                "encounter": [whose.encounter_ref],
                "period": {"start": story.time(row.activity_at)},
            },
        }
    )
    return kept


def written_text(text: str) -> dict[str, Any]:
    """A text as FHIR R4 Attachment."""
    data = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
    return {"contentType": "text/plain", "data": data}


def _content(row: Note) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if row.text:
        found.append({**written_text(row.text), "title": row.title.text})
    found += [{"contentType": sort, "title": row.title.text} for sort in row.media if sort != "None"]
    return [{"attachment": one} for one in found]
