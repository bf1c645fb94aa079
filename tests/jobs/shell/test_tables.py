"""Delta tables of our own making: every version has the same rows for us, for delta-rs and for Delta's Spark reader.

The paths have blanks, brackets and a per cent sign, since a lake lies where its owner wants it.
"""

import dataclasses
import datetime
import decimal
import json
import pathlib

import deltalake
import pytest

import schemas
from jobs.shell import delta_log, tables

CANARY = "CANARY-5f1c"
TYPES = {
    "id": "bigint",
    "name": "string",
    "target": "string",
    "amount": "decimal(38,18)",
    "on": "date",
    "at": "timestamp",
    "ids": "array<bigint>",
    "place": "struct<city: string, zip: string>",
}


def table(*partition_by):
    columns = {name: schemas.Column(name, type, f"The {name}.", required=name == "id") for name, type in TYPES.items()}
    return schemas.Table("silver.thing", "Things.", "one thing", ("id",), columns, partition_by=partition_by)


def thing(number, target="drug", name=CANARY):
    return {
        "id": number,
        "name": name,
        "target": target,
        "amount": decimal.Decimal(f"{number}.000000000000000001"),
        "on": datetime.date(2026, 3, number),
        "at": datetime.datetime(1969, 12, 31, 23, 59, number, 250_001),
        "ids": [number, None],
        "place": {"city": CANARY, "zip": None},
    }


def frame(spark, declared, *things):
    found = spark.createDataFrame([tuple(one.values()) for one in things], tables.spark_schema(declared))
    return found.coalesce(1)


def changes(spark, path, declared, *after):
    old = tables.read(spark, path, delta_log.head(path))
    return tables.difference(old, frame(spark, declared, *after), declared)


def ours(spark, path, version):
    return by_id(row.asDict(recursive=True) for row in tables.read(spark, path, version).collect())


def of_delta_rs(spark, path, version):
    rows = deltalake.DeltaTable(path, version=version).to_pyarrow_table().to_pylist()
    return by_id({**row, "at": row["at"].replace(tzinfo=None)} for row in rows)


def of_delta_spark(spark, path, version):
    found = spark.read.format("delta").option("versionAsOf", version).load(path)
    return by_id(row.asDict(recursive=True) for row in found.collect())


def by_id(rows):
    return sorted(rows, key=lambda row: row["id"])


def log(path):
    """All actions of the log, in order."""
    commits = sorted(pathlib.Path(path, "_delta_log").glob("*.json"))
    return [json.loads(line) for commit in commits for line in commit.read_text(encoding="utf-8").splitlines()]


def paths(path, version):
    return {file.path for file in delta_log.version(path, version).files}


@pytest.fixture(scope="module")
def delta_spark(spark):
    """Delta's own reader in this session, which is configured without Delta's extension and catalog."""
    spark.conf.set("spark.databricks.delta.requiredSparkConfsCheck.enabled", "false")
    spark.conf.set("spark.databricks.delta.snapshotPartitions", "1")
    yield spark
    spark.conf.unset("spark.databricks.delta.requiredSparkConfsCheck.enabled")
    spark.conf.unset("spark.databricks.delta.snapshotPartitions")


@pytest.fixture(scope="module", params=[(), ("target",)], ids=["in one folder", "by target"])
def life(request, spark, tmp_path_factory):
    """A table through every kind of write: its path and, version by version, the rows it must have."""
    declared = table(*request.param)
    path = str(tmp_path_factory.mktemp("life") / "100% of a lake" / "thing")
    one, two, three, four = thing(1), thing(2, "visit"), thing(3), thing(4, "visit")
    better, moved, five = thing(3, name="better"), thing(2, "note"), thing(5, "odd/[%41] = é")
    tables.create(path, declared)
    done = [
        tables.append(path, frame(spark, declared, one, two), run="r1"),
        tables.append(path, frame(spark, declared, three, four), run="r2"),
        tables.merge(spark, path, changes(spark, path, declared, one, two, better, five), declared, run="r3"),
        tables.merge(spark, path, changes(spark, path, declared, one, moved, better, five), declared, run="r4"),
        tables.replace(path, frame(spark, declared, four), run="r5"),
        tables.restore(path, 3),
        tables.append(path, frame(spark, declared, thing(6)), run="r7"),
        tables.append(path, frame(spark, declared), run="r8"),
        tables.replace(path, frame(spark, declared), run="r9"),
    ]
    assert done == list(range(1, 10))
    return path, [
        [],
        [one, two],
        [one, two, three, four],
        [one, two, better, five],
        [one, moved, better, five],
        [four],
        [one, two, better, five],
        [one, two, better, five, thing(6)],
        [one, two, better, five, thing(6)],
        [],
    ]


