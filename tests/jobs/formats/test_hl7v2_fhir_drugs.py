"""Drugs of HL7 v2 messages as FHIR: ordered, dispensed, given."""

import pytest

from tests.jobs.formats.hl7v2_told import PID, UCUM, bodies, codes, of_type, resources

RXE = "RXE|^Q8H|197361^Amlodipine 5 MG^RXNORM|1|2|TAB^Tablet^L|||||30|TAB^Tablet^L|2|97^Roe^Rae^^^^^^NPI||RX7"


def test_an_order_for_a_drug_is_a_request():
    orc = "ORC|NW|P9^EHR||||||||||||||"
    body = bodies(PID, orc, RXE, "RXR|PO^Oral^HL70162", kind="RDE^O11")["MedicationRequest/NORTH-7-EHR-P9"]
    assert (body["status"], body["intent"]) == ("active", "order")
    assert codes(body["medicationCodeableConcept"]) == [("http://www.nlm.nih.gov/research/umls/rxnorm", "197361")]
    dosage = body["dosageInstruction"][0]
    assert (dosage["text"], codes(dosage["route"])[0][1]) == ("Q8H", "PO")
    tablet = {"unit": "TAB"}
    assert dosage["doseAndRate"] == [{"doseRange": {"low": {"value": 1, **tablet}, "high": {"value": 2, **tablet}}}]
    assert (body["dispenseRequest"]["quantity"]["value"], body["dispenseRequest"]["numberOfRepeatsAllowed"]) == (30, 2)


@pytest.mark.parametrize(("control", "status"), [("NW", "active"), ("CA", "cancelled"), ("DC", "stopped"),
                                                 ("HD", "on-hold"), ("XO", "active"), ("RP", "stopped"),
                                                 ("UN", "active"), ("UF", "active")])  # fmt: skip
def test_the_order_control_says_how_a_drug_order_stands(control, status):
    assert of_type("MedicationRequest", PID, f"ORC|{control}|P9^EHR", RXE, kind="RDE^O11")["status"] == status


@pytest.mark.parametrize(("orc", "status"), [("SC|P9^EHR|||CM", "completed"), ("SC|P9^EHR|||DC", "stopped"),
                                             ("SC|P9^EHR|||ER", "entered-in-error"), ("XX|P9^EHR|||HD", "on-hold"),
                                             ("CA|P9^EHR|||IP", "cancelled")])  # fmt: skip
def test_the_order_status_says_how_a_drug_order_stands_where_its_control_does_not(orc, status):
    assert of_type("MedicationRequest", PID, f"ORC|{orc}", RXE, kind="RDE^O11")["status"] == status


def test_an_order_says_who_ordered_it_when_for_how_long_and_in_which_words_it_is_to_be_given():
    orc = "ORC|NW|P9^EHR||||||||||97^Roe^Rae^^^^^^NPI"
    rxe = f"RXE||197361^Amlodipine 5 MG^RXNORM|5||mg|TAB|^Take one in the morning|||||1|DEA1{'|' * 10}125|mL/h^^UCUM"
    tq1 = "TQ1|1||PRNQ6H|||10^d|20260301||S"
    body = of_type("MedicationRequest", PID, orc, rxe, tq1, kind="RDE^O11")
    assert (body["requester"]["reference"], body["priority"]) == ("Practitioner/NPI-97", "stat")
    dosage = body["dosageInstruction"][0]
    assert (dosage["text"], dosage["asNeededBoolean"]) == ("Take one in the morning", True)
    assert dosage["timing"]["repeat"] == {"frequency": 1, "period": 6, "periodUnit": "h"}
    assert codes(dosage["timing"]["code"]) == [("http://terminology.hl7.org/CodeSystem/v2-0335", "PRNQ6H")]
    assert dosage["doseAndRate"][0]["rateQuantity"]["value"] == 125
    days = {"value": 10, "unit": "d", "system": UCUM, "code": "d"}
    assert body["dispenseRequest"]["expectedSupplyDuration"] == days
    old = f"RXE|^BID^D10^20260301|197361^Amlodipine 5 MG^RXNORM|5||mg{'|' * 8}DEA1"
    body = of_type("MedicationRequest", PID, "ORC|NW|P9^EHR", old, kind="RDE^O01")
    assert body["dispenseRequest"]["expectedSupplyDuration"] == days
    assert body["requester"]["reference"] == "Practitioner/-DEA1"


