"""Rows of HL7 v2 messages: what each thing says, whom it is about, what is faulty or deleted."""

from decimal import Decimal

import pytest

from jobs.formats import hl7v2_extract
from jobs.formats.hl7v2_allergy import allergies
from jobs.formats.hl7v2_charge import charges
from jobs.formats.hl7v2_diagnosis import diagnoses
from jobs.formats.hl7v2_encounter import encounters
from jobs.formats.hl7v2_immunization import immunizations
from jobs.formats.hl7v2_insurance import insurances
from jobs.formats.hl7v2_lab_result import lab_results
from jobs.formats.hl7v2_medication import medications
from jobs.formats.hl7v2_merge import merges
from jobs.formats.hl7v2_message import parse
from jobs.formats.hl7v2_note import notes
from jobs.formats.hl7v2_order import orders
from jobs.formats.hl7v2_patient import patients
from jobs.formats.hl7v2_types import Address, Identifier, Name, Party, Phone

PID = "PID|1||7^^^NORTH^MR||Example^Ada||19700102|F"
OBR = (
    "OBR|1|P1^EHR|F1^LAB|24323-8^Panel^LN|||202603010800||||||||BLD&Blood&HL70070^^^LA&Left arm|99^Doe^Jane"
    "||||||20260301||LAB|F"
)


def message(*segments, kind="ORU^R01", zone="-0500"):
    head = f"MSH|^~\\&|LAB|NORTH|EHR|MAIN|20260301120000{zone}||{kind}|M1|P|2.5"
    return parse("\r".join([head, *segments]).encode())


def obx(value, kind="NM", *, unit="", usual="", flags="", status="F", more=""):
    return f"OBX|1|{kind}|2823-3^Potassium^LN^K^Kalium^L||{value}|{unit}|{usual}|{flags}|||{status}{more}"


def result(value, kind="NM", **more):
    [row] = lab_results(message(PID, OBR, obx(value, kind, **more)))
    return row


def test_a_result_says_what_was_measured_of_whom_for_which_order():
    row = result("4.10", unit="mmol/L^^UCUM", usual="3.5-5.1", flags="H~A", more="|||202603010830||||||20260301093000")
    assert (row.segment, row.patient_segment, row.group_segment, row.repetition) == (3, 1, 2, 1)
    assert (row.patient_id, row.patient_assigner, row.patient_id_type) == ("7", "NORTH", "MR")
    assert (row.code, row.code_text, row.code_system, row.alternate_code) == ("2823-3", "Potassium", "LN", "K")
    assert (row.value_text, row.value_number, row.value_comparator) == ("4.10", Decimal("4.10"), "=")
    assert (row.unit, row.unit_system) == ("mmol/L", "UCUM")
    assert (row.reference_range, row.reference_low, row.reference_high) == ("3.5-5.1", Decimal("3.5"), Decimal("5.1"))
    assert (row.abnormal_flags, row.status, row.faults) == (("H", "A"), "F", ())
    assert row.observed_at == "2026-03-01T08:30:00-05:00"
    assert (row.placer_order, row.placer_assigner, row.filler_order, row.order_code) == ("P1", "EHR", "F1", "24323-8")
    assert (row.collected_at, row.reported_at, row.section) == ("2026-03-01T08:00:00-05:00", "2026-03-01", "LAB")
    assert (row.provider_id, row.provider_family, row.provider_given) == ("99", "Doe", "Jane")
    assert (row.specimen_code, row.specimen_text, row.specimen_site_code) == ("BLD", "Blood", "LA")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (">^90", (">90", ">", Decimal(90), None, None)),
        ("^100^-^200", ("100-200", "=", Decimal(100), "-", Decimal(200))),
        ("^1^:^128", ("1:128", "=", Decimal(1), ":", Decimal(128))),
        ("<=^0.05", ("<=0.05", "<=", Decimal("0.05"), None, None)),
        ("^2^+", ("2+", "=", Decimal(2), "+", None)),
    ],
)
def test_structured_numbers_keep_comparator_and_separator(value, read):
    row = result(value, "SN")
    assert (row.value_text, row.value_comparator, row.value_number, row.value_separator, row.value_number_2) == read
    assert row.faults == ()


