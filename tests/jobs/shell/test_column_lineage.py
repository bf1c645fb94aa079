"""Column lineage as it is read out of Spark's plans."""

from __future__ import annotations

import pytest
from pyspark.sql import Window
from pyspark.sql import functions as F

from jobs.shell import tables
from jobs.shell.column_lineage import Source, declared, derive

OBSERVED = "id long, patient string, code string, value double, at timestamp, codes array<string>, payload string"


@pytest.fixture(scope="module")
def observations(spark):
    return spark.createDataFrame([], OBSERVED)


@pytest.fixture(scope="module")
def people(spark):
    return spark.createDataFrame([], "person long, patient string, born date")


def _said(sources):
    return {f"{source.dataset}.{source.field}": sorted(how.subtype for how in hows) for source, hows in sources.items()}


def lineage(built, **frames):
    found = derive(frames, built, {name: name for name in frames})
    return {name: _said(sources) for name, sources in found.columns.items()}, _said(found.rows)


def test_a_renamed_column_is_the_same_column(observations):
    columns, rows = lineage(observations.select("id", F.col("code").alias("source_value")), o=observations)
    assert columns == {"id": {"o.id": ["IDENTITY"]}, "source_value": {"o.code": ["IDENTITY"]}}
    assert rows == {}


def test_a_constant_stands_on_nothing(observations):
    columns, _ = lineage(observations.select(F.lit(8507).alias("concept"), F.current_date().alias("d")), o=observations)
    assert columns == {"concept": {}, "d": {}}


def test_an_expression_is_a_transformation_of_all_its_columns(observations):
    columns, _ = lineage(observations.select(F.concat("patient", F.upper("code")).alias("k")), o=observations)
    assert columns["k"] == {"o.patient": ["TRANSFORMATION"], "o.code": ["TRANSFORMATION"]}


def test_a_digest_masks_what_it_is_made_of(observations):
    found = derive({"o": observations}, observations.select(F.xxhash64("patient").alias("k")), {"o": "o"})
    assert [how.masking for how in found.columns["k"][Source("o", "patient")]] == [True]


def test_what_a_condition_reads_decides_and_is_not_the_value(observations):
    chosen = F.when(F.col("at").isNull(), F.col("code")).otherwise("none")
    columns, _ = lineage(observations.select(chosen.alias("c")), o=observations)
    assert columns["c"] == {"o.at": ["CONDITIONAL"], "o.code": ["TRANSFORMATION"]}


def test_whether_a_struct_is_there_says_nothing_of_its_fields(observations):
    newest = observations.groupBy("patient").agg(F.max(F.struct("at", "value")).alias("m"))
    columns, _ = lineage(newest.select(F.when(F.col("m").isNotNull(), F.lit(0)).alias("c")), o=observations)
    assert columns == {"c": {}}


def test_the_keys_of_a_join_decide_the_rows_and_not_the_columns(observations, people):
    built = observations.join(people, on="patient", how="left").select("person", "value")
    columns, rows = lineage(built, o=observations, p=people)
    assert columns == {"person": {"p.person": ["IDENTITY"]}, "value": {"o.value": ["IDENTITY"]}}
    assert rows == {"o.patient": ["JOIN"], "p.patient": ["JOIN"]}


def test_both_sides_of_a_full_join_make_its_key(observations, people):
    columns, _ = lineage(
        observations.join(people, on="patient", how="full").select("patient"), o=observations, p=people
    )
    assert columns["patient"] == {"o.patient": ["TRANSFORMATION"], "p.patient": ["TRANSFORMATION"]}


def test_a_self_join_keeps_its_two_sides_apart(observations):
    left, right = observations.alias("l"), observations.alias("r")
    built = left.join(right, on=F.col("l.patient") == F.col("r.code"), how="inner")
    columns, rows = lineage(built.select(F.col("l.value").alias("a"), F.col("r.at").alias("b")), o=observations)
    assert columns == {"a": {"o.value": ["IDENTITY"]}, "b": {"o.at": ["IDENTITY"]}}
    assert rows == {"o.patient": ["JOIN"], "o.code": ["JOIN"]}


def test_tables_with_the_same_columns_are_told_apart_by_their_place(spark, tmp_path):
    for name in ("old", "new"):
        tables.keep(str(tmp_path / name), spark.sql("SELECT 1L AS id, 'x' AS name"), doc=name)
    old = tables.read(spark, str(tmp_path / "old"), 1)
    new = tables.read(spark, str(tmp_path / "new"), 1)
    both = old.alias("o").join(new.alias("n"), on="id", how="inner")
    built = both.join(new.alias("again"), on=F.col("o.id") == F.col("again.id"), how="inner")
    columns, _ = lineage(built.select(F.col("o.name").alias("a"), F.col("again.name").alias("b")), old=old, new=new)
    assert columns == {"a": {"old.name": ["IDENTITY"]}, "b": {"new.name": ["IDENTITY"]}}


