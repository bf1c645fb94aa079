"""Records of DICOM instances: what an instance must say of itself, and every fault it can have."""

from __future__ import annotations

import re
from typing import Any

import orjson

from jobs.formats import (
    dicom_charsets,
    dicom_deflate,
    dicom_elements,
    dicom_header,
    dicom_json,
    dicom_tags,
    dicom_values,
    dicom_zip,
    strict_json,
    unpacking,
)
from jobs.formats.dicom_directory import DICOM
from jobs.formats.dicom_header import Header, first
from jobs.formats.record import Record

NO_SOP_INSTANCE_UID = "no_sop_instance_uid"
NO_STUDY_INSTANCE_UID = "no_study_instance_uid"
NO_SERIES_INSTANCE_UID = "no_series_instance_uid"
NO_MODALITY = "no_modality"
BAD_UID = "bad_uid"
UID_MISMATCH = "uid_mismatch"
# Every fault a record can have, with what it means to the sender.
FAULTS = {
    dicom_header.NOT_DICOM: "neither a DICOM file (PS3.10) nor DICOM JSON",
    dicom_header.NO_PREAMBLE: "a data set without preamble and the prefix DICM (PS3.10 7.1)",
    dicom_header.META_LENGTH: "group 0002 is not as long as it says (0002,0000)",
    dicom_header.NO_TRANSFER_SYNTAX: "no transfer syntax (0002,0010)",
    dicom_header.WRONG_SYNTAX: "written with VRs where the transfer syntax has none, or without where it has",
    dicom_header.TRUNCATED_PIXELS: "ends inside its pixel data",
    dicom_header.BYTES_AFTER_END: "bytes after the pixel data that are no elements",
    dicom_elements.TRUNCATED: "ends inside an element of its header",
    dicom_elements.BEYOND_ITS_PLACE: "an element is longer than the item or sequence it is in",
    dicom_elements.BAD_ITEM: "items or delimiters where none may be, or none where they must be",
    dicom_elements.TAG_ORDER: "tags that do not ascend, or are repeated",
    dicom_elements.TOO_DEEP: "sequences nested deeper than the feed's limit",
    dicom_elements.TOO_LARGE: "larger than the feed's limit",
    dicom_tags.BAD_VR: "a value representation that does not exist",
    dicom_values.ZEROED_BLOCK: "zeros where an element or a character must be",
    dicom_values.BAD_LENGTH: "a value that is no whole number of values of its kind",
    dicom_charsets.BAD_TEXT: "text that is not of the declared character set (0008,0005)",
    dicom_charsets.UNDECLARED_CHARACTERS: "characters that need a character set, and none is declared",
    dicom_charsets.UNKNOWN_CHARACTER_SET: "a character set that is no defined term",
    dicom_deflate.BAD_DEFLATE: "a deflated data set that cannot be unpacked or is cut",
    dicom_deflate.DEFLATE_BOMB: "a deflated data set that unpacks to more than the feed's limit",
    NO_SOP_INSTANCE_UID: "no SOP Instance UID (0008,0018)",
    NO_STUDY_INSTANCE_UID: "no Study Instance UID (0020,000D)",
    NO_SERIES_INSTANCE_UID: "no Series Instance UID (0020,000E)",
    NO_MODALITY: "no Modality (0008,0060)",
    BAD_UID: "a UID that is not digits and dots, or longer than 64",
    UID_MISMATCH: "file meta information (0002,0003) speaks of another instance",
    dicom_json.BAD_ELEMENT: "a name that is no tag, or an element without vr or with two contents (PS3.18 F.2.2)",
    dicom_json.BYTE_ORDER_MARK: "begins with a byte order mark",
    dicom_json.EMPTY_LINE: "a line without content",
    strict_json.NOT_JSON: "not a JSON text (RFC 8259)",
    strict_json.NAN: "NaN or Infinity, which JSON does not have",
    strict_json.DUPLICATE_KEY: "an object names a key twice",
    strict_json.BAD_UTF8: "not UTF-8, or half of a surrogate pair",
    strict_json.NUMBER_OUT_OF_RANGE: "a number beyond what any reader holds",
    unpacking.EMPTY_FILE: "a file without content",
    unpacking.BAD_GZIP: "a gzip file that cannot be unpacked",
    unpacking.TRUNCATED_GZIP: "a gzip file that is cut",
    **dicom_zip.FAULTS,
}

