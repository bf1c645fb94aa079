"""Files of X12 claims and payments, and what silver.translated says of them: samples of tests."""

from __future__ import annotations

import datetime
import zoneinfo

from jobs.formats import x12
from jobs.formats.translation import Said, Source
from jobs.formats.x12_fhir import translate_written

ZONE = "America/New_York"
FEED = "claims_x12"
LANDED = datetime.datetime(2026, 3, 9, 6, 0, tzinfo=datetime.UTC)
ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260301*0800*^*00501*000000001*0*P*:~"
PAYER, PAYEE = "N1*PR*MEDICARE~REF*2U*00001~", "N1*PE*CLINIC*XX*1999999984~"


def remittance(*segments, paid="80", order="I*{paid}*C*CHK", trace="T1"):
    """An 835 of one payment: claim payments (CLP) and provider adjustments (PLB)."""
    body = (
        f"BPR*{order.format(paid=paid)}************20260302~TRN*1*{trace}*1999999999~DTM*405*20260301~"
        f"{PAYER}{PAYEE}LX*1~{''.join(segments)}"
    )
    return f"{ISA}GS*HP*S*R*20260301*0800*1*X*005010X221A1~ST*835*0001~{body}SE*9*0001~GE*1*1~IEA*1*000000001~"


def claim(member, number="C1", name="DOE*JANE", born="19800102*F"):
    """An 837P of one claim of one line, of a member who is the patient."""
    body = (
        "BHT*0019*00*R*20260201*0915*CH~HL*1**20*1~NM1*85*2*CLINIC*****XX*1999999984~N3*1 MAIN ST~"
        f"N4*BOSTON*MA*02101~REF*EI*999999999~HL*2*1*22*0~SBR*P*18*G1*GROUP*****CI~NM1*IL*1*{name}****MI*{member}~"
        f"N3*2 ELM ST~N4*BOSTON*MA*02102~DMG*D8*{born}~NM1*PR*2*MEDICARE*****PI*00001~CLM*{number}*100***11:B:1~"
        "LX*1~SV1*HC:99213*100*UN*1***1~DTP*472*D8*20260201~"
    )
    guide = "005010X222A1"
    return f"{ISA}GS*HC*S*R*20260201*0800*1*X*{guide}~ST*837*0001*{guide}~{body}SE*9*0001~GE*1*1~IEA*1*000000001~"


def translated(rows, *files, feed=FEED):
    """The rows of silver.translated of these files."""
    from pyspark.sql import functions as F

    source = Source(feed, "demo", zoneinfo.ZoneInfo(ZONE), {}, {})
    given = []
    for place, data in enumerate(files):
        content = data if isinstance(data, bytes) else data.encode()
        for number, one in enumerate(x12.records([content], x12.Limits())):
            if one.payload is None:
                continue
            record = 1_000_000 * (place + 1) + number
            said = Said(one.resource_type, one.resource_id, one.payload, one.context, LANDED)
            for kind, name, at, method, payload in translate_written(said, source):
                given.append(
                    {
                        "translated_id": hash((record, kind, name)) & 0x7FFF_FFFF_FFFF_FFFF,
                        "tenant": "demo",
                        "feed": feed,
                        "delivery_id": f"d{place}",
                        "file_digest": f"{place:064}",
                        "position": number,
                        "record_id": record,
                        "received_at": LANDED,
                        "record_type": one.resource_type,
                        "resource_type": kind,
                        "resource_id": name,
                        "last_updated": at,
                        "method": method,
                        "payload": payload,
                        "payload_hash": hash(payload) & 0x7FFF_FFFF_FFFF_FFFF,
                    }
                )
    return rows("silver.translated", *given).withColumn("time_zone", F.lit(ZONE))
