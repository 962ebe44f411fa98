"""What is emitted reads as a careful person would write it: loops, contractions, layout, names."""

import ast
import re
import subprocess
import sys
import warnings
from functools import cache

import numpy as np
import pytest

import codegen
from derive import ChainruleError, differentiate, parse
from derive.ir.derivation import Derivation
from derive.ir.notation import Equation, Read
from derive.ir.tree import factors
from derive.language.printer import equation_text
from derive.systems.schedule import Loop, schedule
from derive.systems.stepping import stepping
from tests.oracles import MODELS
from tests.oracles.against_autograd import derivation_of, module_of
from tests.oracles.model import OracleModel

pytestmark = pytest.mark.sampled

LONGEST_LINE = 88
CONTRACTIONS = ("@", "np.tensordot(", "np.einsum(")
HELPERS = {
    "_array",
    "_integers",
    "sigmoid",
    "_logsumexp",
    "_window",
    "_fold",
    "_over",
    "_inside",
    "_take",
    "_add_at",
    "erf",
    "normcdf",
    "_in_blocks",
    "_polynomial",
    "_tail",
}
every_model = pytest.mark.parametrize(
    "model", [pytest.param(m, id=m.name) for m in MODELS], scope="module"
)


@cache
def source_of(model: OracleModel) -> str:
    return codegen.emit(derivation_of(model), part="math")


def computing(source: str) -> list[ast.FunctionDef]:
    """The functions that are the model's own: no helpers, no start, no step."""
    apart = {*HELPERS, "init_params", "init_state", "train_step"}
    found = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    return [f for f in found if f.name not in apart]


def loops_of(derivation: Derivation) -> int:
    def count(blocks):
        return sum(1 + count(b.body) for b in blocks if isinstance(b, Loop))

    walk = stepping(derivation.system)
    own = count(schedule(walk.equations)) if walk else 0
    return own + count(schedule(derivation.forward)) + count(schedule(derivation.backward))


@every_model
def test_only_a_recurrence_is_a_loop(model):
    nodes = [n for f in computing(source_of(model)) for n in ast.walk(f)]
    loops = [n for n in nodes if isinstance(n, ast.For)]
    assert len(loops) <= loops_of(derivation_of(model))
    assert all(re.fullmatch(r"(reversed\()?range\(\w+\)\)?", ast.unparse(f.iter)) for f in loops)
    banned = (ast.While, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Lambda)
    assert not [n for n in nodes if isinstance(n, banned)]
    called = {ast.unparse(n.func) for n in nodes if isinstance(n, ast.Call)}
    assert not called & {"np.vectorize", "map", "np.apply_along_axis", "np.ndindex"}


@every_model
def test_each_statement_stands_under_its_formula(model):
    """A part that stands twice has a name of its own, and its formula is that of what reads it."""
    lines = source_of(model).splitlines()
    tensors = derivation_of(model).table
    for function in computing(source_of(model)):
        for name, line in assigned(function.body):
            at = line - 1
            comment: list[str] = []
            while at > function.lineno and not comment:
                at -= 1
                while lines[at].lstrip().startswith("#"):
                    comment.insert(0, lines[at].strip("# "))
                    at -= 1
            told = {m.group(1) for c in comment if (m := re.match(r"(\w+)(\[[^]]*\])? \+?= ", c))}
            part = (
                name not in tensors and len(re.findall(rf"\b{name}\b", "\n".join(lines[line:]))) > 1
            )
            assert name in told or part, f"line {line}: {lines[line - 1]}"


