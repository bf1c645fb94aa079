"""Killed at every stage, again and again: the run that is let through makes what an undisturbed lake has."""

import collections
import dataclasses
import datetime
import hashlib
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys

import deltalake
import pytest

import schemas
from jobs.gold import concept
from jobs.shell import (
    deliveries,
    documents,
    failpoint,
    lineage_log,
    publication,
    quarantine,
    run,
    state,
    tables,
    vocabulary_own,
    vocabulary_starter,
)
from jobs.shell.lake import Lake
from jobs.shell.session import environment
from jobs.shell.settings import Settings
from tests.journeys.conftest import DAY_ONE, DAY_TWO, FIRST, SECOND, patient, write

# Eleven runs, seven of them with a JVM of their own, count as the setup of the first test.
pytestmark = [pytest.mark.timeout(3600), pytest.mark.soak]
CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
FEEDS = ("claims_x12", "ehr_fhir", "lab_hl7v2")
SILVER = ("silver.translated", "silver.superseded", "silver.patient", "silver.person_link")
GOLD = ("gold.location", "gold.person")
EVERYTHING = (*FEEDS, *SILVER, *GOLD, "publication")
BUILT = (*(f"bronze.{feed}" for feed in FEEDS), *SILVER, *GOLD)


@dataclasses.dataclass(frozen=True)
class Kill:
    """A run that dies at a point of ours, and how far each table was ahead of what is published: (head, published)."""

    point: str
    names: tuple[str, ...]
    ahead: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    published: int | None = None


FIRST_DAY = (
    # Alone: of two feeds side by side either may be the first to come there.
    Kill("before-bronze-quarantine", ("ehr_fhir",)),
    # Each is built from the one before, so the third to be written is the patients'.
    Kill("after-commit:3", (*FEEDS, *SILVER[:3])),
)
SECOND_DAY = (
    Kill("after-bronze-commit", ("ehr_fhir",)),
    Kill("before-quarantine", ("ehr_fhir", *SILVER[:3])),
    Kill("before-lineage:2", ("silver.patient", "silver.person_link")),
    Kill("before-publish", ("gold.person",)),
    Kill("before-pointer", ("publication",)),
)


def unborn(number, updated):
    found = patient(number, 1900, updated=updated)
    del found["birthDate"]
    return found


@dataclasses.dataclass(frozen=True)
class Day:
    """What comes on a day, where its lander dies first, and where the runs die after that."""

    received_at: datetime.datetime
    delivered: dict[str, pathlib.Path]
    land_point: str
    kills: tuple[Kill, ...]


def days(home):
    twice = '{"resourceType": "Observation", "id": "%s", "id": "y"}'
    frozen = CHECKOUT / "infra" / "hospital"
    first = {
        "claims_x12": frozen / "claims_x12" / "2026-01-01",
        "ehr_fhir": write(home / "one", [*FIRST, unborn(4, "2026-02-28T00:00:00Z")], twice % "x1"),
        "lab_hl7v2": frozen / "lab_hl7v2" / "2026-03-21",
    }
    # Who waits for a year of birth gets one, and another loses hers.
    second = [*SECOND, patient(4, 2001, updated="2026-03-01T00:00:00Z"), unborn(2, "2026-03-01T00:00:00Z")]
    return (
        Day(DAY_ONE, first, "land-moved", FIRST_DAY),
        Day(DAY_TWO, {"ehr_fhir": write(home / "two", second, twice % "x2")}, "land-entered", SECOND_DAY),
    )


LANDER = """
import datetime, sys
from jobs.shell import deliveries, settings
at = datetime.datetime.fromisoformat(sys.argv[3])
deliveries.land(sys.argv[2], sys.argv[4:], settings.Settings(sys.argv[1]), received_at=at)
"""
# A handful of rows: compiling their plans costs a hundred times what it saves.
QUICK = (
    "spark.sql.shuffle.partitions=1",
    "spark.sql.codegen.wholeStage=false",
    "spark.sql.codegen.factoryMode=NO_CODEGEN",
)


