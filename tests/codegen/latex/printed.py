"""A derivation printed in every notation; its formulas read back have the equations' values."""

import dataclasses
import warnings

import numpy as np

from codegen.latex.box import flat
from codegen.latex.index_printer import IndexPrinter
from codegen.latex.matrix_printer import MatrixPrinter
from codegen.latex.step_printer import StepPrinter
from codegen.latex.symbols import Names
from derive import differentiate
from derive.algebra.readable import readable
from derive.ir.notation import Dim, Equation, Tensor, Term, affine
from derive.ir.tree import affine_axes
from derive.language.printer import equation_text
from derive.semantics.interpreter import Interpreter
from tests.oracles.against_autograd import system_of
from tests.read_back import index_latex, matrix_latex
from tests.read_back.assignment import assignment_of

MOST_PLACES = 10


class Printed:
    """A model's derivation, its printers, and numbers for all its tensors."""

    def __init__(self, model):
        self.derivation = differentiate(system_of(model))
        self.names = Names(self.derivation)
        self.index = IndexPrinter(self.names, self.derivation.table)
        batch = self.derivation.system.batch
        self.matrix = MatrixPrinter(self.index, frozenset([batch] if batch else ()))
        self.steps = StepPrinter(self.derivation, self.index)
        d = self.derivation
        self.equations = (*d.forward, *d.inlined, *d.backward)
        self.leaves = model.example()
        run = Interpreter(self.equations, d.table, self.leaves)
        self.arrays = {e.tensor: run.array(e.tensor) for e in self.equations}
        for tensor in d.tensors:
            if tensor.name in self.leaves:
                self.arrays[tensor.name] = np.asarray(self.leaves[tensor.name])
            elif tensor.value is not None:
                self.arrays[tensor.name] = np.asarray(float(tensor.value))
        self.runtime = run.extents
        dims = {a.name for t in d.tensors for e in t.shape for a, _ in e.terms}
        self.extents = {self.names.dim(Dim(n)): run.extents[n] for n in sorted(dims)}

    def assignment(self):
        return assignment_of({str(self.names[n]): a for n, a in self.arrays.items()}, self.extents)

    def matrix_assignment(self):
        batch = self.derivation.system.batch
        arranged = {
            str(self.names[n]): matrix_latex.arranged(
                a, [Dim(batch) in dict(e.terms) for e in self.derivation.table[n].shape]
            )
            for n, a in self.arrays.items()
            if a.ndim <= 2
        }
        return assignment_of(arranged, self.extents)

    def value(self, equation):
        """An equation by itself, all that it reads being given."""
        name = "of_its_own"
        alone = dataclasses.replace(equation, tensor=name)
        shape = tuple(a.extent for a in equation.axes)
        table = {**self.derivation.table, name: Tensor(name, shape, "adjoint")}
        return Interpreter([alone], table, self.arrays, extents=self.runtime).array(name)


def right_side(formula):
    return formula.latex()[len(formula.left) + len(formula.relation) + 2 :]


def agrees(text, left, assignment, wanted, told):
    """Whether the right side has the wanted value at (some of) the places of the left side."""
    letters = index_latex.subscripts_of(left, assignment)
    assert len(letters) == wanted.ndim, f"{told}: {left}"
    places = list(np.ndindex(*wanted.shape))
    for place in places[:: max(1, len(places) // MOST_PLACES)]:
        found = index_latex.read(text, assignment, dict(zip(letters, place, strict=True)))
        assert np.isclose(found, wanted[place], rtol=1e-7, atol=1e-9, equal_nan=True), (
            f"{told} at {place}: {found}, not {wanted[place]}: {text}"
        )


# ---- what is printed is what was meant -----------------------------------------------------------


def index_notation(printed):
    assignment = printed.assignment()
    for equation in printed.equations:
        formula = printed.index.formula(equation)
        wanted = printed.arrays[equation.tensor]
        agrees(right_side(formula), formula.left, assignment, wanted, equation_text(equation))


def matrix_notation(printed):
    assignment = printed.matrix_assignment()
    for equation in printed.equations:
        formula = printed.matrix.formula(equation)
        if formula is None:
            continue
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = matrix_latex.read(right_side(formula), assignment)
        wanted = assignment.tensors[str(printed.names[equation.tensor])]
        found = matrix_latex.whole(found, np.shape(wanted))
        told = f"{equation_text(equation)}: {formula.latex()}"
        assert np.broadcast_shapes(np.shape(found), np.shape(wanted)) == np.shape(wanted), told
        assert np.ndim(found) == np.ndim(wanted), told
        assert np.allclose(found, wanted, rtol=1e-7, atol=1e-9, equal_nan=True), told


def told_for_each_entry(printed):
    for equation in printed.equations:
        told = readable(equation, printed.derivation.table)
        assert all(t.target == tuple(affine(a) for a in equation.axes) for t in told.terms)
        if any(not t.plain for t in equation.terms):
            wanted, found = printed.value(equation), printed.value(told)
            assert np.allclose(found, wanted, equal_nan=True), equation_text(told)


def every_step(printed):
    assignment = printed.assignment()
    for step in printed.derivation.steps:
        formula = printed.steps.formula(step)
        told = f"{step.rule}: {formula.latex()}"
        text = flat(formula.right[-1])
        if step.kind == "equality":
            wanted = printed.value(step.after)
            agrees(text, formula.left, assignment, wanted, told)
            continue
        equation = written_by_letters(step)
        letters = [printed.names.letter(a) for a in equation.axes]
        wanted = printed.value(equation)
        places = list(np.ndindex(*wanted.shape))
        for place in places[:: max(1, len(places) // 3)]:
            at = dict(zip(letters, place, strict=True))
            found = index_latex.read(text, assignment, at)
            assert np.isclose(found, wanted[place], rtol=1e-7, equal_nan=True), told


def written_by_letters(step):
    """What a contribution is for each value of the letters that name the place it goes to."""
    term = step.after.terms[0]
    kept = dict.fromkeys(a for s in term.target for a in affine_axes(s))
    axes = tuple(a for a in term.domain if a in kept)
    told = Term(tuple(affine(a) for a in axes), term.domain, term.reduce, term.body)
    return Equation(step.after.tensor, axes, (told,))


# ---- word for word -------------------------------------------------------------------------------


def printers(derivation):
    index = IndexPrinter(Names(derivation), derivation.table)
    batch = derivation.system.batch
    return index, MatrixPrinter(index, frozenset([batch] if batch else ()))
