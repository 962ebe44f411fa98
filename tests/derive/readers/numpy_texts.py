"""Sources in NumPy as people write them, and what one says when it is read and evaluated."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from derive.answers.batch_or_sample import vocabularies
from derive.calculus.differentiate import differentiate
from derive.ir.derivation import Derivation
from derive.language.assemble import Declarations, assemble
from derive.language.extent_inference import Sizes
from derive.language.syntax import Fn, Name, Op, Red, Ref
from derive.readers.numpy_source import read_numpy
from derive.readers.vocabulary import Translation, Vocabulary
from derive.semantics.interpreter import Interpreter
from derive.specs.load import loads
from derive.systems.one_sample import one_sample

NET = """
name = "net"
inputs = { x = [2] }
[[layers]]
type = "dense"
units = 3
activation = "sigmoid"
[[layers]]
type = "dense"
units = 4
activation = "sigmoid"
[loss]
type = "squared_error"
"""
CLASSES = NET.replace("sigmoid", "relu", 1).replace('activation = "sigmoid"\n', "").replace(
    "squared_error", "softmax_cross_entropy"
)  # fmt: skip


@cache
def model(spec: str, single: bool = False) -> Derivation:
    system = loads(spec)
    if single:
        system = one_sample(system) or system
    return differentiate(system)


def vocabulary(derivation: Derivation) -> Vocabulary:
    return vocabularies(derivation)[0]


def renamed(node: Any) -> Any:
    """The same with a mark before every tensor: a model may not name one like a derivative."""
    match node:
        case Ref(name=name):
            return replace(node, name=f"v_{name}", subscripts=tuple(map(renamed, node.subscripts)))
        case Fn(name="size", args=(Name() as first, *rest)):
            return replace(node, args=(replace(first, name=f"v_{first.name}"), *rest))
        case Name(name=name) if len(name) > 1 or name in "Et":
            return replace(node, name=name if name in ("pi", "inf") else f"v_{name}")
        case Op(args=args) | Fn(args=args):
            return replace(node, args=tuple(map(renamed, args)))
        case Red():
            return replace(node, body=renamed(node.body))
        case _:
            return node


def values(derivation: Derivation) -> dict[str, np.ndarray]:
    """All of the model's tensors at random numbers, 5 samples."""
    rng = np.random.default_rng(3)
    table = derivation.table
    known: dict[str, Any] = {}
    for t in derivation.system.tensors:
        if t.role in ("input", "target", "parameter"):
            known[t.name] = rng.normal(size=[e.number or 5 for e in t.shape])
    known["t"] = np.eye(4)[rng.integers(0, 4, 5)] if known["t"].ndim == 2 else np.eye(4)[1]
    equations = (*derivation.forward, *derivation.inlined, *derivation.backward)
    run = Interpreter(equations, table, known)
    found = {n: np.asarray(run.array(n), float) for n in {e.tensor for e in equations}}
    every = {**known, **found}
    for alias, tensor in derivation.system.origin.aliases:
        every[alias] = every[tensor]
        if f"d{tensor}" in every:
            every[f"d{alias}"] = every[f"d{tensor}"]
    return every


def evaluated(reading: Translation, derivation: Derivation) -> dict[str, tuple[Any, Any]]:
    """For each of the model's tensors that is given: what is written, and what is right."""
    right = values(derivation)
    vocab = vocabulary(derivation)
    own = {w.tensor for w in reading.equations if w.tensor not in right}
    found = {}
    for wanted in (w for w in reading.equations if w.tensor not in own):
        here = [w for w in reading.equations if w.tensor in own]
        equations = [replace(w, tensor=f"v_{w.tensor}", right=renamed(w.right)) for w in here] + [
            replace(wanted, tensor="result", right=renamed(wanted.right))
        ]
        shapes = {f"v_{n}": s for n, s in vocab.shapes.items() if n in right}
        every = {**shapes, "result": vocab.shapes[wanted.tensor]}
        system = assemble(
            equations,
            Declarations(
                "read",
                roles=dict.fromkeys(shapes, "input"),
                sizes=Sizes.of(every),
            ),
        )
        arrays = {f"v_{n}": a for n, a in right.items() if f"v_{n}" in system.table}
        run = Interpreter(system.equations, system.table, arrays)
        found[wanted.tensor] = (np.asarray(run.array("result"), float), right[wanted.tensor])
    return found


