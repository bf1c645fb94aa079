"""What happened in the demo hospital: results, visits and images, each once however many systems tell of it."""

import collections
import datetime
import decimal
import functools

from tests.journeys import test_hospital, test_hospital_people
from tests.journeys.test_hospital import faults, of_ours, truth

site = test_hospital.site
pytestmark = test_hospital.PATIENCE
BRONZE = {feed: f"bronze.{feed}" for feed in test_hospital.FEEDS}


@functools.cache
def feed_of_record(site):
    """Record in bronze -> the feed it came by."""
    told = " UNION ALL ".join(f"SELECT record_id, feed FROM {table}" for table in BRONZE.values())
    return dict(site.ask(told))


@functools.cache
def results(site):
    """Observation in the EHR -> rows (table, id, value, unit as sent, at, records) of gold that stand on it."""
    found = collections.defaultdict(list)
    for table in ("measurement", "observation"):
        for observation, *row in site.ask(
            f"WITH stood AS (SELECT *, unnest(lw_record_ids) AS record_id FROM {table})"
            f" SELECT b.resource_id, '{table}', {table}_id, value_as_number, unit_source_value, {table}_datetime,"
            " lw_record_ids FROM stood JOIN bronze.ehr_fhir b USING (record_id) WHERE b.resource_type = 'Observation'"
        ):
            found[observation].append(tuple(row))
    return dict(found)


def spoilt(*kinds):
    """Accession and LOINC of the laboratory's results that were sent with a code or unit that is not theirs."""
    return {(one["accession"], one["loinc"]) for kind in kinds for one in faults(kind=kind, feed="lab_hl7v2")}


def test_each_result_is_one_row_that_stands_on_every_system_that_told_it(site):
    # A result under a code that means nothing, or in another unit, cannot be known as the same.
    apart = spoilt("bad_code")
    wrong = {}
    for one in truth("results"):
        feeds = set(one["told_by"])
        if (one["accession"], one["loinc"]) in apart:
            feeds -= {"lab_hl7v2"}
        rows = results(site).get(one["observation"], [])
        told = [{feed_of_record(site)[record] for record in row[-1]} for row in rows]
        if told != [feeds]:
            wrong[one["observation"]] = (told, feeds)
    assert wrong == {}
    assert len(truth("results")) == of_ours(504)


def test_each_result_has_its_value_its_unit_and_its_instant(site):
    wrong = {}
    for one in truth("results"):
        for table, _, value, unit, at, _ in results(site).get(one["observation"], []):
            instant = datetime.datetime.fromisoformat(one["at"]).astimezone(datetime.UTC).replace(tzinfo=None)
            own = decimal.Decimal(one["value"]) if one["unit"] else None
            if (value, at) != (own if own is None else float(own), instant) or (
                own is not None and unit != one["unit"]
            ):
                wrong[one["observation"]] = (table, value, unit, at)
    assert wrong == {}


def test_a_corrected_result_has_the_new_value_only(site):
    corrected = [one for one in truth("results") if one["status"] == "C"]
    assert len(corrected) == of_ours(2)
    for one in corrected:
        [(_, row_id, value, *_)] = results(site)[one["observation"]]
        assert value == float(one["value"])
        others = site.ask(
            "SELECT o.measurement_id FROM measurement m"
            " JOIN measurement o USING (person_id, measurement_concept_id, measurement_datetime)"
            " WHERE m.measurement_id = ? AND o.measurement_id <> m.measurement_id",
            row_id,
        )
        assert others == []


def person_of(site, number):
    """The person_id of somebody in the truth."""
    [found] = {person_id for person, person_id, _ in test_hospital_people.people_of(site).values() if person == number}
    return found


def test_what_a_correction_replaces_is_in_history(site):
    replaced = [one for one in faults("superseded", kind="correction") if one["feed"] != "ehr_fhir"]
    assert len(replaced) == of_ours(4)
    for one in replaced:
        record = site.record(one)
        assert site.ask("SELECT count(*) > 0 FROM silver.superseded WHERE record_id = ?", record) == [(True,)]


def test_a_code_or_unit_that_nobody_knows_is_kept_as_sent_with_concept_0(site):
    # A claim that was voided is not in the end, with whatever code.
    gone = {site.record(one) for one in faults("cancelled", feed="claims_x12")}
    kept = [one for one in faults("mapped_with_concept_0") if site.record(one) not in gone]
    assert len(kept) == of_ours(2)
    again = [one for one in faults("same_record_again") if one["kind"] == "same_message_again"]
    for one in kept:
        # Of a message that was sent again the later one counts.
        records = [site.record(each) for each in (one, *(each for each in again if each["by"] == one["id"]))]
        column = "unit_source_value" if one["kind"] == "unknown_unit" else "source_value"
        concept = "unit_concept_id" if one["kind"] == "unknown_unit" else "concept_id"
        rows = site.ask(
            f"SELECT DISTINCT {concept} FROM silver.clinical_event WHERE {column} = ? AND list_has_any(record_ids, ?)",
            one["sent"],
            records,
        )
        assert rows == [(0,)], one["kind"]
    in_gold = """
        SELECT DISTINCT measurement_concept_id FROM measurement WHERE measurement_source_value = $1
        UNION ALL SELECT DISTINCT observation_concept_id FROM observation WHERE observation_source_value = $1
    """
    for one in faults(kind="bad_code", feed="lab_hl7v2"):
        assert site.ask(in_gold, one["sent"]) == [(0,)]


def test_a_unit_that_is_known_but_wrong_is_kept_as_sent(site):
    asked = """
        SELECT DISTINCT unit_source_value FROM silver.clinical_event
        WHERE list_contains(record_ids, ?) AND unit_source_value = ?
    """
    found = {
        one["sent"]: site.ask(asked, site.record(one), one["sent"])
        for one in faults(kind="wrong_unit", feed="lab_hl7v2")
    }
    assert len(found) == of_ours(1)
    assert found == {sent: [(sent,)] for sent in found}


