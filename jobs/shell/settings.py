"""Where the lake is: the zones and their roots, from the environment and from nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.formats import stored

ZONES = ("landing", "bronze", "silver", "gold", "quarantine", "ops")


class ZoneError(ValueError):
    """A zone that the lake does not have, or a root that it cannot lie at: names it."""


@dataclass(frozen=True)
class Settings:
    """The lake's home and the root of each zone.

    Zones are separate roots, so that a border can be an operating-system or IAM border: folders under
    the home unless LAKEWARD_<ZONE>_ROOT says otherwise, another folder or, `s3://bucket/prefix`, a place in an
    object store. Only `ops` is always a folder: its locks and logs need a file system that all drivers of the lake
    share (docs/decisions/object-stores.md).
    """

    home: str
    roots: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Settings of this process: LAKEWARD_HOME (default ./lake) and LAKEWARD_<ZONE>_ROOT."""
        given = os.environ if environment is None else environment
        home = os.path.abspath(os.path.expanduser(given.get("LAKEWARD_HOME") or "lake"))
        roots = {zone: given[name] for zone in ZONES if given.get(name := f"LAKEWARD_{zone.upper()}_ROOT")}
        return cls(home, {zone: _absolute(zone, root) for zone, root in roots.items()})

    def root(self, zone: str) -> str:
        """The root of a zone, absolute."""
        if zone not in ZONES:
            raise ZoneError(f"{zone} is not a zone; zones: {', '.join(ZONES)}")
        return self.roots.get(zone) or os.path.join(self.home, zone)

    def table_path(self, table: str) -> str:
        """Where a table such as 'silver.patient' lies."""
        zone, _, name = table.partition(".")
        return f"{self.root(zone)}/{name}"

    def environment(self) -> dict[str, str]:
        """The variables that give another process the same settings."""
        return {
            "LAKEWARD_HOME": self.home,
            **{f"LAKEWARD_{zone.upper()}_ROOT": root for zone, root in self.roots.items()},
        }


def _absolute(zone: str, root: str) -> str:
    # An address is already absolute; os.path would glue it to the folder. s3a is what Hadoop calls the same store.
    address = stored.SCHEME + root.removeprefix("s3a://") if root.startswith("s3a://") else root
    if "://" not in address:
        return os.path.abspath(os.path.expanduser(address))
    if zone == "ops" or not stored.is_object(address):
        able = "a folder" if zone == "ops" else "a folder or s3://bucket/prefix"
        raise ZoneError(f"LAKEWARD_{zone.upper()}_ROOT: {zone} lies in {able}, not at {address}")
    return address.rstrip("/")
