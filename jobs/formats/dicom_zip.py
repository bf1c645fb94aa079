"""Zip files of DICOM instances (PS3.12 annex V; APPNOTE.TXT sections 4.3 and 4.4): what they hold, and what they hide.

Every byte of the file belongs to one member or to the central directory; a zip of which that is not so, or that
says one thing in its directory and another before the member, is refused whole. Nothing is ever written to a
folder, yet names that would lead out of one are refused too: they are a sign of an attack.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from jobs.formats.dicom_deflate import inflate
from jobs.formats.dicom_limits import Limits
from jobs.formats.unpacking import HARMLESS, UNPACKED_TOO_LARGE, ZIP_BOMB

BAD_ZIP = "bad_zip"
UNSAFE_NAME = "unsafe_member_name"
LINK = "link_in_zip"
OVERLAPPING = "overlapping_members"
BYTES_OUTSIDE = "bytes_outside_members"
NESTED_ARCHIVE = "nested_archive"
ENCRYPTED = "encrypted_zip"
UNKNOWN_COMPRESSION = "unknown_compression"
TOO_MANY_MEMBERS = "too_many_members"
REPEATED_NAME = "repeated_member_name"
# Every fault for which a zip is refused, with what it means to the sender.
FAULTS = {
    BAD_ZIP: "a zip file that contradicts itself or is cut",
    UNSAFE_NAME: "a member's name leads out of the folder it would be unpacked to",
    LINK: "a member is a link or a device",
    OVERLAPPING: "two members claim the same bytes",
    BYTES_OUTSIDE: "bytes that belong to no member",
    NESTED_ARCHIVE: "an archive in the archive",
    ENCRYPTED: "a member is encrypted",
    UNKNOWN_COMPRESSION: "a member is neither stored nor deflated",
    TOO_MANY_MEMBERS: "more members than the feed's limit",
    REPEATED_NAME: "two members have the same name",
    ZIP_BOMB: "unpacks to more than the feed's ratio allows",
    UNPACKED_TOO_LARGE: "unpacks to more than the feed's limit",
}

ZIP = (b"PK\3\4", b"PK\5\6")
_ARCHIVES = (b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
_IS_ENCRYPTED, _HAS_DESCRIPTOR, _IS_UTF8 = 1, 8, 1 << 11
# Sizes behind the data, with and without signature, of four or of eight bytes (APPNOTE 4.3.9).
_DESCRIPTORS = (0, 12, 16, 20, 24)
_BLOCK = 4 << 20


class ZipError(ValueError):
    """A zip that is refused; names the fault."""


class Member(NamedTuple):
    """One member: its number in the directory, its name, its place from local header to next one, its data."""

    number: int
    name: str
    start: int
    end: int
    data_at: int
    packed: int
    size: int
    checksum: int
    is_deflated: bool
    flags: int

    @property
    def is_folder(self) -> bool:
        """Whether it only names a folder."""
        return self.name.endswith("/")


def is_zip(head: bytes) -> bool:
    """Whether bytes begin as a zip does."""
    return head.startswith(ZIP)


def members(data: Any, limits: Limits) -> list[Member]:
    """The members of a zip in the order of their bytes; ZipError when it is refused."""
    try:
        place, size, count = _directory(data)
        if count > limits.members:
            raise ZipError(TOO_MANY_MEMBERS)
        found = sorted(_central(data, place, size, count), key=lambda one: one.start)
    except struct.error:
        raise ZipError(BAD_ZIP) from None
    if len({one.name.casefold() for one in found}) < len(found):
        raise ZipError(REPEATED_NAME)
    _check_sizes(found, limits)
    return _without_gaps(found, place)


def _directory(data: Any) -> tuple[int, int, int]:
    """Where the central directory lies, its size, how many members it names."""
    total = len(data)
    tail = bytes(data[max(0, total - _END.size - 0xFFFF) :])
    at = tail.rfind(b"PK\5\6")
    if at < 0:
        raise ZipError(BAD_ZIP)
    end = total - len(tail) + at
    _, disk, first_disk, here, count, size, place, comment = _END.unpack_from(tail, at)
    if end >= _LOCATOR_64.size and data[end - _LOCATOR_64.size : end - _LOCATOR_64.size + 4] == b"PK\6\7":
        end = _LOCATOR_64.unpack_from(data, end - _LOCATOR_64.size)[2]
        mark, _, _, _, disk, first_disk, here, count, size, place = _END_64.unpack_from(data, end)
        if mark != b"PK\6\6":
            raise ZipError(BAD_ZIP)
    if at + _END.size + comment != len(tail) or disk or first_disk or here != count or place + size != end:
        raise ZipError(BAD_ZIP)
    return place, size, count


def _central(data: Any, place: int, size: int, count: int) -> Iterator[Member]:
    end = place + size
    for number in range(count):
        entry = _CENTRAL.unpack_from(data, place)
        mark, made, _, flags, method, _, _, checksum, packed, unpacked, name_size, extra, comment, _, _, kind, at = (
            entry
        )
        name_at = place + _CENTRAL.size
        place = name_at + name_size + extra + comment
        if mark != b"PK\1\2" or place > end:
            raise ZipError(BAD_ZIP)
        raw = bytes(data[name_at : name_at + name_size])
        unpacked, packed, at = _long(
            bytes(data[name_at + name_size : name_at + name_size + extra]), (unpacked, packed, at)
        )
        if flags & _IS_ENCRYPTED:
            raise ZipError(ENCRYPTED)
        if method not in (_STORED, _DEFLATED):
            raise ZipError(UNKNOWN_COMPRESSION)
        # Attributes of Unix and macOS say what kind of file it was.
        kind = stat.S_IFMT(kind >> 16) if made >> 8 in (3, 19) else 0
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ZipError(LINK)
        data_at = _data_at(data, at, raw, flags, method, (checksum, packed, unpacked))
        yield Member(
            number, _safe(raw, flags), at, data_at + packed, data_at, packed, unpacked, checksum,
            method == _DEFLATED, flags,
        )  # fmt: skip
    if place != end:
        raise ZipError(BAD_ZIP)


def _long(extra: bytes, short: tuple[int, int, int]) -> tuple[int, int, int]:
    """Sizes and offset, from the zip64 field where they do not fit four bytes (APPNOTE 4.5.3)."""
    at, longs = 0, b""
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            longs = extra[at + 4 : at + 4 + size]
        at += 4 + size
    found = []
    for value in short:
        if value == 0xFFFFFFFF:
            (value,), longs = struct.unpack_from("<Q", longs), longs[8:]
        found.append(value)
    return found[0], found[1], found[2]


def _data_at(data: Any, at: int, name: bytes, flags: int, method: int, sizes: tuple[int, int, int]) -> int:
    """Where a member's data begins; its local header must say what the directory says."""
    mark, _, own_flags, own_method, _, _, *own, name_size, extra = _LOCAL.unpack_from(data, at)
    name_at = at + _LOCAL.size
    same = (own_flags & (_IS_ENCRYPTED | _HAS_DESCRIPTOR), own_method, bytes(data[name_at : name_at + name_size]))
    if mark != b"PK\3\4" or same != (flags & (_IS_ENCRYPTED | _HAS_DESCRIPTOR), method, name):
        raise ZipError(BAD_ZIP)
    if not flags & _HAS_DESCRIPTOR and any(
        one not in (other, 0xFFFFFFFF) for one, other in zip(own, sizes, strict=True)
    ):
        raise ZipError(BAD_ZIP)
    return int(name_at + name_size + extra)


