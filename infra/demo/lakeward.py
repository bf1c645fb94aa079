"""The `lakeward` command as the demo uses it: by its outside interface, like anybody else."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

from infra.airflow import environment

COMMAND = str(pathlib.Path(sys.executable).with_name("lakeward"))


class LakewardError(RuntimeError):
    """A lakeward command failed."""


def show(*arguments: str, fine: tuple[int, ...] = (0,)) -> None:
    """Run a command whose output is for the person who watches; `fine` are exit statuses that are no failure."""
    done = subprocess.run([COMMAND, *arguments], env=environment.environment(), check=False)
    if done.returncode not in fine:
        raise LakewardError(f"lakeward {arguments[0]} failed with exit status {done.returncode}")


def ask(*arguments: str) -> str:
    """Run a command for its answer."""
    done = subprocess.run(
        [COMMAND, *arguments], env=environment.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LakewardError(f"lakeward {arguments[0]} failed: {done.stderr.strip()[-1000:]}")
    return done.stdout


def status() -> dict[str, Any]:
    """What `lakeward status --json` says."""
    return dict(json.loads(ask("status", "--json")))


def waiting(found: dict[str, Any], feed: str) -> int:
    """Deliveries of a feed that bronze has not taken in."""
    return sum(d["state"] == "waiting" for one in found["feeds"] if one["feed"] == feed for d in one["deliveries"])


def behind(found: dict[str, Any]) -> bool:
    """Whether readers do not see yet what was delivered."""
    if not found["publication"] or any(waiting(found, one["feed"]) for one in found["feeds"]):
        return True
    return any(table["version"] != table["published"] for table in found["tables"])
