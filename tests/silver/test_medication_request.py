"""silver.medication_request: drugs ordered."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.silver._event_drug import of_requests
from jobs.silver.medication_request import build, without_row
from tests.hl7v2_messages import all_translated, message, translated

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
PENICILLIN = {"coding": [{"system": RXNORM, "code": "834061", "display": "Penicillin V Potassium 250 MG Oral Tablet"}]}
# As Synthea writes one.
ORDER = {
    "resourceType": "MedicationRequest",
    "id": "r1",
    "status": "stopped",
    "intent": "order",
    "category": [{"coding": [{"code": "community"}], "text": "Community"}],
    "medicationCodeableConcept": PENICILLIN,
    "subject": {"reference": "Patient/1"},
    "encounter": {"reference": "Encounter/e1"},
    "authoredOn": "2020-02-11T01:50:10+00:00",
    "requester": {"reference": "Practitioner/p1", "display": "Dr. Strosin"},
    "dosageInstruction": [
        {
            "sequence": 1,
            "text": "Take as needed.",
            "asNeededBoolean": True,
            "timing": {"repeat": {"frequency": 2, "period": 1.0, "periodUnit": "d"}},
            "doseAndRate": [{"doseQuantity": {"value": 1.5}}],
        }
    ],
}


def order(**given):
    return {**ORDER, **given}


def order_of(reference, **given):
    return {
        **{k: v for k, v in ORDER.items() if k != "medicationCodeableConcept"},
        "medicationReference": reference,
        **given,
    }


def test_an_order_as_an_ehr_writes_it(only):
    row = only(ORDER)
    assert (row.codes[0].code, row.code_text) == ("834061", "Penicillin V Potassium 250 MG Oral Tablet")
    assert (row.medication_ref, row.ingredients) == (None, [])
    assert (row.authored_date, row.requester_ref) == (datetime.date(2020, 2, 10), "Practitioner/p1")
    assert (row.status, row.intent, row.is_not_to_perform, row.faults) == ("stopped", "order", False, [])


def test_a_dosage_has_its_words_its_timing_and_its_dose(only):
    row = only(ORDER)
    [dosage] = row.dosages
    assert (row.sig, dosage.text, dosage.is_as_needed) == ("Take as needed.", "Take as needed.", True)
    assert (dosage.frequency, dosage.period, dosage.period_unit, dosage.dose) == (2, 1, "d", Decimal("1.5"))


def test_the_route_is_that_of_the_first_instruction_that_names_one(only):
    oral = {"coding": [{"system": "http://snomed.info/sct", "code": "26643006"}], "text": "Oral"}
    row = only(order(dosageInstruction=[{"text": "rinse"}, {"patientInstruction": "swallow", "route": oral}]))
    assert (row.route_codes[0].code, row.route_text, row.sig) == ("26643006", "Oral", "rinse; swallow")


def test_a_dose_may_be_a_range_and_a_rate_a_ratio(only):
    said = {
        "doseRange": {"low": {"value": 1, "code": "mg"}, "high": {"value": 2, "code": "mg"}},
        "rateRatio": {"numerator": {"value": 100, "code": "mL"}, "denominator": {"value": 1, "code": "h"}},
    }
    [dosage] = only(order(dosageInstruction=[{"doseAndRate": [said]}])).dosages
    assert (dosage.dose, dosage.dose_low, dosage.dose_high, dosage.dose_unit_code) == (None, 1, 2, "mg")
    assert (dosage.rate, dosage.rate_unit_code, dosage.rate_per, dosage.rate_per_unit_code) == (100, "mL", 1, "h")


def test_an_order_without_directions_has_none(only):
    given = order()
    del given["dosageInstruction"]
    row = only(given)
    assert (row.dosages, row.sig, row.route_codes, row.faults) == ([], None, [], [])


def test_a_drug_may_be_a_resource_of_its_own(only):
    row = only(order_of({"reference": "Medication/m1"}))
    assert (row.medication_ref, row.codes, row.faults) == ("Medication/m1", [], [])


def test_a_contained_drug_is_read_where_it_stands(only):
    inside = {
        "resourceType": "Medication",
        "id": "med",
        "code": PENICILLIN,
        "ingredient": [{"itemCodeableConcept": {"text": "penicillin"}, "strength": {"numerator": {"value": 250}}}],
    }
    row = only(order_of({"reference": "#med"}, contained=[{"resourceType": "Patient", "id": "med"}, inside]))
    assert (row.codes[0].code, row.medication_ref, row.faults) == ("834061", None, [])
    assert (row.ingredients[0].code_text, row.ingredients[0].strength) == ("penicillin", 250)


def test_a_contained_drug_that_is_not_there_is_no_drug(only):
    assert only(order_of({"reference": "#med"})).faults == ["no_code"]


def test_what_is_to_be_given_out(only):
    supply = {
        "validityPeriod": {"start": "2020-02-11", "end": "2020-05-11"},
        "numberOfRepeatsAllowed": 3,
        "quantity": {"value": 60, "unit": "tablets", "system": "http://snomed.info/sct", "code": "428673006"},
        "expectedSupplyDuration": {"value": 4, "unit": "weeks", "system": "http://unitsofmeasure.org", "code": "wk"},
    }
    row = only(order(dispenseRequest=supply))
    assert (row.quantity, row.quantity_unit, row.quantity_unit_code) == (60, "tablets", "428673006")
    assert (row.days_supply, row.refills) == (28, 3)
    assert (row.validity_start_date, row.validity_end_date) == (datetime.date(2020, 2, 11), datetime.date(2020, 5, 11))


def test_an_order_not_to_give_a_drug_says_so(only):
    assert only(order(doNotPerform=True)).is_not_to_perform is True


FAULTY = {
    "no_subject": {"subject": {}},
    "malformed_date": {"authoredOn": "2020-13-01"},
    "bad_period": {"dispenseRequest": {"validityPeriod": {"start": "2020-02-02", "end": "2020-02-01"}}},
    "no_code": {"medicationCodeableConcept": {}},
}


def test_what_cannot_be_used_says_why(fhir_records):
    rows = build(fhir_records(*[{**ORDER, **given, "id": fault} for fault, given in FAULTY.items()])).collect()
    assert {row.resource_id: row.faults for row in rows} == {fault: [fault] for fault in FAULTY}


@pytest.mark.parametrize(
    ("stopped_on", "status", "end"),
    [("20260302140000", "stopped", datetime.date(2026, 3, 2)), ("20260227140000", "cancelled", None)],
)
def test_a_message_that_only_stops_an_order_takes_nothing_else_of_it_away(rows, fhir_records, stopped_on, status, end):
    pid, drug = "PID|1||7^^^NORTH^MR", "834061^Penicillin V^RXNORM"
    written = (
        "ORC|NW|RX1^EHR|||||||20260226090000|||99^Doe^Jane",
        f"RXE||{drug}|250||mg|TAB||||20|TAB|2",
        "TQ1|1||QID||||20260301|20260310",
    )
    messages = (
        message("RDE^O11", 9, pid, *written),
        message("RDE^O11", 30, pid, f"ORC|DC|RX1^EHR|||||||{stopped_on}", f"RXE||{drug}"),
    )
    [row] = build(fhir_records(), translated(rows, *messages)).collect()
    assert (row.status, row.faults, row.requester_ref) == (status, [], "Practitioner/-99")
    assert (row.authored_date, row.validity_start_date, row.validity_end_date) == (
        datetime.date(2026, 2, 26), datetime.date(2026, 3, 1), end,
    )  # fmt: skip
    assert (row.sig, row.dosages[0].dose, row.quantity, row.refills) == ("QID", 250, 20, 2)


def test_an_order_that_is_cancelled_by_its_number_alone_is_still_of_its_drug_and_no_longer_active(rows, fhir_records):
    pid, visit = "PID|1||7^^^NORTH^MR", f"PV1|1|I{'|' * 17}V1"
    written = message("RDE^O11", 9, pid, visit, "ORC|NW|RX1^EHR", "RXE||834061^Penicillin V^RXNORM|250||mg|TAB")
    stories = {
        "cancelled": [written, message("ORM^O01", 11, pid, "ORC|CA|RX1^EHR")],
        "stopped": [written, message("RDE^O11", 11, pid, "ORC|DC|RX1^EHR|||||||20260303")],
        "cancel_comes_first": [message("OMP^O09", 11, pid, "ORC|OC|RX1^EHR"), written],
        # A drug that nobody told of: it is over, and which it was is not known.
        "never_written": [message("OMP^O09", 11, pid, "ORC|DC|RX1^EHR")],
        "held_and_never_written": [message("OMP^O09", 11, pid, "ORC|HD|RX1^EHR")],
    }
    built = build(fhir_records(), all_translated(rows, **stories)).cache()
    found = {
        row.tenant: (row.status, row.encounter_ref, [one.code for one in row.codes], row.faults)
        for row in built.collect()
    }
    drug = ["834061"]
    assert found == {
        "cancelled": ("cancelled", "Encounter/-V1", drug, []),
        "stopped": ("stopped", "Encounter/-V1", drug, []),
        "cancel_comes_first": ("cancelled", "Encounter/-V1", drug, []),
        "never_written": ("stopped", None, [], []),
        "held_and_never_written": ("on-hold", None, [], ["no_code"]),
    }
    events = of_requests(built, rows("silver.medication"), rows("silver.concept_map"))
    excluded = {row.tenant: row.excluded for row in events.collect()}
    assert excluded["cancelled"] == excluded["cancel_comes_first"] == "cancelled"
    assert (excluded["stopped"], excluded["never_written"]) == (None, "known_by_number_only")


def test_a_test_that_is_cancelled_by_its_number_alone_is_no_order_for_a_drug(rows, fhir_records):
    pid, test = "PID|1||7^^^NORTH^MR", ("ORC|NW|P1^EHR", "OBR|1|P1^EHR||2823-3^Potassium^LN")
    told = translated(
        rows,
        message("ORM^O01", 9, pid, *test),
        *(message("ORM^O01", 10 + n, pid, f"ORC|{control}|P1^EHR") for n, control in enumerate(("CA", "OC", "DC"))),
        message("ORM^O01", 14, pid, "ORC|RP|P2^EHR", "ORC|RO|P3^EHR", test[1].replace("P1", "P3")),
        message("ORM^O01", 15, pid, "ORC|CA|RX1^EHR"),
        message("RDE^O11", 9, pid, "ORC|NW|RX1^EHR", "RXE||834061^Penicillin V^RXNORM|250||mg"),
    )
    built = build(fhir_records(), told).collect()
    assert [(row.resource_id, row.status, row.faults) for row in built] == [("NORTH-7-EHR-RX1", "cancelled", [])]
    # What gives no row is accounted for by name.
    ends = told.where(F.col("resource_type") == "MedicationRequest").select("resource_id", without_row().alias("why"))
    named = {(row.resource_id[-2:], row.why) for row in ends.collect()}
    assert named == {("P1", "known_by_number_only"), ("P2", "known_by_number_only"), ("X1", "known_by_number_only"),
                     ("X1", None)}  # fmt: skip


def ordered(rows, requests):
    """The events of built orders, by the id of the resource, as (excluded, type, last day)."""
    events = of_requests(requests, rows("silver.medication"), rows("silver.concept_map")).alias("e")
    named = events.join(requests, F.col("source_row_id") == F.col("medication_request_id"), how="inner")
    columns = ["resource_id", "e.excluded", "e.type_concept_id", "e.end_date"]
    return {row.resource_id: tuple(row)[1:] for row in named.select(*columns).collect()}


def test_what_a_patient_is_reported_to_take_is_taken_and_what_is_planned_is_not(rows, fhir_records):
    # US Core, example self-tylenol: intent plan, reported, requested by the patient.
    intents = {
        "home": {"intent": "plan", "reportedBoolean": True},
        "told": {"intent": "plan", "reportedReference": {"reference": "Patient/1"}},
        "plan": {"intent": "plan", "reportedBoolean": False},
        "idea": {"intent": "proposal", "reportedBoolean": True},
        "order": {"intent": "order"},
    }
    found = ordered(rows, build(fhir_records(*[order(id=name, **given) for name, given in intents.items()])))
    listed, prescribed = concepts.TYPE_EHR_MEDICATION_LIST, concepts.TYPE_EHR_PRESCRIPTION
    assert {name: row[:2] for name, row in found.items()} == {
        "home": (None, listed),
        "told": (None, listed),
        "plan": ("not_ordered", prescribed),
        "idea": ("not_ordered", listed),
        "order": (None, prescribed),
    }


def test_a_prescription_that_may_be_filled_for_a_year_is_not_taken_for_a_year(rows, fhir_records):
    month = {"value": 30, "code": "d"}
    supplies = {
        "year": {"validityPeriod": {"start": "2020-02-11", "end": "2021-02-10"}, "expectedSupplyDuration": month},
        "short": {"validityPeriod": {"start": "2020-02-11", "end": "2020-02-20"}, "expectedSupplyDuration": month},
        "open": {"validityPeriod": {"start": "2020-02-11", "end": "2020-02-20"}},
    }
    sent = [order(id=name, dispenseRequest=supply) for name, supply in supplies.items()]
    found = ordered(rows, build(fhir_records(*sent)))
    last = datetime.date(2020, 2, 20)
    assert {name: row[2] for name, row in found.items()} == {"year": None, "short": last, "open": last}


def test_an_order_ends_with_its_directions_when_each_says_its_end(rows, fhir_records):
    def directed(*ends):
        return [{"timing": {"repeat": {"boundsPeriod": {"start": "2020-02-11", "end": end}}}} for end in ends]

    year = {"validityPeriod": {"start": "2020-02-11", "end": "2021-02-10"}}
    month = {**year, "expectedSupplyDuration": {"value": 30, "code": "d"}}
    sent = [
        order(id="both", dosageInstruction=directed("2020-02-20", "2020-03-01"), dispenseRequest=year),
        order(id="one", dosageInstruction=[*directed("2020-02-20"), {"text": "then as needed"}], dispenseRequest=year),
        order(id="before", dosageInstruction=directed("2020-01-01"), dispenseRequest=year),
        order(id="supplied", dosageInstruction=directed("2020-02-20"), dispenseRequest=month),
        order(id="refilled", dosageInstruction=directed("2020-06-01"), dispenseRequest=month),
    ]
    found = ordered(rows, build(fhir_records(*sent)))
    filled = datetime.date(2021, 2, 10)
    assert {name: row[2] for name, row in found.items()} == {
        "both": datetime.date(2020, 3, 1), "one": filled, "before": filled, "supplied": datetime.date(2020, 2, 20),
        "refilled": None,
    }  # fmt: skip