def test_a_union_maps_by_position(observations, people):
    first = observations.select("patient", F.col("code").alias("what"))
    built = first.unionByName(people.select(F.col("born").cast("string").alias("what"), "patient"))
    columns, _ = lineage(built, o=observations, p=people)
    assert columns["patient"] == {"o.patient": ["IDENTITY"], "p.patient": ["IDENTITY"]}
    assert columns["what"] == {"o.code": ["IDENTITY"], "p.born": ["TRANSFORMATION"]}


def test_a_union_of_a_frame_with_itself_stands_on_both_branches(observations):
    built = observations.select(F.col("code").alias("x")).union(observations.select("patient"))
    columns, _ = lineage(built, o=observations)
    assert columns == {"x": {"o.code": ["IDENTITY"], "o.patient": ["IDENTITY"]}}


def test_a_window_decides_what_its_function_gives(observations):
    newest = Window.partitionBy("patient").orderBy(F.desc("at"))
    built = observations.select(
        "id", F.lag("value").over(newest).alias("before"), F.row_number().over(newest).alias("n")
    )
    columns, _ = lineage(built, o=observations)
    window = {"o.patient": ["WINDOW"], "o.at": ["WINDOW"]}
    assert columns["before"] == {"o.value": ["TRANSFORMATION"], **window}
    assert columns["n"] == window


def test_the_newest_row_by_a_window_is_a_filter_on_what_ordered_it(observations):
    rank = F.row_number().over(Window.partitionBy("patient").orderBy("at"))
    built = observations.withColumn("n", rank).where("n = 1").drop("n")
    columns, rows = lineage(built, o=observations)
    assert columns["value"] == {"o.value": ["IDENTITY"]}
    assert rows == {"o.patient": ["FILTER"], "o.at": ["FILTER"]}


def test_an_aggregate_is_grouped_by_its_keys(observations):
    built = observations.groupBy("patient").agg(F.sum("value").alias("total"), F.max_by("code", "at").alias("last"))
    columns, rows = lineage(built, o=observations)
    assert columns["patient"] == {"o.patient": ["IDENTITY"]}
    assert columns["total"] == {"o.value": ["AGGREGATION"]}
    assert columns["last"] == {"o.code": ["AGGREGATION"], "o.at": ["CONDITIONAL"]}
    assert rows == {"o.patient": ["GROUP_BY"]}


def test_a_field_of_the_greatest_struct_stands_on_its_own_column(observations):
    newest = observations.groupBy("patient").agg(F.max(F.struct("at", "code", "value")).alias("m"))
    columns, _ = lineage(newest.select("m.code"), o=observations)
    assert columns == {"code": {"o.code": ["AGGREGATION"]}}


def test_an_exploded_array_gives_its_elements(observations):
    built = observations.select("id", F.posexplode("codes").alias("n", "c"))
    columns, _ = lineage(built, o=observations)
    assert columns["c"] == {"o.codes": ["TRANSFORMATION"]}
    assert columns["n"] == {"o.codes": ["TRANSFORMATION"]}


def test_exploded_structs_keep_their_fields_apart(observations):
    each = F.array(
        F.struct(F.lit("code").alias("kind"), F.col("code").alias("text")),
        F.struct(F.lit("patient").alias("kind"), F.col("patient").alias("text")),
    )
    built = observations.select("value", F.inline(each))
    columns, _ = lineage(built, o=observations)
    assert columns["kind"] == {}
    assert columns["text"] == {"o.code": ["IDENTITY"], "o.patient": ["IDENTITY"]}


def test_a_lambda_stands_on_its_array_and_on_what_it_reads_besides(observations):
    built = observations.select(
        F.transform("codes", lambda c: F.concat(c, F.col("patient"))).alias("t"),
        F.filter("codes", lambda c: c != F.col("code")).alias("f"),
        F.transform("codes", lambda c: F.struct(c.alias("a"), F.col("value").alias("b")))[0]["b"].alias("b"),
        F.exists("codes", lambda c: c == "x").alias("e"),
    )
    columns, _ = lineage(built, o=observations)
    assert columns["t"] == {"o.codes": ["TRANSFORMATION"], "o.patient": ["TRANSFORMATION"]}
    assert columns["f"] == {"o.codes": ["TRANSFORMATION"], "o.code": ["CONDITIONAL"]}
    assert columns["b"] == {"o.value": ["IDENTITY"]}
    assert columns["e"] == {"o.codes": ["TRANSFORMATION"]}


def test_of_filtered_structs_one_field_decides_about_the_others(observations):
    each = F.array(F.struct("code", "value"))
    built = observations.select(F.filter(each, lambda one: one["value"] > 1)[0]["code"].alias("c"))
    columns, _ = lineage(built, o=observations)
    assert columns["c"] == {"o.code": ["IDENTITY"], "o.value": ["CONDITIONAL"]}


