"""Visits of benefits that come alone, as payers share them (CARIN Blue Button, Blue Button 2.0, BCDA)."""

import datetime

import pytest
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.gold import visit_occurrence
from jobs.silver import benefit, benefit_item, claim_state, encounter
from jobs.silver._event_claim import of_benefit_items, of_claim_diagnoses, speaking_alone

CARIN = "http://hl7.org/fhir/us/carin-bb/CodeSystem/"
INFORMATION, TEAM = f"{CARIN}C4BBSupportingInfoType", f"{CARIN}C4BBClaimCareTeamRole"
FIRST, LAST = datetime.date(2026, 3, 1), datetime.date(2026, 3, 5)
EOB_TYPE = "https://bluebutton.cms.gov/resources/codesystem/eob-type"
PLACE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def kind(*codes):
    return {"coding": [*({"code": code} for code in codes)]}


def told(category, code=None, **value):
    said = {"code": concept("https://www.nubc.org/CodeSystem/x", code)} if code else {}
    return {"sequence": 1, "category": concept(INFORMATION, category), **said, **value}


def line(number=1, place=None, revenue=None, day="2026-03-02"):
    own = {"locationCodeableConcept": concept(PLACE, place)} if place else {}
    own |= {"revenue": concept("https://www.nubc.org/CodeSystem/RevenueCodes", revenue)} if revenue else {}
    service = concept("http://www.ama-assn.org/go/cpt", "99213")
    return {"sequence": number, "productOrService": service, "servicedDate": day, **own}


def eob(name, *kinds, information=(), lines=(), period=("2026-03-01", "2026-03-05"), **given):
    days = {"billablePeriod": dict(zip(("start", "end"), period, strict=False))} if period else {}
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": name,
        "status": "active",
        "use": "claim",
        "type": kind(*(kinds or ("professional",))),
        "patient": {"reference": "Patient/p"},
        "provider": {"reference": "Organization/o"},
        "supportingInfo": [*information],
        "item": [*lines] or [line()],
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": kind("I10")}],
        **days,
        **given,
    }


INSIDE, CLAIM = {"reference": "Encounter/e"}, {"reference": "Claim/c"}
ADMITTED = told("admissionperiod", timingPeriod={"start": "2026-03-03T10:00:00-05:00", "end": "2026-03-05"})
TAKEN_CARE = [
    {"sequence": 1, "provider": {"reference": "Practitioner/ref"}, "role": concept(TEAM, "referring")},
    {"sequence": 2, "provider": {"reference": "Practitioner/att"}, "role": concept(TEAM, "attending")},
]
GIVEN = [
    eob("office", lines=[line(1), line(2, "11")]),
    eob("at home", lines=[line(1, "12")]),
    eob("nowhere", period=None, lines=[line(1, day="2026-03-04"), line(2)]),
    eob("eye care", "vision"),
    eob("inpatient", "institutional", information=[told("typeofbill", "0111"), ADMITTED], careTeam=TAKEN_CARE,
        facility={"reference": "Location/f"}),
    eob("nursed", "institutional", information=[told("typeofbill", "211")]),
    eob("by its kind", "institutional", subType=kind("inpatient")),
    # Medicare gives only the frequency as type of bill.
    eob("medicare", "INPATIENT", "institutional", information=[told("typeofbill", "1")]),
    eob("agency", "HHA", "institutional"),
    eob("emergency", "institutional", information=[told("typeofbill", "131")], lines=[line(revenue="0450")]),
    eob("observed", "institutional", lines=[line(revenue="762"), line(2, revenue="450")]),
    eob("clinic", "institutional", subType=kind("outpatient")),
    eob("still there", "institutional", information=[told("typeofbill", "112"), told("discharge-status", "30"),
        told("pointoforigin", "7"), told("admtype", "1"), told("patientaccountnumber", valueString="A-7")]),
    eob("withdrawn", status="cancelled"),
    eob("entered in error", status="entered-in-error"),
    eob("draft", status="draft"),
    eob("asked", use="preauthorization"),
    eob("drug", "pharmacy"),
    eob("answer", claim=CLAIM),
    eob("of an encounter", lines=[{**line(), "encounter": [INSIDE]}]),
]  # fmt: skip
CLASSES = {
    "office": "AMB", "at home": "HH", "nowhere": "AMB", "eye care": "AMB", "inpatient": "IMP", "nursed": "NONAC",
    "by its kind": "IMP", "medicare": "IMP", "agency": "HH", "emergency": "EMER", "observed": "OBSENC",
    "clinic": "AMB", "still there": "IMP", "withdrawn": "AMB", "entered in error": "AMB",
}  # fmt: skip


@pytest.fixture(scope="module")
def records(fhir_records):
    return fhir_records(*GIVEN, feed="payer_fhir")


@pytest.fixture(scope="module")
def benefits(records):
    return benefit.build(records).localCheckpoint()


@pytest.fixture(scope="module")
def encounters(records, benefits):
    return encounter.build(records, benefits=benefits).localCheckpoint()


@pytest.fixture(scope="module")
def found(encounters):
    return {row.resource_id: row for row in encounters.collect()}


def test_a_benefit_that_comes_alone_is_a_visit_of_the_class_of_its_bill(found):
    assert {name: row.class_code for name, row in found.items()} == CLASSES
    assert {row.class_codes[0].code for row in found.values()} == {*CLASSES.values()}


def test_it_lasts_as_long_as_is_billed_and_a_stay_from_the_admission_on(found):
    assert (found["office"].start_date, found["office"].end_date) == (FIRST, LAST)
    stay = found["inpatient"]
    assert (stay.start_date, stay.end_date) == (datetime.date(2026, 3, 3), LAST)
    assert (stay.start_at, stay.end_at) == (datetime.datetime(2026, 3, 3, 15), None)
    by_line = found["nowhere"]
    assert (by_line.start_date, by_line.end_date) == (datetime.date(2026, 3, 2), datetime.date(2026, 3, 4))


