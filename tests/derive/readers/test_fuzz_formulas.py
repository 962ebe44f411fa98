"""No file of formulas, however broken, ends in a traceback, a hang or an effect on the machine.

Good texts are broken at random, the same way each time, and by hand where there is a known way to
break a reader. Each must give verdicts, or chainrule's own error, within a deadline; no file may be
written, nothing started, no text of the user's run.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from codegen.cli import main
from derive import ChainruleError, differentiate
from derive.answers.check_text import check_formulas
from derive.answers.languages import Answer
from derive.checking import check_answer
from derive.specs.load import loads

pytestmark = pytest.mark.sampled

ROOT = Path(__file__).parents[3]
DEADLINE = 10  # seconds of this process: a machine may be busy with other things
RANDOM = 24  # broken texts of each kind

SPEC = """
name = "tiny"
inputs = { x = [2] }
layers = [{ type = "dense", units = 3, activation = "sigmoid" }, { type = "dense", units = 2 }]
loss = "squared_error"
"""
EQUATIONS = """\
# by hand
dz2[n,i] = (z2[n,i] - t[n,i])/size(n)
dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])
s[n,i] = 1/(1 + exp(-z1[n,i]))
dz1[n,i] = where(s[n,i] > 0, sum(k, W2[k,i]*dz2[n,k])*s[n,i]*(1 - s[n,i]), 0)
db1[i] = sum(n, dz1[n,i]) + 0*max(k, W2[0,k])
next(b1)[i] = b1[i] - learning_rate*db1[i]
"""
RUNS_ITS_OWN = ("sympy.polys.", "dataclasses", "collections")  # text that they wrote themselves
PIECES = (
    *("__import__('os').system('touch touched')", "open('touched', 'w')", "exec('1/0')"),
    *("lambda: 0", "().__class__.__bases__", "{x for x in y}", "f'{1}'", "yield", "import os"),
    *("\0", "\ufeff", "\u202e", "é", "𝛿", "½", "\t", "\r\n", ";", "\\\n", "#", '"""', "'"),
    *("9" * 400, "1e999", "1e-999", "0x10", "1_000", "1j", "nan", "-inf", "0/0", "9**9**9"),
    *("[", "]", "(", ")", ",", "=", "==", ":=", "...", "next(next(W1))", "size(W2, 7)", "mean()"),
    *("sum(n, n, 1)", "W2[1/2]", "W2[-1,0]", "W2[i]", "W2[x[0,0],0]", "dW2", "E", "hold(t[n,i])"),
)


@dataclass(frozen=True)
class Kind:
    """One way to write formulas: how a file's name ends, a good text, and what reads it."""

    ending: str
    good: str
    judge: Callable[[str], object]


def judge_equations(text):
    return list(check_formulas(derived(), text, 0))


@cache
def derived():
    return differentiate(loads(SPEC))


NUMPY = """\
import numpy as np

def backward(x, t, W2, y1, z2):
    n = x.shape[0]
    d2 = (z2 - t)/n
    dW2 = d2.T @ y1
    d1 = np.where(y1 > 0, d2 @ W2, 0.0)*y1*(1 - y1)
    db1 = d1.sum(axis=0)
    return dW2, db1
"""
LATEX = r"""% by hand
\delta^{(2)}_{ni} = \frac{1}{N}\left(z^{(2)}_{ni} - t_{ni}\right) \\
\frac{\partial E}{\partial W^{(2)}_{ij}} = \sum_n \delta^{(2)}_{ni} y^{(1)}_{nj} \\
\frac{\partial E}{\partial b^{(1)}_i} = \sum_{n,k} W^{(2)}_{ki} \delta^{(2)}_{nk} f'(z^{(1)}_{ni})
"""


def judge_in(form):
    return lambda text: check_answer(derived(), Answer(text, form)).rows


KINDS = (
    Kind("txt", EQUATIONS, judge_equations),
    Kind("py", NUMPY, judge_in("numpy")),
    Kind("tex", LATEX, judge_in("latex")),
)

