"""A person's source, run apart: it computes, and it can do nothing else."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time

import numpy as np
import pytest

from codegen.sandbox import run
from codegen.sandbox.run import run_source
from codegen.sandbox.whitelist import calls, check_source
from derive.errors import ChainruleError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are those of Linux")
X = np.arange(6.0).reshape(2, 3)


def test_a_script() -> None:
    found = run_source("import numpy as np\nd = np.exp(x).sum(0)\nprint(d)", {"x": X}, ["d", "e"])
    assert list(found) == ["d"]
    np.testing.assert_allclose(found["d"], np.exp(X).sum(0))


def test_functions_are_called_by_the_names_of_their_parameters() -> None:
    text = """
import numpy as np

class Unused:
    rate = 0.5

def helper(a):
    return a.T

def backward(x, w, scale=2.0):
    dw = scale * helper(x) @ x @ w
    return dw, x @ w

def entries(x):
    return {"db": x.sum(0)}

def norm(x):
    return np.linalg.norm(x)
"""
    w = np.ones(3)
    found = run_source(text, {"x": X, "w": w}, ["dw", "db", "norm"])
    np.testing.assert_allclose(found["dw"], 2 * X.T @ X @ w)
    np.testing.assert_allclose(found["db"], X.sum(0))
    np.testing.assert_allclose(found["norm"], np.linalg.norm(X))


STOPPED = [
    ("while True: pass", "stopped after 1 seconds"),
    ("y = np.ones(10**9)", "MemoryError"),
    ("y = [0] * 10**9", "MemoryError"),
    ("y = 1\nz = 1 / 0", "line 2: ZeroDivisionError"),
    ("y = undefined", "line 1: NameError"),
    ("raise SystemExit", "line 1: NameError"),
]


@pytest.mark.parametrize(("text", "told"), STOPPED, ids=[k[0] for k in STOPPED])
def test_what_runs_away_is_stopped(text: str, told: str) -> None:
    start = time.monotonic()
    with pytest.raises(ChainruleError) as refused:
        run_source(text, {"x": X}, ["y"], seconds=1)
    assert told in str(refused.value)
    assert time.monotonic() - start < 20


REFUSED = [
    "import os",
    "import subprocess as np",
    "from os import path",
    "from . import x",
    "from numpy import lib",
    "open('f', 'w')",
    "__import__('os')",
    "eval('1')",
    "getattr(x, 'a')",
    "x.__class__",
    "x._data",
    "np.save('f', x)",
    "np.load('f')",
    "x.tofile('f')",
    "np.lib.format.os.system('ls')",
    "np.ctypeslib",
    "(",
    "async def f(): pass",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_before_it_runs(text: str) -> None:
    with pytest.raises(ChainruleError, match="formulas, line 1"):
        run_source(text, {"x": X}, ["y"])


INSIDE = [
    "open('f', 'w')",
    "y = np.save('f', x)",
    "y = np.loadtxt('f')",
    "x.tofile('f')",
    "import os",
    "import socket",
    "y = np.lib.format.open_memmap('f', mode='w+', shape=(2,))",
    "import sys\ny = sys.modules['os'].system('true')",
    "y = x.__class__.__base__.__subclasses__()[0].__init__.__globals__",
    "y = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0](['ls'])",
    "for c in ().__class__.__base__.__subclasses__():\n"
    "    if c.__name__ == '_wrap_close':\n"
    "        c.__init__.__globals__['system']('echo > never')\n"
    "y = 1 / 0",
    "y = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0]"
    ".__init__.__globals__['fork']()",
]


@pytest.mark.parametrize("text", INSIDE)
def test_what_the_child_refuses_by_itself(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second fence: even a source that nobody has looked at writes no file, starts nothing."""
    monkeypatch.setattr(run, "check_source", lambda source, place: compile_only(source))
    with pytest.raises(ChainruleError) as refused:
        run_source(text, {"x": X}, ["y"])
    assert any(
        word in str(refused.value)
        for word in (
            "Permission",
            "System",
            "Import",
            "Name",
            "Attribute",
            "Type",
            "Index",
            "Key",
            "Zero",
        )
    ), refused.value


def compile_only(source: str) -> object:
    import ast

    return ast.parse(source)


def test_the_child_knows_nothing_of_us() -> None:
    head = json.dumps(
        {
            "text": "import numpy\ny = numpy.zeros(2)",
            "outputs": ["y"],
            "calls": [],
            "seconds": 5,
            "megabytes": 64,
        }
    ).encode()
    file = io.BytesIO()
    np.savez(file)
    done = subprocess.run(
        [sys.executable, "-I", str(run._INSIDE)],
        input=len(head).to_bytes(8, "big") + head + file.getvalue(),
        capture_output=True,
        env={},
        check=True,
    )
    assert done.stdout[8:].startswith(b'{"error": null')


def test_calls() -> None:
    tree = check_source("def f(a, b=1):\n    return a\ndef g(a):\n    return f(a)", "here")
    assert [(c.function, c.arguments, c.returns) for c in calls(tree)] == [("g", ("a",), ("g",))]
