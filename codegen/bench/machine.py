"""The machine that figures came from, and the libraries."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_MODEL = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)
_LIBRARIES = ("numpy", "torch", "jax")


def machine_text() -> str:
    """The processor, how many there are, the system, and the versions of libraries."""
    parts = [_processor(), f"{os.cpu_count()} processors", platform.system()]
    parts.append(f"Python {platform.python_version()}")
    for name in _LIBRARIES:
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(parts)


def _processor() -> str:
    try:
        found = _MODEL.search(Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()
