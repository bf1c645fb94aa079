"""What silver knows of FHIR: which version of a resource is the newest."""

from __future__ import annotations

import datetime

import pytest

from jobs.columns import fhir, results

MONDAY = datetime.datetime(2026, 3, 2, 6)
TUESDAY = datetime.datetime(2026, 3, 3, 6)


def test_every_field_of_a_result_is_declared_once():
    names = [field.split(" ", 1)[0] for field in results.RESULT]
    assert len(names) == len(set(names)) == 15


@pytest.fixture
def newest(fhir_records):
    """`newest({...}, {...})`: record ids that stay of versions of Patient/1, given as what differs between them."""

    def make(*versions):
        records = None
        for number, version in enumerate(versions, 1):
            resource = {"resourceType": "Patient", "id": version.pop("id", "1"), "gender": version.pop("gender", None)}
            one = fhir_records(resource, **{"record_id": number, **version})
            records = one if records is None else records.unionByName(one)
        return sorted(row.record_id for row in fhir.current(records, "Patient").select("record_id").collect())

    return make


def test_the_version_updated_last_wins_whenever_it_arrived(newest):
    late = {"gender": "male", "last_updated": MONDAY, "received_at": TUESDAY, "delivery_id": "d2"}
    assert newest({"last_updated": TUESDAY}, late) == [1]


def test_version_ten_is_newer_than_version_nine(newest):
    ninth = {"last_updated": MONDAY, "version_id": "9"}
    tenth = {"last_updated": MONDAY, "version_id": "10", "gender": "male"}
    assert newest(tenth, ninth) == [1]


def test_a_version_that_is_no_number_decides_nothing(newest):
    first = {"version_id": "b", "position": 0}
    second = {"version_id": "a", "position": 9, "gender": "male"}
    assert newest(first, second) == [2]


def test_without_any_date_of_its_own_what_arrived_last_wins(newest):
    assert newest({"received_at": TUESDAY, "delivery_id": "d2"}, {"received_at": MONDAY, "gender": "male"}) == [1]


def test_unchanged_content_sent_again_changes_nothing(newest):
    again = {"received_at": TUESDAY, "delivery_id": "d2"}
    assert newest({"received_at": MONDAY}, again) == [1]


def test_content_that_was_changed_and_changed_back_is_what_was_sent_last(newest):
    first = {"received_at": MONDAY, "delivery_id": "d1"}
    other = {"received_at": MONDAY + datetime.timedelta(hours=1), "delivery_id": "d2", "gender": "male"}
    back = {"received_at": TUESDAY, "delivery_id": "d3"}
    assert newest(first, other, back) == [3]


def test_two_contents_in_one_delivery_sent_again_keep_the_record_of_the_first_delivery(newest):
    # Synthea writes each hospital twice into one export, with differing content.
    first = [{"position": 0}, {"position": 0, "file_digest": "1" * 64, "gender": "male"}]
    again = [{**one, "received_at": TUESDAY, "delivery_id": "d2"} for one in first]
    assert newest(*first, *again) == [2]


def test_a_deleted_resource_is_gone(newest):
    tombstone = {"method": "DELETE", "last_updated": TUESDAY, "delivery_id": "d2"}
    assert newest({"last_updated": MONDAY}, tombstone) == []


def test_a_deletion_without_a_date_deletes_what_was_updated_before_its_export(newest):
    tombstone = {"method": "DELETE", "exported_at": TUESDAY, "delivery_id": "d2"}
    assert newest({"last_updated": MONDAY}, tombstone) == []


def test_a_resource_made_again_after_its_deletion_is_there(newest):
    tombstone = {"method": "DELETE", "last_updated": MONDAY, "delivery_id": "d2"}
    assert newest(tombstone, {"last_updated": TUESDAY, "delivery_id": "d3", "method": "PUT"}) == [2]


def test_other_resources_and_other_feeds_are_left_alone(newest):
    assert newest({}, {"id": "2"}, {"feed": "other_fhir"}, {"tenant": "elsewhere"}) == [1, 2, 3, 4]
