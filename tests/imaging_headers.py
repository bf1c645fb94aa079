"""DICOM headers as dicts, and what silver.translated says of them: samples of imaging tests."""

from __future__ import annotations

import datetime
import zoneinfo

import orjson

from jobs.formats.dicom_fhir import translate_written
from jobs.formats.translation import Said, Source

ZONE = "America/New_York"
FEED = "imaging_dicom"
LANDED = datetime.datetime(2026, 3, 1, 6, 0)
HEADER = {
    "00080016": ("UI", "1.2.840.10008.5.1.4.1.1.2"),
    "00080018": ("UI", "1.2.3.3.1"),
    "00080020": ("DA", "20260301"),
    "00080030": ("TM", "0930"),
    "00080060": ("CS", "CT"),
    "00081090": ("LO", "Scan 7"),
    "00100020": ("LO", "P1"),
    "00180015": ("CS", "Thorax"),
    "00180060": ("DS", "120000"),
    "0020000D": ("UI", "1.2.3"),
    "0020000E": ("UI", "1.2.3.3"),
    "00200013": ("IS", "1"),
}


def header(changes=(), **same):
    """The elements of an instance as (VR, value); another in its place, None takes it out."""
    given = {**HEADER, **dict(changes), **same}
    return {tag: {"vr": one[0], "Value": [one[1]]} for tag, one in given.items() if one is not None}


def translated(rows, *headers, feed=FEED, days=0):
    """The rows of silver.translated of these headers, each a record that arrived a minute after the one before."""
    from pyspark.sql import functions as F

    source = Source(feed, "demo", zoneinfo.ZoneInfo(ZONE), {}, {})
    given = []
    for place, tags in enumerate(headers):
        record = 100 * (days + 1) + place + (sum(map(ord, feed)) % 7) * 10_000
        at = LANDED + datetime.timedelta(days=days, minutes=place)
        for kind, name, _, method, payload in translate_written(
            Said("DICOM", None, orjson.dumps(tags), None, at), source
        ):
            given.append(
                {
                    "translated_id": hash((record, kind, name)) & 0x7FFF_FFFF_FFFF_FFFF,
                    "tenant": "demo",
                    "feed": feed,
                    "delivery_id": f"d{days}-{place:04}",
                    "file_digest": f"{place:064}",
                    "position": 0,
                    "record_id": record,
                    "received_at": at,
                    "record_type": "DICOM",
                    "resource_type": kind,
                    "resource_id": name,
                    "method": method,
                    "payload": payload,
                    "payload_hash": hash(payload) & 0x7FFF_FFFF_FFFF_FFFF,
                }
            )
    return rows("silver.translated", *given).withColumn("time_zone", F.lit(ZONE))
