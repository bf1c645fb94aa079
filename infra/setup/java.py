"""Java 17 or newer with the module jdk.incubator.vector, which Spark 4 needs: found, installed, or unpacked."""

from __future__ import annotations

import os
import pathlib
import platform
import re
import shutil
from collections.abc import Iterator

from infra.setup import commands, debian, truststore
from infra.setup.commands import TOOLS, SetupError

RECORD = TOOLS / "java_home"
OLDEST = 17
# 17 is the release that everything here was measured with; newer distributions have dropped it.
PACKAGES = ("openjdk-17-jre-headless", "openjdk-21-jre-headless", "openjdk-25-jre-headless", "default-jre-headless")


def home() -> pathlib.Path:
    """The recorded JAVA_HOME."""
    return pathlib.Path(RECORD.read_text(encoding="utf-8").strip())


def whole() -> bool:
    """Whether a Java was recorded and is still there."""
    return RECORD.is_file() and (home() / "bin" / "java").exists()


def make() -> None:
    """Find a Java that serves, or get one; record its home for the CLI and Airflow."""
    found = find() or _get()
    RECORD.write_text(f"{found}\n", encoding="utf-8")


def find() -> pathlib.Path | None:
    """The first Java on this machine that serves."""
    return next((real for candidate in _candidates() if (real := serving_home(candidate)) is not None), None)


def serving_home(java: pathlib.Path) -> pathlib.Path | None:
    """java.home of this executable if Spark can run on it, else None."""
    told = commands.answer([java, "-XshowSettings:properties", "-version"])
    if told is None:
        return None
    properties = dict(re.findall(r"^\s+(java\.[\w.]+) = (.*)$", told, flags=re.MULTILINE))
    release = properties.get("java.specification.version", "0")
    # Java 8 calls itself 1.8.
    if not release.isdigit() or int(release) < OLDEST:
        return None
    modules = commands.answer([java, "--list-modules"]) or ""
    return pathlib.Path(properties["java.home"]) if "jdk.incubator.vector@" in modules else None


def _candidates() -> Iterator[pathlib.Path]:
    if os.environ.get("JAVA_HOME"):
        yield pathlib.Path(os.environ["JAVA_HOME"]) / "bin" / "java"
    on_path = shutil.which("java")
    if on_path and platform.system() != "Darwin":
        yield pathlib.Path(on_path)
    yield from sorted(TOOLS.glob("java/usr/lib/jvm/*/bin/java"))
    yield from sorted(pathlib.Path("/usr/lib/jvm").glob("*/bin/java"))
    # On macOS `java` on the path may be a stub that opens a window.
    told = commands.answer(["/usr/libexec/java_home", "-v", f"{OLDEST}+"])
    if told:
        yield pathlib.Path(told.strip().splitlines()[0]) / "bin" / "java"
    for prefix in ("/opt/homebrew/opt", "/usr/local/opt"):
        yield from sorted(pathlib.Path(prefix).glob("openjdk*/libexec/openjdk.jdk/Contents/Home/bin/java"))


def _get() -> pathlib.Path:
    if not debian.here():
        raise SetupError(_what_to_install())
    if not any(map(debian.available, PACKAGES)):
        debian.refresh()
    package = next(filter(debian.available, PACKAGES), PACKAGES[0])
    if debian.may_install():
        debian.install(package)
    else:
        unpacked = TOOLS / "java"
        debian.unpack(package, unpacked)
        _settle(unpacked)
    found = find()
    if found is None:
        raise SetupError(f"{package} is there, but no Java in it has jdk.incubator.vector. {_what_to_install()}")
    return found


def _settle(unpacked: pathlib.Path) -> None:
    """Make an unpacked Debian Java complete: links into /etc lead into the unpacked tree, the trust store is made."""
    for link in [path for path in unpacked.rglob("*") if path.is_symlink()]:
        target = os.readlink(link)
        inside = unpacked / target.lstrip("/")
        if target.startswith("/etc/java-") and inside.exists():
            link.unlink()
            link.symlink_to(os.path.relpath(inside, link.parent))
    for security in unpacked.glob("usr/lib/jvm/*/lib/security"):
        store, trusted = security / "cacerts", truststore.bundle()
        if not store.exists() and trusted is not None:
            store.unlink(missing_ok=True)
            store.write_bytes(truststore.jks(trusted.read_text(encoding="utf-8")))


def _what_to_install() -> str:
    if platform.system() == "Darwin":
        return f"Spark needs Java {OLDEST} or newer: `brew install openjdk@17`, then `make setup` again."
    return (
        f"Spark needs Java {OLDEST} or newer with the module jdk.incubator.vector. Install your distribution's OpenJDK"
        " (on Fedora java-21-openjdk-headless) or set JAVA_HOME to one, then `make setup` again."
    )