@pytest.mark.parametrize(
    ("value", "kind", "read"),
    [
        ("260415000^Not detected^SCT^ND^^L", "CWE", ("Not detected", "260415000", "SCT", "ND")),
        ("260415000^Not detected^SCT^^^^^^none seen", "CWE", ("none seen", "260415000", "SCT", None)),
        ("POS", "IS", (None, "POS", None, None)),
        ("free ^ text \\T\\ more", "ST", ("free ^ text & more", None, None, None)),
        ("one~two", "TX", ("one\ntwo", None, None, None)),
        ("unheard", "XYZ", ("unheard", None, None, None)),
    ],
)
def test_codes_and_texts_are_read_by_their_type(value, kind, read):
    row = result(value, kind)
    assert (row.value_text, row.value_code, row.value_code_system, row.value_alternate_code) == read


@pytest.mark.parametrize(
    ("value", "kind", "at"),
    [("20260301", "DT", "2026-03-01"), ("2026", "TS", "2026"), ("202603010830", "DTM", "2026-03-01T08:30:00-05:00"),
     ("0830", "TM", "08:30:00")],
)  # fmt: skip
def test_times_are_values_too(value, kind, at):
    assert (result(value, kind).value_time, result(value, kind).faults) == (at, ())


def test_a_document_is_known_by_its_sort_only():
    row = result("LAB^application^PDF^Base64^JVBERi0xLjQ=", "ED")
    assert (row.value_media, row.value_text, row.value_code) == ("application/PDF", None, None)
    assert b"JVBERi0" not in repr(row).encode()


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        ({"value": "<5"}, "malformed_value"),
        ({"value": "20230229", "kind": "TS"}, "malformed_value"),
        ({"value": "^abc", "kind": "SN"}, "malformed_value"),
        ({"value": "5", "kind": ""}, "no_value_type"),
        ({"value": "5", "status": ""}, "no_result_status"),
        ({"value": "5", "status": "?"}, "unknown_result_status"),
        ({"value": "5", "more": "|||2026-13-01"}, "malformed_observed_at"),
    ],
)
def test_a_faulty_result_is_a_row_that_says_why(made, fault):
    row = result(**made)
    assert row.faults == (fault,)
    assert fault in hl7v2_extract.FAULTS["lab_result"]
    assert row.value_text == made["value"]


def test_a_result_without_code_is_faulty():
    [row] = lab_results(message(PID, OBR, "OBX|1|NM|||5||||||F"))
    assert row.faults == ("no_result_code",)


@pytest.mark.parametrize("status", "PFCDWX")
def test_the_status_of_a_result_is_kept_as_sent(status):
    assert (result("5", status=status).status, result("5", status=status).faults) == (status, ())


def test_every_value_of_a_repeated_field_is_a_row():
    rows = lab_results(message(PID, OBR, obx("60~120")))
    assert [(row.segment, row.repetition, row.value_number) for row in rows] == [(3, 1, 60), (3, 2, 120)]


def test_a_deleted_value_is_told_apart_from_an_empty_one():
    assert (result('""').nulls, result('""').value_number) == (("value",), None)
    assert result("").nulls == ()


def test_notes_after_a_result_are_its_comment():
    rows = lab_results(message(PID, OBR, obx("5"), "NTE|1||first~second", "NTE|2||third", obx("6")))
    assert [row.comment for row in rows] == ["first\nsecond\nthird", None]


def test_the_laboratory_is_that_of_the_result_or_its_producer():
    named = "||||||||||||North Lab^L^^^^CLIA&2.16&ISO^XX^^^05D1"
    assert (result("5", more=named).performer, result("5", more=named).performer_id) == ("North Lab", "05D1")
    assert result("5", more=named).performer_assigner == "CLIA"
    assert (result("5", more="||||77^Old Lab^L").performer, result("5", more="||||77^Old Lab^L").performer_id) == (
        "Old Lab", "77",
    )  # fmt: skip


SPM = "SPM|1|P9&EHR^S9&LAB||119297000^Blood^SCT||||368208006^Arm^SCT|||||||||202603010755|202603010900"


def test_a_specimen_after_the_results_is_theirs():
    first, second = lab_results(message(PID, OBR, obx("5"), SPM, OBR, obx("6")))
    assert (first.specimen_id, first.specimen_assigner, first.specimen_code) == ("S9", "LAB", "119297000")
    assert (first.specimen_collected_at, first.specimen_received_at) == (
        "2026-03-01T07:55:00-05:00", "2026-03-01T09:00:00-05:00",
    )  # fmt: skip
    assert (second.specimen_id, second.specimen_code) == (None, "BLD")


