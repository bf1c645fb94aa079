"""A table that stands on older versions of its resources is the same after a small delivery as built anew."""

import datetime

import pytest

from jobs.shell import deliveries, run
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings
from tests.hl7v2_messages import message

PID = "PID|1||100^^^H^MR||Roe^Jane||19700102|F"
SHORT = "PID|1||100^^^H^MR||Doe^Jane"
TABLES = ("adt_hl7v2", "silver.translated", "silver.superseded", "silver.benefit", "silver.encounter",
          "silver.patient")  # fmt: skip


def visit(number, start="", end="", kind="", place=""):
    return f"PV1|1|{kind}|{place}{'|' * 16}{number}^^^H{'|' * 25}{start}|{end}"


DAYS = (
    [message("ADT^A01", 8, PID, visit(one, "202603010730", kind="I", place="4W^12^1^H")) for one in ("V1", "V2", "V3")],
    [message("ADT^A03", 32, PID, visit("V1", end="202603020745")), message("ADT^A03", 32, PID, visit("V3"))],
    [message("ADT^A08", 34, SHORT, visit("V1")), message("ADT^A13", 35, SHORT, visit("V3"))],
)


DRUG, TEST = "RXE||834061^Penicillin V^RXNORM|250||mg|TAB", "OBR|1|T1^EHR||2823-3^Potassium^LN"
ORDERS = (
    [
        message("RDE^O11", 8, PID, "ORC|NW|D1^EHR", DRUG),
        message("RDE^O11", 8, PID, "ORC|NW|D2^EHR", DRUG),
        message("ORM^O01", 9, PID, "ORC|NW|T1^EHR", TEST),
    ],
    [message("ORM^O01", 32, PID, f"ORC|CA|{one}^EHR") for one in ("D1", "T1", "X1")],
)


@pytest.fixture
def lake(spark, tmp_path):
    return Lake(spark, Settings(str(tmp_path / "lake")))


def build(lake, *wanted, full=False):
    """What silver says of visits and of the patient after a run."""
    report = run.run(lake, wanted, full=full, say=lambda text: None)
    # No message tells of benefits.
    told = [one for one in report.outcomes if one["table"] != "silver.benefit"]
    assert {one["action"] for one in told} <= {"built", "loaded", "confirmed"}, report.outcomes
    columns = ("resource_id", "status", "start_at", "end_at", "class_code", "location_ref", "record_id")
    [patient] = lake.read("silver.patient").select("names", "birth_sent", "gender", "record_id").collect()
    return sorted(lake.read("silver.encounter").select(*columns).collect()), patient


def land(lake, folder, place, messages):
    file = folder / f"{place}.hl7"
    file.write_text("\r".join(messages) + "\r", newline="")
    at = datetime.datetime(2026, 3, 1 + place, 18, tzinfo=datetime.UTC)
    deliveries.land("adt_hl7v2", [file], lake.settings, received_at=at)


def test_a_discharge_that_comes_alone_keeps_the_admission_that_was_built_before(lake, tmp_path):
    for place, messages in enumerate(DAYS):
        land(lake, tmp_path, place, messages)
        told, patient = build(lake, *TABLES)
    began, ended = datetime.datetime(2026, 3, 1, 12, 30), datetime.datetime(2026, 3, 2, 12, 45)
    assert [tuple(row)[:5] for row in told] == [
        ("H-V1", "finished", began, ended, "IMP"),
        ("H-V2", "in-progress", began, None, "IMP"),
        ("H-V3", "in-progress", began, None, "IMP"),
    ]
    assert {row.location_ref for row in told} == {"Location/H-4W-12-1"}
    assert (patient.names[0].family, patient.birth_sent, patient.gender) == ("Doe", "1970-01-02", "female")
    assert build(lake, "silver.encounter", "silver.patient", full=True) == (told, patient)


def test_an_order_that_is_cancelled_by_its_number_alone_is_of_what_was_ordered_before(lake, tmp_path):
    def told(*wanted, full=False):
        report = run.run(lake, wanted, full=full, say=lambda text: None)
        assert {one["action"] for one in report.outcomes} <= {"built", "loaded", "confirmed"}, report.outcomes
        return [
            sorted(
                (row.resource_id[-2:], row.status, [one.code for one in row.codes]) for row in lake.read(name).collect()
            )
            for name in ("silver.medication_request", "silver.order")
        ]

    for place, messages in enumerate(ORDERS):
        land(lake, tmp_path, place, messages)
        found = told(*TABLES[:3], "silver.medication_request", "silver.order")
    drugs, tests = found
    # Of X1 nobody said that it was of a drug.
    assert drugs == [("D1", "cancelled", ["834061"]), ("D2", "active", ["834061"])]
    assert tests == [("D1", "revoked", []), ("T1", "revoked", ["2823-3"]), ("X1", "revoked", [])]
    assert told("silver.medication_request", "silver.order", full=True) == found