def test_it_says_who_saw_the_patient_and_where(found):
    stay = found["inpatient"]
    assert (stay.practitioner_ref, stay.organization_ref) == ("Practitioner/att", "Organization/o")
    assert (stay.location_ref, stay.locations[0].location_ref) == ("Location/f", "Location/f")
    assert [one.practitioner_ref for one in stay.participants] == ["Practitioner/ref", "Practitioner/att"]


def test_who_is_still_there_has_not_left_and_the_providers_number_names_the_visit(found):
    row = found["still there"]
    assert (row.status, row.start_date, row.end_date) == ("in-progress", FIRST, None)
    codes = [row.admit_source_codes, row.priority_codes, row.discharge_codes]
    assert [[one.code for one in said] for said in codes] == [["7"], ["1"], ["30"]]
    assert [one.value for one in row.identifiers] == ["A-7"]


def test_its_events_lie_in_it(rows, benefits, records, encounters):
    alone = speaking_alone(benefits).withColumn("_state", F.lit(None).cast("string"))
    lines = speaking_alone(benefit_item.build(records)).withColumn("_state", F.lit(None).cast("string"))
    diagnosed, done = of_claim_diagnoses(alone, "benefit"), of_benefit_items(lines, alone, rows("silver.concept_map"))
    names = encounters.select("resource_id", F.explode("aliases").alias("encounter_ref"))
    for events in (diagnosed, done):
        told_by = events.where("excluded IS NULL").join(names, on="encounter_ref", how="inner")
        standing = {*CLASSES} - {"withdrawn", "entered in error"}
        assert sorted(row.resource_id for row in told_by.select("resource_id").collect()) == sorted(
            [*standing, *(["office", "nowhere", "observed"] if events is done else [])]
        )


def test_in_gold_it_is_one_visit_with_the_claim_and_the_record_of_care(rows, encounters):
    """A stay that the hospital's claim and its record tell of too, by the number of the provider or by day and kind."""
    patients = [
        {"patient_id": number, "tenant": "demo", "feed": feed, "aliases": ["Patient/p"]}
        for number, feed in enumerate(("payer_fhir", "claims_x12", "ehr_fhir"), 1)
    ]
    known = {"tenant": "demo", "patient_ref": "Patient/p", "status": "finished", "resource_type": "Encounter"}
    known |= {"admit_source_codes": [], "discharge_codes": []}
    others = [
        {"feed": "claims_x12", "encounter_id": 1, "record_id": 91, "class_code": "IMP", "start_date": FIRST,
         "resource_id": "x", "identifiers": [(None, None, None, None, "A-7")]},
        {"feed": "ehr_fhir", "encounter_id": 2, "record_id": 92, "class_code": "NONAC", "start_date": FIRST,
         "resource_id": "y"},
        # Its own feed tells of the same visit as an encounter.
        {"feed": "payer_fhir", "encounter_id": 3, "record_id": 93, "class_code": "EMER", "start_date": FIRST,
         "resource_id": "z"},
    ]  # fmt: skip
    mine = encounters.where(F.col("resource_id").isin("still there", "nursed", "office", "withdrawn", "emergency"))
    given = rows("silver.encounter", *[{**known, **one} for one in others])
    made = visit_occurrence.build(
        mine.unionByName(given, allowMissingColumns=True),
        rows("silver.claim_state"),
        rows("silver.patient", *patients),
        rows("silver.person_link", *[{"patient_id": n, "person_id": 7} for n in (1, 2, 3)]),
        rows("gold.person", {"person_id": 7}),
        *[rows(name) for name in ("silver.practitioner", "silver.organization", "silver.concept_map")],
    ).collect()
    told_by = {(row.visit_concept_id, len(row.lw_told_by), row.visit_type_concept_id) for row in made if not row.faults}
    assert told_by == {
        (concepts.VISIT_INPATIENT, 2, concepts.TYPE_CLAIM),
        (concepts.VISIT_NON_HOSPITAL, 2, concepts.TYPE_EHR_ENCOUNTER),
        (concepts.VISIT_EMERGENCY, 2, concepts.TYPE_EHR_ENCOUNTER),
        (concepts.VISIT_OUTPATIENT, 1, concepts.TYPE_CLAIM),
    }


def test_what_is_taken_back_leaves_no_visit(fhir_records, rows):
    """A reversal that names a void claim takes back the one benefit that is alike in all but the sign."""

    def charged(name, amount, **given):
        total = [{"category": kind("submitted"), "amount": {"value": amount, "currency": "USD"}}]
        return eob(name, total=total, **given)

    records = fhir_records(charged("first", 20), charged("back", -20, claim=CLAIM), charged("other", 30))
    told_of = benefit.build(records).localCheckpoint()
    void = {"claim_id": 5, "tenant": "demo", "feed": "ehr_fhir", "resource_type": "Claim", "resource_id": "c"}
    void |= {"status": "cancelled", "aliases": ["Claim/c"], "replaced_claim_refs": [], "encounter_refs": []}
    visits = encounter.build(records, benefits=told_of).localCheckpoint()
    states = claim_state.build(rows("silver.claim", void), told_of, visits).where("encounter_id IS NOT NULL")
    assert [(row.resource_id, row.state) for row in states.collect()] == [("first", "voided")]
    known = visits.join(states.select("encounter_id"), on="encounter_id", how="inner")
    assert [row.resource_id for row in known.collect()] == ["first"]