# Every second one by Delta on Spark, which takes seconds for each: created, appended, merged, restored, left as it was.
@pytest.mark.parametrize(("reader", "step"), [(ours, 1), (of_delta_rs, 1), (of_delta_spark, 2)])
def test_every_version_holds_exactly_its_rows(reader, step, life, delta_spark):
    path, versions = life
    assert [reader(delta_spark, path, number) for number in range(0, len(versions), step)] == versions[::step]


@pytest.mark.parametrize("lake", ["lake [1]", "lake {a,b}", "lake *?"])
def test_a_lake_may_lie_in_a_folder_whose_name_looks_like_a_pattern(spark, tmp_path, lake):
    path, declared = str(tmp_path / lake / "thing"), table()
    tables.create(path, declared)
    tables.append(path, frame(spark, declared, thing(1)), run="r")
    version = tables.append(path, frame(spark, declared, thing(2)), run="r")
    assert ours(spark, path, version) == [thing(1), thing(2)]


def test_the_log_knows_how_many_rows_a_version_has(life):
    path, versions = life
    assert [delta_log.version(path, number).rows for number in range(len(versions))] == [len(rows) for rows in versions]


def test_all_agree_on_the_newest_version(life, delta_spark):
    path, versions = life
    newest = deltalake.DeltaTable(path).version()
    assert newest == delta_log.head(path) == len(versions) - 1
    assert delta_spark.read.format("delta").load(path).count() == 0
    with pytest.raises(Exception, match="DELTA_VERSION_NOT_FOUND|Cannot time travel"):
        of_delta_spark(delta_spark, path, newest + 1)


def test_a_restored_version_has_the_files_it_had(life):
    path, _ = life
    assert paths(path, 6) == paths(path, 3)


def test_no_value_of_a_row_stands_in_the_log(life):
    path, _ = life
    for file in pathlib.Path(path, "_delta_log").iterdir():
        assert CANARY.encode() not in file.read_bytes(), file.name
    statistics = [json.loads(action["add"]["stats"]) for action in log(path) if "add" in action]
    assert {name for one in statistics for name in one} == {"numRecords"}


def test_the_log_says_which_run_wrote_a_version(life):
    path, _ = life
    notes = [json.loads(action["commitInfo"]["userMetadata"])["run"] for action in log(path) if "commitInfo" in action]
    assert notes == ["", "r1", "r2", "r3", "r4", "r5", "", "r7", "r8", "r9"]


def test_a_merge_leaves_files_that_no_change_speaks_of(spark, tmp_path):
    path, declared = str(tmp_path / "thing"), table()
    tables.create(path, declared)
    kept = tables.append(path, frame(spark, declared, thing(1), thing(2)), run="r")
    before = tables.append(path, frame(spark, declared, thing(3), thing(4)), run="r")
    changed = changes(spark, path, declared, thing(1), thing(2), thing(3, name="other"), thing(4), thing(5))
    after = tables.merge(spark, path, changed, declared, run="r")
    assert paths(path, after) & paths(path, before) == paths(path, kept)
    assert ours(spark, path, after) == [thing(1), thing(2), thing(3, name="other"), thing(4), thing(5)]


