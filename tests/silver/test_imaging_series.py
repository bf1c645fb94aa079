"""silver.imaging_series: series of imaging studies."""

from __future__ import annotations

import datetime

import pytest

from jobs.silver.imaging_series import build
from tests.imaging_headers import header, translated
from tests.imaging_studies import series, study


@pytest.fixture
def rows_of(fhir_records):
    def make(resource):
        return sorted(build(fhir_records(resource)).collect(), key=lambda row: row.series_uid or "")

    return make


def test_a_series_with_its_modality_its_site_and_its_study(rows_of):
    [row] = rows_of(study())
    assert (row.study_uid, row.series_uid, row.number) == ("1.2.840.1", "1.2.840.1.1", 1)
    assert (row.modality_codes[0].code, row.body_site_codes[0].code, row.laterality_codes) == ("DX", "51185008", [])
    assert (row.patient_ref, row.encounter_ref, row.procedure_codes[0].code) == (
        "Patient/1",
        "Encounter/e1",
        "399208008",
    )
    assert (row.started_at, row.faults) == (datetime.datetime(2023, 3, 6, 22, 50, 34), [])


def test_a_series_without_a_start_began_with_its_study(rows_of):
    [row] = rows_of(study(series(started=None)))
    assert row.started_at == datetime.datetime(2023, 3, 6, 22, 40)


def test_each_series_is_a_row_with_a_key_of_its_own(rows_of):
    rows = rows_of(study(series("1.1"), series("1.2")))
    assert ([row.series_uid for row in rows], len({row.imaging_series_id for row in rows})) == (["1.1", "1.2"], 2)
    assert len({row.imaging_study_id for row in rows}) == 1


def test_a_series_twice_or_without_uid_waits(rows_of):
    nameless, *twice = rows_of(study(series("1.1"), series("1.1"), series(None)))
    assert nameless.faults == ["no_series_uid"]
    assert [row.faults for row in twice] == [["repeated_series_uid"], ["repeated_series_uid"]]


@pytest.fixture
def of_headers(fhir_records, rows):
    def make(*headers):
        return build(fhir_records(), translated(rows, *headers)).collect()

    return make


def test_the_images_of_a_series_give_one_row_of_it(of_headers):
    rows = of_headers(*[header({"00080018": ("UI", f"1.2.3.3.{n}")}) for n in (1, 2, 3)])
    assert [(row.series_uid, row.study_uid, row.record_id % 100) for row in rows] == [("1.2.3.3", "1.2.3", 0)]


def test_a_changed_header_of_the_series_that_arrives_later_counts(of_headers):
    [row] = of_headers(header({"0008103E": ("LO", "before")}), header({"0008103E": ("LO", "after")}))
    assert (row.description, row.record_id % 100) == ("after", 1)


def test_a_series_of_headers_belongs_to_the_study_of_headers(fhir_records, rows):
    from jobs.silver.imaging_study import build as all_studies

    told = translated(rows, header())
    [one], [study_row] = build(fhir_records(), told).collect(), all_studies(fhir_records(), told).collect()
    assert (one.imaging_study_id, one.patient_id) == (study_row.imaging_study_id, study_row.patient_id)


def test_the_modality_of_the_class_and_the_one_sent_are_both_kept(of_headers):
    [row] = of_headers(header({"00080060": ("CS", "MR")}))
    assert (row.modality_codes[0].code, row.body_site_codes[0].code) == ("CT", "CHEST")
    assert [(one.element, one.value) for one in row.sent_as] == [("modality", "MR"), ("body_part", "Thorax")]


def test_what_holds_for_the_series_is_its_facts(of_headers):
    [row] = of_headers(header({"00101010": ("AS", "006M")}))
    assert [(f.name, f.value and float(f.value), f.unit, f.words, f.sent) for f in row.facts] == [
        ("patient_age_years", 0.5, "a", None, "006M"),
        ("model", None, None, "Scan 7", None),
    ]


def test_a_series_of_an_ehr_has_no_facts_and_nothing_sent_otherwise(rows_of):
    [row] = rows_of(study())
    assert (row.facts, row.sent_as, row.retrieve_url) == ([], [], None)


def test_a_study_without_series_gives_no_row_by_rule(fhir_records):
    from jobs.silver.imaging_series import without_row

    found = fhir_records(study(), study(id="s2", series=None)).select("resource_id", without_row().alias("why"))
    assert {row.resource_id: row.why for row in found.collect()} == {"s1": None, "s2": "study_without_series"}