@pytest.mark.parametrize(
    ("orc", "status", "end"),
    [
        # Stopped before it was to end, by ORC-15 or ORC-9; stopped after it had ended; and before it began.
        ("DC|P9^EHR|||||||20260303||||||20260304", "stopped", "2026-03-04"),
        ("DC|P9^EHR|||||||20260303", "stopped", "2026-03-03"),
        ("DC|P9^EHR|||||||20260320", "stopped", "2026-03-10"),
        ("DC|P9^EHR|||||||20260227", "cancelled", "2026-03-10"),
        ("XO|P9^EHR|||||||20260303", "active", "2026-03-10"),
    ],
)
def test_an_order_that_is_stopped_ends_then(orc, status, end):
    tq1 = "TQ1|1||BID||||20260301|20260310"
    body = of_type("MedicationRequest", PID, f"ORC|{orc}", RXE, tq1, kind="RDE^O11")
    period = body["dispenseRequest"]["validityPeriod"]
    assert (body["status"], period) == (status, {"start": "2026-03-01", "end": end})


def test_an_order_that_is_stopped_by_a_message_that_does_not_say_when_it_began_ends_then():
    body = of_type("MedicationRequest", PID, "ORC|DC|P9^EHR|||||||20260303", RXE, kind="RDE^O11")
    assert body["dispenseRequest"]["validityPeriod"] == {"end": "2026-03-03"}


def changed(control, kind, **how):
    """What an ORC alone says of the drug order P9: its status, and what it leaves unsaid; None when it says nothing."""
    told = bodies(PID, *how.get("above", ()), f"ORC|{control}", kind=kind).get("MedicationRequest/NORTH-7-EHR-P9")
    return told and (told["status"], told["extension"][0]["valueString"], told.get("dispenseRequest"))


LEFT_OUT = "drug visit priority authored requester dosage start end quantity refills duration"


@pytest.mark.parametrize("kind", ["ORM^O01", "OMP^O09", "RDE^O11"])
@pytest.mark.parametrize(("control", "status"), [("CA", "cancelled"), ("OC", "cancelled"), ("CR", "cancelled"),
                                                 ("DC", "stopped"), ("DR", "stopped"), ("OD", "stopped")])  # fmt: skip
def test_a_drug_order_is_ended_by_its_number_alone(kind, control, status):
    # An ORM orders tests as well.
    left_out = f"{LEFT_OUT} kind" if kind == "ORM^O01" else LEFT_OUT
    assert changed(f"{control}|P9^EHR", kind) == (status, left_out, None)


def test_a_drug_order_that_is_ended_by_its_number_ends_when_it_says():
    status, unsaid, supply = changed("DC|P9^EHR|||||||20260303", "RDE^O11")
    assert (status, supply) == ("stopped", {"validityPeriod": {"end": "2026-03-03"}})
    assert "end" not in unsaid.split() and "start" in unsaid.split()


def test_an_order_by_its_number_alone_may_be_of_a_test_unless_the_message_is_of_drugs():
    for orc, status in (("HD|P9^EHR", "on-hold"), ("RL|P9^EHR", "active"), ("SC|P9^EHR|||CM", "completed")):
        assert changed(orc, "OMP^O09")[0] == status
        assert changed(orc, "ORM^O01") is None
    assert changed("CA|P9^EHR", "OML^O21") is None
    # What changes nothing says nothing, nor does a number that there is not.
    for orc in ("UC|P9^EHR", "NW|P9^EHR", "CA"):
        assert changed(orc, "RDE^O11") is None