def test_a_specimen_before_its_orders_is_theirs():
    other = SPM.replace("S9", "S10")
    rows = lab_results(message(PID, SPM, OBR, "ORC|RE", obx("5"), OBR, obx("6"), other, OBR, obx("7"), kind="OUL^R22"))
    assert [(row.specimen_id, row.order_control) for row in rows] == [("S9", "RE"), ("S9", None), ("S10", None)]


def test_results_of_two_patients_in_a_message_stay_apart():
    rows = lab_results(
        message(PID, OBR, obx("5"), PID.replace("7^", "8^"), "PV1|1|I|||||||||||||||||V8", OBR, obx("6"))
    )
    assert [(row.patient_id, row.patient_segment, row.visit_number) for row in rows] == [("7", 1, None), ("8", 4, "V8")]


def test_a_patient_is_known_by_all_identifiers_with_assigner_and_type():
    [row] = patients(message(
        "PID|1|EXT|7^3^M11^NORTH&1.2&ISO^MR~9^^^USA^SS|OLD|Doe^Ada^B^Jr^Dr^MD^L~Roe^^^^^^M|Smith|197001|F|"
        "|2106-3^White^CDC~2028-9|1 Main St^Apt 2^Town^MA^01101^USA^H^^025||^PRN^PH^a@b.org^1^413^5550100^12"
        '|(413)5550101^WPN|""|M||A1^^^BILL'
        "|123|L1^MA^20301231||N^Not Hispanic^CDC||Y|2||||20260301|Y|N",
        kind="ADT^A08",
    ))  # fmt: skip
    assert (row.patient_id, row.patient_assigner, row.patient_id_type) == ("7", "NORTH", "MR")
    assert [(one.value, one.type, one.assigner, one.source) for one in row.identifiers] == [
        ("7", "MR", "NORTH", "PID-3"), ("9", "SS", "USA", "PID-3"), ("EXT", None, None, "PID-2"),
        ("OLD", None, None, "PID-4"), ("A1", "AN", "BILL", "PID-18"), ("123", "SS", None, "PID-19"),
        ("L1", "DL", "MA", "PID-20"),
    ]  # fmt: skip
    assert row.identifiers[0] == Identifier("7", "NORTH", "1.2", "MR", "3", "M11", None, None, "PID-3")
    assert row.names == (
        Name("Doe", "Ada", "B", "Jr", "Dr", "MD", "L"), Name("Roe", None, None, None, None, None, "M"),
    )  # fmt: skip
    assert row.addresses == (Address("1 Main St", "Apt 2", "Town", "MA", "01101", "USA", "H", "025"),)
    assert row.phones == (
        Phone("+1 413 5550100 x12", "a@b.org", "PRN", "PH", "PID-13"),
        Phone("(413)5550101", None, "WPN", None, "PID-14"),
    )
    assert (row.birth, row.sex, row.is_multiple_birth, row.birth_order) == ("1970-01", "F", True, "2")
    assert (row.died_at, row.is_deceased, row.nulls, row.faults) == ("2026-03-01", True, ("language",), ())
    assert [race.code for race in row.races] == ["2106-3", "2028-9"]
    assert row.ethnicities[0].code == "N"


def test_a_bad_birth_date_is_a_fault_by_name():
    [row] = patients(message("PID|1||7||Doe||19701301", kind="ADT^A08"))
    assert (row.birth, row.faults) == (None, ("malformed_birth",))


@pytest.mark.parametrize(
    ("event", "meaning", "cancels"),
    [("A01", "admit", None), ("A02", "transfer", None), ("A03", "discharge", None), ("A04", "register", None),
     ("A08", "update", None), ("A11", "cancel", "A01"), ("A12", "cancel", "A02"), ("A13", "cancel", "A03")],
)  # fmt: skip
def test_an_event_has_a_meaning_for_the_visit(event, meaning, cancels):
    pv1 = (
        "PV1|1|I|W1^101^A^NORTH|E|||99^Doe^Jane"
        + "|" * 12
        + "V1^^^NORTH^VN"
        + "|" * 17
        + "01"
        + "|" * 8
        + "202603010700"
    )
    [row] = encounters(message("EVN||20260301||R1||20260228", PID, pv1, kind=f"ADT^{event}"))
    assert (row.event, row.meaning, row.cancels, row.occurred_at) == (event, meaning, cancels, "2026-02-28")
    assert (row.patient_class, row.location.unit, row.location.bed) == ("I", "W1", "A")
    assert (row.visit_number, row.visit_assigner, row.patient_id) == ("V1", "NORTH", "7")
    assert row.attending == Party("99", "Doe", "Jane", None, None)
    assert (row.discharge_disposition, row.admitted_at) == ("01", "2026-03-01T07:00:00-05:00")


