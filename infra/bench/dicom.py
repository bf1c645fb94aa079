"""`python -m infra.bench.dicom [FOLDER]`: DICOM headers a second of one core beside pydicom, same bytes, same run.

Without a folder the headers are made here, as a CT, an MR and an ultrasound device would write them. With
`--mutations 50000` that many damaged files are read too: only named faults may come out, and in time.
"""

from __future__ import annotations

import argparse
import io
import pathlib
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator

import orjson
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from jobs.formats import dicom, dicom_header, dicom_rows

# The tags that a reader asks for who wants only what a catalogue of images needs.
EIGHTEEN = [
    "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality", "PatientID", "PatientName", "StudyDate",
    "StudyTime", "SeriesDescription", "StudyDescription", "BodyPartExamined", "Manufacturer", "Rows", "Columns",
    "InstanceNumber", "SeriesNumber", "AccessionNumber", "PatientBirthDate",
]  # fmt: skip
SOP_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
}
SECONDS = 2.0


def data_set(number: int = 1, modality: str = "CT", **elements: object) -> Dataset:
    """A made-up image of a made-up patient; `elements` are put over what it says, None takes away."""
    made = Dataset()
    uid = [generate_uid(entropy_srcs=[modality, part, str(number)]) for part in ("instance", "series", "study")]
    said = {
        "SOPClassUID": SOP_CLASSES[modality], "SOPInstanceUID": uid[0], "SeriesInstanceUID": uid[1],
        "StudyInstanceUID": uid[2], "Modality": modality, "SpecificCharacterSet": "ISO_IR 100",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "StudyDate": "20260301", "SeriesDate": "20260301",
        "AcquisitionDate": "20260301", "ContentDate": "20260301", "StudyTime": "093015.25", "SeriesTime": "093100",
        "AccessionNumber": f"A{number:07}", "Manufacturer": "Made Up Devices", "InstitutionName": "St. Nowhere",
        "ReferringPhysicianName": "Roe^Rita^^Dr.", "StationName": "ROOM1", "StudyDescription": "Thorax",
        "SeriesDescription": "Axial 5 mm", "ManufacturerModelName": "Scan 9", "PatientName": "Müller^Anna",
        "PatientID": f"P{number:06}", "PatientBirthDate": "19700214", "PatientSex": "F", "PatientAge": "056Y",
        "BodyPartExamined": "CHEST", "SliceThickness": "5.0", "KVP": "120", "ProtocolName": "Routine",
        "ExposureTime": "500", "XRayTubeCurrent": "200", "Exposure": "100", "PatientPosition": "HFS",
        "StudyID": "1", "SeriesNumber": "2", "InstanceNumber": str(number), "SoftwareVersions": ["1.0", "2.3"],
        "ImagePositionPatient": ["-120.5", "-80", "33.25"], "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
        "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "Rows": 16, "Columns": 16,
        "PixelSpacing": ["0.7", "0.7"], "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0,
        "WindowCenter": ["40", "-600"], "WindowWidth": ["400", "1500"], "RescaleIntercept": "-1024",
        "RescaleSlope": "1", "TimezoneOffsetFromUTC": "+0100", "BurnedInAnnotation": "NO",
    }  # fmt: skip
    for keyword, value in {**said, **elements}.items():
        if value is not None:
            setattr(made, keyword, value)
    if "ProcedureCodeSequence" not in elements:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CTTH", "99LOCAL", "CT of the thorax"
        made.ProcedureCodeSequence = Sequence([code])
    block = made.private_block(0x0009, "MADE UP DEVICES 1.0", create=True)
    block.add_new(0x01, "LO", "kept")
    return made


def file_of(made: Dataset, syntax: str = ExplicitVRLittleEndian, *, pixels: bytes | None = b"\0" * 512) -> bytes:
    """A DICOM file of a data set, as pydicom writes it."""
    if pixels is not None:
        made.PixelData = pixels
        made["PixelData"].VR = "OW"
        made["PixelData"].is_undefined_length = pydicom.uid.UID(syntax).is_encapsulated
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    made.file_meta.MediaStorageSOPClassUID = made.get("SOPClassUID") or "1.2.3"
    made.file_meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID") or "1.2.3"
    written = io.BytesIO()
    pydicom.dcmwrite(written, made, enforce_file_format=True)
    return written.getvalue()


