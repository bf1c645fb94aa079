"""Skeletons: what they write can be read, and silver reads a new feed, before a line of it is edited."""

import shutil
import subprocess
import sys

import pytest

import schemas
from jobs.shell import skeleton
from jobs.shell.session import CHECKOUT


@pytest.fixture
def checkout(tmp_path):
    """A copy of what declares and reads."""
    for folder in ("schemas", "jobs"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("form", sorted({feed.format for feed in schemas.feeds()}))
def test_a_new_feed_of_every_format_is_declared_read_and_told_to_silver(checkout, form):
    name = f"north_clinic_{form}"
    for path in skeleton.write("feed", name, root=checkout):
        assert path.is_file()
    asked = (
        "import importlib, schemas; "
        f"feed = schemas.feed({name!r}); assert feed in schemas.feeds() and feed.time_zone; "
        f"assert feed.format == {form!r}; "
        f"assert 'record_id' in schemas.table('bronze.{name}').columns; "
        f"job = importlib.import_module('jobs.bronze.{name}'); assert job.SPLITS and job.build; "
        f"assert ({form!r} == 'fhir') != ('bronze.{name}' in schemas.table('silver.translated').built_from.values())"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_new_table_is_declared(checkout):
    skeleton.write("table", "gold.thing", root=checkout)
    asked = "import schemas; assert schemas.table('gold.thing').key == ('thing_id',)"
    done = subprocess.run([sys.executable, "-c", asked], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["clinic", "clinic_edifact", "a b_csv", "lab_csv"])
def test_a_name_that_says_no_format_or_is_taken_is_refused(checkout, name):
    with pytest.raises(skeleton.NameTakenError, match=name):
        skeleton.write("feed", name, root=checkout)
