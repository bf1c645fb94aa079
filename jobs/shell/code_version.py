"""Which code ran: the commit of the checkout, or the release where there is no checkout."""

from __future__ import annotations

import functools
import importlib.metadata
import pathlib
import subprocess
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class CodeVersion:
    """A version of our code and where its repository is, if that is known."""

    version: str
    repository: str | None = None

    def of(self, job: str) -> dict[str, str]:
        """The place of a job's code in the words of OpenLineage's sourceCodeLocation."""
        layer, _, name = job.partition(".")
        path = f"jobs/{layer}/{name}.py"
        found = {"type": "git", "path": path, "version": self.version}
        if self.repository and self.repository.startswith("http"):
            url = f"{self.repository.removesuffix('.git')}/blob/{self.version}/{path}"
            return {**found, "url": url, "repoUrl": self.repository}
        return {**found, "url": f"urn:lakeward:source:{self.version}:{path}"}


@functools.cache
def code_version() -> CodeVersion:
    """The version of the code that this process runs."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        try:
            return CodeVersion(importlib.metadata.version("lakeward"))
        except importlib.metadata.PackageNotFoundError:
            return CodeVersion("unknown")
    return CodeVersion(commit, _without_secret(_git("config", "--get", "remote.origin.url")))


def _git(*words: str) -> str:
    if not (CHECKOUT / ".git").exists():
        return ""
    try:
        asked = subprocess.run(
            ["git", "-C", str(CHECKOUT), *words], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _without_secret(address: str) -> str | None:
    """The address of a repository; a user or token that somebody wrote into it stays out of the events."""
    if not address:
        return None
    parts = urlsplit(address)
    if not parts.scheme:
        return None
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
