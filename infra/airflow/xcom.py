"""The one schema of XCom: ids and counts. A task that would pass anything else fails instead."""

from __future__ import annotations

import re
from typing import Any

from airflow.sdk.bases.xcom import BaseXCom

# What a stage says of itself, and what Airflow's own branching notes.
KEYS = {"stage", "changed", "unread", "waiting", "version", "skipped", "followed"}
NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}")


class NotIdsAndCountsError(TypeError):
    """Something other than an id or a count was about to enter XCom. Names the place, never the value."""


def check(value: Any, where: str) -> None:
    """Raise unless the value is a count, a name of ours, or a mapping of the known keys to those."""
    if value is None or isinstance(value, (bool, int)):
        return
    if isinstance(value, str) and NAME.fullmatch(value):
        return
    if isinstance(value, list):
        for one in value:
            check(one, where)
        return
    if isinstance(value, dict) and value.keys() <= KEYS:
        for key, one in value.items():
            check(one, f"{where}.{key}")
        return
    raise NotIdsAndCountsError(f"{where}: XCom holds ids and counts, not {type(value).__name__}")


class IdsAndCounts(BaseXCom):
    """The XCom backend named in settings.env."""

    @staticmethod
    def serialize_value(value: Any, *, key: str | None = None, task_id: str | None = None, **kwargs: Any) -> str:
        check(value, f"{task_id}.{key}")
        return BaseXCom.serialize_value(value, key=key, task_id=task_id, **kwargs)