@pytest.mark.parametrize("event", ["A40", "A34", "A30"])
def test_a_merge_says_what_survives_and_what_is_lost(event):
    [row] = merges(message("EVN||20260301", PID, "MRG|8^^^NORTH^MR||A8", kind=f"ADT^{event}"))
    assert (row.action, row.segment, row.faults) == ("merge", 3, ())
    assert ([one.value for one in row.surviving_ids], [one.value for one in row.lost_ids]) == (["7"], ["8"])
    assert row.lost_account[0].value == "A8"


def test_a_message_may_merge_several_pairs():
    rows = merges(message(PID, "MRG|8", PID.replace("7^", "9^"), "MRG|10", kind="ADT^A40"))
    assert [(row.surviving_ids[0].value, row.lost_ids[0].value) for row in rows] == [("7", "8"), ("9", "10")]


def test_a_delete_loses_the_person_or_the_visit():
    [person] = merges(message(PID, kind="ADT^A29"))
    assert (person.action, person.level, person.lost_ids[0].value, person.surviving_ids) == (
        "delete",
        "person",
        "7",
        (),
    )
    [visit] = merges(message(PID, "PV1|1|I" + "|" * 17 + "V1", kind="ADT^A23"))
    assert (visit.level, visit.lost_visit[0].value) == ("visit", "V1")


def test_a_merge_without_its_identifiers_is_faulty():
    [row] = merges(message("PID|1", kind="ADT^A40"))
    assert row.faults == ("no_lost_identifier", "no_surviving_identifier")


def test_diagnoses_allergies_and_insurances_know_their_patient():
    found = message(
        PID,
        "DG1|1|I10|E11.9^Diabetes||20260301|F|||||||||1|99^Doe",
        "AL1|1|DA|7980^Penicillin^RXN|SV|hives~rash|20200101",
        "IN1|1|PPO|C1|Payer Inc||||G1||||20260101|20261231|||Doe^Ada|SEL" + "|" * 19 + "POL1" + "|" * 13 + "MEM1",
        kind="ADT^A01",
    )  # fmt: skip
    [diagnosis], [allergy], [insurance] = diagnoses(found), allergies(found), insurances(found)
    assert (diagnosis.code.code, diagnosis.code.system, diagnosis.kind, diagnosis.priority) == (
        "E11.9",
        "I10",
        "F",
        "1",
    )
    assert (allergy.allergen.code, allergy.severity.code, allergy.reactions) == ("7980", "SV", ("hives", "rash"))
    assert (insurance.policy_number, insurance.member_ids[0].value, insurance.group_number) == ("POL1", "MEM1", "G1")
    assert (insurance.starts_on, insurance.ends_on, insurance.company.name) == ("2026-01-01", "2026-12-31", "Payer Inc")
    assert {row.patient_id for row in (diagnosis, allergy, insurance)} == {"7"}
    assert [row.segment for row in (diagnosis, allergy, insurance)] == [2, 3, 4]


def test_orders_share_their_control_and_keep_their_tests():
    second = OBR.replace("OBR|1|P1^EHR|F1", "OBR|2|P2^EHR|F2")
    rows = orders(
        message(PID, "ORC|NW|||G1|SC||||20260301", OBR, "DG1|1||E11.9^^I10", second, "ORC|CA|P3", kind="OML^O21")
    )
    assert [(row.segment, row.meaning, row.placer.value, row.kind) for row in rows] == [
        (3, "new", "P1", "OBR"), (5, "new", "P2", "OBR"), (6, "cancel", "P3", "ORC"),
    ]  # fmt: skip
    assert (rows[0].service.code, rows[0].diagnoses[0].code, rows[1].diagnoses) == ("24323-8", "E11.9", ())
    assert (rows[0].ordered_at, rows[0].group.value, rows[0].status) == ("2026-03-01", "G1", "SC")


def test_an_order_without_number_is_faulty():
    [row] = orders(message(PID, "ORC|NW", kind="ORM^O01"))
    assert row.faults == ("no_order_number",)


