"""A steward undoes a merge of the demo hospital: what was told of the lost number moves back. Runs after the others."""

import datetime

import pytest

from jobs.identity.decisions import NEVER
from jobs.shell import deliveries, steward
from tests.journeys import test_hospital, test_hospital_people
from tests.journeys.test_hospital import faults

site = test_hospital.site
pytestmark = [test_hospital.PATIENCE, pytest.mark.soak]
AFTER = datetime.datetime(2026, 11, 20, 6, tzinfo=datetime.UTC)
VISIT = "visit-of-the-lost-number"
# A visit that is told of the number that was merged away, months after, and never of the one that stands.
LATE = "\r".join(
    [
        r"MSH|^~\&|NORTHEHR|NORTHRIVER^2.16.840.1.113883.19.5^ISO|LAKEWARD|LAKE|20261119090000||ADT^A01^ADT_A01|ADT900000001"
        "|P|2.5.1||||||UNICODE UTF-8",
        "EVN|A01|20261119090000",
        "PID|1||{number}^^^NORTHRIVER&2.16.840.1.113883.19.5&ISO^MR||Late^Lamia||19010101|F",
        f"PV1|1|I|WARD^^^NORTHRIVER||||||||||||||||{VISIT}^^^NORTHRIVER^VN|||||||||||||||||||||||||20261119080000",
        "",
    ]
)


def test_an_undone_merge_moves_the_rows_of_the_lost_number_back(site, tmp_path):
    merge = faults("merged_into")[0]
    (tmp_path / "late.hl7").write_text(LATE.format(number=merge["lost"]), newline="", encoding="utf-8")
    deliveries.land("adt_hl7v2", [tmp_path / "late.hl7"], site.settings, received_at=AFTER)
    report = site.again()
    assert report.state == "succeeded", report.failed
    lost, into = (test_hospital_people.record_of(site, merge[side]) for side in ("lost", "into"))
    [(survivor, _)] = test_hospital_people.person_of_record(site, into)
    assert of_late_visit(site) == [(survivor,)]
    people = site.ask("SELECT count(*) FROM person")

    steward.decide(site.settings, NEVER, lost, into, who="a steward", why="two people", at=AFTER)
    report = site.again()
    assert report.state == "succeeded", report.failed
    [(own, tells)] = test_hospital_people.person_of_record(site, lost)
    assert own != survivor
    assert tells
    assert test_hospital_people.person_of_record(site, into)[0][0] == survivor
    assert of_late_visit(site) == [(own,)]
    assert site.ask("SELECT count(*) FROM person") == [(people[0][0] + 1,)]


def of_late_visit(site):
    return site.ask(
        "SELECT v.person_id FROM visit_occurrence v JOIN silver.encounter e"
        " ON list_contains(v.lw_told_by, e.encounter_id) WHERE e.feed = 'adt_hl7v2' AND contains(e.resource_id, ?)",
        VISIT[:5],
    )
