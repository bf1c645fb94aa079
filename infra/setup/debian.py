"""Debian and Ubuntu packages: installed by root or sudo, or unpacked into .tools/ where neither is to be had."""

from __future__ import annotations

import functools
import os
import pathlib
import shutil

from infra.setup import commands
from infra.setup.commands import SetupError

QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


def here() -> bool:
    """Whether this machine has apt."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg") is not None


def may_install() -> bool:
    """Root, or sudo without a question (a password prompt would hang a build)."""
    return here() and _as_root() is not None


def install(*packages: str) -> None:
    """`apt-get install` of the packages, package lists refreshed first where they are missing."""
    prefix = _as_root()
    if prefix is None:
        raise SetupError(f"please ask for: apt-get install {' '.join(packages)}")
    if not all(map(available, packages)):
        commands.run([*prefix, "apt-get", "update", "-q"], QUIET)
        available.cache_clear()
    commands.run([*prefix, "apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], QUIET)


@functools.cache
def available(package: str) -> bool:
    """Whether the package lists on this machine offer the package."""
    told = commands.answer(["apt-cache", "policy", package]) or ""
    return any("Candidate:" in line and "(none)" not in line for line in told.splitlines())


def refresh() -> None:
    """Fetch the package lists: as root for the machine, otherwise into .tools/."""
    prefix = _as_root()
    if prefix is not None:
        commands.run([*prefix, "apt-get", "update", "-q"], QUIET)
        available.cache_clear()


def unpack(package: str, into: pathlib.Path) -> None:
    """Fetch one package without root and unpack it below `into`; its dependencies are not fetched."""
    into.mkdir(parents=True, exist_ok=True)
    fetched = commands.TOOLS / "debs"
    shutil.rmtree(fetched, ignore_errors=True)
    fetched.mkdir()
    private = _private_lists()
    if not list((commands.TOOLS / "apt" / "lists").glob("*_Packages*")):
        commands.run(["apt-get", *private, "update", "-q"])
    commands.run(["env", "-C", fetched, "apt-get", *private, "download", "-q", package])
    for deb in fetched.glob("*.deb"):
        commands.run(["dpkg", "-x", deb, into])
    shutil.rmtree(fetched)


def _private_lists() -> list[str]:
    state = commands.TOOLS / "apt"
    (state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (state / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    return [
        *("-o", f"Dir::State::lists={state / 'lists'}"),
        *("-o", f"Dir::Cache={state}"),
        *("-o", f"Dir::Cache::archives={state / 'archives'}"),
    ]


def _as_root() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and commands.succeeds(["sudo", "-n", "true"]):
        return ["sudo", "-n"]
    return None
