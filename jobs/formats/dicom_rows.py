"""Rows of DICOM instances: what a header says of its patient, study, series and image, as sent and as cleaned.

Each function takes the elements of one instance in the JSON model. Columns ending in `_raw` are as sent; beside
them stands the cleaned value, None where nothing can be believed. Decimals are texts, dates YYYY-MM-DD, times
HH:MM:SS.ffffff, moments ISO 8601: with the offset of (0008,0201) where it is said, else local to the sender.
"""

from __future__ import annotations

import orjson

from jobs.formats import dicom_cleaning as clean
from jobs.formats import dicom_modality
from jobs.formats.dicom_attributes import (
    Tags,
    anywhere,
    codes,
    items,
    joined,
    name,
    name_parts,
    plain,
    text,
    texts,
    value,
)
from jobs.formats.dicom_subject import Row, issuer, keys, patient, prefixed

MALFORMED_DATE = "malformed_date"
MALFORMED_TIME = "malformed_time"
MALFORMED_OFFSET = "malformed_offset"
UNKNOWN_SEX = "unknown_sex"
# What a row's `faults` can name: doubts about a value, for which no row need wait.
FAULTS = {
    MALFORMED_DATE: "a date that is none",
    MALFORMED_TIME: "a time of day that is none",
    MALFORMED_OFFSET: "an offset from UTC that is none (0008,0201)",
    UNKNOWN_SEX: "a sex that is no defined term (0010,0040)",
    dicom_modality.DISAGREES: "a modality that the SOP class cannot hold (0008,0060)",
    dicom_modality.UNKNOWN: "a modality that is no defined term (0008,0060)",
}


def tables(payload: bytes | str) -> dict[str, Row]:
    """The three rows of one instance, by table."""
    tags = orjson.loads(payload)
    return {
        "imaging_study": imaging_study(tags),
        "imaging_series": imaging_series(tags),
        "imaging_instance": imaging_instance(tags),
    }


def imaging_study(tags: Tags) -> Row:
    """What an instance says of its study (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2)."""
    row = keys(tags) | patient(tags)
    row |= _moment(tags, "study", "00080020", "00080030")
    row |= {
        "study_id": text(tags, "00200010"),
        "accession_number": text(tags, "00080050"),
        "accession_issuer": issuer(tags, "00080051"),
        "admission_id": text(tags, "00380010"),
        "description": text(tags, "00081030"),
        "modalities_raw": texts(tags, "00080061"),
        "procedure_codes": codes(tags, "00081032") or codes(tags, "00321064"),
        "procedure_text": text(tags, "00321060"),
        "reason_codes": codes(tags, "0040100A") or codes(tags, "00321066"),
        "reason_text": text(tags, "00401002") or text(tags, "00321030"),
        "referring_physician_raw": name(tags, "00080090"),
        **prefixed("referring_physician", name_parts(tags, "00080090")),
        "institution": text(tags, "00080080"),
        "series_count": clean.whole(value(tags, "00201206")),
        "instance_count": clean.whole(value(tags, "00201208")),
    }
    return row | {"faults": _faults(row)}


def imaging_series(tags: Tags) -> Row:
    """What an instance says of its series and of the device that made it (PS3.3 C.7.3.1, C.7.5.1)."""
    part = clean.body_part(_first(tags, "00180015"))
    modality, doubt = dicom_modality.cleaned(text(tags, "00080060"), _sop_class(tags), part)
    row = keys(tags) | _moment(tags, "series", "00080021", "00080031")
    row |= _moment(tags, "performed", "00400244", "00400245")
    row |= {
        "number": clean.whole(value(tags, "00200011")),
        "modality_raw": text(tags, "00080060"),
        "modality": modality,
        "body_part_raw": _first(tags, "00180015"),
        "body_part": part,
        "body_part_codes": codes(tags, "00082218"),
        "laterality_raw": text(tags, "00200060") or _first(tags, "00200062"),
        "laterality": clean.side(text(tags, "00200060"), _first(tags, "00200062"), _first(tags, "00209072")),
        "patient_position": text(tags, "00185100"),
        "description": text(tags, "0008103E"),
        "protocol": text(tags, "00181030"),
        "protocol_codes": codes(tags, "00400260"),
        "manufacturer": text(tags, "00080070"),
        "model": text(tags, "00081090"),
        "device_serial_number": text(tags, "00181000"),
        "software_versions": joined(tags, "00181020"),
        "station": text(tags, "00081010"),
        "institution": text(tags, "00080080"),
        "department": text(tags, "00081040"),
        "performing_physician_raw": name(tags, "00081050"),
        "operator_raw": name(tags, "00081070"),
        "contrast_agent": _first(tags, "00180010"),
        "contrast_codes": codes(tags, "00180012"),
        "has_contrast": bool(_first(tags, "00180010") or items(tags, "00180012") or items(tags, "00189341")),
        "frame_of_reference_uid": text(tags, "00200052"),
        "instance_count": clean.whole(value(tags, "00201209")),
    }
    return row | {"faults": _faults(row) + ([doubt] if doubt else [])}