def test_a_parsed_payload_is_a_transformation_of_the_payload(observations):
    parsed = observations.select(
        "id", F.from_json("payload", "struct<a:struct<b:string>,c:array<struct<d:int>>>").alias("p")
    )
    columns, _ = lineage(parsed.select("p.a.b", F.col("p.c")[0]["d"].alias("d")), o=observations)
    assert columns == {"b": {"o.payload": ["TRANSFORMATION"]}, "d": {"o.payload": ["TRANSFORMATION"]}}


def test_sorting_and_deduplicating_decide_the_rows(observations):
    _, rows = lineage(observations.dropDuplicates(["patient"]).sort("at").limit(5).select("id"), o=observations)
    assert rows == {"o.patient": ["GROUP_BY"], "o.at": ["SORT"]}


def test_hints_and_repartitioning_change_nothing(observations, people):
    built = observations.repartition(3).join(F.broadcast(people), on="patient", how="left_anti").select("id")
    columns, rows = lineage(built, o=observations, p=people)
    assert columns == {"id": {"o.id": ["IDENTITY"]}}
    assert rows == {"o.patient": ["JOIN"], "p.patient": ["JOIN"]}


def test_the_shells_own_narrowing_is_not_lineage(spark, observations):
    wanted = F.broadcast(spark.createDataFrame([("p1",)], "patient string"))
    narrowed = observations.join(wanted, on="patient", how="left_semi")
    columns, rows = lineage(narrowed.select("value"), o=narrowed)
    assert columns == {"value": {"o.value": ["IDENTITY"]}}
    assert rows == {}


def test_a_column_that_the_shell_adds_is_traced_to_what_it_was_made_of(observations):
    zoned = observations.withColumn("time_zone", F.upper("code"))
    columns, _ = lineage(zoned.select(F.from_utc_timestamp("at", F.col("time_zone")).alias("local")), o=zoned)
    assert columns["local"] == {"o.at": ["TRANSFORMATION"], "o.code": ["TRANSFORMATION"]}


def test_a_frame_that_is_no_table_is_known_by_its_own_columns(spark, observations):
    ledger = spark.createDataFrame([], "delivery string, received string").select(
        "delivery", F.lit(None).cast("date").alias("extracted")
    )
    columns, _ = lineage(ledger.select("delivery", "extracted"), ledger=ledger)
    assert columns == {"delivery": {"ledger.delivery": ["IDENTITY"]}, "extracted": {"ledger.extracted": ["IDENTITY"]}}


def test_a_python_node_stands_on_what_is_declared_else_on_all_it_is_given(observations):
    made = observations.select("id", "payload").mapInArrow(lambda batches: batches, "key long, text string")
    found = derive({"o": observations}, made, {"o": "o"}, {"text": ["payload"]})
    assert _said(found.columns["text"]) == {"o.payload": ["TRANSFORMATION"]}
    assert _said(found.columns["key"]) == {"o.id": ["TRANSFORMATION"], "o.payload": ["TRANSFORMATION"]}


def test_sql_with_a_common_table_a_subquery_and_a_lateral_join_is_read_too(spark, observations, people):
    query = """
        WITH adults AS (SELECT patient, person FROM {p} WHERE born IS NOT NULL)
        SELECT a.person, l.loud, (SELECT max(b.value) FROM {o} b WHERE b.patient = a.patient) AS top
        FROM {o} o JOIN adults a ON o.patient = a.patient, LATERAL (SELECT upper(o.code) AS loud) l
        WHERE o.id IN (SELECT person FROM {p})
    """
    columns, rows = lineage(spark.sql(query, o=observations, p=people), o=observations, p=people)
    assert columns["person"] == {"p.person": ["IDENTITY"]}
    assert columns["loud"] == {"o.code": ["TRANSFORMATION"]}
    assert columns["top"]["o.value"] == ["AGGREGATION"]
    assert {"p.born", "o.id", "p.person", "o.patient"} <= set(rows)


def test_a_rollup_stands_on_its_keys(observations):
    columns, rows = lineage(observations.rollup("patient", "code").agg(F.sum("value").alias("s")), o=observations)
    assert columns["code"] == {"o.code": ["IDENTITY"]}
    assert columns["s"] == {"o.value": ["AGGREGATION"]}
    assert set(rows) == {"o.patient", "o.code"}


def test_what_a_parser_makes_is_declared():
    file = Source("/landing/f.ndjson", "content")
    found = declared({"payload": [file], "position": [file]}, identical=["payload"])
    assert _said(found.columns["payload"]) == {"/landing/f.ndjson.content": ["IDENTITY"]}
    assert _said(found.columns["position"]) == {"/landing/f.ndjson.content": ["TRANSFORMATION"]}
