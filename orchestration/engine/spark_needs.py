"""What a machine must have before it can run Spark or speak to it, and what to do where it lacks."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from orchestration.settings import SparkSettings

OLDEST_JAVA = 17
GET_JAVA = (
    f"install Java {OLDEST_JAVA} or newer (as openjdk-17-jre-headless, or from https://adoptium.net) "
    "and set JAVA_HOME to it"
)


def missing(spark: SparkSettings) -> str | None:
    """What the machine lacks for these settings, and the remedy; None if nothing."""
    # The names of a package whose parent is not installed cannot be looked for at all.
    packages = ("pyspark", "dbt.adapters.spark", "pyhive")
    lacking = [name for name in packages if find_spec(name.split(".")[0]) is None or find_spec(name) is None]
    if lacking:
        return f'engine: spark needs {" and ".join(lacking)}, which is not installed; run pip install ".[spark]"'
    return _java_complaint() if spark.server is None else None


def _java_complaint() -> str | None:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None:
        return f"Spark needs Java, and there is none on PATH; {GET_JAVA}"
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"Spark needs Java, and {java} cannot be run ({error}); {GET_JAVA}"
    told = re.search(r'version "(?:1\.)?(\d+)[^"]*"', done.stderr + done.stdout)
    if told is None:
        return f"Spark needs Java, and {java} does not say its version; {GET_JAVA}"
    if int(told.group(1)) < OLDEST_JAVA:
        return f"Spark needs Java {OLDEST_JAVA} or newer, and {java} is Java {told.group(1)}; {GET_JAVA}"
    return None
