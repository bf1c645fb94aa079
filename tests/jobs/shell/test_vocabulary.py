"""Loading vocabularies: the starter, a user's download beside what code needs of the starter, and loading again.

One story is told once, since every load writes ten tables; each test asks what one chapter left behind.
"""

from __future__ import annotations

import zipfile

import deltalake
import pyarrow.parquet as pq
import pytest

from jobs.columns.concepts import named
from jobs.formats.athena import VocabularyFileError
from jobs.shell import delta_log, state, tables, vocabulary, vocabulary_files
from jobs.shell.build import Request
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings

CONCEPT = "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code\t" \
    "valid_start_date\tvalid_end_date\tinvalid_reason\n"  # fmt: skip
RELATION = "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_reason\n"
MAPPED = "source_code\tsource_concept_id\tsource_vocabulary_id\tsource_code_description\ttarget_concept_id\t" \
    "target_vocabulary_id\tvalid_start_date\tvalid_end_date\tinvalid_reason\n"  # fmt: skip
ASKED = ("concept", "source_to_concept_map", "vocabulary", "domain", "drug_strength")
DATES = "19700101\t20991231\t"


def concept(concept_id, name, domain, vocabulary_id, code, standard="S"):
    return f"{concept_id}\t{name}\t{domain}\t{vocabulary_id}\tDisorder\t{standard}\t{code}\t{DATES}\n"


DOWNLOAD = {
    "CONCEPT.csv": CONCEPT
    + concept(8645, "unit per liter", "Unit", "UCUM", "[U]/L")
    + concept(4329847, "NA", "Condition", "SNOMED", "22298006")
    + concept(44833556, '"quoted', "Condition", "ICD9CM", "401", standard="")
    + "broken\n",
    "concept_relationship.CSV": RELATION
    + f"44833556\t4329847\tMaps to\t{DATES}\n"
    + f"44833556\t999999999\tMaps to\t{DATES}\n",
    "vocabulary.csv": "vocabulary_id\tvocabulary_name\tvocabulary_reference\tvocabulary_version\t"
    "vocabulary_concept_id\n"
    "None\tOMOP Standardized Vocabularies\tOMOP\tv5.0 30-AUG-24\t44819096\n",
    "CONCEPT_CPT4.csv": "not one of the ten",
}


def _zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"vocabulary_download_v5/{name}", text)
    return path


class DiedError(RuntimeError):
    """Stands for a kill."""


def _dies(point):
    if point == "after-pending":
        raise DiedError


def rows_of(lake, table):
    """The published rows, read without Spark: it costs a second a table."""
    found = deltalake.DeltaTable(lake.path(f"bronze.{table}"), version=lake.version(f"bronze.{table}"))
    return pq.ParquetDataset(found.file_uris()).read().to_pylist()


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory):
    """What each load left: its outcomes, the rows of the tables by origin, their versions."""
    home = tmp_path_factory.mktemp("lake")
    lake = Lake(spark, Settings(str(home)))
    told = {"lake": lake, "said": []}

    def load(chapter, path):
        outcomes = vocabulary.load(lake, path, Request("r", "2026-03-01"), told["said"].append)
        told[chapter] = {"outcomes": {o.table: o for o in outcomes}, **{t: rows_of(lake, t) for t in ASKED}}

    load("starter", None)
    local = home / "local"
    local.mkdir()
    row = "GLU\t0\tclinic\tglucose\t3004501\tLOINC\t" + DATES + "\n"
    (local / "SOURCE_TO_CONCEPT_MAP.csv").write_text(MAPPED + row)
    load("local", local)
    download = _zipped(home / "athena.zip", DOWNLOAD)
    load("download", download)
    load("again", download)
    newer = {"CONCEPT.csv": DOWNLOAD["CONCEPT.csv"].replace("unit per liter", "units per liter")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "reach", _dies)
        with pytest.raises(DiedError):
            load("died", _zipped(home / "newer.zip", newer))
    told["version_when_dead"] = lake.version("bronze.concept")
    load("settled", None)
    return told


def versions(chapter):
    return {name: outcome.version for name, outcome in chapter["outcomes"].items()}


def ids(chapter, origin):
    return {row["concept_id"] for row in chapter["concept"] if row["origin"] == origin}


def test_the_starter_serves_without_a_load(story):
    accounts = {name: o.accounting for name, o in story["starter"]["outcomes"].items()}
    assert accounts["bronze.concept"]["from_starter"] == len(story["starter"]["concept"]) > 1000
    assert sum(account["in"] + account["held"] + account["missing"] for account in accounts.values()) == 0


def test_a_local_map_alone_is_added_and_drops_nothing(story):
    mapped = story["local"]["source_to_concept_map"]
    assert [(row["source_code"], row["target_concept_id"]) for row in mapped if row["origin"] == "load"] == [
        ("GLU", 3004501)
    ]
    assert len(mapped) == 1 + len(story["starter"]["source_to_concept_map"])
    assert len(story["local"]["concept"]) == len(story["starter"]["concept"])


