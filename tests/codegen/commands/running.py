"""The command as a process of its own, and what a refusal of it looks like."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
GENDER = str(ROOT / "generated" / "gender" / "gender.toml")
DESCENT = str(ROOT / "generated" / "descent" / "descent.toml")

TINY = """
name = "tiny"
equations = "E = sum(i, w[i]**2)"
objective = "E"
parameters = ["w"]
sizes = { i = 2 }
"""


def command(*arguments, **more):
    """The command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "codegen.cli", *map(str, arguments)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        **more,
    )


def refused(result):
    """One clear line per error, nothing else."""
    code, out, err = result
    assert code == 2
    assert out == ""
    assert err
    assert all(line.startswith("error: ") for line in err.splitlines()), err
    assert "Traceback" not in err
    return err