_SOP_INSTANCE, _META_INSTANCE, _MODALITY = "00080018", "00020003", "00080060"
_STUDY, _SERIES = "0020000D", "0020000E"
# What only the answer to a query counts: series or instances of a study, instances of a series (PS3.18 10.6.3.3).
_OF_STUDY, _OF_SERIES = ("00201206", "00201208"), "00201209"
_UIDS = {_SOP_INSTANCE: NO_SOP_INSTANCE_UID, _STUDY: NO_STUDY_INSTANCE_UID, _SERIES: NO_SERIES_INSTANCE_UID}
_UID = re.compile(r"[0-9.]{1,64}\Z")
_LONGEST = (1 << 31) - 1


def of_header(header: Header, position: int, length: int, entry: int | None = None) -> Record:
    """The record of a header that lies at a place."""
    payload = orjson.dumps(header.tags) if header.tags else None
    if payload is None:
        return faulty(position, length, header.faults, entry)
    return _of_tags(header.tags, position, length, entry, payload, header.faults, tuple(_UIDS))


def of_json(tags: dict[str, Any], position: int, length: int, payload: bytes, faults: tuple[str, ...]) -> Record:
    """The record of DICOM JSON: an instance, or a study or series as a query answers with (QIDO-RS)."""
    return _of_tags(tags, position, length, None, payload, faults, _level(tags))


def _level(tags: dict[str, Any]) -> tuple[str, ...]:
    """The UIDs that must be there."""
    if not first(tags, _SOP_INSTANCE):
        if first(tags, _SERIES) and _OF_SERIES in tags:
            return (_STUDY, _SERIES)
        if not first(tags, _SERIES) and any(name in tags for name in _OF_STUDY):
            return (_STUDY,)
    return tuple(_UIDS)


def _of_tags(
    tags: dict[str, Any],
    position: int,
    length: int,
    entry: int | None,
    payload: bytes,
    faults: tuple[str, ...],
    uids: tuple[str, ...],
) -> Record:
    """The record of what is in the JSON model, and must say these of its UIDs."""
    if not tags:
        return faulty(position, length, faults, entry, payload)
    uid = first(tags, _SOP_INSTANCE if _SOP_INSTANCE in uids else uids[-1])
    faults += _missing(tags, uids)
    uid = uid if type(uid) is str else None
    place = (position, min(length, _LONGEST), entry)
    return Record(*place, DICOM, uid, None, None, None, None, payload, faults)


def _missing(tags: dict[str, Any], uids: tuple[str, ...]) -> tuple[str, ...]:
    """The faults of a thing that does not say which it is (PS3.3 C.12.1, C.7.2.1, C.7.3.1)."""
    found = {name: first(tags, name) for name in (*_UIDS, _META_INSTANCE)}
    faults = [_UIDS[name] for name in uids if not found[name]]
    if _SERIES in uids and not first(tags, _MODALITY):
        faults.append(NO_MODALITY)
    if any(uid and not (type(uid) is str and _UID.match(uid)) for uid in found.values()):
        faults.append(BAD_UID)
    if found[_META_INSTANCE] and found[_SOP_INSTANCE] and found[_META_INSTANCE] != found[_SOP_INSTANCE]:
        faults.append(UID_MISMATCH)
    return tuple(faults)


def faulty(
    position: int, length: int, faults: tuple[str, ...], entry: int | None = None, payload: bytes | None = None
) -> Record:
    """The record of what is no instance."""
    return Record(position, min(length, _LONGEST), entry, None, None, None, None, None, None, payload, faults)
