"""Codes of DICOM: modalities, parts of the body and attributes, and what SNOMED CT calls the first two.

OMOP has no DICOM vocabulary that everybody loads. So a term is looked up as it is, under the vocabulary DICOM (as the
imaging extension names it) or a name of ours, and then as the SNOMED CT code that DICOM itself gives for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.fhir import CODES

SNOMED: Final = "http://snomed.info/sct"
DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"

# DICOM CID 29 -> SNOMED CT, the code for a procedure of that kind (CID 10005 and others of PS3.16). Of several
# modalities in a study the first here says best what was done: a CT beside a PET is there to correct it.
MODALITIES: Final[Mapping[str, str]] = {
    "PT": "82918005", "NM": "373205008", "XA": "77343006", "RF": "44491008", "MG": "71651007", "MR": "113091000",
    "CT": "77477000", "PX": "168537006", "IO": "168537006", "DX": "168537006", "CR": "168537006", "RG": "363680008",
    "US": "16310003", "IVUS": "16310003", "BMD": "312681000", "ES": "423827005", "ECG": "29303009",
}  # fmt: skip

# Body Part Examined (0018,0015) -> SNOMED CT (PS3.16 annex L and CID 4031; the older code of it beside the newer).
BODY_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ABDOMEN": ("818981001", "113345001"), "ABDOMENPELVIS": ("818982008",), "ANKLE": ("70258002",),
    "AORTA": ("15825003",), "ARM": ("40983000",), "BLADDER": ("89837001",), "BRAIN": ("12738006",),
    "BREAST": ("76752008",), "CHEST": ("816094009", "51185008"), "CHESTABDOMEN": ("416550000",),
    "CHESTABDPELVIS": ("416775004",), "CLAVICLE": ("51299004",), "COCCYX": ("64688005",), "COLON": ("71854001",),
    "CSPINE": ("122494005",), "ELBOW": ("16953009",), "ESOPHAGUS": ("32849002",), "EXTREMITY": ("66019005",),
    "EYE": ("81745001",), "FEMUR": ("71341001",), "FIBULA": ("87342007",), "FINGER": ("7569003",),
    "FOOT": ("56459004",), "FOREARM": ("14975008",), "GALLBLADDER": ("28231008",), "HAND": ("85562004",),
    "HEAD": ("69536005",), "HEADNECK": ("774007",), "HEART": ("80891009",), "HIP": ("29836001",),
    "HUMERUS": ("85050009",), "JAW": ("661005",), "KIDNEY": ("64033007",), "KNEE": ("72696002",), "LEG": ("30021000",),
    "LIVER": ("10200004",), "LSPINE": ("122496007",), "LSSPINE": ("1217253001",), "LUNG": ("39607008",),
    "NECK": ("45048000",), "PANCREAS": ("15776009",), "PELVIS": ("816092008", "12921003"), "PROSTATE": ("41216001",),
    "RIB": ("113197003",), "SCAPULA": ("79601000",), "SHOULDER": ("16982005",), "SKULL": ("89546000",),
    "SPINE": ("421060004",), "SSPINE": ("54735007",), "STERNUM": ("56873002",), "STOMACH": ("69695003",),
    "THIGH": ("68367000",), "THUMB": ("76505004",), "TOE": ("29707007",), "TSPINE": ("122495006",),
    "WHOLEBODY": ("38266002",), "WRIST": ("74670003",),
}  # fmt: skip

# Facts of an image or a series (jobs.formats.dicom_fhir_acquisition) that describe how the series was made -> the tag,
# which is the attribute's code in the vocabulary DICOM. Millimetres between rows and between columns are two values of
# one attribute. What is of the single image (its place in the stack, how its pixels are stored) is not here.
NUMBERS: Final[Mapping[str, str]] = {
    "kvp": "00180060", "tube_current_ma": "00181151", "exposure_time_ms": "00181150", "exposure_mas": "00181152",
    "ctdi_vol_mgy": "00189345", "dose_area_product_dgycm2": "0018115E", "slice_thickness_mm": "00180050",
    "spacing_between_slices_mm": "00180088", "repetition_time_ms": "00180080", "echo_time_ms": "00180081",
    "inversion_time_ms": "00180082", "flip_angle_deg": "00181314", "magnetic_field_strength_t": "00180087",
    "body_part_thickness_mm": "001811A0", "compression_force_n": "001811A2", "row_spacing_mm": "00280030",
    "column_spacing_mm": "00280030", "rows": "00280010", "columns": "00280011", "frames": "00280008",
    "patient_age_years": "00101010", "patient_height_m": "00101020", "patient_weight_kg": "00101030",
}  # fmt: skip
WORDS: Final[Mapping[str, str]] = {
    "convolution_kernel": "00181210", "sequence_name": "00180024", "scanning_sequence": "00180020",
    "view_position": "00185101", "manufacturer": "00080070", "model": "00081090", "software_versions": "00181020",
    "patient_position": "00185100", "protocol": "00181030", "contrast_agent": "00180010",
}  # fmt: skip


def meant(codings: Column) -> Column:
    """Codings with what SNOMED CT calls the modalities and body parts among them, those as sent first.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> sent = [[("x", "CT", None, None, None)], [("x", "HIP", None, None, None)], [], None]
    >>> rows = spark.createDataFrame([(one,) for one in sent], f"c {CODES}").select(meant(F.col("c")).alias("c"))
    >>> [row.c and [coding.code for coding in row.c] for row in rows.collect()]
    [['CT', '77477000'], ['HIP', '29836001'], [], None]
    """
    known = {term: (code,) for term, code in MODALITIES.items()} | dict(BODY_PARTS)
    names = F.create_map(*[part for term, codes in known.items() for part in (F.lit(term), _literals(codes))])
    nothing = F.array().cast("array<string>")
    others = F.flatten(F.transform(codings, lambda one: F.coalesce(F.try_element_at(names, one["code"]), nothing)))
    return F.concat(codings, F.transform(others, lambda code: coding(F.lit(SNOMED), code)).cast(CODES))


def coding(system: Column, code: Column) -> Column:
    """A coding of silver: a system and a code."""
    nothing = F.lit(None).cast("string")
    return F.struct(
        system.alias("system"),
        code.alias("code"),
        nothing.alias("display"),
        nothing.alias("version"),
        F.lit(None).cast("boolean").alias("user_selected"),
    )


def _literals(codes: tuple[str, ...]) -> Column:
    return F.array(*[F.lit(code) for code in codes])
