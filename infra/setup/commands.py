"""Running other programs during set-up: their output goes to one log, a failure says what failed and where to look."""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
from collections.abc import Mapping, Sequence

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = CHECKOUT / ".tools"
LOG = TOOLS / "setup.log"


class SetupError(Exception):
    """Set-up cannot go on; the message tells a person what to do."""


def run(command: Sequence[str | pathlib.Path], env: Mapping[str, str] | None = None) -> None:
    """Run to the end, output into the log; a non-zero status is a SetupError with the log's last lines."""
    TOOLS.mkdir(exist_ok=True)
    words = [str(word) for word in command]
    with LOG.open("ab") as log:
        log.write(f"\n$ {shlex.join(words)}\n".encode())
        log.flush()
        start = log.tell()
        done = subprocess.run(
            words, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})}, check=False,
        )  # fmt: skip
    if done.returncode:
        raise SetupError(f"`{shlex.join(words[:4])} ...` failed with status {done.returncode}:\n{_tail(start)}")


def succeeds(command: Sequence[str | pathlib.Path]) -> bool:
    """Whether the command exists and ends with status 0."""
    return answer(command) is not None


def answer(command: Sequence[str | pathlib.Path]) -> str | None:
    """What the command prints on both streams, or None where it is missing or fails."""
    try:
        done = subprocess.run(
            [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout + done.stderr


def _tail(start: int, lines: int = 15) -> str:
    with LOG.open("rb") as log:
        log.seek(start)
        text = log.read().decode(errors="replace")
    last = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"    {line}" for line in last) + f"\n    (all of it: {LOG})"
