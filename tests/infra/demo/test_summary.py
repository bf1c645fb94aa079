"""The demo's last page, from what `lakeward status --json` says."""

import json

import pytest

from infra.demo import lakeward, summary


def table(name, rows=0, accounting=None, counted=None, failed=(), version=1, published=1):
    return {
        "table": name,
        "rows": rows,
        "version": version,
        "published": published,
        "accounting": accounting or {"out": rows},
        "gates": {"counted": counted or {}, "failed": list(failed)},
    }


@pytest.fixture
def found():
    """A small lake after one delivery."""
    delivery = {"delivery": "ae4233cd89807bf0", "files": 27, "state": "taken in", "reasons": [], "records": 22855}
    return {
        "feeds": [{"feed": "ehr_fhir", "deliveries": [delivery]}],
        "publication": {"number": 3, "as_of": "2026-01-01"},
        "tables": [
            table("bronze.ehr_fhir", 22850, {"in": 22855, "out": 22850, "quarantined": {"not_json": 5}, "held": 5}),
            table("silver.condition", 90, {"in": 100, "out": 90, "superseded": 8, "held": 2, "missing": 0}),
            table("silver.patient", 23, {"in": 24, "out": 23, "superseded": 1, "missing": 0}),
            table("gold.person", 22, {"in": 23, "out": 22, "excluded": {"no_year_of_birth": 1}}, {"passed": 40}),
            table(
                "gold.measurement",
                7000,
                {"in": 7000, "out": 7000},
                {"passed": 9, "failed": 1},
                [{"message": "units 12%"}],
            ),
            table("gold.concept", 1200),
        ],
        "coverage": {"vocabularies": [{"vocabulary": "LOINC", "rows": 7000, "mapped": 6720}]},
        "runs": [
            {"state": "succeeded", "stages": {"vocabulary": 4.0, "silver": 31.4}},
            {"state": "failed", "stages": {"gold": 99.0}},
            {"state": "succeeded", "stages": {"gold": 41.2}},
        ],
        "places": {"lake": "/x/lake", "lineage": "/x/lake/ops/lineage", "gates": "/x/lake/ops/gates"},
    }


def answer(query):
    """What the little lake would say to the summary's questions."""
    if "silver.person_link" in query:
        return [{"person_id": 77, "feeds": ["claims_x12", "ehr_fhir"], "records": 3}]
    if "silver.clinical_event" in query:
        return [{"feed": "ehr_fhir", "events": 40, "known": 0}, {"feed": "claims_x12", "events": 5, "known": 4}]
    if "gold.cost" in query:
        money = {"charge": "120.00", "allowed": "90.00", "payer": "70.00", "patient": "20.00"}
        return [{"told": "silver.benefit", "costs": 2, **money, "off": 0}]
    return [{"id": 8123}]


@pytest.fixture
def page(found, monkeypatch):
    monkeypatch.setattr(lakeward, "ask", lambda command, query, *rest: json.dumps(answer(query)))
    return summary.render(found, 187.3).splitlines()


def line(page, start):
    [only] = [text.split() for text in page if text.strip().startswith(start)]
    return only


def test_each_hop_says_what_became_of_its_rows(page):
    assert line(page, "bronze -> silver")[4:] == ["tables)", "124", "113", "9", "0", "2", "0", "0"]
    assert line(page, "silver -> gold")[4:] == ["tables)", "7,023", "7,022", "0", "1", "0", "0", "0"]


def test_every_reason_is_named_and_what_waits_comes_first(page):
    start = page.index("Quarantined and excluded, by reason")
    assert [text.split() for text in page[start + 2 : start + 4]] == [
        ["bronze.ehr_fhir", "quarantined", "not_json", "5"],
        ["gold.person", "excluded", "no_year_of_birth", "1"],
    ]


def test_gates_are_counted_by_layer_and_a_warning_is_repeated(page):
    assert line(page, "gold (3 tables)") == ["gold", "(3", "tables)", "50", "1", "49"]
    assert "  gold.measurement: units 12%" in page


def test_clinical_tables_are_counted_and_the_vocabulary_is_one_line(page):
    assert "OMOP CDM v5.4: publication 3, data as of 2026-01-01" in page
    assert line(page, "measurement") == ["measurement", "7,000", "person", "22"]
    assert "  and the ten vocabulary tables, 1,200 concepts" in page


def test_coverage_is_the_share_of_rows_per_vocabulary(page):
    assert line(page, "LOINC") == ["LOINC", "7,000", "96.0%"]


def test_a_stages_time_is_that_of_its_last_run_that_succeeded(page):
    start = page.index("Wall time of each stage inside Spark")
    assert [text.split() for text in page[start + 2 : start + 5]] == [
        ["vocabulary", "4", "s"],
        ["silver", "31", "s"],
        ["gold", "41", "s"],
    ]


def test_three_commands_to_try_are_whole_commands(page):
    start = page.index("Try next")
    tries = page[start + 2 : start + 5]
    assert [
        "lakeward sql" in tries[0],
        "trace gold.measurement 8123" in tries[1],
        tries[2].endswith("make airflow"),
    ] == [
        True,
        True,
        True,
    ]


def test_readers_are_behind_while_a_delivery_waits_or_a_version_is_unpublished(found):
    assert not lakeward.behind(found)
    found["feeds"][0]["deliveries"][0]["state"] = "waiting"
    assert lakeward.behind(found)
    found["feeds"][0]["deliveries"][0]["state"] = "taken in"
    found["tables"].append(table("gold.death", version=2, published=1))
    assert lakeward.behind(found)


def test_one_patient_is_shown_with_what_each_feed_told_of_them(page):
    start = page.index("One patient, known to every feed")
    assert page[start + 2] == "  person 77: 3 patient records in 2 feeds"
    assert line(page, "claims_x12") == ["claims_x12", "5", "4"]


def test_money_is_summed_and_what_does_not_add_up_is_counted(page):
    assert line(page, "silver.benefit") == ["silver.benefit", "2", "120.00", "90.00", "70.00", "20.00", "0"]


def test_deliveries_are_counted_by_feed_and_what_is_held_says_why(found, monkeypatch):
    monkeypatch.setattr(lakeward, "ask", lambda command, query, *rest: json.dumps(answer(query)))
    held = {"delivery": "b", "files": 1, "state": "held", "reasons": ["truncated"], "records": 7}
    found["feeds"][0]["deliveries"].append(held)
    page = summary.render(found, 1.0).splitlines()
    [told] = [text.split() for text in page if "1 held" in text]
    assert told[1:] == ["1", "held,", "1", "taken", "in", "28", "files", "22,855", "records"]
    assert "held for truncated: 1" in [text.strip() for text in page]
