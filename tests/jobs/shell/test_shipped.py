"""The code that executors on other machines import: the driver's own, from a zip."""

import os
import subprocess
import sys
import zipfile

import schemas
from jobs.shell import shipped

IMPORTS = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    print(importlib.import_module(name).__file__)
from jobs.identity import model
assert model.shipped().weights
"""


def test_what_workers_run_is_imported_from_the_zip_and_needs_no_checkout(tmp_path):
    archive = tmp_path / "code.zip"
    shipped.pack(archive)
    names = [f"jobs.{feed.table}" for feed in schemas.feeds()]
    names += ["jobs.identity.matching", "jobs.shell.outbox", "jobs.silver.translated", "jobs.gold.condition_era"]
    given = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", IMPORTS, str(archive), *names]
    done = subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [path.startswith(str(archive)) for path in done.stdout.splitlines()] == [True] * len(names)


def test_the_zip_holds_our_packages_and_nothing_that_python_made(tmp_path):
    shipped.pack(tmp_path / "code.zip")
    found = zipfile.ZipFile(tmp_path / "code.zip").namelist()
    assert {name.partition("/")[0] for name in found} == set(shipped.PACKAGES)
    assert "jobs/identity/model.json" in found and [name for name in found if "__pycache__" in name] == []


def test_a_local_session_has_the_code_and_is_handed_none(spark):
    shipped.ship(spark)
    assert not spark.sparkContext.listFiles
