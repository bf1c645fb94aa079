"""The examples in docstrings hold, in every module that has any."""

import doctest
import importlib
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Not the bench: it needs what `make bench` alone installs.
TREES = ("jobs", "schemas", "expectations", "infra/hospital", "infra/setup", "infra/airflow", "infra/demo", "dags")
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for tree in TREES
    for path in (ROOT / tree).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name, spark):
    found = doctest.testmod(importlib.import_module(name))
    assert (found.failed, found.attempted > 0) == (0, True)
