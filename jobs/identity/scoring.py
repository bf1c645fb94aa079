"""Splink on DuckDB: how probable it is that two records with one key in common are one person; and learning that."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from jobs.identity.comparisons import COMPARISONS, DIFFERENT, as_splink, column
from jobs.identity.model import Model

# Below this a pair is not worth a row.
FLOOR = 0.001
# So many pairs that are one person beyond doubt are needed to learn how true pairs differ.
ENOUGH = 500
# Random pairs of so many records: half a million.
_SAMPLE = 1_000
# What the sure pairs are of all true ones; FEBRL 1 and 2 have 0.5 to 0.7.
_SURE_SHARE = 0.6
_MOST_RATE, _LEAST_RATE = 1e-3, 1e-7
_LEAST = 1e-6
# True pairs are learnt where they are found without the comparison that is learnt.
_TRAINING = ("l.birth = r.birth", "l.name_key = r.name_key", "l.street = r.street AND l.postcode = r.postcode")
_SURE = """
    SELECT count(*) FROM (
        SELECT l.patient_id, r.patient_id FROM records l JOIN records r
        ON l.birth = r.birth AND l.name_key = r.name_key AND l.patient_id < r.patient_id
        UNION
        SELECT l.patient_id, r.patient_id FROM (SELECT patient_id, birth, unnest(national_ids) AS n FROM records) l
        JOIN (SELECT patient_id, birth, unnest(national_ids) AS n FROM records) r
        ON l.n = r.n AND l.birth = r.birth AND l.patient_id < r.patient_id
    )
"""
# One record of each sure person: a random pair must not be a true one. The digest shuffles, the same way each time.
_STRANGERS = f"""
    SELECT * FROM records WHERE patient_id IN (
        SELECT min(patient_id) FROM records GROUP BY coalesce(birth || name_key, patient_id::VARCHAR)
    ) ORDER BY md5(patient_id::VARCHAR), patient_id LIMIT {_SAMPLE}
"""


@contextlib.contextmanager
def connect(records: pa.Table, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory with a table `records`; nothing is fetched.

    What does not fit is spilled to a folder that is closed to others and gone with the connection.
    """
    with tempfile.TemporaryDirectory(prefix="lakeward-") as folder:
        limits: dict[str, str | bool | int | float | list[str]] = {"threads": threads, "temp_directory": folder}
        with duckdb.connect(config={**limits, "autoinstall_known_extensions": False}) as connection:
            connection.register("given", records)
            connection.execute("CREATE TABLE records AS SELECT * FROM given ORDER BY patient_id")
            connection.unregister("given")
            yield connection


def _linker(connection: duckdb.DuckDBPyConnection, source: str, model: Model) -> Linker:
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="patient_id",
        comparisons=[as_splink(one, model.weights[one.name], rare=model.rare) for one in COMPARISONS],
        blocking_rules_to_generate_predictions=[block_on("keys", arrays_to_explode=["keys"])],
        probability_two_random_records_match=model.rate,
        # Without the columns Splink leaves out the levels too.
        retain_matching_columns=True,
        retain_intermediate_calculation_columns=True,
        max_iterations=50,
    )
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    return Linker(source, settings, DuckDBAPI(connection), set_up_basic_logging=False, validate_settings=False)


def score(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Make the table `scored`: left_id < right_id, probability, and gamma_ and weight_ of each comparison.

    Pairs are those that share a key; weights are bits (log2 of the Bayes factor, how rare a value is included).
    """
    found = _linker(connection, "records", model).inference.predict().physical_name
    known = {row[0] for row in connection.execute(f"DESCRIBE {found}").fetchall()}
    weights = []
    for name in map(column, COMPARISONS):
        rare = f" * bf_tf_adj_{name}" if f"bf_tf_adj_{name}" in known else ""
        weights.append(f"gamma_{name}, round(log2(bf_{name}{rare}), 2) AS weight_{name}")
    connection.execute(
        "CREATE OR REPLACE TABLE scored AS SELECT least(patient_id_l, patient_id_r) AS left_id,"
        " greatest(patient_id_l, patient_id_r) AS right_id, round(match_probability, 6) AS probability,"
        f" {', '.join(weights)} FROM {found}"
    )


def fit(connection: duckdb.DuckDBPyConnection, model: Model, *, learn: bool) -> Model:
    """The model for these records, without labels; the same records give the same model.

    The rate always comes from the sure pairs. With `learn` so does how often strangers agree and, with enough sure
    pairs, how true pairs differ. What the records do not show is taken from `model`.
    """
    count, sure = _one(connection, "SELECT count(*) FROM records"), _one(connection, _SURE)
    pairs = max(count * (count - 1) / 2, 1)
    rate = min(max((sure + 1) / _SURE_SHARE / pairs, _LEAST_RATE), _MOST_RATE)
    if not learn:
        return replace(model, rate=rate)
    connection.execute(f"CREATE OR REPLACE TABLE strangers AS {_STRANGERS}")
    strangers = _linker(connection, "strangers", model)
    strangers.training.estimate_u_using_random_sampling(max_pairs=float(_SAMPLE**2))
    learnt = Model(_merged(model, _told(strangers), "u"), rate, f"{model.how}; u of these records", rare=True)
    if sure < ENOUGH:
        return learnt
    linker = _linker(connection, "records", learnt)
    for rule in _TRAINING:
        linker.training.estimate_parameters_using_expectation_maximisation(rule, estimate_without_term_frequencies=True)
    return Model(_merged(learnt, _told(linker), "m"), rate, "m and u of these records", rare=True)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    # DuckDB holds the connection until a result is read to its end.
    return int(connection.execute(query).fetchall()[0][0])


def _told(linker: Linker) -> Mapping[str, Mapping[str, Any]]:
    settings = linker.misc.save_model_to_json()
    return {
        one["output_column_name"]: {level["label_for_charts"]: level for level in one["comparison_levels"]}
        for one in settings["comparisons"]
    }


def _merged(
    model: Model, told: Mapping[str, Mapping[str, Any]], which: str
) -> dict[str, dict[str, tuple[float, float]]]:
    """The model's weights with all m or all u of a comparison replaced, where what was learnt makes sense."""
    weights = {}
    for one in COMPARISONS:
        old = model.weights[one.name]
        place = "mu".index(which)
        found = {level: told[column(one)][level].get(f"{which}_probability") for level in old}
        share = {level: float(value) if value else old[level][place] for level, value in found.items()}
        total = sum(share.values()) or 1.0
        made = {
            level: (_digits(share[level] / total), u) if which == "m" else (m, _digits(share[level] / total))
            for level, (m, u) in old.items()
        }
        weights[one.name] = made if _sensible(made) else dict(old)
    return weights


def _digits(share: float) -> float:
    # The last digits of a sum depend on the order of the threads.
    return max(float(f"{share:.4g}"), _LEAST)


def _sensible(levels: Mapping[str, tuple[float, float]]) -> bool:
    """Whether sameness speaks for one person and difference against it."""
    first, last = next(iter(levels.values())), levels[DIFFERENT]
    return first[0] > first[1] and last[0] < last[1]