def test_a_download_replaces_the_starters_codes(story):
    loaded = story["download"]
    assert ids(loaded, "load") == {8645, 4329847, 44833556}
    assert max(ids(loaded, "starter")) < 2_000_000_000
    assert not [row for row in loaded["drug_strength"] if row["origin"] == "starter"]


def test_concepts_that_code_names_stay_where_the_download_lacks_them(story):
    assert set(named().values()) <= ids(story["download"], "starter")


def test_every_kind_that_a_concept_is_of_is_declared(story):
    loaded = story["download"]
    for kind in ("vocabulary", "domain"):
        assert {row[f"{kind}_id"] for row in loaded["concept"]} <= {row[f"{kind}_id"] for row in loaded[kind]}
        named_by = {row[f"{kind}_concept_id"] for row in loaded[kind] if row["origin"] == "starter"}
        assert named_by <= {row["concept_id"] for row in loaded["concept"]}


def test_a_kind_that_no_file_declares_has_a_row_of_its_own(story):
    [row] = [row for row in story["download"]["vocabulary"] if row["vocabulary_id"] == "ICD9CM"]
    assert (row["vocabulary_name"], row["vocabulary_concept_id"], row["origin"]) == ("ICD9CM", 0, "derived")


def test_a_local_map_alone_touches_no_other_table(story):
    touched = {name for name, outcome in story["local"]["outcomes"].items() if outcome.action == "built"}
    assert touched == {"bronze.source_to_concept_map"}


def test_the_starters_map_of_units_stays_where_its_target_does(story):
    stays = [row for row in story["download"]["source_to_concept_map"] if row["origin"] == "starter"]
    assert ("U/L", 8645) in [(row["source_code"], row["target_concept_id"]) for row in stays]
    assert "SNOMED" not in {row["source_vocabulary_id"] for row in stays}


def test_an_earlier_local_map_stays_with_a_download_that_brings_none(story):
    mapped = story["download"]["source_to_concept_map"]
    assert [row["source_code"] for row in mapped if row["origin"] == "load"] == ["GLU"]


def test_na_and_quotes_are_data_and_blank_is_null(story):
    rows = {row["concept_id"]: row for row in story["download"]["concept"]}
    assert (rows[4329847]["concept_name"], rows[44833556]["concept_name"]) == ("NA", '"quoted')
    assert rows[44833556]["standard_concept"] is None


def test_orphans_are_counted_and_kept(story):
    outcome = story["download"]["outcomes"]["bronze.concept_relationship"]
    assert (outcome.accounting["orphans"], outcome.accounting["out"]) == (1, 2)


def test_a_malformed_row_waits_with_its_line_and_reason(story):
    account = story["download"]["outcomes"]["bronze.concept"].accounting
    assert (account["in"], account["out"], account["held"], account["missing"]) == (4, 3, 1, 0)
    assert account["quarantined"] == {"wrong_column_count": 1}
    lake = story["lake"]
    path = lake.path("quarantine.bronze_concept")
    [row] = tables.read(lake.spark, path, delta_log.head(path)).collect()
    assert (row.file, row.position, bytes(row.payload), row.faults) == (
        "concept.csv",
        5,
        b"broken",
        ["wrong_column_count"],
    )


def test_the_version_is_that_of_the_row_none(story):
    known = state.read(story["lake"].settings, "bronze.concept_relationship")
    assert known.vocabulary == "v5.0 30-AUG-24"


def test_the_same_files_again_change_nothing(story):
    assert {o.action for o in story["again"]["outcomes"].values()} == {"unchanged"}
    assert versions(story["again"]) == versions(story["download"])


def test_a_load_that_died_while_publishing_is_finished_by_the_next_start(story):
    assert story["version_when_dead"] == versions(story["download"])["bronze.concept"]
    names = {row["concept_id"]: row["concept_name"] for row in story["settled"]["concept"]}
    assert names[8645] == "units per liter"
    assert {o.action for o in story["settled"]["outcomes"].values()} == {"unchanged"}


def test_an_unchanged_large_file_keeps_its_version(story):
    before, after = (versions(story[chapter])["bronze.concept_relationship"] for chapter in ("download", "settled"))
    assert before == after


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(vocabulary_files, "MOST_UNPACKED", 1000)
    bomb = _zipped(tmp_path / "bomb.zip", {"CONCEPT.csv": "0" * 100_000})
    with pytest.raises(VocabularyFileError, match="unpacks to more"):
        vocabulary_files.find(bomb, tmp_path)


def test_a_path_inside_a_zip_leads_nowhere(tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../CONCEPT.csv", CONCEPT)
    work = tmp_path / "work"
    work.mkdir()
    assert vocabulary_files.find(path, work) == {"concept": work / "concept.csv"}


def test_a_table_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "CONCEPT.csv").write_text(CONCEPT)
    (tmp_path / "concept.csv.gz").write_bytes(b"")
    with pytest.raises(VocabularyFileError, match="there twice"):
        vocabulary_files.find(tmp_path, tmp_path)


def test_a_folder_without_vocabulary_files_is_refused(tmp_path):
    with pytest.raises(VocabularyFileError, match="no vocabulary file found"):
        vocabulary_files.find(tmp_path, tmp_path)
