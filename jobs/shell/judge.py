"""Great Expectations: runs the counting as one metric on Spark and judges every check of a suite by it.

One custom metric (`lakeward.findings`) does all the counting of a table in one to three passes; one
custom expectation per rule and severity says for each column how many rows are faulty and whether that is
too many. The stock column expectations cost a metric graph of their own each (docs/decisions/gates.md).
Importing this module imports Great Expectations, which takes seconds: the gate imports it when it needs it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

# No telemetry: read when the library is imported.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx  # noqa: E402
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult  # noqa: E402
from great_expectations.execution_engine import SparkDFExecutionEngine  # noqa: E402
from great_expectations.expectations.expectation import BatchExpectation  # noqa: E402
from great_expectations.expectations.metrics.metric_provider import metric_value  # noqa: E402
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider  # noqa: E402
from pyspark.sql import DataFrame  # noqa: E402

# Counts and shares, never a value of a row.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0, "exclude_unexpected_values": True}
Part = dict[str, Any]
Counting = Callable[[DataFrame], dict[str, list[Part]]]

_counting: dict[str, Counting] = {}
_one_at_a_time = threading.Lock()


class Findings(TableMetricProvider):
    """What the checks of a table found: rule -> its parts, each a column with faulty rows and rows."""

    metric_name = "lakeward.findings"
    value_keys = ("table",)

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(
        cls,  # noqa: N805 - the library calls it unbound
        execution_engine: SparkDFExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, list[Part]]:
        return _counting[metric_value_kwargs["table"]](execution_engine.dataframe)


class ExpectFewFaults(BatchExpectation):
    """Of the rows that a rule speaks of, no larger share than its threshold is faulty, column by column."""

    table: str
    rule: str
    speaks_of: str = ""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("lakeward.findings",)
    success_keys: ClassVar[tuple[str, ...]] = ("table", "rule")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    args_keys: ClassVar[tuple[str, ...]] = ("rule",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        parts = metrics["lakeward.findings"].get(self.rule, [])
        failed = [part for part in parts if part["outcome"] in ("failed", "error")]
        counts = {"observed_value": f"{len(failed)} of {len(parts)}", "parts": parts}
        return {"success": not failed, "result": counts}


def judge(
    table: str, candidate: DataFrame, rules: Sequence[tuple[str, str]], counting: Counting
) -> ExpectationSuiteValidationResult:
    """Validate a written table: `rules` are (rule, what it speaks of), `counting` finds the parts of each."""
    with _one_at_a_time:
        batch = _batch(table, candidate)
    suite = gx.ExpectationSuite(
        name=table, expectations=[ExpectFewFaults(table=table, rule=r, speaks_of=doc) for r, doc in rules]
    )
    _counting[table] = counting
    try:
        return batch.validate(suite, result_format=RESULT_FORMAT)
    finally:
        del _counting[table]


def _batch(table: str, candidate: DataFrame) -> Any:
    """The candidate as a batch of an ephemeral context; not persisted, since it is read once or twice."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_spark(name="lake", persist=False)
    return (
        source.add_dataframe_asset(table)
        .add_batch_definition_whole_dataframe("whole")
        .get_batch({"dataframe": candidate})
    )
