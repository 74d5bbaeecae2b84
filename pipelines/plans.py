"""Compiled questions, kept beside the published versions.

MetricFlow takes 10 to 400 ms to compile a question, and most questions differ from an earlier one
in their period and their filters only. So a question is compiled with marks in the place of its
values, the SQL is kept as a plan, and the values are put in when it is asked.

A plan belongs to the manifest, the version of MetricFlow and the code that asked for it: all three
make the name of its folder. A publication whose formulas are the same finds the plans of the last.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

Content = dict[str, Any]
_MARK: Final = re.compile(r"\$otvet_(\d+)\b")


def mark(number: int) -> str:
    """Return what stands in a plan for its value with this number."""
    return f"$otvet_{number}"


def filled(sql: str, values: Sequence[str]) -> str:
    """Return the SQL of a plan with its values, which are SQL literals, in their places.

    One pass: what looks like a mark inside a value stays as it is.
    """
    return _MARK.sub(lambda found: values[int(found[1])], sql)


@dataclass
class PlanStore:
    """The plans of one manifest: JSON files by the shape of their question.

    A folder that cannot be read or written costs time only: then each process compiles for itself.
    """

    folder: Path
    _known: dict[str, Content] = field(default_factory=dict, repr=False)

    def get(self, shape: Sequence[Any], make: Callable[[], Content]) -> Content:
        """Return the plan of a shape, made and kept if nobody has asked like that before."""
        name = hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:32]
        if name not in self._known:
            path = self.folder / f"{name}.json"
            content = _read(path)
            if content is None:
                content = make()
                _write(path, content)
            self._known[name] = content
        return self._known[name]


def plan_folder(plans: Path, manifest: Path, code: Iterable[Path], *versions: str) -> Path:
    """Return the folder of what this code makes of this manifest.

    Args:
        versions: of what it depends on as well, beside MetricFlow.
    """
    made_of = hashlib.sha256(manifest.read_bytes())
    made_of.update(" ".join((version("metricflow"), *versions)).encode())
    for path in code:
        made_of.update(path.read_bytes())
    return plans / made_of.hexdigest()[:32]


def drop_plans(plans: Path, *, keep: int) -> None:
    """Remove all plans but those of the manifests that were used last."""
    folders = sorted(plans.glob("*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in folders[keep:]:
        shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path) -> Content | None:
    try:
        content: Content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content


def _write(path: Path, content: Content) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        return