def instance(number: int = 1, modality: str = "CT", **elements: object) -> bytes:
    """A made-up image as a file."""
    return file_of(data_set(number, modality, **elements))


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The file with some bytes changed, cut, doubled, zeroed or exchanged for lengths that cannot be."""
    text = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(text) or 1)
        if chance.random() < 0.7:
            at = min(at, chance.randrange(1, 2000))
        action = chance.choice(["flip", "cut", "end", "double", "zero", "length"])
        if action == "flip" and text:
            text[min(at, len(text) - 1)] = chance.randrange(256)
        elif action == "cut":
            del text[at : at + chance.randrange(1, 40)]
        elif action == "end" and chance.random() < 0.3:
            del text[at:]
        elif action == "double":
            text[at:at] = text[at : at + chance.randrange(1, 80)]
        elif action == "zero":
            text[at : at + 200] = bytes(len(text[at : at + 200]))
        elif action == "length":
            text[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\0\0\0\x7f", b"\xfe\xff\0\xe0", b"SQ\0\0"])
    return bytes(text)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench.dicom", description=__doc__)
    parser.add_argument("folder", nargs="?", help="folder of DICOM files; made up when not given")
    parser.add_argument("--mutations", type=int, default=0, help="how many damaged files to read after that")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        for name, files in _sets(asked.folder, pathlib.Path(home)).items():
            _compare(name, files)
        if asked.mutations:
            _mutate(asked.mutations, pathlib.Path(home))
    return 0


def _sets(folder: str | None, home: pathlib.Path) -> dict[str, list[pathlib.Path]]:
    if folder:
        return {"given": sorted(path for path in pathlib.Path(folder).rglob("*.dcm") if path.is_file())}
    found: dict[str, list[pathlib.Path]] = {}
    for modality in SOP_CLASSES:
        for number in range(1, 101):
            path = home / f"{modality}{number}.dcm"
            path.write_bytes(instance(number, modality))
            found.setdefault(f"made up {modality}", []).append(path)
    return found


def _compare(name: str, files: list[pathlib.Path]) -> None:
    limits = dicom.Limits()

    def ours(path: pathlib.Path) -> None:
        list(dicom.read(str(path), document=True, limits=limits))

    def headers(path: pathlib.Path) -> None:
        data = path.read_bytes()
        dicom_header.read(data, len(data), limits)

    def to_rows(path: pathlib.Path) -> None:
        for record in dicom.read(str(path), document=True, limits=limits):
            if record.payload:
                dicom_rows.tables(record.payload)

    def whole(path: pathlib.Path) -> None:
        orjson.dumps(pydicom.dcmread(path, stop_before_pixels=True).to_json_dict())

    ways: dict[str, Callable[[pathlib.Path], None]] = {
        "header to dict": headers, "file to record": ours, "file to record to rows": to_rows,
        "pydicom 18 tags": eighteen, "pydicom to JSON": whole,
    }  # fmt: skip
    print(f"{name}, {len(files)} files")
    for way, take in ways.items():
        print(f"  {way:<24}{_rate(take, files):>10,.0f} headers/s")


def eighteen(path: pathlib.Path) -> None:
    """What a catalogue of images needs, by pydicom."""
    found = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=EIGHTEEN)
    for keyword in EIGHTEEN:
        found.get(keyword)


def _rate(take: Callable[[pathlib.Path], None], files: list[pathlib.Path]) -> float:
    for path in files[:20]:
        _quietly(take, path)
    done, began = 0, time.process_time()
    while time.process_time() - began < SECONDS:
        for path in files:
            _quietly(take, path)
        done += len(files)
    return done / (time.process_time() - began)


def _quietly(take: Callable[[pathlib.Path], None], path: pathlib.Path) -> None:
    try:
        take(path)
    except (ValueError, KeyError, TypeError, AttributeError, pydicom.errors.InvalidDicomError):
        # pydicom refuses some of the files that are given; what it costs to find that out counts too.
        return


def damaged(count: int, seed: int) -> Iterator[bytes]:
    """Mutations of made-up files in every transfer syntax, the same for the same seed."""
    chance = random.Random(seed)
    syntaxes = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]
    whole = [file_of(data_set(n, "CT"), syntax, pixels=None) for n, syntax in enumerate(syntaxes)]
    whole.append(instance(9, "US"))
    for _ in range(count):
        yield mutated(chance.choice(whole), chance)


def _mutate(count: int, home: pathlib.Path) -> None:
    path, faults, longest = home / "mutated", Counter[str](), 0.0
    for data in damaged(count, 1):
        path.write_bytes(data)
        began = time.perf_counter()
        for record in dicom.read(str(path), document=True, limits=dicom.Limits()):
            faults.update(record.faults or ("none",))
            if set(record.faults) - dicom.FAULTS.keys():
                raise AssertionError("a fault without a name")
            if record.payload:
                dicom_rows.tables(record.payload)
        longest = max(longest, time.perf_counter() - began)
    print(f"{count:,} damaged files, the slowest in {longest * 1000:.1f} ms")
    for fault, times in faults.most_common():
        print(f"  {fault:<32}{times:>8,}")


if __name__ == "__main__":
    raise SystemExit(main())
