"""Inspection of DICOM at the door: what a file is, whether it is whole, how much is in it."""

import functools
import gzip
import io
import json
import pathlib
import zipfile

import pydicom
import pytest

from infra.bench.dicom import data_set, instance
from jobs.formats import dicom
from jobs.formats.announcement import Arrived, reconcile
from jobs.formats.dicom_directory import announced
from jobs.formats.dicom_inspection import ANNOUNCEMENTS, DOCUMENTS, EXTENSION_OF, Inspector, inspect
from jobs.formats.dicom_limits import Limits

# The same bytes at each run: the names of tests are made of them.
zipped = functools.partial(gzip.compress, mtime=0)

IDENTIFIED = data_set(1, ProcedureCodeSequence=None).to_json_dict()
LINE = json.dumps(IDENTIFIED).encode()
OF_PYDICOM = pathlib.Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests"


@pytest.fixture
def look(tmp_path):
    def at(data, limits=None):
        path = tmp_path / "arrived"
        path.write_bytes(data)
        return inspect(str(path), limits)

    return at


@pytest.mark.parametrize(
    ("data", "shape", "records"),
    [
        (instance(1), "dicom", 1),
        (instance(1)[:300], "dicom", 1),
        (instance(1)[132:], "dicom", 1),
        (zipped(instance(1)), "dicom", 1),
        (LINE, "dicom-ndjson", 1),
        (LINE + b"\n\n" + LINE + b"\n", "dicom-ndjson", 3),
        (b"oops\n" + LINE + b"\n", "unknown", 0),
        (b"{oops\n" + LINE + b"\n", "dicom-ndjson", 2),
        (b"[" + LINE + b"," + LINE + b"]", "dicom-json", 2),
        (json.dumps([IDENTIFIED, IDENTIFIED], indent=1).encode(), "dicom-json", 2),
        (json.dumps(IDENTIFIED, indent=1).encode(), "dicom-json", 1),
        (b"[]", "dicom-json", 0),
    ],
)
def test_a_file_is_what_its_content_says(look, tmp_path, data, shape, records):
    seen = look(data)
    assert (seen.shape, seen.records) == (shape, records)
    if shape != "unknown":
        read = list(dicom.read(str(tmp_path / "arrived"), document=shape in DOCUMENTS, limits=Limits()))
        assert len(read) == records


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (b"", ("empty_file",)),
        (b"Dear colleague,\n", ("not_dicom",)),
        (b'{"resourceType":"Patient","id":"1"}\n', ("not_dicom",)),
        (b'[{"resourceType":"Patient"}]', ("not_dicom",)),
        (b"\0" * 5000, ("unknown_format",)),
        (LINE + b"\n" + LINE[:-9], ("truncated",)),
        ((b"[" + LINE + b"," + LINE)[:-9], ("truncated",)),
        (zipped(instance(1))[:-9], ("truncated_gzip",)),
        (zipped(b"PK\3\4" + b"\0" * 100), ("nested_archive",)),
        (instance(1), ()),
        # A damaged instance is one bad row and holds nobody up.
        (instance(1)[:300], ()),
        (LINE + b"\n" + LINE, ()),
    ],
)
def test_what_holds_a_delivery_has_a_name(look, data, faults):
    assert look(data).faults == faults


def test_a_document_above_the_limit_is_held(look):
    data = json.dumps([IDENTIFIED] * 3, indent=1).encode()
    assert look(data, Limits(document_bytes=1000)).faults == ("document_too_large",)


def test_it_does_not_matter_in_which_blocks_a_file_comes(tmp_path):
    path = tmp_path / "arrived"
    for data in (instance(1), zipped(instance(2)), LINE * 3, b"[" + LINE + b"]"):
        path.write_bytes(data)
        inspector = Inspector(Limits())
        for at in range(0, len(data), 7):
            inspector.update(data[at : at + 7])
        assert inspector.finish(str(path)) == inspect(str(path))


def test_every_shape_has_an_extension():
    assert set(DOCUMENTS) | set(ANNOUNCEMENTS) <= EXTENSION_OF.keys()


# DICOMDIR


def directory(*names, in_use=0xFFFF):
    """A DICOMDIR that refers to files."""
    from pydicom.dataset import Dataset, FileMetaDataset

    made = Dataset()
    made.FileSetID = "MEDIUM"
    made.DirectoryRecordSequence = []
    for name in names:
        record = Dataset()
        record.RecordInUseFlag, record.DirectoryRecordType = in_use, "IMAGE"
        record.ReferencedFileID = name.split("/")
        made.DirectoryRecordSequence.append(record)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    made.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    written = io.BytesIO()
    pydicom.dcmwrite(written, made, enforce_file_format=True)
    return written.getvalue()


def test_a_dicomdir_announces_the_files_it_refers_to(look):
    data = directory("DIR1/IM1", "DIR1/IM2")
    assert look(data).shape in ANNOUNCEMENTS
    said = announced(data)
    assert [(file.name, file.type, file.count) for file in said.files] == [
        ("DIR1/IM1", "DICOM", 1),
        ("DIR1/IM2", "DICOM", 1),
    ]
    assert announced(directory("IM1", in_use=0)).files == ()


def test_the_files_of_a_folder_are_held_against_its_dicomdir():
    said = announced(directory("DIR1/IM1", "DIR1/IM2"))
    here = [Arrived(n, f"dir/IM{n}", "", "DICOM", 1) for n in (1, 2, 3)]
    assert reconcile(said, here[:2]).reasons == ()
    assert [reason.fault for reason in reconcile(said, here[:1]).reasons] == ["manifest_file_missing"]
    assert [reason.fault for reason in reconcile(said, here).reasons] == ["not_in_manifest"]


def test_names_that_repeat_in_several_folders_are_counted():
    said = announced(directory("A/IM1", "B/IM1"))
    here = [Arrived(n, "IM1", "", "DICOM", 1) for n in (1, 2)]
    assert (reconcile(said, here).by, reconcile(said, here).reasons) == ("type", ())
    assert [reason.fault for reason in reconcile(said, here[:1]).reasons] == ["manifest_mismatch"]


@pytest.mark.parametrize("cut", [-40, -400])
def test_a_damaged_dicomdir_is_named(cut):
    data = directory(*[f"IM{n}" for n in range(20)])
    assert announced(data[:cut]).faults == ("manifest_unreadable",)


@pytest.mark.parametrize(
    ("members", "faults"),
    [
        (["IM1", "im2"], ()),
        (["IM1"], ("manifest_file_missing",)),
        (["IM1", "IM2", "IM3"], ("not_in_manifest",)),
        (["IM1", "IM3"], ("manifest_file_missing", "not_in_manifest")),
    ],
)
def test_the_members_of_a_zip_are_held_against_its_dicomdir(look, members, faults):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("CD/DICOMDIR", directory("IM1", "IM2"))
        for number, name in enumerate(members):
            archive.writestr(f"CD/{name}", instance(number))
    seen = look(written.getvalue())
    assert (seen.faults, seen.records) == (faults, len(members))


def test_the_dicomdir_of_a_whole_medium_agrees_with_its_files():
    folder = OF_PYDICOM / "TINY_ALPHA"
    said = announced((folder / "DICOMDIR").read_bytes())
    assert said.faults == ()
    assert {file.name for file in said.files} == {
        str(path.relative_to(folder)) for path in folder.rglob("IM*") if path.is_file()
    }
