"""ImagingStudy resources of FHIR as dicts: samples of imaging tests."""

DCM = "http://dicom.nema.org/resources/ontology/DCM"


def series(uid="1.2.840.1.1", **given):
    return {
        "uid": uid,
        "number": 1,
        "modality": {"system": DCM, "code": "DX", "display": "Digital Radiography"},
        "bodySite": {"system": "http://snomed.info/sct", "code": "51185008"},
        "started": "2023-03-06T22:50:34+00:00",
        "numberOfInstances": 1,
        "instance": [
            {"uid": "1.2.840.1.1.1", "sopClass": {"code": "urn:oid:1.2.840.10008.5.1.4.1.1.1.1"}, "number": 1}
        ],
        **given,
    }


def study(*of_series, **given):
    return {
        "resourceType": "ImagingStudy",
        "id": "s1",
        "identifier": [{"use": "official", "system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.840.1"}],
        "status": "available",
        "subject": {"reference": "Patient/1"},
        "encounter": {"reference": "Encounter/e1"},
        "started": "2023-03-06T22:40:00+00:00",
        "numberOfSeries": 1,
        "numberOfInstances": 1,
        "procedureCode": [{"coding": [{"code": "399208008"}], "text": "Plain chest X-ray"}],
        "location": {"reference": "Location/l1"},
        "series": list(of_series or [series()]),
        **given,
    }
