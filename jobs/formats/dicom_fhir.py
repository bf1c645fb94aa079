"""DICOM instances as FHIR R4: who was examined, and the study, the series and the image that one header speaks of.

    Patient           <issuer>-<patient id>   (0010,0020)
    Practitioner      who referred (0008,0090), who performed or operated (0008,1050), (0008,1070)
    Device            <serial number>         what made the images: manufacturer, model, serial number, station
    ImagingStudy      <study UID>             the study, without its series: other headers tell those
    ImagingSeries     <series UID>            an ImagingStudy with this one series, without its images
    ImagingInstance   <instance UID>          an ImagingStudy with this series and this one image

The last two are no types of FHIR: a header knows one image of a series of a study, and as one resource for each of
the three the newest version of any is the thing itself, whatever order headers come in. Where FHIR has no place for
what a header says, there are extensions: `dicom-raw` has what was sent where it was cleaned, `dicom-acquisition` how
an image was made, and with what, with its unit and what was sent; `dicom-retrieve` where a series is to be had.
"""

from __future__ import annotations

import datetime
from typing import Any

import orjson

from jobs.formats import dicom_rows
from jobs.formats.dicom_attributes import Tags, codes, items, name_parts
from jobs.formats.dicom_fhir_acquisition import acquisition, raw, retrieval, setting
from jobs.formats.dicom_memory import Remembered, Shared, Written, remembered
from jobs.formats.dicom_subject import Row
from jobs.formats.translation import Resource, Said, Source, ident, with_offset, write

THO = "http://terminology.hl7.org/CodeSystem/"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
# The defined terms of Body Part Examined (0018,0015).
BODY_PARTS = "http://dicom.nema.org/medical/dicom/current/output/chtml/part16/chapter_L.html"
UIDS = "urn:ietf:rfc:3986"
# Coding Scheme Designators (PS3.16 table 8-1) that have a URI; others are passed on as sent.
SCHEMES = {
    "SCT": "http://snomed.info/sct", "SRT": "http://snomed.info/srt", "SNM3": "http://snomed.info/srt",
    "99SDM": "http://snomed.info/srt", "DCM": DCM, "LN": "http://loinc.org", "UCUM": "http://unitsofmeasure.org",
    "C4": "http://www.ama-assn.org/go/cpt", "CPT4": "http://www.ama-assn.org/go/cpt",
    "I10C": "http://hl7.org/fhir/sid/icd-10-cm", "I10P": "http://www.cms.gov/Medicare/Coding/ICD10",
    "I9C": "http://hl7.org/fhir/sid/icd-9-cm", "RADLEX": "http://radlex.org",
    "NPI": "http://hl7.org/fhir/sid/us-npi",
}  # fmt: skip
_GENDERS = {"M": "male", "F": "female", "O": "other"}
# CID 244, Laterality, in the codes of DICOM's own terms.
_SIDES = {"R": "Right", "L": "Left", "B": "Right and left", "U": "Unilateral"}
_REFERRER, _REFERRER_IDS = "00080090", "00080096"
_PERFORMER, _PERFORMER_IDS = "00081050", "00081052"
_OPERATOR, _OPERATOR_IDS = "00081070", "00081072"
_PERSON_CODES = "00401101"


def translate(record: Said, feed: Source) -> list[Resource]:
    """What one instance says; times without offset are those of the feed's zone."""
    tags = orjson.loads(record.payload)
    known = remembered(tags, feed, _shared)
    return [*known.resources, *_instance(tags, known)]


def translate_written(record: Said, feed: Source) -> list[Written]:
    """The same as JSON texts: what all headers of a series say is written once."""
    tags = orjson.loads(record.payload)
    known = remembered(tags, feed, _shared)
    return [*known.written, *[(*one[:4], write(one)) for one in _instance(tags, known)]]


def _instance(tags: Tags, known: Remembered) -> list[Resource]:
    image = dicom_rows.imaging_instance(tags)
    if not known.series or not image["instance_uid"]:
        return []
    body = {**known.shared, "series": [{**known.series, "instance": [_image(image)]}]}
    return [Resource("ImagingInstance", ident(image["instance_uid"]), None, None, body)]


