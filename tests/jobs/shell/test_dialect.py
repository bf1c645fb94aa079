"""What is asked of DuckDB means what it means to Spark, and an instant is of the same day."""

import os
import subprocess
import sys

import pytest

ELSEWHERE = {**os.environ, "TZ": "Pacific/Auckland"}
ASKED = """
import datetime, pyarrow as pa
from jobs.shell import arrow_rows
late = datetime.datetime(2025, 6, 1, 23, 30, tzinfo=datetime.UTC)
rows = pa.table({"seen": pa.array([late], pa.timestamp("us", "UTC"))})
print(arrow_rows.ask("SELECT seen::DATE::VARCHAR, seen < DATE '2025-06-02' FROM rows", rows=rows))
"""


def test_an_instant_is_of_its_day_in_utc_wherever_the_machine_stands():
    told = subprocess.run([sys.executable, "-c", ASKED], env=ELSEWHERE, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["[('2025-06-01', True)]"]


@pytest.mark.parametrize(
    ("spark_sql", "rows", "expected"),
    [
        ("datediff(`a`, `b`)", "SELECT DATE '2025-03-01' AS a, DATE '2025-02-27' AS b", 2),
        ("date_add(`a`, 60)", "SELECT DATE '2025-01-01' AS a", "2025-03-02 00:00:00"),
        ("`a` <=> `b`", "SELECT NULL AS a, NULL AS b", True),
        ("size(filter(`a`, one -> one.b = 'x')) > 0", "SELECT [{'b': 'x'}] AS a", True),
        ("try_cast(concat(`a`, '-', 2, '-', 30) as date)", "SELECT 2025 AS a", None),
        ("`a` rlike '[^0-9.]'", "SELECT '1.2.x' AS a", True),
        ("length(`a`)", "SELECT 'Zoë 𝔘' AS a", 5),
    ],
)
def test_words_of_spark_mean_the_same_to_duckdb(spark_sql, rows, expected):
    from jobs.shell import arrow_rows
    from jobs.shell.dialect import in_duckdb

    [(said,)] = arrow_rows.ask(f"SELECT {in_duckdb(spark_sql)} FROM ({rows})")
    assert (said if isinstance(said, int | None) else str(said)) == expected
