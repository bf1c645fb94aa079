"""Translation: what a message, a claim, a row or an image says, as FHIR R4 resources, so that silver reads one shape.

Each format keeps its own words in bronze; its translator (`hl7v2_fhir`, `x12_fhir`, `csv_fhir`, `dicom_fhir`)
gives the resources that one bronze record says. Values are passed on as sent where they do not fit FHIR: it is
silver that names the fault.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import zoneinfo
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

DELETE = "DELETE"
# The extension that names, with blanks between, what a version of a resource says nothing of: there the last word of
# the older versions holds (jobs.columns.unsaid).
UNSAID = "https://lakeward.dev/fhir/unsaid"
# The extension of an Encounter whose number was given up for another one's: valueReference says whose.
REPLACED_BY = "https://lakeward.dev/fhir/replaced-by"
# The extension of what has a complete list of things (with "-" and the segments that list them behind it): valueString
# is who listed them and what, with blanks between. Of each thing in it: who listed it, and nothing else told it since.
LISTED = "https://lakeward.dev/fhir/listed"
LONGEST_ID = 64

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_UNSAFE = re.compile(r"[^A-Za-z0-9.]")


class Resource(NamedTuple):
    """One FHIR R4 resource that a record says.

    `last_updated` is when the source said it, with its zone, or None; `method` is DELETE for a resource that the
    source takes back, else None; `body` is the resource without resourceType, id and meta.
    """

    resource_type: str
    resource_id: str
    last_updated: datetime.datetime | None
    method: str | None
    body: dict[str, Any]


class Said(NamedTuple):
    """A bronze record of a feed that does not speak FHIR; `context` is what of its file it depends on, or None."""

    resource_type: str
    resource_id: str | None
    payload: bytes
    context: bytes | None
    received_at: datetime.datetime


class Source(NamedTuple):
    """What of a feed's declaration (schemas/feeds/<feed>.yaml) a translator goes by."""

    feed: str
    tenant: str
    time_zone: zoneinfo.ZoneInfo
    options: Mapping[str, Any]
    columns: Mapping[str, Any]


def ident(*parts: str | None) -> str:
    """An id (FHIR R4 datatypes, id: letters, digits, - and ., at most 64) that only these parts give.

    >>> ident("MRN", "12345")
    'MRN-12345'
    >>> ident("MRN", "12/345"), ident("MRN", None)
    ('MRN-12-2f-345', 'MRN-')
    >>> len(ident("x" * 100))
    64
    """
    text = "-".join(_UNSAFE.sub(lambda found: f"-{ord(found[0]):02x}-", part or "") for part in parts)
    if len(text) <= LONGEST_ID:
        return text
    return hashlib.sha256("\x1f".join(part or "" for part in parts).encode()).hexdigest()


def number(text: str | None) -> Any:
    """A decimal with all its digits, as JSON writes it; text that is no JSON number stays text.

    >>> orjson.dumps([number("4.10"), number("-7"), number("+1"), number(None)])
    b'[4.10,-7,"+1",null]'
    """
    return orjson.Fragment(text) if text is not None and _NUMBER.fullmatch(text) else text


def with_offset(local: str, zone: zoneinfo.ZoneInfo) -> str:
    """A local dateTime YYYY-MM-DDThh:mm:ss[.f] with the offset its zone had; text that is no such time stays as it is.

    >>> with_offset("2024-07-01T08:00:00", zoneinfo.ZoneInfo("America/New_York"))
    '2024-07-01T08:00:00-04:00'
    >>> with_offset("2024-07-41T08:00:00", zoneinfo.ZoneInfo("America/New_York"))
    '2024-07-41T08:00:00'
    """
    try:
        return datetime.datetime.fromisoformat(local).replace(tzinfo=zone).isoformat()
    except ValueError:
        return local


def without_nothing(value: Any) -> Any:
    """The same without None, empty lists and empty objects at any depth: FHIR has no empty elements."""
    if isinstance(value, dict):
        kept = {name: without_nothing(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one is not None and one != {} and one != []}
    if isinstance(value, list):
        return [one for one in map(without_nothing, value) if one is not None and one != {} and one != []]
    return None if value == "" else value


def write(resource: Resource) -> str:
    """The resource as JSON text, decimals with the digits they came with."""
    named: dict[str, Any] = {"resourceType": resource.resource_type, "id": resource.resource_id}
    return orjson.dumps({**named, **without_nothing(resource.body)}).decode()