def test_a_merge_of_one_partition_leaves_the_files_of_the_others(spark, tmp_path):
    path, declared = str(tmp_path / "thing"), table("target")
    tables.create(path, declared)
    targets = ("drug", "visit", "odd/[%41] = é")
    things = [thing(number, target) for number, target in enumerate(targets, 1)]
    before = tables.append(path, frame(spark, declared, *things), run="r")
    changed = changes(spark, path, declared, *things[:2], thing(3, targets[2], name="other"))
    after = tables.merge(spark, path, changed, declared, run="r")
    assert {file.partition for file in delta_log.version(path, after).files} == {(("target", one),) for one in targets}
    assert len(paths(path, after) & paths(path, before)) == 2


def test_a_merge_may_delete_every_row(spark, tmp_path):
    path, declared = str(tmp_path / "thing"), table("target")
    tables.create(path, declared)
    tables.append(path, frame(spark, declared, thing(1), thing(2, "visit")), run="r")
    version = tables.merge(spark, path, changes(spark, path, declared), declared, run="r")
    assert (ours(spark, path, version), delta_log.version(path, version).files) == ([], ())


@pytest.mark.parametrize("reader", [ours, of_delta_rs, of_delta_spark])
def test_odd_partition_values_come_back_as_they_were(reader, delta_spark, tmp_path):
    path, declared = str(tmp_path / "a [1]" / "thing"), table("target")
    values = [None, "a b", "a/b", "%41", "é", "[1]", "a:b", "a=b#c?", "007", "true", "2026-03-01", " 'q' ", "x\ny\\"]
    things = [thing(number, value) for number, value in enumerate(values, 1)]
    tables.create(path, declared)
    version = tables.append(path, frame(delta_spark, declared, *things), run="r")
    assert [row["target"] for row in reader(delta_spark, path, version)] == values


@pytest.mark.parametrize(
    ("name", "key", "values"),
    [
        ("bronze.ehr_fhir", "resource_type", ("Patient", "Observation")),
        ("silver.clinical_event", "target", ("measurement", "condition_occurrence")),
    ],
)
def test_a_declared_table_is_partitioned_as_it_says(rows, spark, tmp_path, name, key, values):
    declared, path = schemas.table(name), str(tmp_path / "declared")
    given = rows(name, *[{key: value, declared.key[0]: number} for number, value in enumerate(values)])
    tables.create(path, declared)
    version = tables.append(path, tables.conform(given, declared), run="r")
    found = delta_log.version(path, version)
    assert (found.partition_by, {dict(file.partition)[key] for file in found.files}) == ((key,), set(values))
    read = tables.read(spark, path, version)
    assert [(one.name, one.dataType) for one in read.schema] == [
        (one.name, one.dataType) for one in tables.spark_schema(declared)
    ]
    assert [row[key] for row in read.orderBy(declared.key[0]).collect()] == list(values)


def test_creating_a_table_that_is_there_changes_nothing(spark, tmp_path):
    path, declared = str(tmp_path / "thing"), table()
    tables.create(path, declared)
    tables.append(path, frame(spark, declared, thing(1)), run="r")
    tables.create(path, declared)
    assert (delta_log.head(path), ours(spark, path, 1)) == (1, [thing(1)])


def test_a_repeat_of_a_delivery_is_skipped_and_an_older_delivery_is_not(spark, tmp_path):
    path, declared = str(tmp_path / "thing"), table()
    tables.create(path, declared)

    def deliver(number, delivery, generation):
        given = frame(spark, declared, thing(number))
        return tables.append(path, given, run="r", once=(f"silver.thing:{delivery}", generation))

    assert deliver(1, "march", 3) == 1
    assert deliver(1, "march", 3) == 1
    assert deliver(2, "march", 2) == 1
    # Of a generation that march has long passed, but of another delivery.
    assert deliver(3, "february", 0) == 2
    assert deliver(3, "february", 0) == 2
    assert ours(spark, path, 2) == [thing(1), thing(3)]


def test_after_a_restore_a_delivery_needs_a_new_generation(spark, tmp_path):
    path, declared = str(tmp_path / "thing"), table()
    tables.create(path, declared)
    given = frame(spark, declared, thing(1))
    tables.append(path, given, run="killed", once=("d", 0))
    restored = tables.restore(path, 0)
    assert (restored, ours(spark, path, restored)) == (2, [])
    # The log remembers the transaction though its rows are gone: what makes the shell count up.
    assert tables.append(path, given, run="again", once=("d", 0)) == 2
    assert tables.append(path, given, run="again", once=("d", 1)) == 3
    assert (ours(spark, path, 3), of_delta_rs(spark, path, 3)) == ([thing(1)], [thing(1)])