MANY = "".join(f"a{k}[n] = a{k + 1}[n]\n" for k in range(500))
BROKEN = {
    "nothing": "",
    "spaces": "  \n\t\n",
    "no equation": "hello, assignment",
    "open bracket": EQUATIONS + "db2[i] = sum(n, dz2[n,i]",
    "brackets, very deep": "db2[i] = " + "(" * 20_000 + "1" + ")" * 20_000,
    "signs, very many": "db2[i] = " + "-" * 20_000 + "1",
    "functions, very deep": "db2[i] = " + "exp(" * 5_000 + "1" + ")" * 5_000,
    "wheres, deep": "db2[i] = " + "where(b2[i] > 0, " * 60 + "1" + ", 0)" * 60,
    "powers, deep": "db2[i] = " + "**".join(["9"] * 300),
    "a long sum": "db2[i] = " + " + ".join(["b2[i]"] * 20_000),
    "a long line": "db2[i] = " + "9" * 500_000,
    "a long name": "d" * 100_000 + "[i] = b2[i]",
    "very many lines": "db2[i] = a0[0]\n" + MANY + "a500[n] = size(n)\n",
    "a cycle": "a[n] = c[n]\nc[n] = a[n]\ndb2[i] = sum(n, a[n] + z2[n,i])",
    "itself": "dz2[n,i] = dz2[n,i]",
    "named twice": "db2[i] = 0\ndb2[i] = 1",
    "a power of powers": "db2[i] = 9**9**9**9*b2[i]",
    "a large power": "db2[i] = b2[i]**1000000000",
    "a large fraction of a power": "db2[i] = b2[i]**(1/1000000007)",
    "exp of exp": "db2[i] = exp(exp(exp(exp(exp(9 + b2[i]**2)))))",
    "powers of values": "db2[i] = (9 + b2[i]**2)**(9 + b2[i]**2)**(9 + b2[i]**2)**99",
    "log of what is below 0": "db2[i] = log(-exp(b2[i]))",
    "one over 0": "db2[i] = 1/(b2[i] - b2[i])",
    "every letter there is": "db2[i] = sum(a,b,c,d,e,f,g,h,j,k, "
    "W1[a,b]*W1[c,d]*W1[e,f]*W1[g,h]*W1[j,k]*b2[i])",
    "sums of sums of sums": "db2[i] = sum(a,b, W1[a,b]*sum(c,d, W1[c,d]*sum(e,f, W1[e,f]*"
    "sum(g,h, W1[g,h]*sum(j,k, W1[j,k]*sum(l,m, W1[l,m]*b2[i]))))))",
    "many axes": "a[n,i,j,k,l,m,o,p] = W1[i,j]*W1[k,l]*W1[m,o]*x[n,p]\n"
    "db2[q] = sum(n,i,j,k,l,m,o,p, a[n,i,j,k,l,m,o,p])",
    "sixteen letters": "db2[i] = sum(a,b,c,d,e,f,g,h,k,l,m,o,p,q,r,u, W1[a,b]*W1[c,d]*W1[e,f]*"
    "W1[g,h]*W1[k,l]*W1[m,o]*W1[p,q]*W1[r,u]*b2[i])",
    "doubling": "a0[n] = x[n,0]\n"
    + "".join(f"a{k + 1}[n] = a{k}[n]*a{k}[n] + a{k}[n]\n" for k in range(40))
    + "db2[i] = sum(n, a40[n])",
}


def effect(event, arguments, module):
    """What an audit event, caused in a module, does to the machine, or None."""
    if event == "open":
        path, mode, flags = arguments
        writes = isinstance(mode, str) and set(mode) & set("wax+")
        writes = writes or (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR))
        return f"writes {path}" if writes else None
    if event == "exec":
        name = getattr(arguments[0], "co_filename", "<string>")
        return (
            f"runs {name}" if name == "<string>" and not module.startswith(RUNS_ITS_OWN) else None
        )
    started = ("os.system", "os.exec", "os.posix_spawn", "os.remove", "os.rename", "os.mkdir")
    return event if event.startswith((*started, "subprocess.", "socket.", "shutil.")) else None


