"""A plan as JSON without its types, as quick as column lineage needs it."""

from __future__ import annotations

import orjson
from pyspark.sql import functions as F

from jobs.shell import column_lineage, plan_json
from jobs.shell.column_lineage import derive


def test_sparks_own_json_gives_the_same_lineage(spark, monkeypatch):
    observations = spark.createDataFrame([], "patient string, code string, at timestamp, codes array<string>")
    people = spark.createDataFrame([], "person long, patient string")
    joined = observations.join(people, on="patient", how="left").withColumn("c", F.explode("codes"))
    built = (
        joined.groupBy("person").agg(F.max(F.struct("at", F.nullif("c", "code").alias("x"))).alias("m")).select("m.x")
    )
    frames = {"o": observations, "p": people}
    quick = derive(frames, built, {"o": "o", "p": "p"})
    monkeypatch.setattr(column_lineage, "plan_json", lambda _, plan: plan.toJSON())
    assert derive(frames, built, {"o": "o", "p": "p"}) == quick


def test_the_plan_is_told_without_its_types(spark):
    observations = spark.createDataFrame([], "payload string")
    parsed = observations.select(
        F.from_json("payload", "struct<a:string,b:array<struct<c:string,d:string>>>").alias("p")
    )
    plan = parsed.select(*[F.col("p.b")[i]["c"].alias(f"c{i}") for i in range(20)])._jdf.queryExecution().analyzed()
    told = plan_json.plan_json(spark._jvm, plan)
    assert [node["class"].rpartition(".")[2] for node in orjson.loads(told)] == ["Project", "Project", "LogicalRDD"]
    assert len(told) * 3 < len(plan.toJSON())
