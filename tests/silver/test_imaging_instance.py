"""silver.imaging_instance: images."""

from __future__ import annotations

import pytest

from jobs.silver.imaging_instance import build
from tests.imaging_headers import header, translated
from tests.imaging_studies import series, study


@pytest.fixture
def rows_of(fhir_records):
    def make(resource):
        return sorted(build(fhir_records(resource)).collect(), key=lambda row: row.instance_uid or "")

    return make


def test_an_image_with_its_class_its_series_and_its_study(rows_of):
    [row] = rows_of(study())
    assert (row.study_uid, row.series_uid, row.instance_uid) == ("1.2.840.1", "1.2.840.1.1", "1.2.840.1.1.1")
    assert (row.sop_class_uid, row.number, row.faults) == ("1.2.840.10008.5.1.4.1.1.1.1", 1, [])


def test_its_series_has_the_same_key_there(fhir_records):
    from jobs.silver.imaging_series import build as all_series

    records = fhir_records(study())
    [one] = all_series(records).collect()
    [image] = build(records).collect()
    assert (image.imaging_series_id, image.imaging_study_id) == (one.imaging_series_id, one.imaging_study_id)


def test_a_series_without_images_has_none(rows_of):
    assert rows_of(study(series(instance=None))) == []


def test_an_image_twice_or_without_uid_waits(rows_of):
    nameless, *twice = rows_of(study(series(instance=[{"uid": "7.1"}, {"uid": "7.1"}, {"title": "no uid"}])))
    assert nameless.faults == ["no_instance_uid"]
    assert [row.faults for row in twice] == [["repeated_instance_uid"], ["repeated_instance_uid"]]


@pytest.fixture
def of_headers(fhir_records, rows):
    def make(*headers):
        return build(fhir_records(), translated(rows, *headers)).collect()

    return make


def test_each_header_is_an_image_and_sent_again_the_same_one(of_headers):
    rows = of_headers(header(), header({"00080018": ("UI", "1.2.3.3.2")}), header())
    assert sorted((row.instance_uid, row.record_id % 100) for row in rows) == [("1.2.3.3.1", 0), ("1.2.3.3.2", 1)]
    assert {row.sop_class_uid for row in rows} == {"1.2.840.10008.5.1.4.1.1.2"}


def test_a_fact_is_kept_as_cleaned_and_as_sent(of_headers):
    [row] = of_headers(header())
    assert [(f.name, int(f.value), f.unit, f.sent) for f in row.facts] == [("kvp", 120, "kV", "120000")]


def test_an_image_of_headers_belongs_to_the_series_of_headers(fhir_records, rows):
    from jobs.silver.imaging_series import build as all_series

    told = translated(rows, header())
    [one], [image] = all_series(fhir_records(), told).collect(), build(fhir_records(), told).collect()
    assert (image.imaging_series_id, image.imaging_study_id) == (one.imaging_series_id, one.imaging_study_id)


def test_a_study_without_images_gives_no_row_by_rule(fhir_records):
    from jobs.silver.imaging_instance import without_row

    found = fhir_records(study(), study(series(instance=None), id="s2"), study(id="s3", series=[]))
    why = found.select("resource_id", without_row().alias("why")).collect()
    assert {row.resource_id: row.why for row in why} == {
        "s1": None,
        "s2": "study_without_images",
        "s3": "study_without_images",
    }
