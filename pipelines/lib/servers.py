"""Starting the servers: loopback by default, no telemetry."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipelines.lib.loading import be_quiet
from pipelines.settings import PROJECT_ROOT, Settings

_BIN = Path(sys.executable).parent


def serve_app(settings: Settings, host: str, port: int) -> None:
    """Run Streamlit until it is stopped; the questions of the screens are compiled beside it."""
    be_quiet()
    command = [
        str(_BIN / "streamlit"), "run", str(PROJECT_ROOT / "app" / "main.py"),
        "--server.address", host, "--server.port", str(port), "--server.headless", "true",
        "--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none",
    ]  # fmt: skip
    prepare = [sys.executable, "-m", "app.prepare"]
    with subprocess.Popen(
        prepare,
        cwd=PROJECT_ROOT,
        env=home_environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as preparing:
        try:
            _run(command, settings)
        finally:
            preparing.terminate()


def serve_dagster(settings: Settings, host: str, port: int) -> None:
    """Run Dagster's interface and its daemon until they are stopped."""
    from pipelines.main_job import prepare_instance

    prepare_instance(settings)
    command = [
        str(_BIN / "dagster"), "dev", "-m", "pipelines.definitions", "-h", host, "-p", str(port),
    ]  # fmt: skip
    _run(command, settings)


def _run(command: list[str], settings: Settings) -> None:
    try:
        subprocess.run(command, check=True, cwd=PROJECT_ROOT, env=home_environment(settings))
    except KeyboardInterrupt:
        return


def home_environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which a process works on this home."""
    environment = {**os.environ, "OTVET_HOME": str(settings.home)}
    if settings.config_file:
        environment["OTVET_CONFIG"] = str(settings.config_file)
    return environment