def test_restoring_the_newest_version_changes_no_row(spark, tmp_path):
    path, declared = str(tmp_path / "thing"), table()
    tables.create(path, declared)
    version = tables.append(path, frame(spark, declared, thing(1)), run="r")
    restored = tables.restore(path, version)
    assert ours(spark, path, restored) == of_delta_rs(spark, path, restored) == [thing(1)]


def test_what_is_kept_may_change_its_columns(delta_spark, tmp_path):
    path = str(tmp_path / "kept [1]")
    first = delta_spark.createDataFrame([(1, ["late"])], "id bigint, faults array<string>")
    second = delta_spark.createDataFrame([(2, "x", ["late"])], "id bigint, name string, faults array<string>")
    versions = [tables.keep(path, one, doc="Rows that wait.") for one in (first, second, second.limit(0), first)]
    assert versions == [1, 2, 3, 4]
    old, new = [{"id": 1, "faults": ["late"]}], [{"id": 2, "name": "x", "faults": ["late"]}]
    assert [ours(delta_spark, path, number) for number in range(5)] == [[], old, new, [], old]
    assert [of_delta_spark(delta_spark, path, number) for number in range(5)] == [[], old, new, [], old]
    found = [deltalake.DeltaTable(path, version=number).to_pyarrow_table().to_pylist() for number in range(5)]
    assert found == [[], old, new, [], old]
    assert deltalake.DeltaTable(path).metadata().description == "Rows that wait."


def test_checkpoints_are_read_by_all_and_forget_no_delivery(delta_spark, tmp_path):
    path, declared = str(tmp_path / "a [1] %" / "thing"), table("target")
    tables.create(path, declared)
    tables.append(path, frame(delta_spark, declared, thing(1), thing(2, "a%41/b")), run="r", once=("first", 7))
    for number in range(1, 42):
        delta_log.commit(path, number, delta_log.done("other", number), operation="WRITE", run="r")
    last = tables.append(path, frame(delta_spark, declared, thing(3, "a%41/b")), run="r")
    folder = pathlib.Path(path, "_delta_log")
    assert [one.name[:20] for one in sorted(folder.glob("*.checkpoint.parquet"))] == [f"{20:020d}", f"{40:020d}"]
    assert json.loads((folder / "_last_checkpoint").read_text())["version"] == 40
    two = [thing(1), thing(2, "a%41/b")]
    for reader in (ours, of_delta_rs, of_delta_spark):
        assert reader(delta_spark, path, last) == [*two, thing(3, "a%41/b")]
        assert [reader(delta_spark, path, number) for number in (1, 20, 41)] == [two] * 3
    assert (delta_log.transaction(path, "first"), delta_log.transaction(path, "other")) == (7, 41)
    assert not [one.name for one in folder.iterdir() if CANARY.encode() in one.read_bytes()]
    # A new reader starts from the checkpoint: the commits before it need not be there.
    for commit in folder.glob("*.json"):
        if commit.stem.isdigit() and int(commit.stem) < 40:
            commit.unlink()
    delta_log.version.cache_clear()
    assert ours(delta_spark, path, last) == [*two, thing(3, "a%41/b")]


def test_a_table_that_needs_more_than_its_files_is_refused_by_name(tmp_path):
    import pyarrow

    path = str(tmp_path / "foreign")
    schema = pyarrow.schema([("id", pyarrow.int64())])
    deltalake.DeltaTable.create(path, schema, configuration={"delta.enableDeletionVectors": "true"})
    with pytest.raises(delta_log.ForeignTableError, match="deletionVectors"):
        delta_log.version(path, 0)


def test_what_a_killed_write_left_is_part_of_no_version(spark, tmp_path):
    path, declared = str(tmp_path / "thing"), table("target")
    tables.create(path, declared)
    tables.write(frame(spark, declared, thing(1)), path, ("target",))
    version = tables.append(path, frame(spark, declared, thing(2)), run="r")
    assert ours(spark, path, version) == of_delta_rs(spark, path, version) == [thing(2)]


