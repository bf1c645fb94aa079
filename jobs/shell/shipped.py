"""The driver's own code for executors on other machines: what is installed there may be of another release, or nothing.

Their Python needs the packages of requirements.lock that parsers import; Lakeward itself comes with each application.
"""

from __future__ import annotations

import functools
import pathlib
import tempfile
import zipfile

from pyspark.sql import SparkSession

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("jobs", "schemas", "expectations")


def ship(spark: SparkSession) -> None:
    """Hand the code to executors; those of a local session are this machine's own Python, which has it."""
    context = spark.sparkContext
    if (context.master or "").startswith("local"):
        return
    archive = pathlib.Path(_folder().name, f"lakeward-{context.applicationId}.zip")
    if not archive.exists():
        pack(archive)
        context.addPyFile(str(archive))


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    # Gone with the process: executors fetch from it whenever one of them starts.
    return tempfile.TemporaryDirectory(prefix="lakeward-")


def pack(archive: pathlib.Path) -> None:
    """Our packages as one zip that Python imports from."""
    with zipfile.ZipFile(archive, "x", zipfile.ZIP_DEFLATED) as packed:
        for package in PACKAGES:
            for path in sorted((CHECKOUT / package).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    packed.write(path, path.relative_to(CHECKOUT))
