"""Documents of HL7 v2 messages (MDM): one row per TXA, with the text of the OBX after it."""

from __future__ import annotations

from typing import NamedTuple

from jobs.formats.hl7v2_dialect import Coded
from jobs.formats.hl7v2_fields import Fields
from jobs.formats.hl7v2_message import Message, below
from jobs.formats.hl7v2_observation import document
from jobs.formats.hl7v2_subject import Subject, walk
from jobs.formats.hl7v2_types import EntityId, Party

NO_DOCUMENT_NUMBER = "no_document_number"
NO_TEXT = "no_document_text"
FAULTS = {
    NO_DOCUMENT_NUMBER: "a document without its number (TXA-12)",
    NO_TEXT: "an event that brings content, and no text in it (OBX-5)",
}
# HL7 v2.5 section 9.6: each event comes without content (odd) or with it (even).
EVENTS = {
    "T01": "original", "T02": "original", "T03": "status", "T04": "status", "T05": "addendum", "T06": "addendum",
    "T07": "edit", "T08": "edit", "T09": "replacement", "T10": "replacement", "T11": "cancel",
}  # fmt: skip
_WITH_CONTENT = ("T02", "T04", "T06", "T08", "T10")
_DOCUMENTS = ("ED", "RP")


class Note(NamedTuple):
    """One TXA (HL7 v2.5 section 9.7.1) and the OBX after it.

    `meaning` is that of the event; addendum, edit and replacement are about `parent` (TXA-13). `text` joins the
    values of text with line ends; `media` are the sorts of the documents that are no text. `completion` is table
    0271: AU authenticated, LA legally authenticated, DI dictated, ...; `availability` 0273: AV, CA deleted, OB, UN.
    """

    segment: int
    patient_segment: int | None
    patient_id: str | None
    patient_assigner: str | None
    patient_id_type: str | None
    visit_number: str | None
    visit_assigner: str | None
    event: str | None
    meaning: str | None
    number: EntityId
    parent: EntityId
    placer: EntityId
    kind: Coded
    presentation: str | None
    title: Coded
    activity_at: str | None
    originated_at: str | None
    transcribed_at: str | None
    edited_at: str | None
    provider: Party
    originator: Party
    authenticators: tuple[Party, ...]
    completion: str | None
    confidentiality: str | None
    availability: str | None
    text: str | None
    media: tuple[str, ...]
    nulls: tuple[str, ...]
    faults: tuple[str, ...]


def notes(message: Message) -> list[Note]:
    """The documents of a message."""
    return [_note(message, index, subject) for index, segment, subject in walk(message) if segment[0] == "TXA"]


def _note(message: Message, index: int, subject: Subject) -> Note:
    txa = Fields(message, message.segments[index])
    under = below(message.segments, index, ("TXA", "PID"))
    observations = [Fields(message, one) for one in under if one[0] == "OBX"]
    text, media = _content(message, observations)
    event, number = message.event, txa.entity(12, "number")
    faults: tuple[str, ...] = () if number.value else (NO_DOCUMENT_NUMBER,)
    if event in _WITH_CONTENT and not text and not media:
        faults += (NO_TEXT,)
    return Note(
        index,
        *subject,
        event=event,
        meaning=EVENTS.get(event or ""),
        number=number,
        parent=txa.entity(13, "parent"),
        placer=txa.entity(14, "placer"),
        kind=txa.coded(2, "kind"),
        presentation=txa.text(3, "presentation"),
        title=observations[0].coded(3, "title") if observations else txa.coded(2, "title"),
        activity_at=txa.time(4, "activity_at"),
        originated_at=txa.time(6, "originated_at"),
        transcribed_at=txa.time(7, "transcribed_at"),
        edited_at=txa.time(8, "edited_at"),
        provider=txa.party(5, "provider"),
        originator=txa.party(9, "originator"),
        authenticators=txa.parties(22, "authenticators"),
        completion=txa.text(17, "completion"),
        confidentiality=txa.text(18, "confidentiality"),
        availability=txa.text(19, "availability"),
        text=text,
        media=media,
        nulls=txa.nulls,
        faults=txa.faults + faults,
    )


def _content(message: Message, observations: list[Fields]) -> tuple[str | None, tuple[str, ...]]:
    lines: list[str] = []
    media: list[str] = []
    for fields in observations:
        kind, raw = (fields.text(2, "kind") or "").upper(), fields.raw(5)
        if kind in _DOCUMENTS:
            media += [str(document(message.dialect, one, "")[0][-1]) for one in message.dialect.repetitions(raw)]
        else:
            lines.append(fields.whole(5, "text") or "")
    return "\n".join(lines).strip("\n") or None, tuple(media)
