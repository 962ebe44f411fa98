"""How much memory a process holds, where the system tells it."""

from __future__ import annotations

import re
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_ROW = re.compile(r"^(VmHWM|VmRSS):\s+(\d+) kB", re.MULTILINE)


def resident() -> int | None:
    """The bytes that are in memory now."""
    return _read("VmRSS")


def most_resident() -> int | None:
    """The most bytes that were in memory since `forget` was called."""
    return _read("VmHWM")


def forget() -> None:
    """Begin anew to look for the most."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return  # then it is the most since the process began


def _read(name: str) -> int | None:
    try:
        rows = dict(_ROW.findall(_STATUS.read_text()))
    except OSError:
        return None
    return int(rows[name]) * 1024 if name in rows else None
