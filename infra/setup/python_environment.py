"""The .venv: made on machines that lack parts of Python too, filled from requirements.lock with hashes checked."""

from __future__ import annotations

import importlib.util
import pathlib
import re
import shutil
import sys

from infra.setup import commands, debian
from infra.setup.commands import CHECKOUT, TOOLS, SetupError

VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = CHECKOUT / "requirements.lock"
INPUTS = [LOCK, CHECKOUT / "requirements.in", CHECKOUT / "pyproject.toml"]
# What builds the packages that come as source only (PySpark), and our own.
BUILDERS = ("pip", "setuptools", "wheel")


def whole() -> bool:
    """Whether .venv runs and still fits the Python under it (a system upgrade leaves an empty shell)."""
    told = commands.answer([PYTHON, "-c", "import sys; print('python%d.%d' % sys.version_info[:2])"])
    return told is not None and (VENV / "lib" / told.strip()).is_dir() and (VENV / "bin" / "lakeward").exists()


def make() -> None:
    """Make or bring up to date .venv, then put this checkout into it."""
    pip = _pip_for_venv()
    with_hashes = [*pip, "install", "--no-input", "--no-deps", "--require-hashes"]
    TOOLS.mkdir(exist_ok=True)
    builders = TOOLS / "builders.lock"
    builders.write_text(pinned(LOCK.read_text(encoding="utf-8"), BUILDERS), encoding="utf-8")
    commands.run([*with_hashes, "-r", builders])
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]
    with_hashes[: with_hashes.index("install")] = pip
    commands.run([*with_hashes, "--no-build-isolation", "-r", LOCK])
    # The plain path entry finds modules that are added later; the import hook of the other mode would not.
    ours = ["--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat", "-e", "."]
    commands.run([*pip, "install", "--no-input", *ours])


def pinned(lock: str, names: tuple[str, ...]) -> str:
    """The lock's entries for `names`, hashes included.

    >>> print(pinned("pip==1 \\\\\\n    --hash=sha256:aa\\nruff==2 \\\\\\n    --hash=sha256:bb\\n", ("ruff",)))
    ruff==2 \\
        --hash=sha256:bb
    <BLANKLINE>
    """
    entries = re.findall(r"^[A-Za-z0-9].*(?:\n[ \t]+.*)*\n", lock, flags=re.MULTILINE)
    return "".join(entry for entry in entries if re.split(r"[=<>!~ \[;]", entry, maxsplit=1)[0] in names)


def _pip_for_venv() -> list[str]:
    """Make .venv if it does not run, and say how to call a pip that installs into it."""
    inside = [str(PYTHON), "-m", "pip"]
    if commands.succeeds([*inside, "--version"]):
        return inside
    shutil.rmtree(VENV, ignore_errors=True)
    if importlib.util.find_spec("ensurepip") is None and not _pip_outside():
        _fetch_pip()
    importlib.invalidate_caches()
    if importlib.util.find_spec("ensurepip") is not None:
        commands.run([sys.executable, "-m", "venv", VENV])
        return inside
    commands.run([sys.executable, "-m", "venv", "--without-pip", VENV])
    return [*(_pip_outside() or []), "--python", str(PYTHON)]


def _pip_outside() -> list[str] | None:
    """A pip of the machine, or of a wheel that an earlier step unpacked; --python came with 22.3."""
    wheels = sorted((TOOLS / "pip").glob("usr/share/python-wheels/pip-*.whl"))
    for call in ([sys.executable, "-m", "pip"], *([sys.executable, str(wheel / "pip")] for wheel in wheels)):
        told = commands.answer([*call, "--version"])
        version = re.match(r"pip (\d+)\.(\d+)", told or "")
        if version and (int(version[1]), int(version[2])) >= (22, 3):
            return call
    return None


def _fetch_pip() -> None:
    ours = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if debian.may_install():
        debian.install(ours if debian.available(ours) else "python3-venv")
    elif debian.here():
        debian.unpack("python3-pip-whl", TOOLS / "pip")
    else:
        raise SetupError(
            f"{sys.executable} has neither ensurepip nor pip. Install Python's venv and pip packages, or another Python"
            " (macOS: `brew install python@3.12`), then: make setup PYTHON=/path/to/python3"
        )


def site_packages() -> pathlib.Path:
    """Where .venv keeps its packages."""
    return next((VENV / "lib").glob("python3.*/site-packages"))
