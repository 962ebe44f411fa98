"""Every node of a program through the interpreter and every target: a missing one is noticed."""

from typing import get_args

import numpy as np
import pytest

from codegen import load_module
from codegen.passes import PASSES
from codegen.pipeline import TARGETS
from codegen.program.interpreter import Interpreter
from codegen.program.nodes import (
    AddAt,
    Array,
    Assign,
    At,
    Chain,
    Choose,
    Count,
    Dot,
    Fold,
    For,
    Join,
    Length,
    Load,
    Map,
    Matrix,
    Pick,
    Reduce,
    Reshape,
    Span,
    Spread,
    Statement,
    Take,
    Value,
    When,
    Whole,
    Window,
    Zeros,
)
from codegen.program.operands import Operand, Own, Variable
from codegen.program.procedures import (
    Argument,
    Check,
    Compute,
    Instruction,
    Measure,
    Module,
    Procedure,
    Return,
)
from codegen.program.walk import arrays_in, instructions, operands_in
from codegen.program.wellformed import check_module
from derive.calculus.differentiate import differentiate
from derive.ir.functions import FUNCTIONS
from derive.ir.notation import Axis, Compare, Constant, Dim, Index, Tensor, affine
from derive.ir.tree import number
from derive.specs.parse import parse
from tests.codegen.program.programs import built, net, stages

N = affine(Dim("n"))
n, i, j, k = Axis("n", N), Axis("i", affine(4)), Axis("j", affine(3)), Axis("k", affine(3))
u, v = Axis("u", affine(2)), Axis("v", affine(3))
t = Axis("t", affine(4))
ZERO, ONE = affine(0), affine(1)
W = Whole()
X = Load("x", (W, W), (n, i))
A = Load("A", (W, W), (j, k))
POSITIVE = Map("add", (Map("abs", (X,), (n, i)), Value(number(1))), (n, i))
PLACES = Load("q", (W,), (n,))

# values by name, with their axes
VALUES = {
    "number": Value(number(3)),
    "pi": Map("mul", (Value(Constant("pi")), X), (n, i)),
    "count": Map("mul", (Count(N), X), (n, i)),
    "counts": Map("add", (Count(affine(i) * 2 + affine(n), (n, i)), X), (n, i)),
    "spans": Map(
        "add", (Count(affine(i), (i,), True, ((i, 1, affine(3)),)), Value(number(0))), (i,)
    ),
    "length": Map("mul", (Length(N - 5), X), (n, i)),
    "some": Load("x", (W, Span(ONE, None)), (n, j)),
    "turned": Load("x", (W, Span(ONE, affine(4), reverse=True)), (n, j)),
    "stepped": Load("x", (W, Span(ZERO, None, step=2)), (n, u)),
    "place": Load("x", (W, At(affine(2))), (n,)),
    "windows": Window(X, 1, affine(-1), ((1, u, affine(2)), (1, v, affine(3))), (n, u, v)),
    "filled": Window(X, 1, ONE, ((2, v, affine(3)),), (n, v), Value(number(7))),
    "folded": Fold(
        Window(X, 1, ZERO, ((1, u, affine(2)), (1, v, affine(3))), (n, u, v)),
        1,
        affine(4),
        affine(-1),
        ((1, u, affine(2)), (1, v, affine(3))),
        (n, i),
    ),
    "reshaped": Reshape(X, (n, u, v), (N, affine(2), affine(2))),
    "taken": Take(A, (0,), (PLACES,), (n, k), checked=True),
    "taken_inside": Take(
        A, (1,), (Map("%", (PLACES, Value(number(3))), (n,)),), (n, j), checked=False
    ),
    "chosen": Choose(
        Compare(">", Index(N), number(3)),
        X,
        Spread(Value(number(0)), (n, i), (N, affine(4))),
        (n, i),
    ),
    "nothing": Choose(Compare("<", Index(N), number(0)), X, None, (n, i)),
    **{op: Reduce(op, X, (i,), (n,)) for op in ("sum", "prod", "max", "min", "logsumexp")},
    "inverse": Matrix("inv", A, (j, k), (k, j)),
    "det": Matrix("det", A, (j, k), ()),
    "logdet": Matrix("logdet", A, (j, k), ()),
    "dot": Dot(A, Load("A", (W, W), (k, v)), (j, v)),
    "outer": Dot(X, Load("x", (W, W), (n, t)), (i, t)),
    "batched": Dot(X, X, (n,)),
    "chain": Chain((A, Load("A", (W, W), (k, v)), Load("A", (W, W), (v, t))), (j, t)),
    "spread": Spread(Load("q", (W,), (n,), integer=True), (n, i), (N, affine(4))),
    "joined": Join((X, Load("x", (W, Span(ONE, None)), (n, i))), i, (n, i)),
}
BINARY = ("div", "pow", "minimum", "maximum", "add", "mul", "//", "%", "delta")
UNARY = tuple(f for f, row in FUNCTIONS.items() if row.is_entrywise)
COMPARED = ("==", "!=", "<", "<=", ">", ">=")
VALUES |= {f"unary_{f}": Map(f, (POSITIVE,), (n, i)) for f in (*UNARY, "neg", "float")}
VALUES |= {
    f"binary_{k_}": Map(f, (POSITIVE, Map("exp", (X,), (n, i))), (n, i))
    for k_, f in enumerate(BINARY)
}
TRUTHS = [Map(op, (X, Value(number(0))), (n, i)) for op in COMPARED]
VALUES |= {
    f"where_{k_}": Map("where", (c, X, Value(number(2))), (n, i)) for k_, c in enumerate(TRUTHS)
}
VALUES["logic"] = Map(
    "where",
    (
        Map(
            "or",
            (Map("and", (TRUTHS[2], TRUTHS[1]), (n, i)), Map("not", (TRUTHS[3],), (n, i))),
            (n, i),
        ),
        Value(number(1)),
        Value(number(0)),
    ),
    (n, i),
)
STATEMENTS = (
    Zeros("grown", (N, affine(4)), "a formula"),
    For(
        t,
        -1,
        (
            When(
                Compare(">=", Index(affine(t)), number(1)),
                (
                    Assign(
                        "grown", (W, At(affine(t))), "=", Load("x", (W, At(affine(t))), (n,)), (n,)
                    ),
                    Assign(
                        "grown", (W, At(affine(t) - 1)), "+=", Map("neg", (PLACES,), (n,)), (n,)
                    ),
                ),
            ),
        ),
    ),
    Zeros("scattered", (affine(3), affine(4))),
    AddAt("scattered", (W, W), (0,), (PLACES,), (n,), X, (n, i)),
)