def told(settings, point):
    return {**environment(), **settings.environment(), failpoint.VARIABLE: point}


def land_killed(settings, feed, day):
    command = [sys.executable, "-c", LANDER, settings.home, feed, day.received_at.isoformat(), day.delivered[feed]]
    killed = subprocess.run(command, env=told(settings, day.land_point), check=False)
    assert killed.returncode == -signal.SIGKILL


def run_killed(settings, kill):
    """The kill, with what it left behind."""
    from jobs.shell import submit

    conf = itertools.chain.from_iterable(("--conf", one) for one in QUICK)
    command = [os.path.join(os.path.dirname(sys.executable), "spark-submit"), *conf, submit.__file__, *kill.names]
    died = subprocess.run(command, env=told(settings, kill.point), check=False, capture_output=True, text=True)
    # Spark passes on the exit code of its Python process, in the shell's way of telling a signal.
    assert died.returncode == 128 + signal.SIGKILL, f"{kill.point}: {died.stdout[-2000:]}{died.stderr[-2000:]}"
    found = {name: (head(settings, name), state.version(settings, name)) for name in BUILT}
    current = publication.current(settings)
    ahead = {name: two for name, two in found.items() if two[0] > max(two[1], 0)}
    return dataclasses.replace(kill, ahead=ahead, published=current and current["number"])


def head(settings, name):
    path = settings.table_path(name)
    return deltalake.DeltaTable(path).version() if deltalake.DeltaTable.is_deltatable(path) else -1


def stand_by(lake, folder):
    """Concepts, and empty what else this journey does not follow, so that there is a whole to publish."""
    for name in (*schemas.names("silver"), *schemas.names("gold")):
        if name not in BUILT:
            tables.create(lake.path(name), schemas.table(name))
            state.write(lake.settings, state.State(name, version=0))
    rows = vocabulary_own.as_frame(lake, "concept", vocabulary_starter.starter()["concept"], folder)
    concepts = tables.conform(concept.build(rows), schemas.table("gold.concept"))
    version = tables.append(lake.path("gold.concept"), concepts, run="")
    state.write(lake.settings, state.State("gold.concept", version=version))


def run_through(lake):
    report = run.run(lake, EVERYTHING, say=lambda text: None)
    assert report.state == "succeeded", [o["message"] for o in report.outcomes if o["message"]]


@dataclasses.dataclass(frozen=True)
class Lakes:
    """The same deliveries in two lakes."""

    undisturbed: Settings
    killed: Settings
    kills: dict[str, Kill]


@pytest.fixture(scope="module")
def lakes(spark, tmp_path_factory):
    home = tmp_path_factory.mktemp("killed")
    calm, killed = (Lake(spark, Settings(str(home / name))) for name in ("undisturbed", "killed"))
    for lake in (calm, killed):
        stand_by(lake, str(home))
    kills = {}
    for day in days(home):
        land_killed(killed.settings, "ehr_fhir", day)
        for lake in (calm, killed):
            for feed, path in day.delivered.items():
                deliveries.land(feed, [path], lake.settings, received_at=day.received_at)
        run_through(calm)
        for kill in day.kills:
            kills[kill.point] = run_killed(killed.settings, kill)
        run_through(killed)
    return Lakes(calm.settings, killed.settings, kills)


def rows(path, version=None):
    """The rows of a table as text, in an order that does not hang on how they were written."""
    found = deltalake.DeltaTable(path, version=version).to_pyarrow_table().to_pylist()
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in found)


def digest(lines):
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def published(settings):
    versions = publication.current(settings)["tables"]
    return {name: digest(rows(settings.table_path(name), version)) for name, version in versions.items()}


def waiting(settings):
    """Rows in quarantine, by table."""
    paths = {name: settings.table_path(quarantine.name_of(name)) for name in BUILT}
    return {name: rows(path) for name, path in paths.items() if deltalake.DeltaTable.is_deltatable(path)}


