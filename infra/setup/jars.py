"""The JARs that Spark loads: fetched by the Ivy inside PySpark, accepted only with the SHA-256 of infra/jars.lock.

Ivy knows the public Maven repository by itself, so no host is named here; `mvn`, where a machine has one set up with a
mirror, is the second way. Neither is trusted: the digest decides.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from infra.setup import commands, java, python_environment, truststore
from infra.setup.commands import CHECKOUT, TOOLS, SetupError

LOCK = CHECKOUT / "infra" / "jars.lock"
FOLDER = TOOLS / "jars"
WORKSHOP = TOOLS / "ivy"
# The public repository that Ivy knows, asked for the JARs alone: no POMs, no checksum files (6 s in place of 46).
SETTINGS = """<ivysettings>
  <property name="ivy.checksums" value=""/>
  <settings defaultResolver="public"/>
  <resolvers><ibiblio name="public" m2compatible="true" usepoms="false" useMavenMetadata="false"/></resolvers>
</ivysettings>
"""


class Jar(NamedTuple):
    """One pinned artifact."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """Its file name, as repositories have it."""
        return f"{self.artifact}-{self.version}.jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def pinned(text: str) -> list[Jar]:
    """The entries of a jars.lock; a digest may still be missing, which `make lock` fills in.

    >>> pinned("# note\\nio.delta:delta-storage:4.4.0 sha256:ab\\n")
    [Jar(group='io.delta', artifact='delta-storage', version='4.4.0', sha256='ab')]
    """
    entries = (line.split("#")[0].split() for line in text.splitlines())
    return [_jar(*entry) for entry in entries if entry]


def _jar(coordinates: str, digest: str = "sha256:") -> Jar:
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, digest.removeprefix("sha256:"))


def whole(lock: pathlib.Path = LOCK, folder: pathlib.Path = FOLDER) -> bool:
    """Whether every pinned JAR is there; the digests were checked when they came."""
    return all((folder / jar.file).is_file() for jar in pinned(lock.read_text(encoding="utf-8")))


def make(lock: pathlib.Path = LOCK, folder: pathlib.Path = FOLDER) -> None:
    """Bring a folder to exactly what its lock says: .tools/jars and infra/jars.lock, unless others are named."""
    wanted = pinned(lock.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in wanted if not _matches(folder / jar.file, jar)]
    for jar, path in fetch(missing).items():
        accept(path, jar, folder)
    names = {jar.file for jar in wanted}
    for stray in folder.glob("*.jar"):
        if stray.name not in names:
            stray.unlink()
    shutil.rmtree(WORKSHOP, ignore_errors=True)


def accept(path: pathlib.Path, jar: Jar, folder: pathlib.Path) -> None:
    """Move a fetched file into `folder` if its digest is the pinned one, else refuse it."""
    found = digest(path)
    if found != jar.sha256:
        path.unlink()
        raise SetupError(
            f"{jar} was refused: its SHA-256 is {found}, infra/jars.lock says {jar.sha256 or 'nothing'}.\n"
            "    What the repository or a mirror sent is not what was pinned. Nothing of it was kept."
        )
    os.replace(path, folder / jar.file)


def fetch(jars: Iterable[Jar]) -> dict[Jar, pathlib.Path]:
    """Fetch the artifacts, unchecked, into .tools/ivy; by Ivy, else by mvn."""
    jars = list(jars)
    out = WORKSHOP / "out"
    out.mkdir(parents=True, exist_ok=True)
    if jars:
        try:
            commands.run(_ivy(jars, out))
        except SetupError:
            if shutil.which("mvn") is None:
                raise
            for jar in jars:
                commands.run(["mvn", "-q", "-B", *_mvn(jar, out)])
    absent = [str(jar) for jar in jars if not (out / jar.file).is_file()]
    if absent:
        raise SetupError(f"not found in the repository: {', '.join(absent)}")
    return {jar: out / jar.file for jar in jars}


def digest(path: pathlib.Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ivy_module(jars: Iterable[Jar]) -> str:
    """The Ivy module that asks for these JARs and for nothing that they depend on."""
    lines = (
        f"<dependency org={quoteattr(jar.group)} name={quoteattr(jar.artifact)} rev={quoteattr(jar.version)}"
        ' transitive="false" conf="default->default"/>'
        for jar in jars
    )
    return (
        '<ivy-module version="2.0"><info organisation="lakeward" module="jars"/>'
        '<configurations><conf name="default"/></configurations>'
        f"<dependencies>{''.join(lines)}</dependencies></ivy-module>"
    )


def proxy_properties(env: Mapping[str, str]) -> list[str]:
    """Java's way of saying what https_proxy and no_proxy say.

    >>> proxy_properties({"https_proxy": "//proxy.example:3128", "no_proxy": "localhost,.example"})
    ['-Dhttps.proxyHost=proxy.example', '-Dhttps.proxyPort=3128', '-Dhttp.nonProxyHosts=localhost|*.example']
    """
    told = env.get("https_proxy") or env.get("HTTPS_PROXY") or ""
    proxy = urllib.parse.urlsplit(told if "//" in told else f"//{told}")
    if not proxy.hostname:
        return []
    past = [name.strip() for name in (env.get("no_proxy") or env.get("NO_PROXY") or "").split(",") if name.strip()]
    hosts = "|".join(f"*{name}" if name.startswith(".") else name for name in past)
    found = [f"-Dhttps.proxyHost={proxy.hostname}", f"-Dhttps.proxyPort={proxy.port or 443}"]
    return [*found, f"-Dhttp.nonProxyHosts={hosts}"] if hosts else found


def _matches(path: pathlib.Path, jar: Jar) -> bool:
    return path.is_file() and digest(path) == jar.sha256


def _ivy(jars: list[Jar], out: pathlib.Path) -> list[str]:
    module = WORKSHOP / "ivy.xml"
    module.write_text(ivy_module(jars), encoding="utf-8")
    settings = WORKSHOP / "settings.xml"
    settings.write_text(SETTINGS, encoding="utf-8")
    ivy = next((python_environment.site_packages() / "pyspark" / "jars").glob("ivy-*.jar"))
    command = [str(java.home() / "bin" / "java"), *proxy_properties(os.environ), *_trust()]
    command += ["-cp", str(ivy), "org.apache.ivy.Main", "-warn", "-settings", str(settings)]
    command += ["-ivy", str(module), "-confs", "default"]
    return [*command, "-cache", str(WORKSHOP / "cache"), "-retrieve", f"{out}/[artifact]-[revision].[ext]"]


def _trust() -> list[str]:
    """Where the environment names its own authorities, Java is told of them too."""
    bundle = truststore.bundle() if os.environ.get("SSL_CERT_FILE") or os.environ.get("PIP_CERT") else None
    if bundle is None:
        return []
    store = WORKSHOP / "authorities.jks"
    store.write_bytes(truststore.jks(bundle.read_text(encoding="utf-8")))
    return [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStoreType=JKS"]


def _mvn(jar: Jar, out: pathlib.Path) -> list[str]:
    return ["dependency:copy", f"-Dartifact={jar}", f"-DoutputDirectory={out}", "-Dtransitive=false"]
