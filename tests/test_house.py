"""The rules of the house that a machine can keep (docs/decisions and README say why)."""

import ast
import pathlib
import re

import pytest

import schemas

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGES = ("dags", "expectations", "jobs", "schemas")
OWN = set(PACKAGES) | {"infra"}
# Who may import what of ours.
MAY_IMPORT = {
    "schemas": {"schemas"},
    "expectations": {"schemas", "expectations"},
    "dags": {"schemas", "dags", "infra"},
    "jobs/formats": {"jobs.formats"},
    "jobs/identity": {"jobs.identity"},
    "jobs/columns": {"jobs.columns", "jobs.formats"},
    "jobs/bronze": {"jobs.columns", "jobs.formats", "jobs.bronze._"},
    "jobs/silver": {"jobs.columns", "jobs.formats", "jobs.identity", "jobs.silver._"},
    "jobs/gold": {"jobs.columns", "jobs.formats"},
}
# Importing one of these names a module of it, which is looked at by itself.
NAMESPACES = ("jobs.columns", "jobs.formats", "jobs.bronze", "jobs.silver")
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "base", "manager", "core"}


def modules(folder):
    return sorted(p for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts)


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_imports_go_one_way(folder):
    wrong = []
    for path in modules(folder):
        for name in imports(path):
            if name.split(".")[0] not in OWN or name in OWN or name in NAMESPACES:
                continue
            if not any(name.startswith(allowed) for allowed in MAY_IMPORT[folder]):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_parsers_and_declarations_do_not_know_spark():
    for folder in ("jobs/formats", "jobs/identity", "schemas", "dags"):
        for path in modules(folder):
            assert not {"pyspark", "delta"} & {name.split(".")[0] for name in imports(path)}, path


def test_modules_are_named_for_what_they_know():
    named = {path.stem for package in (*PACKAGES, "infra") for path in modules(package)}
    assert named & FORBIDDEN_NAMES == set()


@pytest.mark.parametrize("layer", ["silver", "gold"])
def test_every_declared_table_has_its_job_and_every_job_its_declaration(layer):
    declared = {table.name for table in schemas.tables(layer)}
    jobs = {path.stem for path in (ROOT / "jobs" / layer).glob("*.py") if not path.stem.startswith("_")}
    assert declared == jobs


def test_every_table_is_built_from_declared_tables_of_its_own_or_an_earlier_layer():
    rank = {"ops": 0, "bronze": 0, "silver": 1, "gold": 2}
    for table in schemas.tables():
        for source in table.built_from.values():
            schemas.table(source)
            assert rank[source.split(".")[0]] <= rank[table.layer], f"{table.table} reads {source}"


def test_every_column_says_what_it_means():
    silent = [f"{t.table}.{c.name}" for t in schemas.tables() for c in t.columns.values() if len(c.doc) < 3]
    assert silent == []


def test_no_clock_and_no_counted_key_in_a_job():
    wrong = []
    for folder in ("jobs/bronze", "jobs/silver", "jobs/gold", "jobs/columns", "jobs/identity"):
        for path in modules(folder):
            text = path.read_text(encoding="utf-8")
            for word in (r"\bnow\(\)", r"current_timestamp\(", r"current_date\(", r"row_number\(",
                         r"monotonically_increasing_id\("):  # fmt: skip
                if re.search(word, text):
                    wrong.append(f"{path.relative_to(ROOT)}: {word}")
    assert wrong == []


def test_joins_say_how():
    wrong = []
    for folder in ("jobs/silver", "jobs/gold", "jobs/columns"):
        for path in modules(folder):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (
                    isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join"
                ):
                    continue
                is_text = isinstance(node.func.value, ast.Constant)
                if not is_text and "how" not in {keyword.arg for keyword in node.keywords}:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_nothing_is_swallowed_in_silence():
    for package in (*PACKAGES, "infra"):
        for path in modules(package):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ExceptHandler) and node.type is None:
                    pytest.fail(f"{path.relative_to(ROOT)}:{node.lineno}: a bare except")


def test_a_table_that_stands_on_older_versions_is_declared_so():
    """Else a small delivery builds it without them (jobs.shell.inputs)."""
    asking = {f"silver.{path.stem}" for path in modules("jobs/silver") if "jobs.columns.unsaid" in imports(path)}
    assert "silver.patient" in asking
    assert [name for name in sorted(asking) if not schemas.table(name).older_versions] == []
