"""The demo hospital against its truth: what was held, what waits and why, what is the same again, what is undone.

A year of the hospital in infra/hospital comes day by day, a folder of a feed a delivery; everything is built once.
`site` is that lake for all tests/journeys/test_hospital*.py; HOSPITAL_LAKE names one that was built before. The truth
holds for any other hospital, too: HOSPITAL_SITE names a folder that `python -m infra.hospital.freeze` wrote.
"""

import collections
import dataclasses
import datetime
import functools
import json
import os
import pathlib

import pytest

import schemas
from jobs.shell import deliveries, publication, query, run, state, trace
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings

# A year of a hospital on a machine that does something else besides.
PATIENCE = pytest.mark.timeout(3600)
pytestmark = PATIENCE
OURS = pathlib.Path(__file__).resolve().parents[2] / "infra" / "hospital"
HOSPITAL = pathlib.Path(os.environ.get("HOSPITAL_SITE") or OURS)
# In the order in which a day's folders arrive.
FOLDERS = ("ehr_fhir_changes", "adt_hl7v2", "lab_hl7v2", "lab_csv", "claims_x12", "claims_csv", "imaging_dicom")
FEEDS = tuple(folder.removesuffix("_changes") for folder in FOLDERS)
BEFORE = datetime.datetime(2025, 11, 17, 6, tzinfo=datetime.UTC)


