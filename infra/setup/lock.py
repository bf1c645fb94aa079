"""`make lock`: requirements.in resolved into requirements.lock, and digests filled in where infra/jars.lock lacks them.

A JAR's new digest is what the repository sends today: read the diff before committing it.
"""

from __future__ import annotations

import shutil
import sys

from infra.setup import commands, jars, python_environment
from infra.setup.commands import CHECKOUT, SetupError

# No index in the lock: where packages come from is the machine's setting, what they are is ours.
RESOLVE = [
    *("pip", "compile", "requirements.in", "--output-file", "requirements.lock", "--upgrade", "--quiet"),
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate"),
]


def main() -> int:
    """Write both locks."""
    try:
        commands.run([python_environment.VENV / "bin" / "uv", *RESOLVE])
        _pin_jars()
    except SetupError as error:
        print(f"not locked: {error}", file=sys.stderr)
        return 1
    print(f"written: {CHECKOUT / 'requirements.lock'}, {jars.LOCK}; `make setup` installs them")
    return 0


def _pin_jars() -> None:
    text = jars.LOCK.read_text(encoding="utf-8")
    new = [jar for jar in jars.pinned(text) if not jar.sha256]
    for jar, path in jars.fetch(new).items():
        text = text.replace(f"{jar}\n", f"{jar} sha256:{jars.digest(path)}\n")
    jars.LOCK.write_text(text, encoding="utf-8")
    shutil.rmtree(jars.WORKSHOP, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