@functools.cache
def visits(site):
    """Visit number -> rows (visit, person, concept, start, end, records) that the EHR or admissions tell."""
    found = collections.defaultdict(set)
    for row in site.ask(
        "WITH told AS (SELECT *, unnest(lw_told_by) AS encounter_id FROM visit_occurrence)"
        " SELECT e.resource_id, list_transform(e.identifiers, lambda x: x.value), v.visit_occurrence_id, v.person_id,"
        " v.visit_concept_id, v.visit_start_datetime, v.visit_end_datetime, v.lw_record_ids"
        " FROM told v JOIN silver.encounter e USING (encounter_id) WHERE e.feed IN ('ehr_fhir', 'adt_hl7v2')"
    ):
        for number in {row[0], *(row[1] or [])}:
            found[number].add((*row[2:7], tuple(sorted(row[7]))))
    return dict(found)


def instant(text):
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC).replace(tzinfo=None)


def test_each_visit_is_one_that_the_record_of_care_and_admissions_tell(site):
    finished = [one for one in truth("visits") if one["state"] == "finished"]
    assert len(finished) == of_ours(98)
    # Claims and the laboratory speak of visits too, in passing: that they are known as the same is not in the truth.
    wrong = {}
    for one in finished:
        rows = visits(site).get(one["visit"], set())
        told = [
            (person, start, end, {feed_of_record(site)[record] for record in records} & {"ehr_fhir", "adt_hl7v2"})
            for _, person, _, start, end, records in rows
        ]
        right = [(person_of(site, one["person"]), instant(one["start"]), instant(one["end"]), set(one["told_by"]))]
        if told != right:
            wrong[one["visit"]] = (told, right)
    assert wrong == {}


def test_a_cancelled_visit_is_not_in_gold_and_a_cancelled_discharge_is_followed_by_the_right_one(site):
    cancelled = [one["visit"] for one in truth("visits") if one["state"] == "cancelled"]
    assert len(cancelled) == of_ours(2)
    assert [number for number in cancelled if number in visits(site)] == []
    assert [one["visit"] for one in faults(kind="cancelled_discharge") if len(visits(site)[one["visit"]]) != 1] == []


@functools.cache
def series(site):
    """Series UID -> rows (study, day, modality, procedure, visit, person, records) of gold.image_occurrence."""
    found = collections.defaultdict(list)
    for uid, *row in site.ask(
        'SELECT "image_series_UID", "image_study_UID", image_occurrence_date, modality_concept_id,'
        " procedure_occurrence_id, visit_occurrence_id, person_id, lw_record_ids FROM image_occurrence"
    ):
        found[uid].append(tuple(row))
    return dict(found)


def test_each_series_is_one_image_occurrence_of_its_person_told_by_archive_and_record(site):
    assert len(truth("studies")) == of_ours(6)
    for one in truth("studies"):
        [(study, day, _, procedure, _, person, records)] = series(site)[one["series_uid"]]
        assert study == one["study_uid"]
        assert day == datetime.datetime.fromisoformat(one["at"]).date()
        assert person == person_of(site, one["person"])
        assert {feed_of_record(site)[record] for record in records} == set(one["told_by"]), one["study_uid"]
        assert site.ask("SELECT person_id FROM procedure_occurrence WHERE procedure_occurrence_id = ?", procedure) == [
            (person,)
        ]


def test_a_wrong_modality_is_kept_as_sent_beside_what_the_record_says(site):
    asked = """
        SELECT feed, modality_codes[1].code, list_transform(sent_as, lambda x: x.value) FROM silver.imaging_series
        WHERE series_uid = ? ORDER BY feed
    """
    wrong = faults(kind="wrong_modality")
    assert len(wrong) == of_ours(1)
    for one in wrong:
        [study] = [each for each in truth("studies") if each["instance_uid"] == one["id"]]
        told = site.ask(asked, study["series_uid"])
        # What the kind of the image says instead is the cleaned value.
        cleaned = told[1][1]
        assert told == [("ehr_fhir", one["right"], []), ("imaging_dicom", cleaned, [one["sent"]])]
        assert cleaned in ("DX", "IO")


# Where the starter vocabulary has the site's codes, and what they are said to mean.
VOCABULARIES = {"loinc": "LOINC", "rxnorm": "RxNorm", "lims": "BAYLIS", "ndc": "NDC", "icd10cm": "ICD10CM"}


def meaning(site, vocabulary, code):
    """The standard concepts of a code, or none."""
    asked = (
        "SELECT DISTINCT t.concept_id FROM (SELECT unnest(targets) AS t FROM silver.concept_map"
        " WHERE vocabulary_id = ? AND concept_code = ?)"
    )
    return {concept for (concept,) in site.ask(asked, VOCABULARIES[vocabulary], code)}


def test_the_codes_of_laboratory_and_pharmacy_mean_what_the_hospital_says(site):
    own = [one for one in truth("codes") if one["system"] in ("lims", "ndc")]
    found = {(one["system"], one["code"]): meaning(site, one["system"], one["code"]) for one in own}
    assert found == {(one["system"], one["code"]): meaning(site, one["means"], one["is"]) for one in own}
    assert len(found) == of_ours(105)
    assert all(found.values())


def test_every_diagnosis_that_is_billed_has_a_standard_meaning(site):
    # Not that of the EHR's finer code which was billed under it: a classification has fewer.
    billed = {one["code"] for one in truth("codes") if one["system"] == "icd10cm"}
    assert [code for code in sorted(billed) if not meaning(site, "icd10cm", code)] == []