def test_a_row_without_its_required_partition_is_refused_before_the_commit(spark, rows, tmp_path):
    path, declared = str(tmp_path / "thing"), schemas.table("silver.clinical_event")
    tables.create(path, declared)
    nameless = tables.conform(rows(declared.table, {"event_id": 1}), declared)
    with pytest.raises(Exception, match="target"):
        tables.append(path, nameless, run="r")
    assert delta_log.head(path) == 0
    assert tables.read(spark, path, tables.restore(path, 0)).count() == 0


def test_rows_of_another_schema_are_not_lost_silently(spark, tmp_path):
    path, declared = str(tmp_path / "thing"), table()
    tables.create(path, declared)
    wider = frame(spark, declared, thing(1)).selectExpr("*", "'x' AS more")
    with pytest.raises(ValueError, match="more"):
        tables.append(path, wider, run="r")
    with pytest.raises(ValueError, match="more"):
        tables.replace(path, wider, run="r")


def test_every_declared_table_is_as_declared_once_it_is_created(spark, tmp_path):
    for name in schemas.names():
        path = str(tmp_path / name)
        tables.create(path, schemas.table(name))
        assert tables.is_as_declared(path, schemas.table(name)), name


def test_a_table_takes_on_the_columns_that_are_declared_now(spark, tmp_path):
    path, before = str(tmp_path / "thing"), table()
    more = {"more": schemas.Column("more", "string", "More.")}
    now = dataclasses.replace(before, columns={**before.columns, **more})
    tables.create(path, before)
    tables.append(path, frame(spark, before, thing(1)), run="r")
    assert not tables.is_as_declared(path, now)
    wider = frame(spark, before, thing(1)).selectExpr("*", "'x' AS more")
    version = tables.replace(path, wider, run="r", table=now)
    assert tables.is_as_declared(path, now)
    assert [row["more"] for row in of_delta_rs(spark, path, version)] == ["x"]


def columns_of(path, version):
    return [field["name"] for field in json.loads(delta_log.version(path, version).schema)["fields"]]


def test_to_restore_is_to_have_the_columns_of_then_too(spark, tmp_path):
    declared, path = table(), str(tmp_path / "thing")
    tables.create(path, declared)
    kept = tables.append(path, frame(spark, declared, thing(1)), run="r")
    columns = {**declared.columns, "more": schemas.Column("more", "string", "More.")}
    wider = dataclasses.replace(declared, columns={**columns, "amount": schemas.Column("amount", "string", "Text.")})
    refused = tables.replace(path, frame(spark, wider, {**thing(2), "amount": "x", "more": "m"}), run="r", table=wider)
    assert columns_of(path, refused) == [*TYPES, "more"]
    assert not tables.is_as_declared(path, declared)
    restored = tables.restore(path, kept)
    assert tables.is_as_declared(path, declared)
    assert ours(spark, path, restored) == of_delta_rs(spark, path, restored) == by_id([thing(1)])


def test_a_table_whose_log_begins_at_a_checkpoint_takes_another_declaration(spark, tmp_path):
    declared, path = table("target"), str(tmp_path / "thing")
    tables.create(path, declared)
    for _ in range(delta_log.CHECKPOINT_EVERY):
        delta_log.commit(path, delta_log.head(path), [], operation="WRITE", run="r")
    before = deltalake.DeltaTable(path).metadata()
    for old in range(delta_log.CHECKPOINT_EVERY):
        (pathlib.Path(path) / "_delta_log" / f"{old:020d}.json").unlink()
    wider = dataclasses.replace(
        declared, columns={**declared.columns, "more": schemas.Column("more", "string", "More.")}
    )
    tables.replace(path, frame(spark, wider, {**thing(1), "more": "m"}), run="r", table=wider)
    after = deltalake.DeltaTable(path).metadata()
    known = ("id", "description", "partition_columns", "configuration", "created_time")
    assert [getattr(after, name) for name in known] == [getattr(before, name) for name in known]
    assert tables.is_as_declared(path, wider)
