"""Set-up: what is locked is locked whole, what is fetched is checked, what is committed names no registry."""

import ast
import base64
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from infra.setup import commands, debian, jars, java, python_environment, steps, truststore

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
LOCK = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
JARS = jars.pinned((CHECKOUT / "infra" / "jars.lock").read_text(encoding="utf-8"))
# Spelt in pieces, so that this file does not name them either.
REGISTRIES = [
    ("pypi", "org"), ("pythonhosted", "org"), ("repo1", "maven", "org"), ("repo", "maven", "apache", "org"),
    ("maven", "apache", "org/maven2"), ("registry", "npmjs", "org"), ("registry", "yarnpkg", "com"), ("crates", "io"),
    ("proxy", "golang", "org"), ("deb", "debian", "org"), ("security", "debian", "org"), ("ftp", "debian", "org"),
    ("archive", "ubuntu", "com"),
]  # fmt: skip


def entries(lock: str) -> list[str]:
    return re.findall(r"^[A-Za-z0-9].*(?:\n[ \t]+.*)*\n", lock, flags=re.MULTILINE)


def committed() -> list[pathlib.Path]:
    told = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True).stdout
    return [path for name in told.decode().split("\0") if name and (path := CHECKOUT / name).is_file()]


def test_every_locked_package_is_pinned_with_hashes():
    found = entries(LOCK)
    assert len(found) > 150
    for entry in found:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,-]+\])?==\S+", entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry.splitlines()[0]


def test_the_lock_names_no_address():
    assert "://" not in LOCK
    assert "--index" not in LOCK and "--find-links" not in LOCK


def test_every_direct_requirement_is_in_the_lock():
    wanted = (CHECKOUT / "requirements.in").read_text(encoding="utf-8").splitlines()
    names = {re.split(r"[=<>!~\[ ]", line)[0] for line in wanted if line and not line.startswith("#")}
    assert names - {entry.split("==")[0] for entry in entries(LOCK)} == set()


def test_delta_is_one_release_in_python_and_java():
    wheel = re.search(r"^delta-spark==(\S+)", LOCK, flags=re.MULTILINE)
    assert wheel is not None
    assert {jar.version for jar in JARS if jar.group == "io.delta"} == {wheel[1]}


def test_every_jar_has_coordinates_and_a_sha256():
    assert {jar.artifact for jar in JARS} >= {"delta-storage", "openlineage-spark_2.13", "hadoop-aws", "s3"}
    assert len({jar.file for jar in JARS}) == len(JARS)
    assert [str(jar) for jar in JARS if not re.fullmatch(r"[0-9a-f]{64}", jar.sha256)] == []


def test_no_committed_file_names_a_package_registry():
    pattern = re.compile("|".join(r"\b" + r"\.".join(map(re.escape, host)) for host in REGISTRIES).encode())
    guilty = []
    for path in committed():
        # A packed file is data, looked through when it was made; unpacking it here would take longer than all else.
        if path.suffix != ".gz" and pattern.search(path.read_bytes()):
            guilty.append(str(path.relative_to(CHECKOUT)))
    assert guilty == []


def test_the_demo_export_is_under_four_megabytes_and_holds_no_provenance():
    files = sorted((CHECKOUT / "infra" / "hospital" / "ehr_fhir").iterdir())
    assert 0 < sum(path.stat().st_size for path in files) < 4_000_000
    assert {path.name.split(".")[0] for path in files} >= {"Patient", "Encounter", "Observation", "Claim"}
    assert not [path for path in files if path.name.startswith(("Provenance", "parameters"))]


def test_the_demo_export_has_23_patients():
    with gzip.open(CHECKOUT / "infra" / "hospital" / "ehr_fhir" / "Patient.ndjson.gz", "rb") as lines:
        assert sum(1 for _ in lines) == 23


def test_a_jar_with_another_digest_is_refused_and_removed(tmp_path):
    fetched = tmp_path / "x-1.jar"
    fetched.write_bytes(b"not what was pinned")
    (tmp_path / "jars").mkdir()
    with pytest.raises(commands.SetupError, match="g:x:1 was refused"):
        jars.accept(fetched, jars.Jar("g", "x", "1", "0" * 64), tmp_path / "jars")
    assert list(tmp_path.rglob("*.jar")) == []


def test_a_jar_with_the_pinned_digest_is_moved_into_place(tmp_path):
    fetched = tmp_path / "out" / "x-1.jar"
    fetched.parent.mkdir()
    fetched.write_bytes(b"jar")
    jars.accept(fetched, jars.Jar("g", "x", "1", hashlib.sha256(b"jar").hexdigest()), tmp_path)
    assert (tmp_path / "x-1.jar").read_bytes() == b"jar"
    assert not fetched.exists()


def test_ivy_is_asked_for_the_jars_and_nothing_they_depend_on():
    module = jars.ivy_module([jars.Jar("io.delta", "delta-storage", "4.4.0", "")])
    assert '<dependency org="io.delta" name="delta-storage" rev="4.4.0" transitive="false"' in module


