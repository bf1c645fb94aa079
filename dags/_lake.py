"""What the lake's operations documents say, read when a task runs: versions, readers that are behind, deliveries.

The documents are the interface between the DAGs and the jobs. A task asks them whether to raise an asset event,
not the Spark application's own word: a try that was killed after its last write cannot tell any more.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from collections.abc import Iterable
from typing import Any

import schemas


def _ops() -> pathlib.Path:
    root = os.environ.get("LAKEWARD_OPS_ROOT") or f"{os.environ.get('LAKEWARD_HOME', 'lake')}/ops"
    return pathlib.Path(root)


def document(name: str) -> dict[str, Any]:
    """One operations document, such as 'state/gold.person.json'; empty when it is not there."""
    path = _ops() / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def versions(tables: Iterable[str]) -> dict[str, int]:
    """The version readers see, of each table that has one."""
    found = {table: document(f"state/{table}.json").get("version", -1) for table in tables}
    return {table: version for table, version in found.items() if version >= 0}


def publication() -> dict[str, Any]:
    """The manifest readers go by; empty before the first."""
    pointer = document("publications/current.json")
    return document(f"publications/{pointer['publication']}.json") if pointer else {}


def seen(stage: str, tables: Iterable[str]) -> dict[str, int]:
    """What readers of a stage see now: its tables' versions, or the number of the publication."""
    if stage == "publication":
        found = publication()
        return {"publication": found["number"]} if found else {}
    return versions(tables)


def unread(stage: str, tables: Iterable[str]) -> set[str]:
    """Which tables have a version that the stage after this one does not stand on yet."""
    if stage == "publication":
        return set()
    if stage == "gold":
        # A publication names the tables of all layers, also those from which no gold table changed.
        published = publication().get("tables", {})
        return {table for table, version in versions(schemas.names()).items() if published.get(table) != version}
    if stage == "bronze":
        return _not_built_from(tables, readers="silver")
    # Gold reads silver, and the vocabulary from bronze.
    return _not_built_from([*schemas.names("bronze"), *tables], readers="gold")


def _not_built_from(sources: Iterable[str], readers: str) -> set[str]:
    now = versions(sources)
    behind: set[str] = set()
    for reader in schemas.tables(readers):
        mine = set(reader.built_from.values()) & now.keys()
        read = document(f"state/{reader.table}.json").get("inputs", {}) if mine else {}
        behind |= {source for source in mine if read.get(source) != now[source]}
    return behind


def waiting(feed: str) -> int:
    """How many deliveries of a feed the ledger holds that bronze has not taken in."""
    told = subprocess.run(["lakeward", "status", "--json"], capture_output=True, text=True, check=False)
    if told.returncode:
        raise RuntimeError(f"lakeward status: exit status {told.returncode}: {told.stderr.strip()[-500:]}")
    feeds = json.loads(told.stdout)["feeds"]
    listed = [delivery for one in feeds if one["feed"] == feed for delivery in one["deliveries"]]
    return sum(delivery["state"] == "waiting" for delivery in listed)
