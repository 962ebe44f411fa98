"""The equation language once more, by plain loops over Python's syntax tree; an oracle for tests.

Nothing of the engine is used. The derivative of the objective by one entry of any tensor is taken
by a complex step: the entry is moved by 1e-30 i, all that follows from it is worked out again, and
the objective's imaginary part over 1e-30 is the derivative, to all digits of a float.
"""

import ast
import cmath
import itertools
import math
from math import prod

import numpy as np

STEP = 1e-30
REDUCING = {"sum", "mean", "prod", "max", "min", "logsumexp"}


def real(x):
    return x.real if isinstance(x, complex) else x


def either(name):
    """A function for floats and for complex numbers."""
    floats, others = getattr(math, name), getattr(cmath, name)
    return lambda x: others(x) if isinstance(x, complex) else floats(x)


exp, log, sqrt = either("exp"), either("log"), either("sqrt")


def sigmoid(x):
    return 1 / (1 + exp(-x)) if real(x) > 0 else exp(x) / (1 + exp(x))


def extreme(values, sign):
    """The largest or smallest; where several are, their mean, so that they share its derivative."""
    best = max(sign * real(v) for v in values)
    found = [v for v in values if sign * real(v) == best]
    return sum(found) / len(found)


def logsumexp(values):
    top = max(real(v) for v in values)
    return log(sum(exp(v - top) for v in values)) + top


FUNCTIONS = {
    "exp": exp,
    "log": log,
    "sqrt": sqrt,
    "tanh": either("tanh"),
    "sinh": either("sinh"),
    "cosh": either("cosh"),
    "sigmoid": sigmoid,
    "log1p": lambda x: log(1 + x),
    "softplus": lambda x: logsumexp([0, x]),
    "relu": lambda x: x if real(x) > 0 else 0 * x,
    "abs": lambda x: x if real(x) > 0 else -x,
    "sign": lambda x: float(real(x) > 0) - float(real(x) < 0),
    "delta": lambda a, b: float(a == b),
    "maximum": lambda a, b: extreme([a, b], 1),
    "minimum": lambda a, b: extreme([a, b], -1),
}
TOGETHER = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "prod": prod,
    "max": lambda values: extreme(values, 1),
    "min": lambda values: extreme(values, -1),
    "logsumexp": logsumexp,
}
OPERATORS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a ** (int(b) if b == int(b) else b),
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}
COMPARISONS = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}


def read_equations(text):
    """`(name, letters, right side)` of each equation; each stands on a line of its own."""
    found = []
    for line in text.strip().splitlines():
        left, _, right = line.partition(" = ")
        node = ast.parse(left.strip(), mode="eval").body
        letters = []
        if isinstance(node, ast.Subscript):
            letters = [x.id for x in parts(node)]
            node = node.value
        found.append((tensor_of(node), letters, ast.parse(right.strip(), mode="eval").body))
    return found


def parts(node):
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def tensor_of(node):
    """The tensor that a subscript or a name reads; `next(W)` is one."""
    if isinstance(node, ast.Call):
        return f"next({node.args[0].id})"
    return node.id


def is_call(node, *names):
    return isinstance(node, ast.Call) and node.func.id in names


class Assignment:
    """A model's forward equations with numbers for its leaves, and all that follows from them.

    `arrays` has the leaves, `constants` the numbers by name; `shapes` says the extents of tensors
    whose letters walk nothing plainly, each as a list of integers.
    """

    def __init__(self, forward, arrays, constants, shapes, objective="E"):
        self.arrays = arrays
        self.constants = {"learning_rate": 0.1, "pi": math.pi, "inf": math.inf, **constants}
        self.shapes = {**shapes, **{n: list(np.shape(a)) for n, a in arrays.items()}}
        self.equations = {}
        self.compiled = {}
        self.objective = objective
        self.moved = None
        self.memo = {}
        self.slopes = {}
        self.add(read_equations(forward))
        self.forward = {*self.equations, *arrays}

    def add(self, equations):
        for name, letters, right in equations:
            self.equations[name] = letters, right
        for name, letters, right in equations:
            if name not in self.shapes:
                self.shapes[name] = [self.walked(x, right) for x in letters]

    def knows(self, name):
        inner = name.removeprefix("next(").removesuffix(")")
        return inner in self.forward or (name.startswith("d") and name[1:] in self.forward)

    def shape(self, name):
        if name in self.shapes:
            return self.shapes[name]
        if name.startswith("next("):
            return self.shapes[name[5:-1]]
        return self.shapes[name[1:]]

    def value(self, name, place=()):
        """One entry, 0 outside the tensor."""
        if not all(0 <= i < e for i, e in zip(place, self.shape(name), strict=True)):
            return 0.0
        key = name, place
        if key in self.memo:
            return self.memo[key]
        if name in self.arrays:
            entry = self.arrays[name][place]
            found = int(entry) if isinstance(entry, np.integer) else float(entry)
        elif name in self.equations:
            letters, _ = self.equations[name]
            found = self.body(name)(dict(zip(letters, place, strict=True)))
        elif name.startswith("next("):
            inner = name[5:-1]
            rate = self.constants["learning_rate"]
            found = self.value(inner, place) - rate * self.slope(inner, place)
        else:
            return self.slope(name[1:], place)
        if self.moved == key:
            found += STEP * 1j
        self.memo[key] = found
        return found

    def slope(self, name, place):
        """The derivative of the objective by one entry."""
        if (name, place) not in self.slopes:
            memo, self.memo, self.moved = self.memo, {}, (name, place)
            moved = self.value(self.objective)
            self.memo, self.moved = memo, None
            self.slopes[name, place] = moved.imag / STEP if isinstance(moved, complex) else 0.0
        return self.slopes[name, place]

    def written(self, text):
        """What a text's last formula gives: a function of the place. Its name, too.

        What the text gives of tensors that the model has isn't used by what follows.
        """
        equations = read_equations(text)
        name, letters, right = equations.pop()
        mine = f"{name} as written"
        kept = [e for e in equations if not self.knows(e[0])]
        text_ = Beside(self, [*kept, (mine, letters, right)], {mine: self.shape(name)})
        return name, lambda place: text_.value(mine, place)

    # ---- one equation ------------------------------------------------------------------------

    def body(self, name):
        if name not in self.compiled:
            letters, right = self.equations[name]
            scope = dict(zip(letters, self.shape(name), strict=True))
            self.compiled[name] = Compiler(self, right).value(right, scope)
        return self.compiled[name]

    def walked(self, letter, node):
        """The extent of the axis that a letter walks plainly."""
        found = next(self.walks(letter, node), None)
        if found is None:
            raise ValueError(f"the extent of {letter} is open")
        return found

    def walks(self, letter, node):
        if is_call(node, *REDUCING) and letter in (a.id for a in node.args[:-1]):
            return
        if isinstance(node, ast.Subscript):
            name = tensor_of(node.value)
            for axis, part in enumerate(parts(node)):
                if isinstance(part, ast.Name) and part.id == letter:
                    yield self.shape(name)[axis]
        for child in ast.iter_child_nodes(node):
            yield from self.walks(letter, child)