def test_no_proxy_in_the_environment_means_none_for_java():
    assert jars.proxy_properties({}) == []


def test_an_entry_of_the_lock_is_taken_whole_and_by_its_full_name():
    lock = "pip==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\npip-tools==2 \\\n    --hash=sha256:cc\n"
    assert python_environment.pinned(lock, ("pip",)) == "pip==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"


def test_the_lock_holds_what_builds_source_packages():
    builders = python_environment.pinned(LOCK, python_environment.BUILDERS)
    assert [entry.split("==")[0] for entry in entries(builders)] == ["pip", "setuptools", "wheel"]


def fake_java(folder: pathlib.Path, release: str, modules: str) -> pathlib.Path:
    java_file = folder / "bin" / "java"
    java_file.parent.mkdir(parents=True)
    told = f"    java.home = {folder}\n    java.specification.version = {release}"
    java_file.write_text(f'#!/bin/sh\n[ "$1" = --list-modules ] && echo "{modules}" || echo "{told}" >&2\n')
    java_file.chmod(0o755)
    return java_file


@pytest.mark.parametrize(
    ("release", "modules", "serves"),
    [
        ("17", "jdk.incubator.vector@17.0.1", True),
        ("21", "jdk.incubator.vector@21", True),
        ("17", "java.base@17.0.1", False),
        ("11", "jdk.incubator.vector@11", False),
        ("1.8", "", False),
    ],
)
def test_a_java_serves_from_17_on_with_the_vector_module(tmp_path, release, modules, serves):
    found = java.serving_home(fake_java(tmp_path / "jdk", release, modules))
    assert found == (tmp_path / "jdk" if serves else None)


def test_a_missing_java_does_not_serve(tmp_path):
    assert java.serving_home(tmp_path / "bin" / "java") is None


def test_without_apt_the_word_on_java_says_what_to_install(monkeypatch):
    monkeypatch.setattr(java, "find", lambda: None)
    monkeypatch.setattr(debian, "here", lambda: False)
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(commands.SetupError, match="brew install openjdk@17"):
        java.make()


def test_a_trust_store_is_read_by_java(tmp_path):
    bundle, keytool = truststore.bundle(), shutil.which("keytool")
    if bundle is None or keytool is None:
        pytest.skip("no certificates or no keytool on this machine")
    pem = bundle.read_text(encoding="utf-8")
    (tmp_path / "store.jks").write_bytes(truststore.jks(pem))
    command = [keytool, "-J-Duser.language=en", "-list", "-keystore", tmp_path / "store.jks"]
    command += ["-storepass", truststore.PASSWORD]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"contains {pem.count('BEGIN CERTIFICATE')} entries" in told


def test_a_trust_store_has_the_certificates_and_a_digest_over_them():
    der = b"\x30\x03\x02\x01\x05"
    pem = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----\n"
    store = truststore.jks(pem * 2)
    assert store[:12].hex() == "feedfeed0000000200000002"
    assert store.count(der) == 2
    secret = "changeit".encode("utf-16-be") + b"Mighty Aphrodite"
    assert store[-20:] == hashlib.sha1(secret + store[:-20]).digest()


def test_a_step_is_done_until_an_input_changes_or_its_result_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "STAMPS", tmp_path)
    source, result = tmp_path / "in.lock", tmp_path / "result"
    source.write_text("one")
    step = steps.Step("x", "x", [source], result.exists, lambda: result.write_text("made"))
    assert not steps.done(step)
    assert steps._do([step]) == 0
    assert steps.done(step)
    source.write_text("two")
    assert not steps.done(step)
    steps._do([step])
    result.unlink()
    assert not steps.done(step)


def test_a_step_that_fails_leaves_no_stamp(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "STAMPS", tmp_path)

    def fails():
        raise commands.SetupError("no network")

    step = steps.Step("x", "x", [], lambda: True, fails)
    with pytest.raises(commands.SetupError):
        steps._do([step])
    assert not steps.done(step)


def test_a_failing_command_says_what_it_printed_last(tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "TOOLS", tmp_path)
    monkeypatch.setattr(commands, "LOG", tmp_path / "setup.log")
    with pytest.raises(commands.SetupError, match="status 3(.|\n)*the reason"):
        commands.run([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"])


def test_every_target_that_runs_something_stands_on_set_up():
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test", "check", "bench", "docs", "airflow"):
        assert re.search(rf"^{target}: setup  ## \S", makefile, flags=re.MULTILINE), target


def test_an_older_python_is_told_so_in_words_it_can_read():
    source = (CHECKOUT / "infra" / "setup" / "__main__.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    guard = source.index("sys.version_info < (3, 11)")
    assert guard < source.index("from infra.setup.steps")


def test_ci_runs_check_and_test_from_any_directory():
    script = CHECKOUT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert "set -euo pipefail" in text
    assert text.index("make check") < text.index("make test")
