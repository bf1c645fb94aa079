"""Write the Spark configuration of this checkout: the committed defaults plus the paths of its JARs.

Two of them: `.tools/spark` for data of any size, `.tools/spark-small` for less than a few hundred megabytes, where the
JVM's second compiler would cost more than all that it makes faster (measured on the demo: half of all CPU seconds).
"""

from __future__ import annotations

import pathlib

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
DEFAULTS = pathlib.Path(__file__).with_name("spark-defaults.conf")


FIRST_COMPILER_ONLY = "-XX:TieredStopAtLevel=1"


def render(jars: pathlib.Path, out: pathlib.Path, *, small: bool = False) -> pathlib.Path:
    """Write spark-defaults.conf and log4j2.properties into `out`; returns the folder."""
    found = sorted(str(jar) for jar in jars.glob("*.jar"))
    if not any("delta-spark" in jar for jar in found):
        raise SystemExit(f"no Delta JAR in {jars}: run `make setup`")
    out.mkdir(parents=True, exist_ok=True)
    defaults = DEFAULTS.read_text(encoding="utf-8")
    if small:
        defaults = defaults.replace("-Duser.timezone=UTC", f"-Duser.timezone=UTC {FIRST_COMPILER_ONLY}")
    lines = [defaults, f"spark.jars {','.join(found)}\n"]
    (out / "spark-defaults.conf").write_text("".join(lines), encoding="utf-8")
    logging = CHECKOUT / "infra" / "log4j2.properties"
    if logging.is_file():
        (out / "log4j2.properties").write_text(logging.read_text(encoding="utf-8"), encoding="utf-8")
    return out


if __name__ == "__main__":
    print(render(CHECKOUT / ".tools" / "jars", CHECKOUT / ".tools" / "spark"))
    print(render(CHECKOUT / ".tools" / "jars", CHECKOUT / ".tools" / "spark-small", small=True))
