"""What a claim says of a service and of a diagnosis: who it is by, and what qualifies it."""

from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.silver import benefit, benefit_item
from jobs.silver._event_claim import (
    not_standing,
    of_benefit_items,
    of_claim_diagnoses,
    of_claim_items,
    of_claim_procedures,
    speaking_alone,
)

CARIN = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole"
CPT, HCPCS = "http://www.ama-assn.org/go/cpt", "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
WHO = {"tenant": "demo", "feed": "claims_x12", "record_id": 1, "patient_ref": "Patient/p", "claim_id": 5}
WHO |= {"type_codes": []}


def code(system, value):
    return (system, value, None, None, None)


def member(sequence, role):
    return (sequence, f"Practitioner/{role}", None, [code(CARIN, role)] if role else [])


def claim(*roles, **given):
    team = [member(place, role) for place, role in enumerate(roles, 1)]
    return {**WHO, "status": "active", "care_team": team, "provider_ref": "Organization/9", **given}


@pytest.fixture
def by(rows):
    """Who a claim's one diagnosis, procedure or line is by."""

    def make(what, *roles, **given):
        if what is of_claim_items:
            codes = {"codes": [code(CPT, "99213")], "modifier_codes": [], "event_refs": []}
            items = rows("silver.claim_item", {**WHO, "claim_item_id": 6, **codes, **given})
            items = items.withColumn("_state", F.lit(None).cast("string"))
            made = what(items, rows("silver.claim", claim(*roles)), rows("silver.concept_map"))
        else:
            part = "diagnoses" if what is of_claim_diagnoses else "procedures"
            rest = [None] * (3 if part == "diagnoses" else 2)
            said = (1, None, [code("http://hl7.org/fhir/sid/icd-10-cm", "I10")], *rest)
            made = what(rows("silver.claim", claim(*roles, **{part: [said]})).withColumn("_state", F.lit(None)))
        [row] = made.collect()
        return row.practitioner_ref

    return make


def test_a_service_is_by_who_rendered_it_and_not_by_who_referred_or_bills(by):
    assert by(of_claim_items, "referring", "rendering") == "Practitioner/rendering"
    assert by(of_claim_items, "referring") == "Organization/9"


def test_of_people_that_a_line_names_itself_its_own_goes_first(by):
    assert by(of_claim_items, "rendering", "operating", team_sequences=[2]) == "Practitioner/operating"
    assert by(of_claim_items, "rendering", "referring", team_sequences=[2]) == "Practitioner/rendering"


def test_in_a_hospital_diagnoses_are_of_who_attends_and_procedures_of_who_operates(by):
    team = ("attending", "operating")
    assert by(of_claim_diagnoses, *team) == "Practitioner/attending"
    assert by(of_claim_procedures, *team) == "Practitioner/operating"


def test_the_first_modifier_has_its_concept_and_all_are_kept_as_sent(rows):
    known = {"vocabulary_id": "CPT4", "concept_code": "25", "source_concept_id": 1}
    known |= {"code_key": "25", "targets": [(77, "Observation", "CPT4 Modifier", None)]}
    modified = {
        1: [code(CPT, "25"), code(HCPCS, "LT")],
        2: [code(HCPCS, "lt")],
        3: [],
    }
    items = [
        {**WHO, "claim_item_id": n, "codes": [code(CPT, "99213")], "modifier_codes": codes, "event_refs": []}
        for n, codes in modified.items()
    ]
    given = rows("silver.claim_item", *items).withColumn("_state", F.lit(None).cast("string"))
    made = of_claim_items(given, rows("silver.claim", claim()), rows("silver.concept_map", known)).collect()
    found = {row.source_row_id: (row.modifier_concept_id, row.modifier_source_value) for row in made}
    assert found == {1: (77, "25,LT"), 2: (0, "lt"), 3: (None, None)}


def test_of_a_drug_its_own_amount_counts_and_not_how_often_it_was_given(rows):
    ndc = code("http://hl7.org/fhir/sid/ndc", "00409379601")
    same = {**WHO, "modifier_codes": [], "event_refs": [], "quantity": Decimal(2)}
    items = [
        {**same, "claim_item_id": 1, "codes": [code(HCPCS, "J1885"), ndc], "drug_quantity": Decimal("1.5")},
        {**same, "claim_item_id": 2, "codes": [ndc]},
        {**same, "claim_item_id": 3, "codes": [code(HCPCS, "J1885")], "drug_quantity": Decimal("1.5")},
    ]
    given = rows("silver.claim_item", *items).withColumn("_state", F.lit(None).cast("string"))
    made = of_claim_items(given, rows("silver.claim", claim()), rows("silver.concept_map")).collect()
    assert {row.source_row_id: row.quantity for row in made} == {1: Decimal("1.5"), 2: 2, 3: 2}


ICD, NDC = "http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/ndc"
SUPPLY = {"system": "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSupportingInfoType", "code": "dayssupply"}


def explanation(name, kind, service, **given):
    """An ExplanationOfBenefit as payers share it, with one line."""
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": name,
        "status": "active",
        "use": "claim",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": kind}]},
        "patient": {"reference": "Patient/p"},
        "billablePeriod": {"start": "2026-03-01", "end": "2026-03-02"},
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"system": ICD, "code": "I10"}]}}],
        "item": [
            {
                "sequence": 1,
                "productOrService": {"coding": [service]},
                "servicedDate": "2026-03-02",
                "quantity": {"value": 60},
            }
        ],
        **given,
    }


def test_benefits_without_claims_tell_what_was_found_done_and_dispensed(rows, fhir_records):
    days = [{"sequence": 1, "category": {"coding": [SUPPLY]}, "valueQuantity": {"value": 30}}]
    visit, drug = {"system": CPT, "code": "99213"}, {"system": NDC, "code": "00002821501"}
    records = fhir_records(
        explanation("office", "professional", visit),
        explanation("drug", "pharmacy", drug, diagnosis=[], supportingInfo=days),
        explanation("void", "professional", visit, status="cancelled"),
        explanation("answer", "professional", visit, claim={"reference": "Claim/1"}),
    )
    states = rows("silver.claim_state")
    alone = speaking_alone(benefit.build(records))
    found = of_claim_diagnoses(not_standing(alone, states, "benefit_id"), "benefit").collect()
    header = concepts.TYPE_PROFESSIONAL_CLAIM_HEADER
    assert sorted((row.excluded or "", row.source_table, row.type_concept_id) for row in found) == [
        ("", "silver.benefit", header),
        ("cancelled", "silver.benefit", header),
    ]
    lines = not_standing(speaking_alone(benefit_item.build(records)), states, "benefit_id")
    done = of_benefit_items(lines, alone, rows("silver.concept_map")).where("excluded IS NULL").orderBy("home")
    assert [(row.home, row.codes[0].code, row.quantity, row.days_supply) for row in done.collect()] == [
        ("drug_exposure", "00002821501", 60, 30),
        ("procedure_occurrence", "99213", 60, None),
    ]
