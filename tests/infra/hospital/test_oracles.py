"""What the simulated hospital writes, read by the public libraries."""

from __future__ import annotations

import io

import hl7
import oxedi
import pydicom
import pyx12.params
from openx12 import x835, x837p
from pyx12.x12n_document import x12n_document


def test_pyx12_accepts_the_claims_and_payments(calm):
    for suffix, most in ((".837p", 2), (".837i", 1), (".835", 2)):
        paths = sorted(calm.glob(f"*/claims_x12/*{suffix}"), key=lambda path: path.stat().st_size)
        assert paths
        for path in paths[:most]:
            # A response of its own it cannot make of a file without ST03.
            assert x12n_document(pyx12.params.params(), io.StringIO(path.read_text()), None, None), path.name


def test_openx12_and_oxedi_count_the_same_claims(calm):
    for path in calm.glob("*/claims_x12/*"):
        text = path.read_text()
        if path.suffix == ".835":
            assert len(x835.parse(text).claims) == text.count("~\nCLP*")
            oxedi.parse(text.encode())
        elif path.suffix == ".837p":
            assert len(x837p.parse(text).claims) == text.count("~\nCLM*")


def test_hl7_reads_every_segment(calm):
    for path in [*calm.glob("*/adt_hl7v2/*"), *calm.glob("*/lab_hl7v2/*")]:
        for text in path.read_bytes().decode().replace("\n", "\r").split("MSH|")[1:]:
            message = f"MSH|{text}".split("\rBTS")[0].strip("\r")
            found = hl7.parse(message)
            assert len(found) == message.count("\r") + 1
            assert str(found.segment("PID")(3))


def test_pydicom_reads_every_header(calm):
    paths = list(calm.glob("*/imaging_dicom/*"))
    assert paths
    for path in paths:
        found = pydicom.dcmread(path)
        assert found.SOPInstanceUID == found.file_meta.MediaStorageSOPInstanceUID == path.stem
        assert found.PatientID.startswith("NR-") and found.StudyInstanceUID and found.Modality