def _shared(tags: Tags, feed: Source) -> Shared:
    """What all headers of a series say alike."""
    study, series = dicom_rows.imaging_study(tags), dicom_rows.imaging_series(tags)
    if not study["study_uid"]:
        return [], {}, {}
    told = Told(feed)
    subject = told.patient(study)
    referrer = told.practitioner(tags, _REFERRER, _REFERRER_IDS)
    performer = told.practitioner(tags, _PERFORMER, _PERFORMER_IDS) or told.practitioner(tags, _OPERATOR, _OPERATOR_IDS)
    device = told.device(series)
    shared: dict[str, Any] = {
        "identifier": _identifiers(study),
        "status": "available",
        "subject": subject,
        "started": told.moment(study, "study"),
        "procedureCode": _coded(study["procedure_codes"], study["procedure_text"]),
    }
    told.say("ImagingStudy", ident(study["study_uid"]), shared | _study(study, series, referrer))
    if not series["series_uid"]:
        return told.resources, shared, {}
    one = _series(told, series, performer, device)
    one["extension"] += setting(series, study) + retrieval(tags)
    told.say("ImagingSeries", ident(series["series_uid"]), shared | {"series": [one]})
    return told.resources, shared, {"uid": series["series_uid"], "number": series["number"]}


def _study(study: Row, series: Row, referrer: dict[str, str] | None) -> dict[str, Any]:
    return {
        "encounter": _by_identifier("Encounter", study["admission_id"]),
        "basedOn": [_by_identifier("ServiceRequest", study["accession_number"])],
        "modality": [_modality(one) for one in study["modalities_raw"]] or [_modality(series["modality"])],
        "referrer": referrer,
        "reasonCode": _coded(study["reason_codes"], study["reason_text"]),
        "description": study["description"],
        "numberOfSeries": study["series_count"],
        "numberOfInstances": study["instance_count"],
        "extension": raw(study, "study_date", "study_time", "timezone_offset"),
    }


class Told:
    """The resources that a header gives, each once."""

    def __init__(self, feed: Source) -> None:
        self.feed = feed
        self.resources: list[Resource] = []
        self._known: set[tuple[str, str]] = set()

    def say(self, kind: str, name: str, body: dict[str, Any], at: datetime.datetime | None = None) -> dict[str, str]:
        """Tell of a thing; a reference to it."""
        if (kind, name) not in self._known:
            self._known.add((kind, name))
            self.resources.append(Resource(kind, name, at, None, body))
        return {"reference": f"{kind}/{name}"}

    def moment(self, row: Row, what: str) -> str | None:
        """A moment of a row, with an offset where there is a time; what cannot be read is as it was sent."""
        if at := row[f"{what}_at"]:
            # Of a time without fraction no fraction is told.
            at = at.replace(".000000", "")
            return at if row["timezone_offset"] else with_offset(at, self.feed.time_zone)
        date: str | None = row[f"{what}_date"] or row[f"{what}_date_raw"]
        return date

    def patient(self, study: Row) -> dict[str, str] | None:
        """The Patient; an id is needed to know them again."""
        number, issuer = study["source_patient_id"], study["source_patient_issuer"]
        if not number:
            return None
        others = [{"value": one} for one in study["other_patient_ids"] if one != number]
        mine = {"type": {"coding": [_coding("MR", f"{THO}v2-0203")]}, "system": _system(issuer), "value": number}
        body = {
            "identifier": [mine, *others],
            "name": [_human_name({part: study[f"patient_{part}"] for part in _PARTS})],
            "birthDate": study["birth_date"] or study["birth_date_raw"],
            "gender": _GENDERS.get(study["sex"] or "") or study["sex_raw"],
        }
        return self.say("Patient", ident(issuer, number), body)

    def practitioner(self, tags: Tags, name: str, numbers: str) -> dict[str, str] | None:
        """A person whom a header names: known again by the code that identifies them, else by the name."""
        parts = name_parts(tags, name)
        found = [code for item in items(tags, numbers)[:1] for code in codes(item, _PERSON_CODES) if code["code"]]
        if not found and not any(parts.values()):
            return None
        known = [{"system": _scheme(one["system"]), "value": one["code"]} for one in found]
        number = (found[0]["system"], found[0]["code"]) if found else ("name", *(parts[part] for part in _PARTS))
        return self.say("Practitioner", ident(*number), {"identifier": known, "name": [_human_name(parts)]})

    def device(self, series: Row) -> dict[str, str] | None:
        """What made the images, when it has a serial number: stations are renamed, models are many."""
        serial = series["device_serial_number"]
        if not serial:
            return None
        body = {
            "manufacturer": series["manufacturer"],
            "serialNumber": serial,
            "modelNumber": series["model"],
            "deviceName": [{"name": series["station"] or series["model"], "type": "user-friendly-name"}],
            "type": {"coding": [_modality(series["modality"])], "text": series["model"]},
        }
        return self.say("Device", ident(series["manufacturer"], series["model"], serial), body)


