"""Few changed rows brought into a table on the driver: the same as Spark would make of them, and no more is written."""

import datetime
import decimal

import pyarrow as pa
import pytest
from pyspark.sql.pandas.types import to_arrow_schema

import schemas
from jobs.shell import delta_log, few_changes, many_changes, picked, state, tables, whom
from jobs.shell.lake import Lake
from jobs.shell.scope import EVERYTHING, Scope

TYPES = {
    "thing_id": "bigint",
    "feed": "string",
    "resource_type": "string",
    "resource_id": "string",
    "patient_id": "bigint",
    "aliases": "array<string>",
    "target": "string",
    "amount": "decimal(38,18)",
    "at": "timestamp",
    "place": "struct<city: string, zips: array<int>>",
}
ODD = ["a", "", "ä€𝄞", "x" * 40, None, "0", "\u0000", "urn:uuid:1"]


def table(*partition_by):
    columns = {n: schemas.Column(n, t, f"The {n}.", required=n == "thing_id") for n, t in TYPES.items()}
    return schemas.Table(
        "silver.thing", "Things.", "one thing", ("thing_id",), columns, scope="resource", partition_by=partition_by
    )


def thing(number, resource=None, **other):
    return {
        "thing_id": number,
        "feed": "ehr",
        "resource_type": "Device",
        "resource_id": resource or f"r{number}",
        "patient_id": number + 100,
        "aliases": [f"Device/r{number}", f"alias {number}"],
        "target": "drug",
        "amount": decimal.Decimal(f"{number}.000000000000000001"),
        "at": datetime.datetime(1969, 12, 31, 23, 59, number, 250_001, tzinfo=datetime.UTC),
        "place": {"city": None, "zips": [number, None]},
    } | other


@pytest.fixture
def lake(spark, settings_at, tmp_path):
    return Lake(spark, settings_at(tmp_path))


@pytest.fixture
def held(lake):
    """Makes a table that holds things, each call's argument in a file of its own."""

    def make(declared, *files):
        path = lake.path(declared.table)
        tables.create(path, declared)
        for file in files:
            frame = lake.spark.createDataFrame(file, tables.spark_schema(declared)).coalesce(1)
            version = tables.append(path, frame, run="before")
        return version

    return make


def rows(declared, *things):
    return pa.Table.from_pylist(list(things), to_arrow_schema(tables.spark_schema(declared), timezone="UTC"))


def about(*things):
    named = rows(table(), *things)
    return Scope(False, "resource", frozenset(whom.resource_keys(named).tolist()))


def kept(lake, declared, version):
    found = tables.read(lake.spark, lake.path(declared.table), version).toArrow()
    return sorted(found.to_pylist(), key=lambda row: row["thing_id"])


@pytest.mark.parametrize("partition_by", [(), ("target",), ("target", "feed")])
def test_what_the_scope_has_is_replaced_and_all_else_stays(lake, held, partition_by, monkeypatch):
    monkeypatch.setattr(picked, "BATCH_ROWS", 2)
    declared = table(*partition_by)
    before = held(declared, [thing(1), thing(2), thing(3)], [thing(4, target="device"), thing(5)], [thing(6)])
    files = set(delta_log.version(lake.path(declared.table), before).files)
    now = [thing(1), thing(2, patient_id=9), thing(7, target="x/ä"), thing(8, target=None)]
    cut = about(thing(1), thing(2), thing(4), thing(7), thing(8))
    version, differs = few_changes.apply(lake, declared, before, rows(declared, *now), cut, "now")
    assert (differs.inserted, differs.updated, differs.deleted) == (2, 1, 1)
    assert kept(lake, declared, version) == [now[0], now[1], thing(3), thing(5), thing(6), now[2], now[3]]
    after = set(delta_log.version(lake.path(declared.table), version).files)
    assert len(files & after) >= 1, "a file that no change speaks of stays"
    assert all(dict(file.partition).keys() == set(partition_by) for file in after)


def test_it_says_whom_it_touched_as_spark_would(lake, held):
    declared = table()
    before = held(declared, [thing(1), thing(2), thing(3)])
    now = rows(declared, thing(1), thing(2, patient_id=9), thing(7))
    cut = about(thing(1), thing(2), thing(3), thing(7))
    version, _ = few_changes.apply(lake, declared, before, now, cut, "now")
    told = state.changes_since(lake.settings, declared.table, before, version)
    old = tables.read(lake.spark, lake.path(declared.table), before)
    changes = tables.difference(old, lake.frame(now, tables.spark_schema(declared)), declared)
    for kind in whom.kinds(declared):
        wanted = {one for row in changes.select(f"_{kind}").collect() for one in row[0]}
        assert told.of(kind) == wanted, kind
    assert told.resource_types == {"Device"}


