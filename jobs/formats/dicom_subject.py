"""Whom and what a DICOM instance belongs to: identifiers of instance, series, study, and the patient as said there."""

from __future__ import annotations

from typing import Any

from jobs.formats import dicom_cleaning as clean
from jobs.formats.dicom_attributes import Tags, items, name, name_parts, text, texts, value, values

Row = dict[str, Any]


def keys(tags: Tags) -> Row:
    """Which instance of which series, study and patient; and the offset of its times."""
    return {
        "study_uid": text(tags, "0020000D"),
        "series_uid": text(tags, "0020000E"),
        "instance_uid": text(tags, "00080018"),
        "source_patient_id": text(tags, "00100020"),
        "source_patient_issuer": text(tags, "00100021") or issuer(tags, "00100024"),
        "timezone_offset_raw": text(tags, "00080201"),
        "timezone_offset": clean.offset(text(tags, "00080201")),
    }


def patient(tags: Tags) -> Row:
    """Who was examined (PS3.3 C.7.1.1, C.7.2.2)."""
    others = [text(item, "00100020") for item in items(tags, "00101002")]
    groups = values(tags, "00100010")[:1]
    written = groups[0] if groups and type(groups[0]) is dict else {}
    return {
        "patient_name_raw": name(tags, "00100010"),
        **prefixed("patient", name_parts(tags, "00100010")),
        "patient_name_ideographic": written.get("Ideographic"),
        "patient_name_phonetic": written.get("Phonetic"),
        "other_patient_ids": [one for one in texts(tags, "00101000") + others if one],
        "birth_date_raw": text(tags, "00100030"),
        "birth_date": clean.date(text(tags, "00100030")),
        "sex_raw": text(tags, "00100040"),
        "sex": clean.sex(text(tags, "00100040")),
        "age_raw": text(tags, "00101010"),
        "age_years": clean.age_years(text(tags, "00101010")),
        "height_m": clean.positive(value(tags, "00101020")),
        "weight_kg": clean.positive(value(tags, "00101030")),
    }


def issuer(tags: Tags, tag: str) -> str | None:
    """Who gave out an identifier: the local name, else the universal one (PS3.3 table 10-17)."""
    return next(
        (found for item in items(tags, tag) if (found := text(item, "00400031") or text(item, "00400032"))), None
    )


def prefixed(prefix: str, parts: dict[str, str | None]) -> Row:
    """The parts of a name as columns."""
    return {f"{prefix}_{part}": found for part, found in parts.items()}