class Watch:
    """What was done to the machine while it is on; an audit hook stays for good."""

    def __init__(self):
        self.found = None
        sys.addaudithook(self.note)

    def note(self, event, arguments):
        if self.found is not None and event != "sys._getframe":
            module = str(sys._getframe(1).f_globals.get("__name__"))
            if what := effect(event, arguments, module):
                self.found.append(what)

    @contextlib.contextmanager
    def on(self):
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        self.found = found = []
        try:
            yield found
        finally:
            self.found = None
            sys.dont_write_bytecode = before


@cache
def watch():
    return Watch()


class Hangs(Exception):
    """Longer than the deadline."""


@contextlib.contextmanager
def deadline():
    def over(_signal, _frame):
        raise Hangs(f"over {DEADLINE} s")

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, DEADLINE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def survives(kind, text):
    """Verdicts or chainrule's own error, in time and without effects."""
    problems = ()
    with watch().on() as effects, deadline():
        try:
            kind.judge(text)
        except ChainruleError as refused:
            problems = refused.problems
    assert effects == []
    assert all(p and "\n" not in p and len(p) <= 400 for p in problems)


def broken(good, source):
    """A good text with one to four things done to it."""
    text = good
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(text) + 1)
        end = min(len(text), at + source.randint(1, 30))
        match source.randrange(7):
            case 0:
                text = text[:at]
            case 1:
                text = text[:at] + text[end:]
            case 2:
                text = (
                    text[:at] + chr(source.choice((source.randrange(128), 0x3B4))) + text[at + 1 :]
                )
            case 3:
                text = text[:at] + source.choice(PIECES) + text[at:]
            case 4:
                text = text[:at] + text[at:end] * source.randint(2, 40) + text[end:]
            case 5:
                lines = text.splitlines(keepends=True)
                source.shuffle(lines)
                text = "".join(lines)
            case 6:
                words = [w for w in ("n", "i", "j", "sum", "z2", "W2", "dz2") if w in text]
                if words:
                    text = text.replace(source.choice(words), source.choice(words))
    return text


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A folder of its own, which must stay empty of what was not put there."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.ending)
def test_the_good_text_is_good(kind):
    assert all(row.ok for row in kind.judge(kind.good))


LONG = ("every letter there is",)  # 5 s


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in LONG)) for n in BROKEN]
)
def test_what_breaks_a_reader(name):
    survives(KINDS[0], BROKEN[name])


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.ending)
def test_a_piece_in_a_formula(kind, piece):
    last = kind.good.rstrip("\n")
    survives(kind, f"{last} + {piece}\n")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.ending)
def test_texts_broken_at_random(kind):
    kind.judge(kind.good)  # what is imported late is imported now
    for seed in range(RANDOM):
        survives(kind, broken(kind.good, random.Random(f"{kind.ending} {seed}")))


def test_the_watch_sees_effects():
    with watch().on() as effects:
        Path("seen").write_text("")
        subprocess.run([sys.executable, "-c", ""], check=True)
        eval("1 + 1")  # noqa: S307
    assert effects[0].startswith("writes ")
    assert any(what.startswith("subprocess.") for what in effects)
    assert "runs <string>" in effects


FILES = {
    "bytes that are no text": b"db2[i] = \xff\xfe\x00b2[i]",
    "NUL": b"db2[i] = b2[i]\x00",
    "a command": b"db2[i] = __import__('os').system('touch touched')",
    "nothing": b"",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.ending)
def test_the_command_says_one_line(kind, name, tmp_path, capsys):
    spec, formulas = tmp_path / "tiny.toml", tmp_path / f"formulas.{kind.ending}"
    spec.write_text(SPEC)
    formulas.write_bytes(FILES[name])
    with deadline():
        code = main(["check", str(spec), "--against", str(formulas)])
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err
    assert "Traceback" not in err


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.ending)
def test_a_process_of_its_own(kind, tmp_path):
    (tmp_path / "tiny.toml").write_text(SPEC)
    formulas = tmp_path / f"formulas.{kind.ending}"
    formulas.write_text(f"{kind.good}{PIECES[0]}\n{'(' * 5000}\n")
    ended = subprocess.run(
        [sys.executable, "-m", "codegen.cli", "check", "tiny.toml", "--against", formulas],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=12 * DEADLINE,
        check=False,
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"tiny.toml", formulas.name}