def assigned(body):
    """(variable, line) of each statement that computes something of an equation."""
    for node in body:
        match node:
            case ast.For(body=inner) | ast.If(body=inner):
                if "inputs" not in ast.unparse(getattr(node, "test", ast.Constant(0))):
                    yield from assigned(inner)
            case ast.Assign(targets=[ast.Tuple()]):
                pass
            case (
                ast.Assign(targets=[target], value=value)
                | ast.AugAssign(target=target, value=value)
            ):
                name = target.value if isinstance(target, ast.Subscript) else target
                given = (
                    "np.zeros(",
                    "np.asarray(",
                    "_array(",
                    "_integers(",
                    "len(",
                    "params[",
                    "state[",
                    "{",
                    "_evaluate(",
                    "_propagate(",
                )
                code = ast.unparse(value)
                if not code.startswith(given) and not re.fullmatch(r"\w+\.shape\[\d\]", code):
                    yield ast.unparse(name), node.lineno
            case _:
                pass


@every_model
def test_a_product_of_two_is_a_contraction(model):
    found = statements(source_of(model))
    derivation = derivation_of(model)
    for equation in (*derivation.forward, *derivation.backward):
        text = squeezed(equation_text(equation))
        if contracts(equation) and text in found:
            assert any(c in found[text] for c in CONTRACTIONS), found[text]


def contracts(equation: Equation) -> bool:
    """`sum over shared letters of A*B`, each with a letter of its own: a matrix product."""
    if len(equation.terms) != 1 or not equation.terms[0].reduced:
        return False
    term = equation.terms[0]
    sides = [f for f in factors(term.body) if isinstance(f, Read)]
    if term.reduce != "sum" or len(sides) != 2 or len(factors(term.body)) > 2:
        return False
    letters = [[s.axis for s in side.subscripts] for side in sides]
    if any(None in found or len(set(found)) < len(found) for found in letters):
        return False
    one, other = (set(found) for found in letters)
    return one & other == set(term.reduced) and bool(one - other) and bool(other - one)


def statements(source: str) -> dict[str, str]:
    """The code under each formula."""
    found: dict[str, str] = {}
    formula, code = "", ""
    for line in [*source.splitlines(), "#"]:
        bare = line.strip()
        if bare.startswith("#"):
            if code:
                found[squeezed(formula)] = code
                formula, code = "", ""
            formula += bare[1:]
        elif formula:
            code += line + "\n"
    return found


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@every_model
def test_layout(model):
    source = source_of(model)
    assert not [line for line in source.splitlines() if len(line) > LONGEST_LINE]
    tree = ast.parse(source)
    found = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert found == ["import numpy as np"]
    helpers = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)} & HELPERS
    assert helpers <= {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}


