"""A claim and an explanation of benefit as Synthea writes them: samples of tests."""

SNOMED = "http://snomed.info/sct"
# The visit on the first line, amounts on the lines that point to what was done.
CLAIM = {
    "resourceType": "Claim",
    "id": "k1",
    "status": "active",
    "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
    "use": "claim",
    "patient": {"reference": "Patient/1", "display": "Rafael"},
    "billablePeriod": {"start": "2020-02-03T21:15:00+00:00", "end": "2020-02-03T21:30:00+00:00"},
    "created": "2020-02-03T21:30:00+00:00",
    "provider": {"reference": "Organization/o1"},
    "priority": {"coding": [{"code": "normal"}]},
    "facility": {"reference": "Location/l1"},
    "supportingInfo": [
        {"sequence": 1, "category": {"coding": [{"code": "info"}]}, "valueReference": {"reference": "Immunization/i1"}}
    ],
    "diagnosis": [{"sequence": 1, "diagnosisReference": {"reference": "Condition/c1"}}],
    "procedure": [{"sequence": 1, "procedureReference": {"reference": "Procedure/p1"}}],
    "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "Anthem"}}],
    "item": [
        {"sequence": 1, "productOrService": {"text": "Well child visit"}, "encounter": [{"reference": "Encounter/e1"}]},
        {
            "sequence": 2,
            "productOrService": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "140"}]},
            "informationSequence": [1],
            "net": {"value": 136.0, "currency": "USD"},
        },
        {"sequence": 3, "productOrService": {"coding": [{"system": SNOMED, "code": "1"}]}, "diagnosisSequence": [1]},
        {
            "sequence": 4,
            "productOrService": {"coding": [{"system": SNOMED, "code": "430193006"}]},
            "procedureSequence": [1],
            "net": {"value": 431.4, "currency": "USD"},
        },
    ],
    "total": {"value": 704.2, "currency": "USD"},
}
CCW = "https://bluebutton.cms.gov/resources/variables/"


def money(value):
    return {"value": value, "currency": "USD"}


def adjudication(code, value=None):
    said = {"category": {"coding": [{"system": "https://bluebutton.cms.gov/adjudication", "code": code}]}}
    return said if value is None else {**said, "amount": money(value)}


# The payer in a contained Coverage, amounts by Blue Button variables.
BENEFIT = {
    "resourceType": "ExplanationOfBenefit",
    "id": "b1",
    "contained": [
        {"resourceType": "ServiceRequest", "id": "referral", "status": "completed"},
        {
            "resourceType": "Coverage",
            "id": "coverage",
            "type": {"text": "Medicare"},
            "payor": [{"display": "Medicare"}],
        },
    ],
    "identifier": [{"system": "https://bluebutton.cms.gov/resources/variables/clm_id", "value": "k1"}],
    "status": "active",
    "type": {"coding": [{"code": "professional"}]},
    "use": "claim",
    "patient": {"reference": "Patient/1"},
    "billablePeriod": {"start": "2019-01-28T21:30:00+00:00", "end": "2020-01-28T21:30:00+00:00"},
    "created": "2019-01-28T21:30:00+00:00",
    "insurer": {"display": "Medicare"},
    "provider": {"reference": "Practitioner/p1"},
    "referral": {"reference": "#referral"},
    "facility": {"reference": "Location/l1"},
    "claim": {"reference": "Claim/k1"},
    "outcome": "complete",
    "careTeam": [
        {"sequence": 1, "provider": {"reference": "Practitioner/p1"}, "role": {"coding": [{"code": "primary"}]}}
    ],
    "insurance": [{"focal": True, "coverage": {"reference": "#coverage", "display": "Medicare"}}],
    "item": [
        {
            "sequence": 1,
            "productOrService": {"text": "Well child visit"},
            "servicedPeriod": {"start": "2019-01-28T21:15:00+00:00", "end": "2019-01-28T21:30:00+00:00"},
            "locationCodeableConcept": {"coding": [{"code": "19"}]},
            "encounter": [{"reference": "Encounter/e1"}],
        },
        {
            "sequence": 2,
            "productOrService": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "140"}]},
            "servicedPeriod": {"start": "2019-01-28T21:15:00+00:00", "end": "2019-01-28T21:30:00+00:00"},
            "net": money(136.0),
            "adjudication": [
                adjudication(f"{CCW}line_coinsrnc_amt", 27.200000000000003),
                adjudication(f"{CCW}line_prvdr_pmt_amt", 108.80000000000001),
                adjudication(f"{CCW}line_sbmtd_chrg_amt", 136.0),
                adjudication(f"{CCW}line_alowd_chrg_amt", 136.0),
                adjudication(f"{CCW}line_bene_ptb_ddctbl_amt", 0),
                adjudication(f"{CCW}line_prcsg_ind_cd"),
            ],
        },
    ],
    "total": [{"category": {"coding": [{"code": "submitted"}], "text": "Submitted Amount"}, "amount": money(704.2)}],
    "payment": {"amount": money(360.25600000000003)},
}