class Beside(Assignment):
    """More equations, which read what the assignment has but aren't read there."""

    def __init__(self, assignment, equations, shapes):
        self.assignment = assignment
        self.arrays, self.constants = {}, assignment.constants
        self.equations, self.compiled, self.memo, self.moved = {}, {}, {}, None
        self.shapes = shapes
        self.add(equations)

    def shape(self, name):
        return self.shapes[name] if name in self.shapes else self.assignment.shape(name)

    def value(self, name, place=()):
        own = name in self.equations
        return super().value(name, place) if own else self.assignment.value(name, place)


class Compiler:
    """An equation's right side as nested functions of the letters' values."""

    def __init__(self, assignment, right):
        self.assignment = assignment
        self.right = right

    def extent(self, letter, body):
        found = next(self.assignment.walks(letter, body), None)
        if found is not None:
            return found
        for node in ast.walk(self.right):  # elsewhere in the equation
            if is_call(node, *REDUCING) and letter in (a.id for a in node.args[:-1]):
                inside = next(self.assignment.walks(letter, node.args[-1]), None)
                found = inside if found is None else found
        return self.assignment.walked(letter, self.right) if found is None else found

    def value(self, node, scope):
        assignment = self.assignment
        match node:
            case ast.Constant(value=number):
                return lambda at: number
            case ast.Name(id=name):
                if name in scope:
                    return lambda at: at[name]
                if name in assignment.constants:
                    number = assignment.constants[name]
                    return lambda at: number
                return lambda at: assignment.value(name)
            case ast.Subscript(value=tensor):
                name = tensor_of(tensor)
                places = [self.value(p, scope) for p in parts(node)]
                return lambda at: assignment.value(name, tuple(int(p(at)) for p in places))
            case ast.UnaryOp(op=ast.USub(), operand=one):
                inner = self.value(one, scope)
                return lambda at: -inner(at)
            case ast.UnaryOp(op=ast.Not(), operand=one):
                inner = self.value(one, scope)
                return lambda at: not inner(at)
            case ast.BinOp(left=left, op=op, right=right):
                a, b, do = self.value(left, scope), self.value(right, scope), OPERATORS[type(op)]
                return lambda at: do(a(at), b(at))
            case ast.BoolOp(op=op, values=values):
                inner = [self.value(v, scope) for v in values]
                every = all if isinstance(op, ast.And) else any
                return lambda at: every(v(at) for v in inner)
            case ast.Compare(left=left, ops=ops, comparators=others):
                values = [self.value(v, scope) for v in (left, *others)]
                tests = [COMPARISONS[type(op)] for op in ops]

                def compare(at):
                    found = [real(v(at)) for v in values]
                    return all(
                        t(a, b) for t, (a, b) in zip(tests, itertools.pairwise(found), strict=True)
                    )

                return compare
            case ast.Call():
                return self.call(node, scope)
            case _:
                raise ValueError(ast.dump(node))

    def call(self, node, scope):
        match node.func.id, node.args:
            case "size", [ast.Name(id=letter)]:
                number = scope[letter] if letter in scope else self.extent(letter, self.right)
                return lambda at: number
            case "size", [ast.Name(id=name), ast.Constant(value=axis)]:
                number = self.assignment.shape(name)[axis]
                return lambda at: number
            case "where", arguments:
                test, yes, no = (self.value(a, scope) for a in arguments)
                return lambda at: yes(at) if test(at) else no(at)
            case name, arguments if name in REDUCING:
                letters = [a.id for a in arguments[:-1]]
                extents = [self.extent(x, arguments[-1]) for x in letters]
                bound = dict(zip(letters, extents, strict=True))
                inner = self.value(arguments[-1], {**scope, **bound})
                counts = itertools.product(*(range(e) for e in extents))
                every = [dict(zip(letters, run, strict=True)) for run in counts]
                together = TOGETHER[name]
                return lambda at: together([inner({**at, **run}) for run in every])
            case name, arguments:
                inner = [self.value(a, scope) for a in arguments]
                function = FUNCTIONS[name]
                return lambda at: function(*(a(at) for a in inner))
