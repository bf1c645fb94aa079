"""Claims and payments that do not add up are found before they become anything."""

import datetime
import pathlib

import pytest

from jobs.formats import x12
from jobs.formats.translation import Said
from jobs.formats.x12_faults import faults

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
HOSPITAL = pathlib.Path(__file__).resolve().parents[3] / "infra" / "hospital" / "claims_x12"


def records(path):
    limits = x12.Limits.of({})
    for one in x12.read(str(path), 0, None, document=False, limits=limits):
        yield Said(one.resource_type, one.resource_id, one.payload, one.context, NOW)


@pytest.fixture(scope="module")
def spoken():
    return [one for path in sorted(HOSPITAL.glob("*/*")) for one in records(path)]


def _first(spoken, kind):
    return next(one for one in spoken if one.resource_type == kind and not faults(one))


def test_a_claim_whose_charge_is_not_the_sum_of_its_lines_is_unbalanced(spoken):
    claim = _first(spoken, "837P")
    told = claim.payload.split(b"*")[2]
    assert faults(claim._replace(payload=claim.payload.replace(told, told + b"1", 1))) == ("claim_charge_unbalanced",)


def test_a_payment_that_is_not_the_charge_less_the_adjustments_is_unbalanced(spoken):
    payment = _first(spoken, "835")
    paid = payment.payload.split(b"*")[4]
    wrong = payment.payload.replace(b"*" + paid + b"*", b"*9" + paid + b"*", 1)
    assert "claim_payment_unbalanced" in faults(payment._replace(payload=wrong))


def test_a_demand_to_give_back_what_medicaid_paid_is_no_claim_for_care(spoken):
    claim = _first(spoken, "837P")
    assert b"*CH~" in claim.context
    assert faults(claim._replace(context=claim.context.replace(b"*CH~", b"*31~"))) == ("subrogation_demand",)


@pytest.mark.parametrize("kind", ["837P", "835"])
def test_what_stands_under_no_readable_isa_waits_and_is_not_passed_over(spoken, kind):
    one = _first(spoken, kind)
    assert faults(one._replace(context=one.context.replace(b"*00*", b"*", 1))) == ("no_context",)


def test_the_hospitals_own_slips_are_found_and_nothing_else(spoken):
    # A day with a spoilt file comes again, so a record may be there twice.
    found = sorted(fault for _, fault in {(one.payload, fault) for one in spoken for fault in faults(one)})
    assert found == ["bad_date", "claim_charge_unbalanced", "claim_payment_unbalanced", "service_payment_unbalanced"]


def test_what_is_no_claim_has_no_faults_of_a_claim(spoken):
    assert {faults(one) for one in spoken if one.resource_type not in ("837P", "837I", "837D", "835")} == {()}
