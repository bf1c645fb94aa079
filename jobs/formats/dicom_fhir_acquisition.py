"""How images were made and what was sent, as extensions of FHIR: each fact with its value and its unit in UCUM."""

from __future__ import annotations

from typing import Any

from jobs.formats.dicom_attributes import Tags, text
from jobs.formats.dicom_subject import Row
from jobs.formats.translation import number

EXTENSION = "https://lakeward.dev/fhir/"
UCUM = "http://unitsofmeasure.org"
# Columns of an instance (dicom_rows) that are quantities, and their units.
UNITS = {
    "kvp": "kV", "tube_current_ma": "mA", "exposure_time_ms": "ms", "exposure_mas": "mA.s", "ctdi_vol_mgy": "mGy",
    "dose_area_product_dgycm2": "dGy.cm2", "slice_thickness_mm": "mm", "spacing_between_slices_mm": "mm",
    "slice_location_mm": "mm", "repetition_time_ms": "ms", "echo_time_ms": "ms", "inversion_time_ms": "ms",
    "flip_angle_deg": "deg", "magnetic_field_strength_t": "T", "body_part_thickness_mm": "mm",
    "compression_force_n": "N", "row_spacing_mm": "mm", "column_spacing_mm": "mm", "rows": "1", "columns": "1",
    "frames": "1", "bits_stored": "bit",
}  # fmt: skip
# And those that are words.
WORDS = ("convolution_kernel", "sequence_name", "scanning_sequence", "view_position", "image_laterality",
         "photometric_interpretation", "transfer_syntax_uid")  # fmt: skip
# What holds for a whole series: of the patient on that day, and of the device.
_SERIES_UNITS = {"patient_age_years": "a", "patient_height_m": "m", "patient_weight_kg": "kg"}
_SERIES_WORDS = ("manufacturer", "model", "software_versions", "patient_position", "protocol", "contrast_agent")
# The columns of a study (dicom_rows) that they are.
_PATIENT = {"patient_age_years": "age_years", "patient_age_years_raw": "age_raw", "patient_height_m": "height_m",
            "patient_weight_kg": "weight_kg"}  # fmt: skip


def acquisition(row: Row) -> list[dict[str, Any]]:
    """The extension of an instance; none when its header says nothing of it.

    Each fact is an extension in it, named as the column: `valueQuantity` or `valueString`; and where what was sent
    is not the value told, `raw`.
    """
    return _facts(row, UNITS, WORDS)


def setting(series: Row, study: Row) -> list[dict[str, Any]]:
    """The same of a series: who lay there, and what made the images."""
    patient = {name: study[column] for name, column in _PATIENT.items()}
    return _facts(series | patient, _SERIES_UNITS, _SERIES_WORDS)


def raw(row: Row, *columns: str) -> list[dict[str, Any]]:
    """What was sent, where it was cleaned to something else; of dates and times, where it could not be read."""
    changed = [c for c in columns if (sent := row[f"{c}_raw"]) is not None and _is_other(c, sent, row[c])]
    parts = [{"url": column, "valueString": str(row[f"{column}_raw"])} for column in changed]
    return [{"url": f"{EXTENSION}dicom-raw", "extension": parts}] if parts else []


def retrieval(tags: Tags) -> list[dict[str, Any]]:
    """Where an archive says that it hands out the series (0008,1190): the part of the address before its instances."""
    found = (text(tags, "00081190") or "").partition("/instances/")[0]
    return [{"url": f"{EXTENSION}dicom-retrieve", "valueUrl": found}] if "/series/" in found else []


def _facts(row: Row, units: dict[str, str], words: tuple[str, ...]) -> list[dict[str, Any]]:
    facts = [_quantity(row, column, unit) for column, unit in units.items() if _is_told(row, column)]
    facts += [{"url": column, "valueString": row[column]} for column in words if row[column]]
    return [{"url": f"{EXTENSION}dicom-acquisition", "extension": facts}] if facts else []


def _is_told(row: Row, column: str) -> bool:
    return row[column] is not None or row.get(f"{column}_raw") is not None


def _quantity(row: Row, column: str, unit: str) -> dict[str, Any]:
    fact: dict[str, Any] = {"url": column}
    if row[column] is not None:
        value = {"value": number(str(row[column])), "unit": unit, "system": UCUM, "code": unit}
        fact["valueQuantity"] = value
    sent = row.get(f"{column}_raw")
    if sent is not None and sent != row[column]:
        fact["extension"] = [{"url": "raw", "valueString": sent}]
    return fact


def _is_other(column: str, sent: str, cleaned: str | None) -> bool:
    return cleaned is None if column.endswith(("_date", "_time", "_offset")) else sent != cleaned