def _safe(raw: bytes, flags: int) -> str:
    try:
        name = raw.decode("utf-8" if flags & _IS_UTF8 else "cp437").replace("\\", "/")
    except UnicodeDecodeError:
        raise ZipError(BAD_ZIP) from None
    parts = name.removesuffix("/").split("/")
    if "\0" in name or ":" in parts[0] or any(part in ("", ".", "..") for part in parts):
        raise ZipError(UNSAFE_NAME)
    return name


def _check_sizes(found: Sequence[Member], limits: Limits) -> None:
    if sum(one.size for one in found) > limits.unpacked_bytes:
        raise ZipError(UNPACKED_TOO_LARGE)
    if any(one.size > max(HARMLESS, limits.unpacked_ratio * one.packed) for one in found):
        raise ZipError(ZIP_BOMB)
    if any(one.size and one.is_folder or one.size != one.packed and not one.is_deflated for one in found):
        raise ZipError(BAD_ZIP)


def _without_gaps(found: Sequence[Member], directory: int) -> list[Member]:
    """The members, each up to where the next begins; between them only what the standard puts there."""
    ends = [*(one.start for one in found[1:]), directory][: len(found)]
    if (found[0].start if found else directory) != 0:
        raise ZipError(BYTES_OUTSIDE)
    for one, end in zip(found, ends, strict=True):
        if one.end > end:
            raise ZipError(OVERLAPPING)
        if end - one.end not in (_DESCRIPTORS if one.flags & _HAS_DESCRIPTOR else (0,)):
            raise ZipError(BYTES_OUTSIDE)
    return [one._replace(end=end) for one, end in zip(found, ends, strict=True)]


def head(data: Any, member: Member, limits: Limits, enough: int) -> bytes:
    """The first bytes of a member's content; less than there are when its packing is damaged."""
    if not member.is_deflated:
        return bytes(data[member.data_at : member.data_at + min(enough, member.size)])
    return inflate(data, member.data_at, member.data_at + member.packed, limits, enough=enough).data[:enough]


def verify(data: Any, member: Member, limits: Limits) -> None:
    """Unpack a member to its end and compare size and checksum; ZipError when it is not what it claims to be."""
    if head(data, member, limits, 8).startswith(_ARCHIVES):
        raise ZipError(NESTED_ARCHIVE)
    end = member.data_at + member.packed
    if member.is_deflated:
        found = inflate(data, member.data_at, end, limits, keep=0)
        size, checksum, fault = found.size, found.checksum, found.fault
    else:
        size, checksum, fault = member.size, 0, None
        for at in range(member.data_at, end, _BLOCK):
            checksum = zlib.crc32(data[at : min(at + _BLOCK, end)], checksum)
    if fault or (size, checksum) != (member.size, member.checksum):
        raise ZipError(BAD_ZIP)