def test_what_nobody_knows_the_patient_of_touches_everybody(lake, held):
    declared = table()
    before = held(declared, [thing(1)])
    now = rows(declared, thing(1, patient_id=None))
    version, _ = few_changes.apply(lake, declared, before, now, about(thing(1)), "now")
    told = state.changes_since(lake.settings, declared.table, before, version)
    assert (told.of("patient"), len(told.of("resource"))) == (None, 1)


def test_no_difference_no_version(lake, held):
    declared = table()
    before = held(declared, [thing(1), thing(2)])
    version, differs = few_changes.apply(lake, declared, before, rows(declared, thing(2)), about(thing(2)), "now")
    assert (version, delta_log.head(lake.path(declared.table))) == (before, before)
    assert (differs.inserted, differs.updated, differs.deleted) == (0, 0, 0)


def test_rows_that_are_only_new_leave_all_files_as_they_are(lake, held):
    declared = table()
    before = held(declared, [thing(1)])
    files = set(delta_log.version(lake.path(declared.table), before).files)
    version, _ = few_changes.apply(lake, declared, before, rows(declared, thing(2)), about(thing(2)), "now")
    assert files < set(delta_log.version(lake.path(declared.table), version).files)


def test_faulty_rows_are_parted_from_clean_ones_and_a_required_value_is_required(lake):
    declared = table()
    given = [{**thing(1), "faults": []}, {**thing(2), "faults": ["bad"]}, {**thing(3), "faults": None}]
    frame = lake.spark.createDataFrame(given, f"{declared.ddl()}, faults array<string>")
    built = few_changes.built(frame, declared, about(thing(1)))
    assert built.clean["thing_id"].to_pylist() == [1, 3]
    assert built.faulty.select(["thing_id", "faults"]).to_pylist() == [{"thing_id": 2, "faults": ["bad"]}]
    without = lake.spark.createDataFrame([{**thing(1), "thing_id": None}], declared.ddl())
    with pytest.raises(ValueError, match="silver.thing: rows without thing_id"):
        few_changes.built(without, declared, about(thing(1)))


def test_a_resource_has_the_same_hash_on_the_driver_as_in_spark(lake):
    given = [(f, t, i) for f in ("ehr", "lab") for t in ("A", None) for i in ODD]
    frame = lake.spark.createDataFrame(given, "feed string, resource_type string, resource_id string").coalesce(1)
    hashed = frame.withColumn("hash", whom.resource_key()).toArrow()
    assert whom.resource_keys(hashed).tolist() == hashed["hash"].to_pylist()


@pytest.mark.parametrize(
    ("name", "cut", "wanted"),
    [
        ("silver.condition", Scope(False, "person", frozenset([1]), frozenset([7])), [7, None]),
        ("silver.person_link", Scope(False, "person", frozenset([1]), frozenset([7])), [1]),
    ],
)
def test_an_input_is_picked_by_the_person_or_the_patient_it_names(name, cut, wanted):
    choice = picked.of_input(schemas.table(name), cut)
    [column] = choice.columns
    given = pa.table({column: pa.array([1, 7, None, 8], pa.int64())})
    assert given.filter(choice.chosen(given))[column].to_pylist() == wanted


@pytest.mark.parametrize("name", ["silver.patient", "silver.practitioner", "gold.concept"])
def test_an_input_that_knows_nothing_of_a_person_comes_whole(name):
    assert picked.of_input(schemas.table(name), Scope(False, "person", frozenset([1]), frozenset([7]))) is None


@pytest.mark.parametrize("other", [{}, {"amount": decimal.Decimal(7)}])
@pytest.mark.parametrize("by_spark", [False, True])
def test_rows_that_share_a_key_are_refused_where_only_one_of_them_would_stay(lake, held, other, by_spark):
    declared = table()
    before = held(declared, [thing(1), thing(2)])
    now, cut = [thing(1, **other), thing(1, patient_id=9), thing(2)], about(thing(1), thing(2))
    with pytest.raises(tables.RepeatedKeyError, match=r"silver.thing: 1 rows share their key \(thing_id\)"):
        if by_spark:
            frame = lake.spark.createDataFrame(now, tables.spark_schema(declared))
            known = state.State(declared.table, version=before, rows=2)
            many_changes.apply(lake, declared, known, frame, len(now), EVERYTHING, "now")
        else:
            few_changes.apply(lake, declared, before, rows(declared, *now), cut, "now")
    assert delta_log.head(lake.path(declared.table)) == before
