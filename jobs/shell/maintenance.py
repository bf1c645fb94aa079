"""Maintenance: small files become large ones, and files that no reader can reach any more go.

`spark-submit jobs/shell/maintenance.py [LAYER_OR_TABLE...] [--keep-days N]`: what the maintenance DAG submits.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import schemas  # noqa: E402 - spark-submit starts this file outside the package
from jobs.formats import stored  # noqa: E402
from jobs.shell import delta_log, delta_rs, publication, state, tables, whom  # noqa: E402
from jobs.shell import run as runs  # noqa: E402
from jobs.shell.lake import Lake  # noqa: E402
from jobs.shell.session import session  # noqa: E402
from jobs.shell.settings import Settings  # noqa: E402

# Delta's own floor: a reader or writer that began before may still need what a younger vacuum would remove.
LEAST_DAYS = 7
KEEP_DAYS = 30


class TooShortError(ValueError):
    """A retention below Delta's own floor of seven days."""


@dataclass
class Tended:
    """What maintenance did to one table."""

    table: str
    action: str
    version: int = -1
    files_before: int = 0
    files_after: int = 0


def tend(lake: Lake, names: Iterable[str], keep_days: int, say: Callable[[str], None] = print) -> list[Tended]:
    """Compact and vacuum the tables whose newest version is the published one; their rows stay the same."""
    if keep_days < LEAST_DAYS:
        raise TooShortError(f"--keep-days {keep_days}: less than {LEAST_DAYS} days can take a reader's files away")
    current = publication.current(lake.settings) or {"tables": {}}
    done = [_tend(lake, schemas.table(name), current["tables"].get(name, -1), keep_days) for name in names]
    for one in done:
        say(f"{one.table:<32} {one.action:<12} {one.files_before:>5} -> {one.files_after} files")
    return done


def _tend(lake: Lake, table: schemas.Table, published: int, keep_days: int) -> Tended:
    path = lake.path(table.table)
    with tables.lock(lake.settings, table.table):
        known = state.read(lake.settings, table.table)
        if known.version < 0:
            return Tended(table.table, "not built")
        # A head that is not what readers see may be a refused version: its commit retired files that they still read,
        # and a vacuum would take them. The next build settles that first.
        if not known.version == published == delta_log.head(path):
            return Tended(table.table, "unsettled", known.version)
        before = len(delta_log.version(path, known.version).files)
        version = _compact(path)
        if version != known.version:
            nobody: dict[str, Any] = {kind: [] for kind in whom.kinds(table)}
            state.write_changes(lake.settings, table.table, version, known.version, nobody, resource_types=())
            state.write(lake.settings, dataclasses.replace(known, version=version))
        _vacuum(path, keep_days)
        action = "compacted" if version != known.version else "vacuumed"
        return Tended(table.table, action, version, before, len(delta_log.version(path, version).files))


def _compact(path: str) -> int:
    """Join small files; the head afterwards."""
    delta_rs.table(path).optimize.compact()
    return delta_log.head(path)


def _vacuum(path: str, keep_days: int) -> None:
    """Delete the files that no version of the last days names, written before them; also what killed writes left."""
    # Asked what it would delete and no more: vacuum itself commits its start and its end, versions without a change.
    for name in delta_rs.table(path).vacuum(keep_days * 24, dry_run=True, full=True):
        stored.filesystem(path).delete_file(stored.within(os.path.join(path, name)))


def main(given: list[str] | None = None) -> int:
    """Tend, publish, say what happened."""
    parser = argparse.ArgumentParser(prog="maintenance", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="LAYER_OR_TABLE")
    parser.add_argument("--keep-days", type=int, default=KEEP_DAYS)
    asked = parser.parse_args(given)
    wanted = asked.names or list(schemas.LAYERS)
    names = [name for one in wanted for name in (schemas.names(one) if one in schemas.LAYERS else [one])]
    spark = session("lakeward maintenance")
    spark.sparkContext.setLogLevel(os.environ.get("LAKEWARD_LOG_LEVEL", "ERROR"))
    lake = Lake(spark, Settings.from_environment())
    done = tend(lake, names, asked.keep_days)
    compacted = sum(one.action == "compacted" for one in done)
    if compacted:
        # Where a run has left gold half done, readers see the new files with the next publication.
        runs.run(lake, ["publication"])
    spark.stop()
    print(f"maintenance: {compacted} of {len(done)} tables compacted")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
