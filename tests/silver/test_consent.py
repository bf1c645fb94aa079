"""silver.consent: consents."""

from __future__ import annotations

import datetime

CONSENT = {
    "resourceType": "Consent",
    "id": "n1",
    "status": "active",
    "scope": {"coding": [{"code": "patient-privacy"}]},
    "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
    "patient": {"reference": "Patient/1"},
    "dateTime": "2020-01-02",
    "policy": [{"authority": "http://state", "uri": "http://state/policy"}],
    "policyRule": {"coding": [{"code": "OPTOUT"}]},
    "verification": [{"verified": False}, {"verified": True, "verificationDate": "2020-01-03"}],
    "provision": {
        "type": "deny",
        "period": {"start": "2020-01-02", "end": "2030-01-02"},
        "provision": [
            {
                "type": "permit",
                "actor": [{"role": {"coding": [{"code": "PRCP"}]}, "reference": {"reference": "Organization/o1"}}],
                "purpose": [{"code": "TREAT"}],
            }
        ],
    },
}


def test_a_consent_says_what_holds_and_when(only):
    row = only(CONSENT)
    assert (row.scope_codes[0].code, row.policy_rule_codes[0].code) == ("patient-privacy", "OPTOUT")
    assert (row.provision_type, row.start_date, row.end_date) == (
        "deny",
        datetime.date(2020, 1, 2),
        datetime.date(2030, 1, 2),
    )
    assert (row.given_date, row.policies[0].uri, row.faults) == (datetime.date(2020, 1, 2), "http://state/policy", [])


def test_it_is_verified_when_somebody_verified_it(only):
    row = only(CONSENT)
    assert (row.is_verified, row.verified_date) == (True, datetime.date(2020, 1, 3))


def test_exceptions_name_who_may_do_what(only):
    [exception] = only(CONSENT).exceptions
    assert (exception.type, exception.actors[0].actor_ref, exception.purpose_codes[0].code) == (
        "permit",
        "Organization/o1",
        "TREAT",
    )


def test_a_consent_without_a_rule_has_no_provision(only):
    row = only({k: v for k, v in CONSENT.items() if k not in ("provision", "verification")})
    assert (row.provision, row.exceptions, row.provision_type, row.is_verified) == ([], [], None, False)
