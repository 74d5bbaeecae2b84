"""How dbt is called: environment, variables, results."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.lib.company_state import company_config
from pipelines.lib.loading import be_quiet
from pipelines.lib.text_rules import courtesy_pattern, question_pattern, start_pattern
from pipelines.settings import DBT_PROJECT_DIR, Settings

DEFINITION_VERSION = "1"


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one dbt test or expectation."""

    name: str
    kind: str  # dbt | great_expectations
    target: str
    status: str  # pass | warn | fail
    detail: str | None


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Return the variables that profiles.yml reads."""
    be_quiet()
    return {
        "OTVET_WAREHOUSE": str(settings.warehouse),
        "OTVET_MEMORY_LIMIT": settings.project.resources.memory_limit,
        "OTVET_THREADS": str(settings.project.resources.threads),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_LOG_PATH": str(settings.logs),
        "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR),
        "DBT_TARGET_PATH": str(settings.dbt_target),
    }


def as_of(settings: Settings) -> str:
    """Return the instant that stands for "now" in this build, ISO 8601 in UTC."""
    if settings.as_of:
        return datetime.fromisoformat(settings.as_of).astimezone(UTC).isoformat()
    return datetime.now(tz=UTC).replace(microsecond=0).isoformat()


def dbt_variables(settings: Settings) -> dict[str, Any]:
    """Return the project variables: the rules of `otvet.toml` and the phrase lists."""
    config = company_config(settings)
    rules = settings.project.conversations
    return {
        "company_time_zone": settings.project.company.time_zone,
        "default_currency": settings.project.company.currency,
        "conversation_gap_seconds": int(rules.gap_hours * 3600),
        "unanswered_cap_seconds": int(rules.unanswered_cap_days * 86400),
        "session_gap_seconds": int(rules.session_gap_minutes * 60),
        "first_response_target_seconds": int(settings.project.targets.first_response_minutes * 60),
        "courtesy_pattern": courtesy_pattern(config.courtesy_phrases),
        "question_pattern": question_pattern(config.question_words),
        "phrase_start_pattern": start_pattern(config.courtesy_phrases, config.question_words),
        "definition_version": DEFINITION_VERSION,
    }


def read_check_results(target: Path) -> list[CheckResult]:
    """Return the outcome of each test of the last dbt build."""
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    checks = []
    for result in results:
        node = manifest["nodes"].get(result["unique_id"])
        if node is None or node["resource_type"] != "test":
            continue
        attached = node.get("attached_node") or (node["depends_on"]["nodes"] or [""])[0]
        checks.append(
            CheckResult(
                name=node["name"],
                kind="dbt",
                target=attached.rpartition(".")[2],
                status={"pass": "pass", "warn": "warn"}.get(result["status"], "fail"),
                detail=result["message"] if result["status"] != "pass" else None,
            )
        )
    return checks


def read_failures(target: Path) -> list[str]:
    """Return one line per model or test that failed in the last dbt build."""
    path = target / "run_results.json"
    if not path.exists():
        return []
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    return [
        f"{result['unique_id'].split('.')[2]}: {' '.join(str(result['message']).split())[:300]}"
        for result in results
        if result["status"] in ("error", "fail")
    ]