def covering():
    """A module that holds every array node and statement once at least."""
    data = {"x": (N, affine(4)), "A": (affine(3), affine(3)), "q": (N,)}
    integer = {"q"}
    tensors = [Tensor(name, shape, "input", name in integer) for name, shape in data.items()]
    body: list[Instruction] = []
    known: set[str] = set()
    for tensor in tensors:
        source = Variable(tensor.name)
        body.append(
            Check(tensor.name, tensor.name, source, tensor.shape, frozenset(known), tensor.integer)
        )
        if tensor.name == "x":
            body.append(Measure("n", "x", 0))
            known.add("n")
    for name, value in VALUES.items():
        tensors.append(Tensor(f"y_{name}", tuple(a.extent for a in value.axes), "intermediate"))
        body.append(Assign(f"y_{name}", None, "=", value, value.axes, own=True))
    body += STATEMENTS
    tensors += [Tensor("grown", (N, affine(4)), "intermediate")]
    tensors += [Tensor("scattered", (affine(3), affine(4)), "intermediate")]
    names = (*(f"y_{name}" for name in VALUES), "grown", "scattered")
    body.append(Return(tuple(map(Variable, names))))
    given = (Argument(Own("params")), *(Argument(Variable(name)) for name in data))
    procedure = Procedure("cover", given, ("All there is.",), tuple(body))
    return Module("cover", "nothing", (), tuple(tensors), ("n",), (), (), (procedure,)), names


def kinds(module):
    found = set()
    for procedure in module.procedures:
        for one in instructions(procedure.body):
            found |= {type(one), *map(type, arrays_in(one)), *map(type, operands_in(one))}
            found |= {type(p) for p in getattr(one, "picks", None) or ()}
            loads = (a for a in arrays_in(one) if isinstance(a, Load))
            found |= {type(p) for a in loads for p in a.picks}
    return found


@pytest.mark.parametrize("target", ["numpy"])
def test_every_array_and_statement(target):
    module, names = covering()
    assert kinds(module) >= {*get_args(Array), *get_args(Statement), *get_args(Pick)}
    rng = np.random.default_rng(3)
    given = rng.normal(size=(5, 4)), rng.normal(size=(3, 3)), np.array([2, 0, -1, 1, 2])
    check_module(module)
    with np.errstate(all="ignore"):
        wanted = Interpreter(module).call("cover", {}, *given)
        for change in PASSES:
            module = change(module)
            check_module(module)
            same = Interpreter(module).call("cover", {}, *given)
            for name, one, other in zip(names, same, wanted, strict=True):
                assert np.array_equal(one, other, equal_nan=True), (change.__name__, name)
        found = load_module(TARGETS[target](module, "float64", None)).cover({}, *given)
    for name, one, other in zip(names, found, wanted, strict=True):
        assert np.shape(one) == np.shape(other), name
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12, err_msg=name)


def nets():
    """Derivations whose modules hold every instruction and operand."""
    dense = {"type": "dense", "units": 3, "activation": "tanh"}
    learned = {"type": "positional_encoding", "learned": True, "max_length": 8}
    yield net(dense, {"type": "dropout", "p": 0.3}, {"type": "batch_norm1d"})
    yield net(dense, {"type": "dense", "units": 2}, optimizer={"type": "adam"})
    yield net(dense, optimizer={"type": "newton"})
    yield net(learned, {"type": "gru", "units": 4}, shape=("s", 3))
    began = "where(t > 0, h[n,t-1,i], h0[i])"
    yield differentiate(
        parse(
            f"h[n,t,i] = tanh(U[i]*{began} + x[n,t,i])\nE = sum(n,t,i, h[n,t,i]**2 + hold(z[i]))",
            inputs=["x", "z"],
            parameters=["U", "h0"],
            batch="n",
            sizes={"i": 3},
            output="h",
            objective="E",
        )
    )
    initial = {"x": ["s", 3], "h0": [4]}
    yield net(
        {"type": "rnn", "units": 4}, inputs=initial, loss={"type": "mse", "sample_weight": True}
    )


def test_every_instruction_and_operand():
    derivations = list(nets())
    found = set().union(*(kinds(built(d)) for d in derivations))
    for derivation in derivations:
        for _, module in stages(derivation):
            found |= kinds(module)
    assert Compute in found
    missing = {*get_args(Instruction), *get_args(Operand)} - found
    assert not {m for m in missing if m not in get_args(Statement)}, missing