@functools.cache
def truth(kind):
    """All that the hospital says of one kind: infra/hospital/simulation/truth.py tells what stands in it."""
    lines = (HOSPITAL / "truth" / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def faults(fate=None, **wanted):
    """The planted faults of a fate, or with other things in common."""
    found = [one for one in truth("faults") if fate in (None, one["fate"])]
    return [one for one in found if all(one.get(name) == value for name, value in wanted.items())]


@functools.cache
def digest_of():
    """File as the truth names it -> SHA-256 of what was sent under that name."""
    return {one["file"]: one["sha256"] for one in truth("files")}


class Some:
    """Equal to any number above none."""

    def __eq__(self, other):
        return other > 0

    __hash__ = None


def of_ours(count):
    """A number that is so of our own hospital; of another one there is at least one."""
    return count if HOSPITAL == OURS else Some()


def place(feed, digest, position):
    """Where a record is: of an image the whole file is the record, though bronze begins it after the preamble."""
    return (feed, digest, 0 if feed == "imaging_dicom" else position)


@dataclasses.dataclass(eq=False)
class Site:
    """The lake of the hospital."""

    lake: Lake

    @property
    def settings(self):
        return self.lake.settings

    @functools.cached_property
    def _connection(self):
        return query.connect(self.settings, trace=True)

    def ask(self, sql, *given):
        """Rows of the published lake, trace columns with them."""
        return self._connection.execute(sql, given).fetchall()

    def has(self, schema, table):
        known = "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        return self.ask(known, schema, table) == [(1,)]

    def again(self):
        """Build what has changed; what was asked before is forgotten."""
        report = run.run(self.lake, (), say=lambda text: None)
        self.__dict__.pop("_connection", None)
        return report

    @functools.cached_property
    def records(self):
        """(feed, digest of the file, position) -> record in bronze, for all that was taken in."""
        told = " UNION ALL ".join(
            f"SELECT feed, file_digest, position, record_id FROM bronze.{feed}" for feed in dict.fromkeys(FEEDS)
        )
        return {place(feed, digest, position): record for feed, digest, position, record in self.ask(told)}

    def record(self, fault):
        """The record in bronze that a planted fault is in."""
        return self.records[place(fault["feed"], digest_of()[fault["file"]], fault["position"])]


def land(settings):
    """The EHR's export, then each day's folders."""
    deliveries.land("ehr_fhir", [HOSPITAL / "ehr_fhir"], settings, received_at=BEFORE)
    days = sorted({day.name for folder in FOLDERS for day in (HOSPITAL / folder).iterdir()})
    for day in days:
        at = datetime.datetime.fromisoformat(f"{day}T06:00:00+00:00")
        for folder, feed in zip(FOLDERS, FEEDS, strict=True):
            if (HOSPITAL / folder / day).is_dir():
                deliveries.land(feed, [HOSPITAL / folder / day], settings, received_at=at)


@functools.cache
def built(spark, given):
    """The lake after all deliveries and one run of everything; each file of these tests asks for the same one."""
    home = pathlib.Path(given)
    lake = Lake(spark, Settings(given))
    if not (home / "landing").is_dir():
        land(lake.settings)
    if publication.current(lake.settings) is None:
        report = run.run(lake, (), say=lambda text: None)
        failed = {one["table"]: one["message"] for one in report.outcomes if one["action"] == "failed"}
        assert report.state == "succeeded", failed
    return Site(lake)


@pytest.fixture(scope="session")
def site(spark, tmp_path_factory):
    """The published lake of the whole hospital."""
    return built(spark, os.environ.get("HOSPITAL_LAKE") or str(tmp_path_factory.getbasetemp() / "hospital_of_truth"))


def of_days(settings):
    """(day, feed, delivery) of all deliveries after the first export."""
    found = [one for feed in dict.fromkeys(FEEDS) for one in deliveries.deliveries(feed, settings)]
    return [(one.received_at[:10], one.feed, one) for one in found if one.received_at > BEFORE.isoformat()]


def test_exactly_the_spoilt_deliveries_are_held_each_for_its_faults(site):
    expected = collections.defaultdict(set)
    for fault in faults("delivery_held"):
        expected[fault["file"][:10], fault["feed"]].update(fault["reasons"])
    held = {(day, feed): set(one.reasons) for day, feed, one in of_days(site.settings) if one.state == "held"}
    assert held == dict(expected)
    assert len(held) == of_ours(28)


def test_each_good_file_landed_once_and_no_other(site):
    landed = [file.digest for _, _, one in of_days(site.settings) if one.state == "landed" for file in one.data]
    assert sorted(landed) == sorted({one["sha256"] for one in truth("files") if one["accepted"]})


def test_what_is_held_comes_again_in_a_good_file(site):
    landed = {file.name for _, _, one in of_days(site.settings) if one.state == "landed" for file in one.data}
    # What is named as good may itself have been held on the day that is named, and have come later.
    followed = {pathlib.PurePath(one["by"]).name for one in faults("delivery_held")}
    assert followed - landed == set()


def test_a_file_that_is_sent_again_adds_nothing(site):
    again = faults("delivery_already_known") + faults("same_record_again", feed="imaging_dicom")
    assert len(again) == of_ours(12)
    landed = collections.Counter(
        file.digest for _, _, one in of_days(site.settings) if one.state == "landed" for file in one.data
    )
    assert {landed[digest_of()[one["file"]]] for one in again} == {1}


def test_exactly_the_unusable_records_wait_in_bronze_each_for_its_faults(site):
    expected = {
        place(one["feed"], digest_of()[one["file"]], one["position"]): sorted(one["reasons"])
        for one in faults("record_quarantined")
        if "layer" not in one
    }
    waiting = {}
    for feed in dict.fromkeys(FEEDS):
        if site.has("quarantine", f"bronze_{feed}"):
            for digest, position, why in site.ask(
                f"SELECT file_digest, position, faults FROM quarantine.bronze_{feed}"
            ):
                waiting[place(feed, digest, position)] = sorted(why)
    assert waiting == expected
    assert len(waiting) == of_ours(30)


def test_claims_and_payments_that_do_not_add_up_wait_in_silver(site):
    expected = {site.record(one): sorted(one["reasons"]) for one in faults("record_quarantined", layer="silver")}
    assert len(expected) == of_ours(3)
    waiting = {}
    if site.has("quarantine", "silver_translated"):
        asked = "SELECT record_id, faults FROM quarantine.silver_translated"
        waiting = {record: sorted(why) for record, why in site.ask(asked)}
    assert waiting == expected


def test_nothing_else_waits_in_silver_or_gold(site):
    waiting = {}
    for (table,) in site.ask(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'quarantine'"
        " AND NOT starts_with(table_name, 'bronze_') AND table_name <> 'silver_translated'"
    ):
        waiting |= {
            (table, *why): rows
            for why, rows in site.ask(f'SELECT faults, count(*) FROM quarantine."{table}" GROUP BY 1')
        }
    assert waiting == {}


def test_a_message_that_is_sent_again_says_the_same_resources_again(site):
    # An image that is sent again is a file that is sent again: it does not even land.
    again = [one for one in faults("same_record_again") if one["feed"] != "imaging_dicom"]
    assert len(again) == of_ours(10)
    for one in again:
        record = site.record(one)
        [(payload,)] = site.ask(f"SELECT payload_hash FROM bronze.{one['feed']} WHERE record_id = ?", record)
        same = site.ask(f"SELECT record_id FROM bronze.{one['feed']} WHERE payload_hash = ?", payload)
        assert len(same) == 2, one["id"]
        told = "SELECT resource_type, resource_id FROM silver.translated WHERE record_id = ? ORDER BY ALL"
        first, second = (site.ask(told, each) for (each,) in same)
        assert first == second, one["id"]


def test_no_hop_lost_a_row(site):
    accounts = {name: state.read(site.settings, name).accounting for name in schemas.names()}
    assert {name: a["missing"] for name, a in accounts.items() if a.get("missing")} == {}
    fed = [f"bronze.{feed}" for feed in dict.fromkeys(FEEDS)] + schemas.names("silver") + schemas.names("gold")
    assert [name for name in fed if not accounts[name]] == []


def test_every_message_and_row_of_a_good_file_is_in_bronze_or_waits(site):
    expected = {
        one["sha256"]: one["records"]
        for one in truth("files")
        if one["accepted"] and one["feed"] in ("adt_hl7v2", "lab_hl7v2", "lab_csv", "claims_csv", "ehr_fhir")
    }
    found = collections.Counter()
    for feed in ("adt_hl7v2", "lab_hl7v2", "lab_csv", "claims_csv", "ehr_fhir"):
        for zone in (f"bronze.{feed}", f"quarantine.bronze_{feed}"):
            found.update(dict(site.ask(f"SELECT file_digest, count(*) FROM {zone} GROUP BY 1")))
    assert {digest: found[digest] for digest in expected} == expected


def test_every_claim_every_payment_and_every_byte_of_a_good_interchange_is_in_bronze(site):
    files = {one["sha256"]: one for one in truth("files") if one["accepted"] and one["feed"] == "claims_x12"}
    claims = "count(*) FILTER (resource_type IN ('837P', '837I', '835'))"
    asked = f"SELECT file_digest, sum(length)::BIGINT, {claims} FROM bronze.claims_x12 GROUP BY 1"
    found = {digest: (size, records) for digest, size, records in site.ask(asked)}
    assert found == {digest: (one["bytes"], one["records"]) for digest, one in files.items()}
    assert len(found) == of_ours(160)


# Of each feed a table that its records reach, and a word that stands in the bytes of such a record.
REACHED = {
    "ehr_fhir": ("condition_occurrence", b'"resourceType":"Condition"'),
    "adt_hl7v2": ("visit_occurrence", b"|ADT^A0"),
    "lab_hl7v2": ("measurement", b"|ORU^R01"),
    "lab_csv": ("measurement", b";"),
    "claims_x12": ("cost", b"*"),
    "claims_csv": ("payer_plan_period", b","),
    "imaging_dicom": ("image_occurrence", b"1.2.840"),
}


@pytest.mark.parametrize("feed", REACHED)
def test_a_row_of_gold_is_traced_to_the_exact_bytes_of_its_feed(site, feed):
    table, word = REACHED[feed]
    [(row_id, record, digest, position, length)] = site.ask(
        f"SELECT g.{schemas.table(f'gold.{table}').key[0]}, b.record_id, b.file_digest, b.position, b.length"
        f" FROM gold.{table} g JOIN bronze.{feed} b ON list_contains(g.lw_record_ids, b.record_id)"
        " ORDER BY ALL LIMIT 1"
    )
    found = trace.walk(site.settings, f"gold.{table}", row_id)
    [own] = [one for one in found["records"] if one["record_id"] == record]
    assert own["bytes_found"] == length
    assert deliveries.trace_bytes(site.settings, feed, digest, position, length) == _sent(
        feed, digest, position, length
    )
    assert word in _sent(feed, digest, position, length)


def _sent(feed, digest, position, length):
    """The bytes of a record in the file as the hospital sent it."""
    import gzip
    import hashlib

    for path in (HOSPITAL).glob(f"{feed}*/**/*"):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            whole = path.read_bytes()
            content = gzip.decompress(whole) if path.suffix == ".gz" else whole
            return content[position : position + length]
    raise AssertionError(f"the hospital sent no file {digest}")
