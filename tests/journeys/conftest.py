"""One lake for all journeys: a small hospital delivers twice, and everything is built and published after each."""

import datetime
import json
import pathlib

import pytest

DAY_ONE = datetime.datetime(2026, 3, 1, 6, tzinfo=datetime.UTC)
DAY_TWO = datetime.datetime(2026, 3, 2, 6, tzinfo=datetime.UTC)
LOINC, SNOMED, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"


def concept(system, code, text):
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def patient(number, year, updated="2026-02-28T00:00:00Z", **more):
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "meta": {"lastUpdated": updated},
        "gender": "female",
        "birthDate": f"{year}-05-01",
        "name": [{"family": f"Test{number}"}],
        **more,
    }


def encounter(number, who, npi="1", **more):
    return {
        "resourceType": "Encounter",
        "id": f"e{number}",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/p{who}"},
        "participant": [{"individual": {"reference": f"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|{npi}"}}],
        "period": {"start": "2025-06-01T14:00:00-04:00", "end": "2025-06-01T15:00:00-04:00"},
        **more,
    }


def potassium(number, who, value, updated="2026-02-28T00:00:00Z", status="final"):
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "meta": {"lastUpdated": updated},
        "status": status,
        "category": [concept("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Laboratory")],
        "code": concept(LOINC, "2823-3", "Potassium"),
        "subject": {"reference": f"Patient/p{who}"},
        "encounter": {"reference": f"Encounter/e{who}"},
        "effectiveDateTime": "2025-06-01T22:30:00-04:00",
        "valueQuantity": {"value": value, "unit": "mmol/L", "system": UCUM, "code": "mmol/L"},
    }


def known_as(number):
    """A patient's number at the hospital, by which some rows speak of it instead of by its id."""
    return {"system": "urn:example:mrn", "value": str(number)}


def condition(number, who, code, text, **more):
    return {
        "resourceType": "Condition",
        "id": f"c{number}",
        "code": concept(SNOMED, code, text),
        "subject": {"reference": f"Patient/p{who}"},
        "encounter": {"reference": f"Encounter/e{who}"},
        "onsetDateTime": "2025-06-01",
        **more,
    }


def note(number, who, url):
    return {
        "resourceType": "DocumentReference",
        "id": f"n{number}",
        "status": "current",
        "type": concept(LOINC, "11506-3", "Progress note"),
        "subject": {"reference": f"Patient/p{who}"},
        "date": "2025-06-01T14:30:00-04:00",
        "content": [{"attachment": {"contentType": "text/plain", "url": url}}],
    }


def practitioner(number):
    return {
        "resourceType": "Practitioner",
        "id": f"d{number}",
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": str(number)}],
        "name": [{"family": "Doctor"}],
    }


FIRST = [
    patient(1, 1970, identifier=[known_as(1)]),
    patient(2, 1980, identifier=[known_as(2)]),
    practitioner(1),
    encounter(1, 1),
    encounter(2, 2),
    potassium(1, 1, 4.1),
    potassium(2, 2, 4.4),
    potassium(3, 2, 9.9, status="entered-in-error"),
    # Nobody maps this code: it must reach gold with concept 0.
    condition(1, 1, "999000000000", "a condition no vocabulary knows"),
    # And this one speaks of somebody who is not delivered.
    potassium(9, 9, 5.0),
    # Rows of patients named by number: of one who comes tomorrow, of one who has another number tomorrow, and of one
    # whom a practitioner saw who comes tomorrow.
    encounter(7, None, subject={"identifier": known_as(7)}),
    condition(2, 2, "444814009", "sinusitis", subject={"identifier": known_as(2)}),
    encounter(8, None, npi="2", subject={"identifier": known_as(1)}),
    # A ward of a stay that is told tomorrow, and one of a stay that is taken back tomorrow.
    patient(4, 1960),
    encounter(41, 4, partOf={"reference": "Encounter/e42"}, period={"start": "2025-07-02", "end": "2025-07-03"}),
    encounter(43, 4, period={"start": "2025-08-01", "end": "2025-08-05"}),
    encounter(44, 4, partOf={"reference": "Encounter/e43"}, period={"start": "2025-08-02", "end": "2025-08-03"}),
    {"resourceType": "Basic", "id": "b1"},
    # A note whose text comes tomorrow.
    note(1, 1, "https://ehr.example/r4/Binary/t1"),
]
SECOND = [
    patient(2, 1980, updated="2026-03-01T00:00:00Z", identifier=[known_as(22)]),
    practitioner(2),
    potassium(1, 1, 4.7, updated="2026-03-01T00:00:00Z", status="corrected"),
    patient(3, 1990, identifier=[known_as(7)]),
    encounter(3, 3),
    potassium(4, 3, 3.9),
    encounter(42, 4, period={"start": "2025-07-01", "end": "2025-07-05"}),
    encounter(43, 4, period={"start": "2025-08-01", "end": "2025-08-05"}, status="entered-in-error"),
    {"resourceType": "Binary", "id": "t1", "contentType": "text/plain", "data": "Tm8gY29tcGxhaW50cy4="},
]


def write(folder, resources, *broken):
    folder.mkdir(parents=True)
    lines = [json.dumps(resource) for resource in resources]
    (folder / "export.ndjson").write_text("\n".join([*lines, *broken]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def hospital(spark, tmp_path_factory):
    """The lake after both deliveries; `first` and `second` are the reports of the two runs."""
    import dataclasses

    from jobs.shell import deliveries, run
    from jobs.shell.lake import Lake
    from jobs.shell.settings import Settings

    @dataclasses.dataclass
    class Hospital:
        settings: Settings
        lake: Lake
        first: object
        second: object

        def again(self, *names, **options):
            return run.run(self.lake, names, say=lambda text: None, **options)

    home = tmp_path_factory.mktemp("hospital")
    settings = Settings(str(home / "lake"))
    lake = Lake(spark, settings)
    repeated_key = '{"resourceType": "Observation", "id": "x", "id": "y"}'
    deliveries.land("ehr_fhir", [write(home / "one", FIRST, repeated_key)], settings, received_at=DAY_ONE)
    found = Hospital(settings, lake, None, None)
    found.first = found.again()
    assert found.first.state == "succeeded", [o["message"] for o in found.first.outcomes if o["message"]]
    deliveries.land("ehr_fhir", [write(home / "two", SECOND)], settings, received_at=DAY_TWO)
    found.second = found.again()
    assert found.second.state == "succeeded", [o["message"] for o in found.second.outcomes if o["message"]]
    return found


@pytest.fixture
def sql(hospital):
    """Ask the published lake: rows as tuples."""
    from jobs.shell import query

    return lambda text, trace=False: query.connect(hospital.settings, trace=trace).execute(text).fetchall()


@pytest.fixture(scope="session")
def checkout():
    return pathlib.Path(__file__).resolve().parents[2]
