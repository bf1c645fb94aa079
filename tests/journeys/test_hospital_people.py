"""Who is who in the demo hospital: every record of a person, of any system, leads to that person and to no other."""

import collections
import functools
import itertools

from tests.journeys import test_hospital
from tests.journeys.test_hospital import faults, of_ours, truth

site = test_hospital.site
pytestmark = test_hospital.PATIENCE
# What a patient is known by: the EHR and admissions, the laboratory, the payers, the imaging archive, before a merge.
NUMBERS = ("ehr_fhir", "ehr_mrn", "lab_mrn", "member_id", "imaging_id", "former_mrn")


@functools.cache
def people_of(site):
    """Patient record -> (the person it is of in truth, person_id, feed)."""
    owner = {one["ids"][name]: one["person"] for one in truth("people") for name in NUMBERS if one["ids"][name]}
    found = {}
    for record, person_id, feed, identifiers in site.ask(
        "SELECT p.patient_id, l.person_id, p.feed, list_transform(p.identifiers, lambda x: x.value)"
        " FROM silver.patient p LEFT JOIN silver.person_link l USING (patient_id)"
    ):
        [person] = {owner[value] for value in identifiers if value in owner}
        found[record] = (person, person_id, feed)
    return found


def pairs_of(site, same):
    """Pairs of records for which `same` holds of both of their (person, person_id, feed)."""
    each = itertools.combinations(sorted(people_of(site).items()), 2)
    return {(left, right) for (left, one), (right, other) in each if same(one, other)}


def test_every_patient_record_is_of_one_person_of_the_truth(site):
    known = people_of(site)
    assert {person for person, _, _ in known.values()} == {one["person"] for one in truth("people")}
    assert {feed for _, _, feed in known.values()} == set(test_hospital.FEEDS)


def test_no_two_people_share_a_person_id(site):
    wrong = pairs_of(site, lambda one, other: one[1] == other[1] and one[0] != other[0])
    assert len(wrong) == 0


def test_all_records_of_a_person_have_one_person_id(site):
    must = pairs_of(site, lambda one, other: one[0] == other[0])
    found = pairs_of(site, lambda one, other: one[1] == other[1])
    print(f"people: {len(must)} pairs, recall {len(must & found) / len(must):.4f},", end=" ")
    print(f"precision {len(must & found) / len(found):.4f}")
    missed = collections.Counter()
    for left, right in must - found:
        both = sorted(people_of(site)[each][2] for each in (left, right))
        missed[(people_of(site)[left][0], *both)] += 1
    assert missed == {}


def test_gold_has_one_person_for_each_of_the_truth(site):
    rows = site.ask("SELECT person_id, year_of_birth, month_of_birth, day_of_birth, gender_source_value FROM person")
    born = {tuple(map(int, one["birth_date"].split("-"))) for one in truth("people")}
    assert len(rows) == len(truth("people")) == of_ours(23)
    assert {row[1:4] for row in rows} == born


def test_what_only_the_record_of_care_says_of_a_person_is_in_gold_whichever_record_survives(site):
    said = """
        SELECT count(DISTINCT person_id) FILTER (len(race_codes) = 1),
            count(DISTINCT person_id) FILTER (len(ethnicity_codes) = 1), count(DISTINCT person_id) FILTER (is_deceased)
        FROM silver.patient p JOIN silver.person_link USING (patient_id) WHERE p.feed = 'ehr_fhir'
    """
    known = """
        SELECT count(*) FILTER (race_concept_id <> 0), count(*) FILTER (ethnicity_concept_id <> 0),
            (SELECT count(*) FROM death) FROM person
    """
    assert site.ask(known) == site.ask(said) == [(of_ours(23), of_ours(23), of_ours(1))]


def record_of(site, number):
    """The patient of the admission system that has a number."""
    [(record,)] = site.ask(
        "SELECT patient_id FROM silver.patient WHERE feed = 'adt_hl7v2' AND list_contains(aliases, ?)",
        f"Patient?identifier=urn:oid:2.16.840.1.113883.19.5|{number}",
    )
    return record


def person_of_record(site, record):
    return site.ask("SELECT person_id, is_survivor FROM silver.person_link WHERE patient_id = ?", record)


def visits_under(site, number):
    """Visit numbers that any message ever told of a patient number, and the people who have them in gold."""
    told = site.ask(
        "SELECT DISTINCT t.resource_id FROM silver.translated t WHERE t.feed = 'adt_hl7v2'"
        " AND t.resource_type = 'Encounter' AND contains(t.payload, ?)",
        f'-{number}"',
    )
    return {
        (visit, person)
        for (visit,) in told
        for (person,) in site.ask(
            "SELECT v.person_id FROM visit_occurrence v JOIN silver.encounter e"
            " ON list_contains(v.lw_told_by, e.encounter_id) WHERE e.feed = 'adt_hl7v2' AND e.resource_id = ?",
            visit,
        )
    }


def test_a_merged_number_leads_to_the_survivor_and_so_do_the_visits_that_were_told_of_it(site):
    merged = faults("merged_into")
    assert len(merged) == of_ours(2)
    for one in merged:
        [(lost, tells)] = person_of_record(site, record_of(site, one["lost"]))
        [(survivor, _)] = person_of_record(site, record_of(site, one["into"]))
        assert lost == survivor
        assert not tells
        visits = visits_under(site, one["lost"])
        assert len(visits) == 1
        assert {person for _, person in visits} == {survivor}
