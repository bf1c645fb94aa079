"""The simulated hospital: what it writes is sound but for what the truth says was planted, and the truth adds up."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter, defaultdict
from decimal import Decimal

import orjson
import pytest

from infra.hospital import freeze
from infra.hospital.simulation import claim_extract, command, simulate, site, truth
from infra.hospital.simulation.trouble import SHARES
from jobs.formats import hl7v2, x12, x12_claim, x12_remittance
from jobs.formats.hl7v2_lab_result import lab_results
from jobs.formats.hl7v2_merge import merges
from jobs.formats.hl7v2_message import parse
from tests.infra.hospital import reading
from tests.infra.hospital.conftest import NOT_THE_EHR, POPULATION


def _digests(out):
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def _accepted(out, feed):
    return [one["file"] for one in reading.truth(out, "files") if one["accepted"] and one["feed"] == feed]


def _messages(out, feed):
    for name in _accepted(out, feed):
        for record in hl7v2.read(str(out / name), limits=hl7v2.Limits()):
            if not record.faults:
                yield parse(record.payload)


def test_without_trouble_no_parser_finds_a_fault(calm):
    found = reading.Read(calm)
    assert (found.held, dict(found.faulty), reading.truth(calm, "faults")) == ({}, {}, [])
    assert found.records == {one["file"]: one["records"] for one in reading.truth(calm, "files")}


@pytest.mark.parametrize("name", ["troubled", "ehr"])
def test_the_parsers_find_exactly_what_was_planted(name, request):
    out = request.getfixturevalue(name)
    found, faults = reading.Read(out), reading.truth(out, "faults")
    known_by_ledger = {one["file"] for one in faults if one.get("layer") == "ledger"}
    held = {one["file"]: set(one["reasons"]) for one in faults if one["fate"] == truth.HELD}
    assert found.held == {name: reasons for name, reasons in held.items() if name not in known_by_ledger}
    planted = defaultdict(dict)
    for one in faults:
        # Of FHIR the reader looks at the JSON only; what is in it silver looks at.
        if one["fate"] == truth.QUARANTINED and not (one["feed"] == "ehr_fhir" and one.get("layer") == "silver"):
            planted[one["file"]][one["position"]] = set(one["reasons"])
    again = {one["file"] for one in reading.truth(out, "files") if not one["accepted"]}
    assert {name: at for name, at in found.faulty.items() if name not in again} == planted


def test_what_is_sent_lands_is_held_or_is_known_as_the_truth_says(troubled, tmp_path):
    from jobs.shell import deliveries
    from jobs.shell.settings import Settings

    settings = Settings(str(tmp_path))
    reasons = {
        one["file"]: set(one["reasons"]) for one in reading.truth(troubled, "faults") if one["fate"] == truth.HELD
    }
    files = [one for one in reading.truth(troubled, "files") if one["feed"] in ("claims_x12", "lab_hl7v2")]
    days = sorted({one["file"].split("/")[0] for one in files})[:70]
    landed = Counter()
    for day in days:
        for feed in ("claims_x12", "lab_hl7v2"):
            if not (folder := troubled / day / feed).is_dir():
                continue
            delivery = deliveries.land(feed, [folder], settings)
            expected = {one for path in folder.iterdir() for one in reasons.get(f"{day}/{feed}/{path.name}", ())}
            assert {reason["fault"] for reason in delivery.details} == expected
            if delivery.state == deliveries.LANDED and not delivery.repeat:
                landed.update(file.digest for file in delivery.files)
    assert set(landed.values()) == {1}
    # All that is new in those days is there, but for what was held on the last and is sent again after it.
    new = {one["sha256"] for one in files if one["accepted"] and one["file"].split("/")[0] < days[-5]}
    assert new <= set(landed)


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    arguments = ["--days", "40", "--seed", "7", "--trouble", "0.1", "--patients", "3"]
    for name in ("one", "other"):
        # A process of its own: nothing may hang on the order of sets.
        run = [sys.executable, "-m", "infra.hospital.simulation", *arguments, "--out", str(tmp_path / name)]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    assert _digests(tmp_path / "one") == _digests(tmp_path / "other")
    assert len(_digests(tmp_path / "one")) > 20


def test_another_seed_gives_other_bytes(calm, tmp_path):
    simulate(POPULATION, tmp_path / "out", days=150, seed=2, trouble=0, feeds=("claims_x12",))
    assert _digests(tmp_path / "out") != {n: d for n, d in _digests(calm).items() if "claims_x12" in n or "truth" in n}


def test_identifiers_differ_by_system_and_are_one_persons_alone(troubled):
    people = reading.truth(troubled, "people")
    assert len(people) == 23
    for kind in ("ehr_mrn", "lab_mrn", "member_id", "imaging_id", "ssn"):
        assert len({one["ids"][kind] for one in people}) == 23
    assert any(name != one["names"]["ehr"] for one in people for name in one["names"].values())


def test_what_is_paid_for_a_claim_comes_to_what_the_truth_says(troubled):
    paid, responsibility = defaultdict(Decimal), defaultdict(Decimal)
    for name in _accepted(troubled, "claims_x12"):
        for record in x12.read(str(troubled / name), limits=x12.Limits()):
            if record.resource_type == "835":
                said = x12_remittance.parse(record.payload, record.context)
                paid[said["claim_id"]] += said["paid"]
                for line in said["lines"]:
                    parts = [one["amount"] for one in line["adjustments"] if one["group"] == "PR"]
                    responsibility[said["claim_id"]] += sum(parts, Decimal(0))
    claims = [one for one in reading.truth(troubled, "claims") if one["kind"] != "pharmacy"]
    decided = [one for one in claims if one["state"] in ("paid", "denied")]
    assert len(decided) > 30
    for one in decided:
        assert paid[one["claim"]] == Decimal(one["paid"])
        patient = Decimal(one["deductible"]) + Decimal(one["copay"]) + Decimal(one["coinsurance"])
        assert responsibility[one["claim"]] == patient == Decimal(one["allowed"]) - Decimal(one["paid"])
    assert {paid[one["claim"]] for one in claims if one["state"] == "void"} == {Decimal(0)}


def test_the_last_word_about_a_claim_has_the_charge_of_the_truth(troubled):
    charges = {}
    for name in sorted(_accepted(troubled, "claims_x12")):
        for record in x12.read(str(troubled / name), limits=x12.Limits()):
            if record.resource_type in ("837P", "837I"):
                said = x12_claim.parse(record.payload, record.context)
                key = said["frequency"] != "1", name
                charges.setdefault(said["claim_id"], []).append((key, said["charge"], said["frequency"]))
    for one in reading.truth(troubled, "claims"):
        if "claims_x12" in one["told_by"]:
            _, charge, frequency = max(charges[one["claim"]])
            assert charge == Decimal(one["charge"])
            assert (frequency == "8") == (one["state"] == "void")


def test_a_merge_names_the_persons_two_numbers(troubled):
    people = {one["ids"]["former_mrn"]: one["ids"]["ehr_mrn"] for one in reading.truth(troubled, "people")}
    planted = [one for one in reading.truth(troubled, "faults") if one["kind"] == "merged_person"]
    assert planted and all(people[one["lost"]] == one["into"] for one in planted)
    told = {
        (row.lost_ids[0].value, row.surviving_ids[0].value)
        for message in _messages(troubled, "adt_hl7v2")
        for row in merges(message)
    }
    assert told == {(one["lost"], one["into"]) for one in planted}


def test_a_result_of_the_laboratory_is_the_one_of_the_truth(calm):
    known = {(one["order"], one["loinc"]): one for one in reading.truth(calm, "results")}
    told = [row for message in _messages(calm, "lab_hl7v2") for row in lab_results(message)]
    assert len(told) > 100
    for row in told:
        one = known[row.placer_order, row.code]
        assert "lab_hl7v2" in one["told_by"]
        assert (row.value_text, row.unit or "", row.filler_order) == (
            one["value"],
            one["unit"] or "",
            one["accession"],
        )
    assert {one["order"] for one in known.values() if "lab_hl7v2" in one["told_by"]} == {
        row.placer_order for row in told
    }


def test_a_drug_taken_back_leaves_no_money(troubled):
    rows = [line.split(",") for name in _accepted(troubled, "claims_csv") if "/pharmacy_" in name
            for line in (troubled / name).read_text().splitlines() if line.startswith("99")]  # fmt: skip
    names = list(claim_extract.PHARMACY.columns)
    taken_back = {row[0][:-2] for row in rows if row[names.index("transaction")] == "R"}
    assert taken_back
    for number in taken_back:
        both = [Decimal(row[-1 - 5]) for row in rows if row[0] in (f"{number}V", f"{number}VR")]
        assert len(both) == 2 and sum(both) == 0


def test_a_redrawn_person_shares_no_identifier_with_whom_they_were_drawn_from(ehr):
    people = reading.truth(ehr, "people")
    again = [one for one in people if one["copy"]]
    assert len(again) == 7
    sources = {one["drawn_from"] for one in again}
    first = min(path for path in ehr.iterdir() if path.name != "truth")
    patients = {
        one["id"]: one for one in map(orjson.loads, (first / "ehr_fhir/Patient.ndjson").read_bytes().splitlines())
    }
    for one in again:
        copied, source = patients[one["ids"]["ehr_fhir"]], patients[one["drawn_from"]]
        assert not {i["value"] for i in copied["identifier"]} & {i["value"] for i in source["identifier"]}
        assert copied["name"][0] != source["name"][0] and copied["birthDate"] != source["birthDate"]
        assert copied["birthDate"] == one["birth_date"]
    ids = Counter()
    for name in ("Encounter", "Observation", "Condition"):
        for line in (first / f"ehr_fhir/{name}.ndjson").read_bytes().splitlines():
            said = orjson.loads(line)
            ids[said["id"]] += 1
            subject = said["subject"]["reference"].removeprefix("Patient/")
            assert subject in patients
            if subject not in sources:
                assert not any(one.encode() in line for one in sources)
    assert set(ids.values()) == {1}


def test_a_corrected_result_is_a_newer_version_in_the_ehr(ehr):
    [*planted] = [one for one in reading.truth(ehr, "faults") if one["kind"] == "correction"]
    known = {one["observation"]: one for one in reading.truth(ehr, "results")}
    assert planted
    for one in planted:
        data = (ehr / one["file"]).read_bytes()[one["position"] : one["position"] + one["length"]]
        said = orjson.loads(data)
        assert (said["meta"]["versionId"], said["status"]) == ("2", "corrected")
        assert Decimal(str(said["valueQuantity"]["value"])) == Decimal(known[one["id"]]["value"])


def test_one_patient_is_known_to_every_feed(troubled):
    seen = defaultdict(set)
    for kind in ("results", "claims", "studies"):
        for one in reading.truth(troubled, kind):
            seen[one["person"]].update(one["told_by"])
    for one in reading.truth(troubled, "visits"):
        seen[one["person"]].update(one["told_by"])
    assert any(feeds >= {*NOT_THE_EHR} for feeds in seen.values())


def test_lakeward_simulate_takes_its_arguments(tmp_path, capsys):
    assert command.main(["--patients", "2", "--days", "3", "--seed", "5", "--out", str(tmp_path / "o")]) == 0
    assert "2 people" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "o" / "truth").iterdir()} == {
        f"{kind}.jsonl" for kind in vars(truth.Truth())
    }


def test_every_feed_of_the_site_has_its_folder(calm):
    assert {path.name for day in calm.iterdir() if day.name != "truth" for path in day.iterdir()} == {*NOT_THE_EHR}
    assert {*NOT_THE_EHR, "ehr_fhir"} == {*site.FEEDS}


def test_the_frozen_feeds_are_what_the_command_makes(tmp_path):
    freeze.freeze(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*freeze.FROZEN}
    for name in freeze.FROZEN:
        assert _digests(tmp_path / name) == _digests(freeze.HERE / name)


def test_the_frozen_feeds_have_every_kind_of_trouble():
    faults = [orjson.loads(line) for line in (freeze.HERE / "truth" / "faults.jsonl").read_bytes().splitlines()]
    assert {one["kind"] for one in faults} == set(SHARES)
    for one in faults:
        day, feed, name = one["file"].split("/")
        assert (freeze.HERE / ("ehr_fhir_changes" if feed == "ehr_fhir" else feed) / day / name).is_file()
