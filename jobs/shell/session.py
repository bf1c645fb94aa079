"""The Spark session: one per stage, configured by SPARK_CONF_DIR, so that scale-out is a setting."""

from __future__ import annotations

import functools
import os
import pathlib
import sys
from collections.abc import Callable, Iterable
from typing import Any

from py4j.java_gateway import GatewayClient, JavaClass
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from jobs.formats import stored
from jobs.shell import shipped

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


# Classes of the JVM that PySpark asks for with every column. Each time py4j asks the JVM where the class is, which
# looks for a bare name under eight packages in all of three hundred JARs, and then whether its member is a method.
_CLASSES = (
    "functions",
    "org.apache.spark.sql.functions",
    "PythonSQLUtils",
    "PythonUtils",
    "PythonErrorUtils",
)
# Arguments that java.util.List.of takes one by one.
MOST_OF_LIST = 10
# Up to so many bytes of deliveries a run is over before the JVM's second compiler has paid for itself.
SMALL = 256 << 20


def environment(delivered: int = SMALL) -> dict[str, str]:
    """Environment variables that a Spark process of this checkout needs, by the bytes of what it is to read."""
    found = dict(os.environ)
    profile = "spark-small" if delivered < SMALL else "spark"
    found.setdefault("SPARK_CONF_DIR", str(CHECKOUT / ".tools" / profile))
    found.setdefault("PYSPARK_PYTHON", sys.executable)
    found.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    java = CHECKOUT / ".tools" / "java_home"
    if java.is_file():
        found.setdefault("JAVA_HOME", java.read_text(encoding="utf-8").strip())
    # Executors import the jobs by name, wherever the command was typed.
    paths = [str(CHECKOUT), *filter(None, [found.get("PYTHONPATH")])]
    found["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(os.pathsep.join(paths).split(os.pathsep)))
    return found


def session(application: str, **conf: str) -> SparkSession:
    """The Spark session of this process; the first call starts it."""
    os.environ.update(environment())
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        # They log the message of every failed query, which quotes the value that failed.
        PySparkLogger.getLogger(name).disabled = True
    builder = SparkSession.builder.appName(application)
    for name, value in {**of_store(), **conf}.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    for name in _CLASSES:
        if isinstance(getattr(spark._jvm, name), JavaClass):
            setattr(spark._jvm, name, _Asked(getattr(spark._jvm, name)))
    shipped.ship(spark)
    return spark


def of_store() -> dict[str, str]:
    """What S3A does not find in the environment by itself, and Python workers on other machines neither."""
    found = {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint.region": stored.region(),
        "spark.executorEnv.AWS_REGION": stored.region(),
    }
    if at := stored.endpoint():
        found |= {
            "spark.hadoop.fs.s3a.endpoint": at,
            # A store that is not Amazon's seldom has a name for each bucket.
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.executorEnv.AWS_ENDPOINT_URL": at,
        }
    return found


class _Asked:
    """A class of the JVM that asks for each of its members once, and for the columns that are made again and again."""

    def __init__(self, java_class: JavaClass) -> None:
        self._java_class = java_class

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._java_class, name)
        if name in ("col", "lit"):
            member = _once(member)
        elif name == "toSeq":
            member = _at_once(member, self._java_class._gateway_client)
        setattr(self, name, member)
        return member


def _once(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A column never changes: that of a name or a plain value is made once."""

    @functools.lru_cache(maxsize=4096, typed=True)
    def kept(given: str | int | None) -> Any:
        return make(given)

    return lambda given: kept(given) if given is None or isinstance(given, str | int) else make(given)


def _at_once(to_seq: Callable[[Any], Any], client: GatewayClient) -> Callable[[Any], Any]:
    """Hands a short list over in one call; py4j makes an empty one and adds one by one."""
    list_of = JavaClass("java.util.List", client).of

    def call(given: Iterable[Any]) -> Any:
        each = list(given)
        is_short = 0 < len(each) <= MOST_OF_LIST and None not in each
        return to_seq(list_of(*each) if is_short else each)

    return call
