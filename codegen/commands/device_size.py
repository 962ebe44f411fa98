"""How much room a C text for a small device takes: its code, measured, and its memory."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from codegen.targets.c.module import Texts

_COMPILER = "arm-none-eabi-gcc"
_FLAGS = "-std=c99 -Os -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16".split()  # noqa: SIM905


def size_text(texts: Texts) -> str:
    """Both in words, a line each."""
    return f"arena: {texts.arena} bytes\n{_code(texts)}"


def _code(texts: Texts) -> str:
    """The bytes of code for a Cortex-M4, if there is a compiler for it."""
    compiler, size = (shutil.which(f"arm-none-eabi-{name}") for name in ("gcc", "size"))
    if compiler is None or size is None:
        return f"code: not measured, for there is no {_COMPILER}"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, texts.included).write_text(texts.header, encoding="utf-8")
        Path(folder, "net.c").write_text(texts.source, encoding="utf-8")
        done = _run([compiler, *_FLAGS, "-c", "net.c", "-o", "net.o"], folder)
        if done.returncode:
            return f"code: not measured, for {_COMPILER} fails"
        _, row, *_ = _run([size, "net.o"], folder).stdout.splitlines()
    return f"code: {row.split()[0]} bytes (Cortex-M4, {_COMPILER} -Os)"


def _run(command: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