def imaging_instance(tags: Tags) -> Row:
    """What an instance says of its image and how that was made (PS3.3 C.7.6, C.8)."""
    row = keys(tags)
    row |= _moment(tags, "content", "00080023", "00080033")
    row |= _moment(tags, "acquisition", "00080022", "00080032", "0008002A")
    row |= _moment(tags, "created", "00080012", "00080013")
    row |= _acquired(tags) | _spacing(tags)
    row |= {
        "number": clean.whole(value(tags, "00200013")),
        "acquisition_number": clean.whole(value(tags, "00200012")),
        "sop_class_uid": _sop_class(tags),
        "transfer_syntax_uid": text(tags, "00020010") or text(tags, "00083002"),
        "image_type": joined(tags, "00080008"),
        "rows": clean.whole(value(tags, "00280010")),
        "columns": clean.whole(value(tags, "00280011")),
        # An image without the attribute has one frame (PS3.3 C.7.6.6).
        "frames": clean.whole(value(tags, "00280008")) or (1 if value(tags, "00280010") else None),
        "bits_stored": clean.whole(value(tags, "00280101")),
        "photometric_interpretation": text(tags, "00280004"),
        "view_position": text(tags, "00185101"),
        "view_codes": codes(tags, "00540220"),
        "image_laterality": clean.side(_first(tags, "00200062"), _first(tags, "00209072")),
        "convolution_kernel": _joined_anywhere(tags, "00181210"),
        "sequence_name": _first(tags, "00180024") or _first(tags, "00189005"),
        "scanning_sequence": joined(tags, "00180020"),
        "has_burned_in_annotation_raw": text(tags, "00280301"),
        "has_burned_in_annotation": clean.yes_no(text(tags, "00280301")),
        "is_lossy_raw": text(tags, "00282110"),
        "is_lossy": {"00": False, "01": True}.get(text(tags, "00282110") or ""),
        "is_deidentified": clean.yes_no(text(tags, "00120062")),
        "character_set": joined(tags, "00080005"),
        "private_creators": _private_creators(tags),
        "has_pixel_data": any(tag in tags for tag in ("7FE00010", "7FE00008", "7FE00009")),
    }
    return row | {"faults": _faults(row)}


_MOMENTS = ("study", "series", "performed", "content", "acquisition", "created")
_CHECKED = (
    *((f"{what}_date", f"{what}_date_raw", MALFORMED_DATE) for what in ("birth", *_MOMENTS)),
    *((f"{what}_time", f"{what}_time_raw", MALFORMED_TIME) for what in _MOMENTS),
    ("timezone_offset", "timezone_offset_raw", MALFORMED_OFFSET),
    ("sex", "sex_raw", UNKNOWN_SEX),
)
# How an image was acquired: the tag, and how its value is cleaned. Enhanced images have it in functional groups.
_ACQUIRED = {
    "kvp": ("00180060", clean.kilovolts),
    "tube_current_ma": ("00181151", clean.positive),
    "exposure_time_ms": ("00181150", clean.positive),
    "exposure_mas": ("00181152", clean.positive),
    "ctdi_vol_mgy": ("00189345", clean.positive),
    "dose_area_product_dgycm2": ("0018115E", clean.positive),
    "slice_thickness_mm": ("00180050", clean.positive),
    "spacing_between_slices_mm": ("00180088", clean.number),
    "slice_location_mm": ("00201041", clean.number),
    "repetition_time_ms": ("00180080", clean.positive),
    "echo_time_ms": ("00180081", clean.number),
    "inversion_time_ms": ("00180082", clean.number),
    "flip_angle_deg": ("00181314", clean.number),
    "magnetic_field_strength_t": ("00180087", clean.tesla),
    "body_part_thickness_mm": ("001811A0", clean.positive),
    "compression_force_n": ("001811A2", clean.positive),
}


def _moment(tags: Tags, what: str, date: str, time: str, both: str = "") -> Row:
    """A date and a time as sent, cleaned, and together; `both` is the element that holds the two in one."""
    day, clock = text(tags, date), text(tags, time)
    one = text(tags, both)
    zone = clean.offset(text(tags, "00080201")) if clock or one else None
    at = clean.date_time(one, zone) if one else None
    clean_day, clean_clock = clean.date(day), clean.time(clock)
    return {
        f"{what}_date_raw": day,
        f"{what}_time_raw": clock,
        f"{what}_date": clean_day or (at[:10] if at else None),
        f"{what}_time": clean_clock or (at[11:26] if at else None),
        f"{what}_at": at or clean.instant(clean_day, clean_clock, zone),
    }


def _acquired(tags: Tags) -> Row:
    row: Row = {}
    for column, (tag, read) in _ACQUIRED.items():
        sent = _first(tags, tag)
        row[column], row[f"{column}_raw"] = None if sent is None else read(sent), sent
    return row


def _spacing(tags: Tags) -> Row:
    """Millimetres between rows and between columns: in the patient, else at the detector (PS3.3 10.7.1.3)."""
    found = anywhere(tags, "00280030") or anywhere(tags, "00181164")
    pair = [clean.positive(one) for one in found]
    row, column = pair if len(pair) == 2 and all(pair) else (None, None)
    raw = "\\".join(str(one) for one in found if one is not None) or None
    return {"pixel_spacing_raw": raw, "row_spacing_mm": row, "column_spacing_mm": column}


def _faults(row: Row) -> list[str]:
    """Doubts about dates, times and terms: what was sent and could not be cleaned."""
    found = [fault for column, raw, fault in _CHECKED if row.get(raw) and row[column] is None]
    return list(dict.fromkeys(found)) if found else []


def _sop_class(tags: Tags) -> str | None:
    return text(tags, "00080016") or text(tags, "00020002")


def _first(tags: Tags, tag: str) -> str | None:
    found = anywhere(tags, tag)
    return plain(found[0]) if found else None


def _joined_anywhere(tags: Tags, tag: str) -> str | None:
    return "\\".join(str(one) for one in anywhere(tags, tag) if type(one) is str) or None


def _private_creators(tags: Tags) -> list[str]:
    """Who owns the private blocks of the header (PS3.5 7.8.1)."""
    blocks = [tag for tag in tags if tag[4:6] == "00" and tag[3] in "13579BDF" and tag[6:] >= "10"]
    return sorted({found for tag in blocks if (found := text(tags, tag))})