def test_every_table_is_what_an_undisturbed_lake_has(lakes):
    undisturbed = published(lakes.undisturbed)
    assert set(BUILT) <= set(undisturbed)
    assert published(lakes.killed) == undisturbed


def test_what_is_built_is_not_nothing(lakes):
    found = {name: state.read(lakes.killed, name).rows for name in BUILT}
    assert [name for name, count in found.items() if not count] == []


def test_what_waits_is_the_same_and_no_row_waits_twice(lakes):
    found = waiting(lakes.killed)
    assert found == waiting(lakes.undisturbed)
    assert {name: len(lines) for name, lines in found.items()} == {"bronze.ehr_fhir": 2, "gold.person": 1}
    assert [name for name, lines in found.items() if len(set(lines)) != len(lines)] == []


def test_each_delivery_is_there_once(lakes):
    for feed in FEEDS:
        ours, calm = (deliveries.deliveries(feed, settings) for settings in (lakes.killed, lakes.undisturbed))
        assert ours == calm
        assert set(state.read(lakes.killed, f"bronze.{feed}").deliveries) == {one.delivery_id for one in ours}


def test_partners_are_answered_once_and_alike(lakes):
    def answers(settings):
        home = pathlib.Path(settings.home, "outbox")
        return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}

    found = answers(lakes.killed)
    assert {name.split("/")[0] for name in found} == {"claims_x12", "lab_hl7v2"}
    assert found == answers(lakes.undisturbed)


def test_every_hop_that_started_has_one_end(lakes):
    told_ends = collections.Counter()
    for name in lineage_log.runs(lakes.killed):
        for event in lineage_log.read(lineage_log.events_path(lakes.killed, name)):
            told_ends[event["run"]["runId"]] += event["eventType"] in lineage_log.ENDS
    assert len(told_ends) > len(BUILT)
    assert set(told_ends.values()) == {1}
    assert documents.entries(lineage_log.open_folder(lakes.killed)) == []


def test_each_published_version_is_told_by_the_run_that_made_it(lakes):
    told_versions = {
        (entry["table"], int(entry["version"])) for entry in lineage_log.read(lineage_log.index_path(lakes.killed))
    }
    assert [name for name in BUILT if (name, state.version(lakes.killed, name)) not in told_versions] == []


def test_the_accounts_close(lakes):
    command = [sys.executable, "-m", "jobs.shell.cli", "status", "--json"]
    given = {**environment(), **lakes.killed.environment()}
    found = json.loads(subprocess.run(command, env=given, check=True, capture_output=True, text=True).stdout)
    accounts = {one["table"]: one["accounting"] for one in found["tables"] if one["table"] in BUILT}
    assert {name: a["missing"] for name, a in accounts.items() if a.get("missing")} == {}
    calm = {name: state.read(lakes.undisturbed, name).accounting for name in BUILT}
    assert accounts == calm


def test_the_runs_did_die_and_left_their_versions_unpublished(lakes):
    """Without this the rest would hold of runs that nobody killed."""
    ahead = {point: sorted(kill.ahead) for point, kill in lakes.kills.items()}
    assert ahead == {
        "before-bronze-quarantine": ["bronze.ehr_fhir"],
        "after-commit:3": ["silver.patient"],
        "after-bronze-commit": ["bronze.ehr_fhir"],
        "before-quarantine": ["silver.patient"],
        "before-lineage:2": [],
        "before-publish": ["gold.person"],
        "before-pointer": ["gold.person"],
    }
    assert lakes.kills["after-commit:3"].ahead["silver.patient"][1] == -1
    runs = [documents.read(path) for path in documents.entries(f"{lakes.killed.root('ops')}/runs")]
    assert (len(runs), sum(one["state"] == "succeeded" for one in runs)) == (len(lakes.kills) + 2, 2)


def test_readers_saw_the_first_publication_until_the_second_was_whole(lakes):
    seen = [kill.published for kill in lakes.kills.values()]
    assert seen == [None, None, 1, 1, 1, 1, 1]
    assert publication.current(lakes.killed)["number"] == 2
