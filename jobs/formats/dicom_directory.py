"""DICOMDIR (PS3.3 annex F): what a medium says it holds, read as an announcement of files."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Any

from jobs.formats import dicom_header
from jobs.formats.announcement import BAD_ANNOUNCEMENT, MISSING, UNANNOUNCED, Announced, Announcement
from jobs.formats.dicom_limits import Limits

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
DICOM = "DICOM"
_RECORDS, _IN_USE, _FILE = "00041220", "00041410", "00041500"


def is_directory(tags: dict[str, Any]) -> bool:
    """Whether a header is that of a DICOMDIR."""
    return bool(dicom_header.first(tags, "00020002") == MEDIA_STORAGE_DIRECTORY)


def announced(data: bytes) -> Announcement:
    """The files that a DICOMDIR refers to, each an instance; names with / between their parts."""
    header = dicom_header.read(data, len(data), Limits(record_bytes=1 << 30, elements=1 << 24))
    faults = (BAD_ANNOUNCEMENT,) if header.faults or _RECORDS not in header.tags else ()
    records = header.tags.get(_RECORDS, {}).get("Value", [])
    names = [name for record in records for name in [_name(record)] if name]
    return Announcement(None, tuple(Announced(name, DICOM, 1) for name in names), None, faults)


def _name(record: dict[str, Any]) -> str | None:
    # PS3.3 F.3.2.2: FFFFH is in use; 0000H is deleted.
    if dicom_header.first(record, _IN_USE) == 0:
        return None
    return "/".join(str(part) for part in record.get(_FILE, {}).get("Value", []) if part) or None


def compare(said: Announcement, place: str, names: Iterable[str]) -> tuple[str, ...]:
    """The faults of a DICOMDIR that lies at `place` beside files of these names; media have them in capitals or not."""
    folder = posixpath.dirname(place)
    expected = {posixpath.join(folder, file.name).casefold() for file in said.files}
    # A file's name may end in a version, as ISO 9660 has it.
    here = {name.casefold().removesuffix(";1") for name in names}
    missing = (MISSING,) if expected - here else ()
    return said.faults + missing + ((UNANNOUNCED,) if here - expected else ())
