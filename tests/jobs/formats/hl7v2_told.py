"""HL7 v2 messages of the tests and what is told of them as FHIR."""

import datetime
import json
import zoneinfo

from jobs.formats import translation
from jobs.formats.hl7v2_fhir import translate
from jobs.formats.translation import Said, Source

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
FEED = Source("adt_hl7v2", "demo", NEW_YORK, {}, {})
RECEIVED = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
PID = "PID|1||7^^^NORTH^MR||Example^Ada^Q||19700102|F"
PV1 = "PV1|1|I|4W^12^1^NORTH||||99^Doe^Jane^^^^^^NPI||||||||||||V1^^^NORTH^VN"
OBR = "OBR|1|P1^EHR|F1^LAB|24323-8^Panel^LN|||20260301080000-0500|||||||||||||||20260301100000-0500||LAB|F"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
MMOL = {"unit": "mmol/L", "system": UCUM, "code": "mmol/L"}


def said(*segments, kind, at="20260301120000-0500"):
    head = f"MSH|^~\\&|LAB|NORTH|EHR|MAIN|{at}||{kind}|M1|P|2.5"
    return Said(kind, "M1", "\r".join([head, *segments]).encode(), None, RECEIVED)


def resources(*segments, kind="ORU^R01", feed=FEED, at="20260301120000-0500"):
    """Resources by `Type/id`."""
    told = translate(said(*segments, kind=kind, at=at), feed)
    return {f"{one.resource_type}/{one.resource_id}": one for one in told}


def bodies(*segments, **how):
    """What is written of each resource, by `Type/id`, without type and id."""
    written = {name: json.loads(translation.write(one)) for name, one in resources(*segments, **how).items()}
    return {name: {k: v for k, v in one.items() if k not in ("resourceType", "id")} for name, one in written.items()}


def of_type(wanted, *segments, **how):
    """The only one of a type."""
    [found] = [body for name, body in bodies(*segments, **how).items() if name.startswith(f"{wanted}/")]
    return found


def obx(value, kind="NM", *, code="2823-3^Potassium^LN", sub="", unit="", usual="", flags="", status="F", more=""):
    return f"OBX|1|{kind}|{code}|{sub}|{value}|{unit}|{usual}|{flags}|||{status}{more}"


def observation(value, kind="NM", **how):
    return of_type("Observation", PID, OBR, obx(value, kind, **how))


def codes(concept):
    return [(one.get("system"), one["code"]) for one in concept["coding"]]