def check(text: str, spec: str, wanted: str, single: bool = False, **names: str) -> Translation:
    derivation = model(spec, single)
    reading = read_numpy(text, vocabulary(derivation), names)
    got = evaluated(reading, derivation)
    assert set(wanted.split()) <= set(got), set(got)
    for name, (written, right) in got.items():
        np.testing.assert_allclose(written, right, rtol=1e-9, atol=1e-12, err_msg=name)
    return reading


FUNCTION = '''
import numpy as np

def sigmoid(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))

def sigmoid_prime(z):
    s = sigmoid(z)
    return s * (1 - s)

def backward(X, Y, W1, b1, W2, b2):
    N = X.shape[0]
    z1 = X @ W1.T + b1
    a1 = sigmoid(z1)
    z2 = a1.dot(W2.T) + b2
    a2 = sigmoid(z2)
    delta2 = (a2 - Y) * sigmoid_prime(z2) / N
    dW2 = np.dot(delta2.T, a1)
    db2 = delta2.sum(axis=0)
    delta1 = delta2 @ W2 * sigmoid_prime(z1)
    dW1 = delta1.T @ X
    db1 = np.sum(delta1, axis=0)
    return dW1, db1, dW2, db2
'''

IN_OUT = """
def nonlin(x, deriv=False):
    if deriv == True:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))

np.random.seed(1)
X = np.random.randn(10, 2)
W1 = 2 * np.random.random((2, 3)) - 1
for j in range(60000):
    l1 = nonlin(np.dot(X, W1) + b1)
    l2 = nonlin(l1.dot(W2) + b2)
    l2_error = (l2 - y) / len(X)
    if j % 10000 == 0:
        print("Error:" + str(np.mean(np.abs(l2_error))))
    dz2 = l2_error * nonlin(l2, deriv=True)
    dz1 = dz2.dot(W2.T) * nonlin(l1, True)
    dW2 = l1.T.dot(dz2)
    dW1 = X.T.dot(dz1)
    W2 -= 0.1 * dW2
    W1 += -0.1 * dW1
"""

COLUMNS = """
def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    W1, W2 = parameters["W1"], parameters["W2"]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = (A2 - Y) * A2 * (1 - A2) / m
    dW2 = np.dot(dZ2, A1.T)
    db2 = np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.dot(W2.T, dZ2) * (A1 * (1 - A1))
    dW1 = np.dot(dZ1, X.T)
    db1 = np.sum(dZ1, axis=1, keepdims=True)
    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    return grads
"""

SOFTMAX = """
class Net:
    def loss(self, X, y):
        W1, b1 = self.params['W1'], self.params['b1']
        N, D = X.shape
        h = np.maximum(0, X @ self.W1.T + b1)
        scores = h @ self.W2.T + self.b2
        scores = scores - np.max(scores, axis=1, keepdims=True)
        e = np.exp(scores)
        probs = e / e.sum(axis=1, keepdims=True)
        dscores = probs.copy()
        dscores -= y
        dscores /= N
        grads = {}
        grads['W2_grad'] = dscores.T.dot(h)
        grads['b2_grad'] = np.sum(dscores, axis=0)
        dh = dscores.dot(self.W2)
        dh[h <= 0] = 0
        grads['W1_grad'] = np.einsum('ni,nj->ij', dh, X)
        grads['b1_grad'] = dh.sum(0)
        return grads
"""

SINGLE = """
z1 = np.matmul(W1, x) + b1
a1 = 1.0 / (1.0 + np.exp(-z1))
a2 = 1.0 / (1.0 + np.exp(-(W2 @ a1 + b2)))
d2 = np.multiply(a2 - t, a2 * (1 - a2))
d1 = W2.T @ d2 * a1 * (1 - a1)
grad_W2 = np.outer(d2, a1)
dE_dW1 = d1[:, None] * x
nabla_b1 = d1
"""

SINGLE_COLUMNS = """
delta2 = (a2 - y) * a2 * (1 - a2)
nabla_W2 = np.dot(delta2, a1.transpose())
delta1 = np.dot(W2.transpose(), delta2) * a1 * (1 - a1)
nabla_W1 = np.dot(delta1, x.transpose())
"""

LOOP = """
grads = {}
L = 2
delta = (A["y2"] - t) * A["y2"] * (1 - A["y2"]) / t.shape[0]
for l in reversed(range(1, 3)):
    grads[f"db{l}"] = delta.sum(axis=0)
    if l == 2:
        grads["dW2"] = delta.T @ A["y1"]
        delta = delta @ W2 * A["y1"] * (1 - A["y1"])
    else:
        grads["dW" + str(l)] = delta.T @ x
"""
