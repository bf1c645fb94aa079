"""Write the Spark configuration of this checkout: the committed defaults plus the paths of its JARs."""

from __future__ import annotations

import pathlib

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
DEFAULTS = pathlib.Path(__file__).with_name("spark-defaults.conf")


def render(jars: pathlib.Path, out: pathlib.Path) -> pathlib.Path:
    """Write spark-defaults.conf and log4j2.properties into `out`; returns the folder."""
    found = sorted(str(jar) for jar in jars.glob("*.jar"))
    if not any("delta-spark" in jar for jar in found):
        raise SystemExit(f"no Delta JAR in {jars}: run `make setup`")
    out.mkdir(parents=True, exist_ok=True)
    lines = [DEFAULTS.read_text(encoding="utf-8"), f"spark.jars {','.join(found)}\n"]
    (out / "spark-defaults.conf").write_text("".join(lines), encoding="utf-8")
    logging = CHECKOUT / "infra" / "log4j2.properties"
    if logging.is_file():
        (out / "log4j2.properties").write_text(logging.read_text(encoding="utf-8"), encoding="utf-8")
    return out


if __name__ == "__main__":
    print(render(CHECKOUT / ".tools" / "jars", CHECKOUT / ".tools" / "spark"))
