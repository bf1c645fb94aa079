"""How an image was made, as extensions of FHIR: each fact with its value, its unit in UCUM, and what was sent."""

from __future__ import annotations

from typing import Any

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


def acquisition(row: Row) -> list[dict[str, Any]]:
    """The extension of an instance; none when its header says nothing of it.

    Each fact is an extension in it, named as the column: `valueQuantity` or `valueString`; and where what was sent
    is not the value told, `raw`.
    """
    facts = [_quantity(row, column, unit) for column, unit in UNITS.items() if _is_told(row, column)]
    facts += [{"url": column, "valueString": row[column]} for column in WORDS if row[column]]
    return [{"url": f"{EXTENSION}dicom-acquisition", "extension": facts}] if facts else []


def _is_told(row: Row, column: str) -> bool:
    return row[column] is not None or row.get(f"{column}_raw") is not None


def _quantity(row: Row, column: str, unit: str) -> dict[str, Any]:
    fact: dict[str, Any] = {"url": column}
    if row[column] is not None:
        value = {"value": number(str(row[column])), "unit": unit, "system": UCUM, "code": unit}
        fact["valueQuantity"] = value
    raw = row.get(f"{column}_raw")
    if raw is not None and raw != row[column]:
        fact["extension"] = [{"url": "raw", "valueString": raw}]
    return fact
