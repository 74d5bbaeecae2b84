"""`otvet-dbt`: dbt with the manifest that the project was parsed into once.

dbt keeps what it parsed per warehouse and set of variables, so that each new home would parse the
whole project again (seven seconds). No model is another one for other variables: they are read
when the SQL is compiled (https://docs.getdbt.com/reference/programmatic-invocations).
"""

from __future__ import annotations

import os
import sys

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumuro_decoder

from pipelines.lib.dbt_manifest import BUILD_MODE, parsed_project


def main() -> None:
    """Run dbt with the arguments of this process and end with its exit code."""
    project = parsed_project(os.environ.get(BUILD_MODE, "full"))
    manifest = Manifest.from_msgpack(project.read_bytes(), decoder=extended_mashumuro_decoder)
    result = dbtRunner(manifest=manifest).invoke(sys.argv[1:])
    if isinstance(result.exception, KeyboardInterrupt):
        raise result.exception
    if result.exception is not None:
        sys.stderr.write(f"{result.exception}\n")
        sys.exit(2)
    sys.exit(0 if result.success else 1)
