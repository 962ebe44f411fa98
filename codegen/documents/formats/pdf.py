"""PDF from LaTeX, by pdflatex: no shell, no network, the same bytes every time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from derive.errors import ChainruleError, shorten

PROGRAM = "pdflatex"
_SECONDS = 120
_MOST_RUNS = 4
_JOB = "derivation"


def compile_pdf(source: str) -> bytes:
    """The PDF of a LaTeX source. Raises `ChainruleError` where TeX is missing or stops."""
    return compile_with_log(source)[0]


def compile_with_log(source: str) -> tuple[bytes, str]:
    """The PDF, and TeX's log of the last run."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise ChainruleError(
            "pdf: pdflatex isn't here; install TeX (Debian: apt install texlive-latex-recommended "
            "texlive-pictures lmodern), or ask for .tex"
        )
    with TemporaryDirectory(prefix="chainrule-") as folder:
        room = Path(folder)
        (room / f"{_JOB}.tex").write_text(source, encoding="utf-8")
        before = None
        for _ in range(_MOST_RUNS):
            log = _run(program, room)
            after = (room / f"{_JOB}.aux").read_bytes()
            if after == before:
                break
            before = after
        return (room / f"{_JOB}.pdf").read_bytes(), log


def _run(program: str, room: Path) -> str:
    options = ["-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", f"{_JOB}.tex"]
    # a date and a folder of its own, and no file beyond them, whatever the source says
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(room),
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
        "TEXMFVAR": str(room),
        "openin_any": "p",
        "openout_any": "p",
        "max_print_line": "1000",
    }
    try:
        done = subprocess.run(
            [program, *options],
            cwd=room,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ChainruleError(f"pdf: pdflatex took more than {_SECONDS} s; ask for .tex") from None
    except OSError as error:
        raise ChainruleError(f"pdf: pdflatex can't be run: {error.strerror}") from None
    log = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise ChainruleError(f"pdf: pdflatex stopped: {_reason(log)}")
    return log


def _reason(log: str) -> str:
    result = re.search(r"^! (.*)$", log, re.MULTILINE)
    return shorten(result.group(1), 200) if result else "it gave no reason"
