"""DICOM deliveries: bytes in, records out. Files of instances, plain, gzip or in a zip; DICOM JSON, as array or lines.

A record is one instance: its header as the DICOM JSON model (PS3.18 annex F), its place in the file, what is
wrong with it by name. Pixel data are stepped over, never read; a faulty record is a record too. What a reader
must find before it may believe a header is looked for after reading: an instance without its UIDs is no instance.
"""

from __future__ import annotations

import mmap
import pathlib
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from jobs.formats import dicom_elements, dicom_header, dicom_json, dicom_zip, ndjson, stored, strict_json
from jobs.formats.dicom_directory import is_directory
from jobs.formats.dicom_elements import MoreNeededError
from jobs.formats.dicom_header import Header
from jobs.formats.dicom_limits import Limits
from jobs.formats.dicom_record import FAULTS, faulty, of_header, of_json
from jobs.formats.dicom_zip import Member, ZipError
from jobs.formats.ndjson import Line
from jobs.formats.record import Record
from jobs.formats.unpacking import EMPTY_FILE, Unpacker

__all__ = ["FAULTS", "Limits", "Record", "claims_to_be_dicom", "instances", "read", "records"]

# A member of such a name claims to be an instance, whatever its content.
CLAIMING = (".dcm", ".dicom", ".dic", ".ima", "")
# Enough to tell what a file or a member is, and to hold most headers whole.
FIRST_BYTES = 16 << 10


def read(
    path: str, start: int = 0, end: int | None = None, *, document: bool = False, limits: Limits
) -> Iterator[Record]:
    """The records of a file, or those that start in a byte range of it.

    A zip and NDJSON can be read in ranges; `document`: the file is one instance or one JSON text. The place of an
    instance is its header: from group 0002 to before the pixel data; in a zip, that of a deflated member is the
    member as it lies there, and `entry` its number in the directory.
    """
    with stored.at_hand(path) as here, open(here, "rb") as stream:
        head = stream.read(FIRST_BYTES)
        if dicom_zip.is_zip(head):
            yield from _of_zip(stream, start, end, limits)
        elif head.startswith(ndjson.GZIP):
            yield from _unpacked(stream, start, end, document, limits)
        else:
            yield from _of_file(stream, head, start, end, document, limits)


def records(lines: Iterable[Line], limits: Limits) -> Iterator[Record]:
    """The records of DICOM JSON instances, one each, with their exact bytes."""
    for position, length, text in lines:
        if text is None or length > limits.record_bytes:
            yield faulty(position, length, (strict_json.TOO_LARGE,))
            continue
        tags, faults = dicom_json.examine(text, limits)
        yield of_json(tags, position, length, text, faults)


def instances(path: str, limits: Limits) -> Iterator[tuple[Member, bytes]]:
    """The members of a zip that are records, with their first bytes; ZipError when the zip is refused."""
    with open(path, "rb") as stream, _mapped(stream) as data:
        for member in dicom_zip.members(data, limits):
            head = dicom_zip.head(data, member, limits, FIRST_BYTES)
            if _is_record(member, head, limits):
                yield member, head


def claims_to_be_dicom(name: str) -> bool:
    """Whether a file in an archive has the name of an instance, or of an announcement of instances."""
    return pathlib.PurePosixPath(name).suffix.lower() in CLAIMING


def _of_file(
    stream: IO[bytes], head: bytes, start: int, end: int | None, document: bool, limits: Limits
) -> Iterator[Record]:
    if not document:
        stream.seek(0)
        yield from records(ndjson.lines(stream, start, end, longest=limits.document_bytes), limits)
    elif not head:
        yield faulty(0, 0, (EMPTY_FILE,))
    elif head.removeprefix(dicom_json.BOM).lstrip()[:1] in (b"[", b"{"):
        stream.seek(0)
        text = stream.read(limits.document_bytes + 1)
        if len(text) > limits.document_bytes:
            yield faulty(0, stream.seek(0, 2), (strict_json.TOO_LARGE,))
            return
        yield from records(dicom_json.elements_of(text), limits)
    else:
        # Mapped, so that of pixel data nothing is read: what is stepped over never leaves the disk.
        with _mapped(stream) as data:
            header = dicom_header.read(data, len(data), limits)
        yield of_header(header, header.start, header.end - header.start)


def _unpacked(stream: IO[bytes], start: int, end: int | None, document: bool, limits: Limits) -> Iterator[Record]:
    """What is gzip is unpacked beside, as far as the limits go; places count in the unpacked file."""
    stream.seek(0)
    unpacker = Unpacker(limits.unpacked_bytes, limits.unpacked_ratio)
    with tempfile.TemporaryFile() as plain:
        while block := stream.read(ndjson.BLOCK):
            plain.writelines(unpacker.feed(block))
        plain.writelines(unpacker.close())
        if unpacker.fault:
            yield faulty(0, unpacker.unpacked, (unpacker.fault,))
            return
        plain.seek(0)
        yield from _of_file(plain, plain.read(FIRST_BYTES), start, end, document, limits)


def _of_zip(stream: IO[bytes], start: int, end: int | None, limits: Limits) -> Iterator[Record]:
    with _mapped(stream) as data:
        try:
            found = dicom_zip.members(data, limits)
        except ZipError as refused:
            # Refused at the door, and still not silent here.
            if not start:
                yield faulty(0, len(data), (str(refused),))
            return
        for member in found:
            if member.start < start or (end is not None and member.start >= end):
                continue
            head = dicom_zip.head(data, member, limits, FIRST_BYTES)
            if _is_record(member, head, limits):
                yield _of_member(data, member, head, limits)


def _is_record(member: Member, head: bytes, limits: Limits) -> bool:
    """Whether a member is an instance or must be said to be none: not a folder, a DICOMDIR, a viewer's file."""
    if member.is_folder:
        return False
    if head[dicom_header.PREAMBLE :].startswith(dicom_header.PREFIX):
        return not is_directory(dicom_header.meta(head, limits))
    return claims_to_be_dicom(member.name) or dicom_header.is_bare(head)


def _of_member(data: mmap.mmap, member: Member, head: bytes, limits: Limits) -> Record:
    whole = (member.start, member.end - member.start)
    if member.is_deflated:
        header = _deflated_header(data, member, head, limits)
        return of_header(header, *whole, member.number)
    header = dicom_header.read(data, member.data_at + member.size, limits, begin=member.data_at)
    return of_header(header, header.start, header.end - header.start, member.number)


def _deflated_header(data: mmap.mmap, member: Member, head: bytes, limits: Limits) -> Header:
    try:
        return dicom_header.read(head, len(head), limits, size=member.size, base=None)
    except MoreNeededError:
        head = dicom_zip.head(data, member, limits, limits.record_bytes)
    try:
        return dicom_header.read(head, len(head), limits, size=member.size, base=None)
    except MoreNeededError:
        return Header({}, 0, member.size, (dicom_elements.TOO_LARGE,))


def _mapped(stream: IO[bytes]) -> mmap.mmap:
    return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
