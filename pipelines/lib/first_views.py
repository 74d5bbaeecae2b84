"""What the screens of a new version show first is asked before the version becomes current."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from pipelines.lib.progress import step
from pipelines.lib.servers import home_environment
from pipelines.publishing import Publication
from pipelines.settings import PROJECT_ROOT, Settings

_TIMEOUT: Final = 900  # seconds


def prepare_views(settings: Settings, publication: Publication) -> None:
    """Keep the answers to the questions of the screens in the folder of a version.

    In a process of its own, because the screens are no part of the pipelines. Whatever goes wrong
    there is told and costs readers time only: what is not kept is asked when somebody looks.
    """
    if not publication.is_large:
        return
    command = [sys.executable, "-m", "app.prepare", str(publication.folder)]
    try:
        subprocess.run(
            [*command, settings.project.resources.memory_limit],
            check=True,
            cwd=PROJECT_ROOT,
            env=home_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.SubprocessError) as error:
        step(f"the first views were not prepared: {type(error).__name__}")
