"""HL7 v2 messages as silver reads them: the rows of silver.translated that they give."""

import datetime
import zoneinfo

from jobs.formats.hl7v2_fhir import translate_written
from jobs.formats.translation import Said, Source

ZONE = "America/New_York"
LANDED = datetime.datetime(2026, 3, 1, 6, 0)


def message(kind, hour, *segments):
    """A message of an hour of the first of March 2026."""
    return "\r".join(
        [f"MSH|^~\\&|ADT|H|LW|H|202603{1 + hour // 24:02}{hour % 24:02}00||{kind}|M{hour}|P|2.5", *segments]
    )


def translated(rows, *messages):
    """The rows of silver.translated of these messages, each of which came with a delivery of its own."""
    return all_translated(rows, demo=messages)


def all_translated(rows, options=None, **stories):
    """The same of the messages of several tenants, by the tenant's name; the feed may have options.

    A message of another feed than adt_hl7v2 comes with its name, as (feed, message).
    """
    from pyspark.sql import functions as F

    given = [
        row
        for tenant, messages in stories.items()
        for place, text in enumerate(messages)
        for row in _said(tenant, place, *(("adt_hl7v2", text) if isinstance(text, str) else text), options or {})
    ]
    return rows("silver.translated", *given).withColumn("time_zone", F.lit(ZONE))


def _said(tenant, place, name, text, options):
    feed = Source(name, tenant, zoneinfo.ZoneInfo(ZONE), options, {})
    at = LANDED + datetime.timedelta(days=1, minutes=place)
    for one in translate_written(Said(None, None, text.encode(), None, at), feed):
        yield {
            "translated_id": hash((tenant, place, one.resource_type, one.resource_id)) & 0x7FFF_FFFF_FFFF_FFFF,
            "tenant": tenant,
            "feed": feed.feed,
            "delivery_id": f"d{place:04}",
            "file_digest": f"{place:064}",
            "position": 0,
            "record_id": place + 1,
            "received_at": at,
            "record_type": text.split("|")[8],
            "resource_type": one.resource_type,
            "resource_id": one.resource_id,
            "last_updated": one.last_updated and one.last_updated.replace(tzinfo=None),
            "method": one.method,
            "payload": one.text,
            "payload_hash": hash(one.text) & 0x7FFF_FFFF_FFFF_FFFF,
        }