def test_python_and_ruff_find_nothing(tmp_path):
    """Compiled with warnings as errors; no unused name, none undefined."""
    for model in MODELS[::2]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(source_of(model), model.name, "exec")
        (tmp_path / f"{model.name}.py").write_text(source_of(model), encoding="utf-8")
    one = tmp_path / f"{MODELS[0].name}.py"
    subprocess.run([sys.executable, "-W", "error", "-m", "py_compile", one], check=True)
    # `l` is a tensor's name where a person chose it
    rules = ["--select", "E,F,W", "--ignore", "E741", "--line-length", str(LONGEST_LINE)]
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", *rules]
    found = subprocess.run([*command, tmp_path], check=False, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


# ---- names ---------------------------------------------------------------------------------------

NET = """
{z}[n,t,i] = tanh(sum(j, {W}[i,j]*{x}[n,t,j]) + sum(k, {U}[i,k]*{z}[n,t-1,k]) + {b}[i])
{s}[n] = logsumexp(t, {z}[n,t,0] + erf({a}))
{E} = mean(n, sum(i, ({z}[n,size(t)-1,i] - {r}[n,i])**2) + {s}[n]*{c}) + {a}**2
"""
PLAIN = dict.fromkeys("WUbaxrzsEc")
PLAIN = {name: name for name in PLAIN}
STRANGE = (
    *("loss", "params", "np", "lambda_", "state", "rng", "x", "N", "T", "gradient", "value"),
    *("name", "print", "self", "E", "n", "t", "i", "training", "inputs", "DTYPE", "NAME"),
    *("forward", "gradients", "init_params", "train_step", "main", "Model", "range", "len"),
    *("reversed", "float", "dict", "tuple", "_evaluate", "_propagate", "_logsumexp", "_window"),
    *("json", "os", "sys", "match", "case", "type", "learning_rate", "batch", "dW", "z"),
    *("PARAMETERS", "BUFFERS", "HYPERPARAMETERS", "probabilities", "init_state", "erf_", "_"),
    *("n_", "N_", "T_", "np_", "params_", "loss_", "seed", "axis", "a", "dz", "i_size"),
)


def results(names, part="math"):
    """Loss and gradients of the net under other names."""
    spec = {
        "parameters": [names[k] for k in "WUba"],
        "inputs": [names["x"]],
        "targets": [names["r"]],
        "constants": {names["c"]: 0.5},
        "objective": names["E"],
        "output": names["z"],
    }
    sizes = {f"{names['W']}.0": 3, f"{names['W']}.1": 2}
    derivation = differentiate(parse(NET.format(**names), sizes=sizes, batch="n", **spec))
    source = codegen.emit(derivation, part=part)
    module = codegen.load_module(source)
    draw = np.random.default_rng(1).normal
    parameters = {
        names[k]: draw(size=s) for k, s in {"W": (3, 2), "U": (3, 3), "b": (3,), "a": ()}.items()
    }
    x, r = draw(size=(4, 5, 2)), draw(size=(4, 3))
    loss, gradients = module.gradients(parameters, x, r, inputs=True)
    assert module.loss(parameters, x, r) == loss
    assert module.forward(parameters, x).shape == (4, 5, 3)
    state = module.init_state(parameters)
    assert module.train_step(parameters, state, x, r) == loss
    return loss, {k: gradients[names[k]] for k in "WUbax"}


def shifted(by):
    """Other names for the net's tensors, out of the strange ones, beginning at one of them."""
    free = [n for n in (*STRANGE[by:], *STRANGE[:by]) if n not in ("dW", "dz")]
    names = {}
    for name in PLAIN:
        # a bare name is the letter in scope first
        scalar = name in "aEc"
        names[name] = next(n for n in free if not (scalar and n in "nti"))
        free.remove(names[name])
    return names


@pytest.mark.parametrize("by", range(0, len(STRANGE), 4))
def test_names_that_would_shadow_simply_work(by):
    names = shifted(by)
    loss, gradients = results(names, "all" if by % 8 else "math")
    plain_loss, plain_gradients = results(PLAIN)
    assert loss == plain_loss
    assert all(np.array_equal(gradients[k], plain_gradients[k]) for k in plain_gradients)


@pytest.mark.parametrize("name", ["sum", "max", "exp", "lambda", "where", "size", "pi", "__name__"])
def test_names_that_are_refused(name):
    with pytest.raises(ChainruleError, match=name):
        parse(f"E = {name}**2", parameters=[name], objective="E")


def test_letters_may_be_named_as_tensors():
    text = "y[x,W] = sum(b, W[W,b]*x[x,b]) + b[W]\nE = mean(x, sum(W, y[x,W]**2))"
    other = "y[n,i] = sum(j, W[i,j]*x[n,j]) + b[i]\nE = mean(n, sum(i, y[n,i]**2))"
    draw = np.random.default_rng(1).normal
    arrays = {"W": draw(size=(3, 2)), "b": draw(size=3)}, draw(size=(4, 2))
    found = []
    for equations, batch in ((text, "x"), (other, "n")):
        system = parse(
            equations,
            parameters=["W", "b"],
            inputs=["x"],
            sizes={"W.0": 3, "W.1": 2},
            batch=batch,
            objective="E",
        )
        found.append(module_of(differentiate(system)).gradients(*arrays, inputs=True))
    (loss, gradients), (wanted_loss, wanted) = found
    assert loss == wanted_loss
    assert all(np.array_equal(gradients[k], wanted[k]) for k in wanted)
