"""What every test may ask for: one Spark session, frames of declared tables from partial dicts."""

from __future__ import annotations

import datetime
import functools
import itertools
import json
import logging
import os
import pathlib
import sys

import pytest
from xdist.scheduler import LoadScopeScheduling

CHECKOUT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT))

import schemas  # noqa: E402 - the checkout must be on the path first

# What shares a lake or a simulation that takes minutes to make; other files share nothing.
TOGETHER = ("tests/journeys/test_hospital", "tests/infra/hospital/", "tests/dags/")
LANDED = datetime.datetime(2026, 3, 1, 6, 0)


class Grouped(LoadScopeScheduling):
    """Where two processes share the tests (`make test`), each file stays in one of them, and so does TOGETHER."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return next((one for one in TOGETHER if file.startswith(one)), file)


def pytest_xdist_make_scheduler(config, log):
    """Groups in the order of the tests, and not by how many tests they have."""
    config.option.loadscopereorder = False
    return Grouped(config, log)


def pytest_collection_modifyitems(items):
    """The long journeys begin, so that neither process is left with one at the end."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


@pytest.fixture(scope="session")
def spark():
    """One local session for the whole test process."""
    from jobs.shell.session import session

    os.environ.setdefault("TZ", "UTC")
    os.environ.setdefault("SPARK_CONF_DIR", str(CHECKOUT / ".tools" / "spark-small"))
    found = session(
        "lakeward-tests",
        **{
            "spark.master": "local[2]",
            "spark.sql.shuffle.partitions": "1",
            "spark.driver.memory": "3g",
            # A test's frame has a handful of rows: compiling its plan costs a hundred times what it saves.
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        },
    )
    found.sparkContext.setLogLevel("ERROR")
    yield found
    found.stop()


@pytest.fixture(scope="session")
def store():
    """An S3 store on this machine, for whoever reads the environment; gives a maker of buckets, `s3://name` each."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").disabled = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_REGION", "us-east-1")
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
        numbers = itertools.count(1)

        def bucket():
            name = f"lake-{next(numbers)}"
            client.create_bucket(Bucket=name)
            return f"s3://{name}"

        yield bucket
    server.stop()


@pytest.fixture(scope="session", params=["folders", "store"])
def settings_at(request):
    """`settings_at(home)`: settings of a lake in folders; and of one in buckets, all of it that can lie there."""
    from jobs.shell.session import of_store
    from jobs.shell.settings import ZONES, Settings

    if request.param == "folders":
        return lambda home: Settings(str(home))
    bucket, spark = request.getfixturevalue("store"), request.getfixturevalue("spark")
    # A session that begins when the store is there has all this from its environment.
    keys = {"fs.s3a.access.key": "test", "fs.s3a.secret.key": "test"}
    told = {name.removeprefix("spark.hadoop."): value for name, value in of_store().items()}
    for name, value in (told | keys).items():
        spark.sparkContext._jsc.hadoopConfiguration().set(name, value)
    spark.sparkContext.environment |= {name: text for name, text in os.environ.items() if name.startswith("AWS_")}
    return lambda home: Settings(str(home), {zone: f"{bucket()}/{zone}" for zone in ZONES if zone != "ops"})


@functools.cache
def _schema(table: str, with_faults: bool):
    from pyspark.sql.types import ArrayType, StringType, StructField, StructType

    from jobs.shell.tables import spark_schema

    # Nullable on purpose: a test gives the columns it speaks of and nothing else.
    fields = [StructField(f.name, f.dataType) for f in spark_schema(schemas.table(table)).fields]
    if with_faults:
        fields.append(StructField("faults", ArrayType(StringType())))
    return StructType(fields)


@pytest.fixture(scope="session")
def rows(spark):
    """`rows("silver.patient", {...}, {...})`: a frame of a declared table; what is not given is null."""

    def make(table, *given, **same):
        schema = _schema(table, any("faults" in row for row in given))
        known = set(schema.names)
        for row in given:
            unknown = sorted({*row, *same} - known)
            assert not unknown, f"{table} has no column {', '.join(unknown)}"
        data = [tuple({**same, **row}.get(name) for name in schema.names) for row in given]
        return spark.createDataFrame(data, schema)

    return make


@pytest.fixture(scope="session")
def fhir_records(spark, rows):
    """Bronze records of FHIR resources given as dicts, with the feed's time zone beside them as the shell hands it."""

    def make(*resources, feed="ehr_fhir", tenant="demo", time_zone="America/New_York", **same):
        from pyspark.sql import functions as F

        given = []
        for position, resource in enumerate(resources):
            payload = json.dumps(resource, separators=(",", ":"))
            meta = resource.get("meta", {})
            updated = meta.get("lastUpdated")
            given.append(
                {
                    "record_id": position + 1,
                    "tenant": tenant,
                    "feed": feed,
                    "delivery_id": "d1",
                    "file_digest": "0" * 64,
                    "position": position,
                    "length": len(payload),
                    "received_at": LANDED,
                    "resource_type": resource.get("resourceType"),
                    "resource_id": resource.get("id"),
                    "version_id": meta.get("versionId"),
                    "last_updated": datetime.datetime.fromisoformat(updated).replace(tzinfo=None) if updated else None,
                    "payload": payload,
                    "payload_hash": hash(payload) & 0x7FFF_FFFF_FFFF_FFFF,
                    **same,
                }
            )
        return rows("bronze.ehr_fhir", *given).withColumn("time_zone", F.lit(time_zone))

    return make