def test_an_immunization_has_vaccine_lot_route_and_status():
    [row] = immunizations(message(
        PID, "ORC|RE|P1|F1", "RXA|0|1|20260301||115^Tdap^CVX^58160^Boostrix^NDC|0.5|mL^^UCUM||00^New^NIP001|99^Doe"
        "|^^^Clinic||||L1~L2|20271231|PMC^Sanofi^MVX|||CP|A", "RXR|IM^^HL70162|LD^^HL70163",
        "OBX|1|CE|64994-7^^LN||V02^Medicaid^HL70064||||||F", kind="VXU^V04",
    ))  # fmt: skip
    assert (row.vaccine.code, row.vaccine.alternate_code, row.amount, row.unit.code) == (
        "115",
        "58160",
        Decimal("0.5"),
        "mL",
    )
    assert (row.lots, row.expires_on, row.manufacturer.code, row.place.name) == (
        ("L1", "L2"),
        "2027-12-31",
        "PMC",
        "Clinic",
    )
    assert (row.status, row.action, row.route.code, row.site.code) == ("CP", "A", "IM", "LD")
    assert (row.eligibility.code, row.source.code, row.given_at, row.faults) == ("V02", "00", "2026-03-01", ())


def test_an_unknown_dose_is_no_dose():
    [row] = immunizations(message(PID, "RXA|0|1|2026||88^^CVX|999", kind="VXU^V04"))
    assert (row.amount, row.faults) == (None, ())


def test_a_document_has_its_number_parent_and_text():
    [row] = notes(message(
        PID, "TXA|1|CN^Consult|TX|20260301||20260301|||99^Doe|||D2^DOC|D1^DOC||||LA||AV",
        "OBX|1|TX|1^Body^L||one~two||||||F", "OBX|2|ED|2^Scan||^application^pdf^Base64^QUJD||||||F",
        "OBX|3|TX|1||three||||||F", kind="MDM^T10",
    ))  # fmt: skip
    assert (row.meaning, row.number.value, row.parent.value, row.kind.code) == ("replacement", "D2", "D1", "CN")
    assert (row.text, row.media, row.completion, row.faults) == ("one\ntwo\nthree", ("application/pdf",), "LA", ())


def test_a_drug_is_encoded_with_dose_route_and_quantity():
    [row] = medications(message(
        PID, "ORC|NW|P1|F1|||||20260301", "RXE|^BID^D10^202603010800^20260311|197361^Amlodipine^RXNORM|5|10|mg|TAB|"
        "|||20|TAB|3|99^Doe||RX1", "RXR|PO", "RXC|B|1^Water", kind="RDE^O11",
    ))  # fmt: skip
    assert (row.kind, row.drug.code, row.amount, row.amount_most, row.unit.code) == ("encoded", "197361", 5, 10, "mg")
    assert (row.route.code, row.quantity, row.quantity_unit.code, row.refills) == ("PO", 20, "TAB", 3)
    assert (row.prescription_number, row.timing.frequency, row.starts_at) == ("RX1", "BID", "2026-03-01T08:00:00-05:00")
    assert (row.ends_at, row.components[0].code, row.party.id) == ("2026-03-11", "1", "99")


def test_a_charge_is_exact_to_the_cent():
    [row] = charges(message(
        PID, "FT1|1|T1|B1|20260301|20260302|CG|71045^X-ray^C4|||2|100.10&USD|50.05&USD|||||||E11.9^^I10~I10^^I10"
        "|99^Doe|||F1||71045^X-ray^C4|26~LT", kind="DFT^P03",
    ))  # fmt: skip
    assert (row.amount, row.currency, row.unit_amount, row.quantity) == (Decimal("100.10"), "USD", Decimal("50.05"), 2)
    assert (row.kind, row.transacted_at, row.posted_at) == ("CG", "2026-03-01", "2026-03-02")
    assert ([one.code for one in row.diagnoses], [one.code for one in row.modifiers]) == (
        ["E11.9", "I10"],
        ["26", "LT"],
    )


def test_a_type_that_is_not_mapped_gives_no_rows():
    assert hl7v2_extract.extract(message(PID, kind="SIU^S12")) == {}
    assert set(hl7v2_extract.extract(message(PID, OBR, obx("5")))) == {"patient", "encounter", "lab_result"}


def test_every_row_knows_its_segment():
    for thing, rows in hl7v2_extract.THINGS.items():
        assert rows.__annotations__["return"].startswith("list["), thing