_PARTS = ("family", "given", "middle", "prefix", "suffix")


def _series(told: Told, row: Row, performer: dict[str, str] | None, device: dict[str, str] | None) -> dict[str, Any]:
    site = [_coding(c["code"], _scheme(c["system"]), c["display"]) for c in row["body_part_codes"]]
    side = row["laterality"]
    return {
        "uid": row["series_uid"],
        "number": row["number"],
        "modality": _modality(row["modality"] or row["modality_raw"]),
        "description": row["description"],
        "numberOfInstances": row["instance_count"],
        # Who coded the region meant it; the term is often left over from a template.
        "bodySite": site[0] if site else _coding(row["body_part"], BODY_PARTS),
        "laterality": _coding(side, DCM, _SIDES[side]) if side else None,
        "started": told.moment(row, "series"),
        "performer": [{"actor": one} for one in (performer, device) if one],
        # What is not told at all is raw too.
        "extension": raw(
            row | {"body_part": None} if site else row,
            "modality",
            "body_part",
            "laterality",
            "series_date",
            "series_time",
        ),
    }


def _image(row: Row) -> dict[str, Any]:
    kind = row["sop_class_uid"]
    return {
        "uid": row["instance_uid"],
        "sopClass": _coding(f"urn:oid:{kind}" if kind else None, UIDS),
        "number": row["number"],
        "title": row["image_type"],
        "extension": acquisition(row),
    }


def _identifiers(study: Row) -> list[dict[str, Any]]:
    accession, issuer = study["accession_number"], study["accession_issuer"]
    found: list[dict[str, Any]] = [{"system": "urn:dicom:uid", "value": f"urn:oid:{study['study_uid']}"}]
    if accession:
        kind = {"coding": [_coding("ACSN", f"{THO}v2-0203")]}
        found.append({"type": kind, "system": _system(issuer), "value": accession})
    return found


def _coded(found: list[dict[str, str | None]], words: str | None) -> list[dict[str, Any]]:
    coded = [_coding(one["code"], _scheme(one["system"]), one["display"]) for one in found]
    return [{"coding": coded, "text": words}]


def _coding(code: str | None, system: str | None, display: str | None = None) -> dict[str, Any]:
    return {"system": system, "code": code, "display": display} if code or display else {}


def _modality(term: str | None) -> dict[str, Any]:
    return _coding(term, DCM)


def _by_identifier(kind: str, value: str | None) -> dict[str, Any] | None:
    return {"type": kind, "identifier": {"value": value}} if value else None


def _scheme(designator: str | None) -> str | None:
    return SCHEMES.get(designator or "", designator)


def _system(issuer: str | None) -> str | None:
    """The system of an issuer's identifiers: its OID as URI, else its name as sent."""
    return f"urn:oid:{issuer}" if issuer and not issuer.strip("0123456789.") else issuer


def _human_name(parts: dict[str, str | None]) -> dict[str, Any]:
    return {
        "family": parts["family"],
        "given": [one for one in (parts["given"], parts["middle"]) if one],
        "prefix": [parts["prefix"]] if parts["prefix"] else [],
        "suffix": [parts["suffix"]] if parts["suffix"] else [],
    }