def test_a_drug_order_replaced_by_its_number_alone_is_named_by_the_one_that_replaces_it():
    found = bodies(PID, "ORC|RP|P9^EHR", "ORC|RO|P10^EHR", RXE, kind="RDE^O11")
    assert found["MedicationRequest/NORTH-7-EHR-P9"]["status"] == "stopped"
    prior = {"reference": "MedicationRequest/NORTH-7-EHR-P9"}
    assert found["MedicationRequest/NORTH-7-EHR-P10"]["priorPrescription"] == prior


def test_a_drug_order_that_replaces_another_names_it():
    found = bodies(PID, "ORC|RP|P9^EHR", RXE, "ORC|RO|P10^EHR", RXE, kind="RDE^O11")
    assert found["MedicationRequest/NORTH-7-EHR-P10"]["priorPrescription"] == {
        "reference": "MedicationRequest/NORTH-7-EHR-P9"
    }


def test_only_an_order_that_is_written_says_when_and_leaves_nothing_unsaid():
    at = "20260303"
    stopped = of_type("MedicationRequest", PID, f"ORC|DC|P9^EHR|||||||{at}", RXE, kind="RDE^O11")
    assert stopped["extension"][0]["valueString"] == "authored start duration"
    assert "extension" not in of_type("MedicationRequest", PID, f"ORC|NW|P9^EHR|||||||{at}", RXE, kind="RDE^O11")


def test_a_dose_given_names_its_order_which_it_tells_in_passing():
    rxa = "RXA|0|1|202603010900-0500|202603010900-0500|197361^Amlodipine 5 MG^RXNORM|5|mg^^UCUM|||97^Roe^Rae^^^^^^NPI"
    segments = (PID, "ORC|RE|P9^EHR", RXE, rxa, "RXR|PO^Oral^HL70162")
    body = of_type("MedicationAdministration", *segments, kind="RAS^O17")
    assert body["request"] == {"reference": "MedicationRequest/NORTH-7-EHR-P9"}
    assert (body["status"], body["effectiveDateTime"]) == ("completed", "2026-03-01T09:00:00-05:00")
    assert body["dosage"]["dose"] == {"value": 5, "unit": "mg", "system": UCUM, "code": "mg"}
    assert resources(*segments, kind="RAS^O17")["MedicationRequest/NORTH-7-EHR-P9"].last_updated is None


def test_doses_given_one_after_another_are_given_the_same_way():
    rxa = "RXA|0|%d|20260301%s||197361^Amlodipine^RXNORM|5|mg"
    segments = ("ORC|RE|P9^EHR", rxa % (1, "09"), rxa % (2, "13"), "RXR|PO", "ORC|RE|P10^EHR", rxa % (1, "09"))
    found = bodies(PID, *segments, kind="RAS^O17")
    routes = [body["dosage"].get("route", {}).get("text") for body in found.values() if "dosage" in body]
    assert routes == ["PO", "PO", None]


def test_a_drug_dispensed_says_how_much_and_when():
    rxd = "RXD|1|197361^Amlodipine 5 MG^RXNORM|202603011000-0500|30|TAB|TAB|RX7|2||97^Roe^Rae^^^^^^NPI"
    body = of_type("MedicationDispense", PID, "ORC|RE|P9^EHR", rxd, kind="RDS^O13")
    assert (body["quantity"], body["whenHandedOver"]) == ({"value": 30, "unit": "TAB"}, "2026-03-01T10:00:00-05:00")
    assert body["authorizingPrescription"] == [{"reference": "MedicationRequest/NORTH-7-EHR-P9"}]


def test_two_parts_of_a_prescription_dispensed_on_a_day_are_two_and_one_may_be_another_drug():
    rxd = "RXD|%d|197361^Amlodipine 5 MG^RXNORM|20260301|15|TAB|TAB|RX7||||%s"
    told = [bodies(PID, "ORC|RE|P9^EHR", rxd % said, kind="RDS^O13") for said in ((1, "G"), (2, "N"), (3, "0"))]
    found = {name: body for one in told for name, body in one.items() if name.startswith("MedicationDispense/")}
    read = [one.get("substitution") for one in found.values()]
    assert read == [{"wasSubstituted": True}, {"wasSubstituted": False}, None]
