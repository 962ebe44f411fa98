"""Every formula of a document is true: read back from LaTeX, it holds at random numbers.

And what documents are told from: differentials, deltas, and the derivation of one sample.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from codegen.documents.builder import DocumentBuilder, of_one_sample, training_derivation
from codegen.documents.context import DocumentContext
from codegen.documents.messages import Words
from codegen.documents.options import DocumentOptions
from codegen.documents.sections.entrywise import Scalars
from codegen.latex.box import flat
from codegen.latex.formula import Formula
from derive import differentiate, load, parse
from derive.calculus.kronecker import with_deltas
from derive.calculus.total_differential import differential_of, passages
from derive.checks.points import draw, run_time_extents
from derive.checks.short_axes import shrunk
from derive.ir.derivation import Derivation
from derive.ir.notation import Dim, Equation, Tensor, Term, affine
from derive.semantics.interpreter import Interpreter
from derive.specs.load import load_text
from derive.systems.one_sample import one_sample
from tests.oracles import MODELS
from tests.oracles.against_autograd import derivation_of, system_of
from tests.read_back import index_latex
from tests.read_back.assignment import assignment_of
from tests.read_back.document import Read, formulas_of
from tests.read_back.facts import Facts
from tests.read_back.formula_check import Differs, FormulaCheck

pytestmark = pytest.mark.sampled

SPECS = sorted(Path("generated").glob("*/*.toml"))
each_spec = pytest.mark.parametrize("spec", [pytest.param(s, id=s.stem) for s in SPECS])
TEXTS = ("gru_text", "lstm_text", "transformer_text")
LONG = ("autoencoder", "factorise", "lenet", "rbf", "residual", "resnet", "softmax", *TEXTS)
SMALL = 3  # the longest axis of an instance; the equations are those of the spec

# each value of each switch, with each spec
MANNERS = (
    DocumentOptions(),
    DocumentOptions(notation="index", detail="full", errors="partial", level="brief"),
    DocumentOptions(notation="both", detail="full", calculus="kronecker", lang="zh"),
    DocumentOptions(notation="matrix", layout="numerator", samples="rows"),
    DocumentOptions(notation="both", detail="result", layout="numerator"),
)
KRONECKER = DocumentOptions(notation="index", detail="full", calculus="kronecker")
FEW = (DocumentOptions(), KRONECKER)

# reads at several places, deltas on a diagonal, convolutions, sequences, ties, integers, holds
TOLD = (
    "rayleigh_quotient",
    "orthogonality_penalty",
    "tied_autoencoder",
    "cross_network",
    "diagonal_and_trace",
    "softmax_cross_entropy_classes",
    "dilated_causal_convolution",
    "max_pooling",
    "layer_norm",
    "elman",
    "causal_attention",
    "straight_through",
    "lennard_jones",
    "highway",
    "many_occurrences",
    "reverse_recurrence",
    "letters_as_values",
)
BY_NAME = {m.name: m for m in MODELS}


@cache
def small(spec: Path) -> Derivation:
    """A spec's derivation, over short axes where they are long."""
    system = load(spec)
    return differentiate(shrunk(system, SMALL) if spec.stem in LONG else system)


@cache
def facts_of(spec: Path) -> Facts:
    return Facts(training_derivation(small(spec)))


# ---- formulas ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(s, id=s.stem, marks=[pytest.mark.slow] * (s.stem == "transformer_text"))
        for s in SPECS
    ],
)
def test_a_spec_s_formulas_are_true(spec):
    derivation, read = small(spec), Read()
    # those with the most formulas are told in fewer manners, for the sake of time
    many = {"resnet": MANNERS[4:], "lenet": MANNERS[2:4], "gru": MANNERS[1:3]}
    many |= {name: MANNERS[k : k + 1] for k, name in zip((0, 1, 3), TEXTS, strict=True)}
    for options in many.get(spec.stem, MANNERS):
        count = read.check(DocumentBuilder(derivation, options))
        assert count["left"] + count["known"] > 2 * count["none"], count


@pytest.mark.parametrize("name", TOLD)
def test_a_model_s_formulas_are_true(name):
    derivation, read = derivation_of(BY_NAME[name]), Read()
    for options in FEW:
        count = read.check(DocumentBuilder(derivation, options))
        assert count["left"], count


def test_a_wrong_formula_is_noticed():
    story = DocumentBuilder(small(SPECS[3]), DocumentOptions())
    told = FormulaCheck(story.context, Facts(story.context.derivation))
    noticed = 0
    for context, label, formula in formulas_of(story):
        if context is not story.context or "update" in label or len(formula.right) < 2:
            continue
        *rest, last = formula.right
        wrong = Formula(formula.left, (*rest, f"2\\,({last})"), formula.relation)
        with pytest.raises(Differs):
            told.check(wrong, label)
        noticed += 1
    assert noticed > 5


# ---- differentials -------------------------------------------------------------------------------


@each_spec
def test_differentials_are_what_changes(spec):
    """Tangents carried through the told differentials are those of the forward pass."""
    facts = facts_of(spec)
    quotients = facts.quotients()
    assert quotients
    for name, quotient in quotients.items():
        told = facts.changes[differential_of(name)]
        there = np.isfinite(quotient)  # what a mask hides is minus infinity, which doesn't change
        assert np.allclose(told[there], quotient[there], rtol=1e-4, atol=1e-5), name
    adjoint = facts.derivation.adjoint
    gradients = sum(np.sum(facts.arrays[adjoint[n]] * a) for n, a in facts.tangents.items())
    objective = facts.derivation.objective
    assert np.isclose(gradients, facts.changes[differential_of(objective)])


@each_spec
def test_every_passage_gives_its_part_of_a_derivative(spec):
    """All forms of a passage are one; those that lead to a derivative add up to it."""
    facts = facts_of(spec)
    derivation = facts.derivation
    total: dict[str, np.ndarray] = {}
    for passage in passages(derivation):
        forms = [
            evaluated(facts, passage.chain.after, term)
            for term in dict.fromkeys((passage.raw, passage.restated, passage.solved))
        ]
        for form in forms[1:]:
            assert np.allclose(form, forms[0]), passage
        subject = passage.chain.subject
        total[subject] = total.get(subject, 0.0) + forms[0]
    assert set(total) <= {a for _, a in derivation.adjoints}
    for subject, whole in total.items():
        assert np.allclose(whole, facts.arrays[subject]), subject


def evaluated(facts: Facts, equation: Equation, term: Term) -> np.ndarray:
    """One form of a contribution, by the interpreter."""
    table = facts.derivation.table
    alone = Equation("alone", equation.axes, (term,))
    table = {**table, "alone": Tensor("alone", table[equation.tensor].shape, "adjoint")}
    return Interpreter([alone], table, facts.arrays, extents=facts.extents).array("alone")


# ---- Kronecker's deltas --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mazur", "softmax", "gru", "factorise", "rbf"])
def test_deltas_give_the_local_derivative(name):
    """Summed over the reads of one equation, it is what the forward equation changes by."""
    facts = facts_of(Path(f"generated/{name}/{name}.toml"))
    local_derivatives(facts)


@pytest.mark.parametrize(
    "text",
    [
        "E = sum(i, A[i,i]**2)*sum(i, A[i,i])",  # two deltas for one letter
        "E = sum(i,j, A[i,j]*A[j,i]*A[i,0])",
        "E = sum(i,j, where(i < 2, A[i,j]*A[i+1,j], 1))",
    ],
)
def test_deltas_where_a_subscript_is_more_than_a_letter(text):
    derivation = differentiate(
        parse(text, parameters=["A"], sizes={"A.0": 3, "A.1": 3}, objective="E")
    )
    local_derivatives(Facts(derivation))
    Read().check(DocumentBuilder(derivation, KRONECKER))


def local_derivatives(facts: Facts) -> None:
    derivation = facts.derivation
    told = FormulaCheck(DocumentContext(derivation, KRONECKER, Words("en")), facts)
    source = np.random.default_rng(3)
    pairs: dict[tuple[str, str], list] = {}
    for passage in passages(derivation):
        pairs.setdefault((passage.output, passage.wrt), []).append(passage)
    for (output, wrt), through in pairs.items():
        axes = through[0].chain.before.axes
        direction = source.uniform(0.5, 1.5, np.shape(facts.arrays[wrt]))
        at = tuple(int(source.integers(n)) for n in np.shape(facts.arrays[output]))
        found = 0.0
        for passage in through:
            deltas = with_deltas(derivation, passage)
            letters = [told.names.letter(a) for a in (*axes, *deltas.at)]
            for place in np.ndindex(*direction.shape):
                values = dict(zip(letters, (*at, *place), strict=True))
                first, *others = (
                    index_latex.read(
                        flat(told.context.index.box(x).text), told.assignments[0], values
                    )
                    for x in deltas.local
                )
                assert np.allclose(others, first), (output, wrt)
                found += first * direction[place]
        assert np.isclose(found, facts.slope(output, at, wrt, direction), rtol=1e-5), (output, wrt)


# ---- one sample ----------------------------------------------------------------------------------

SINGLE = ("autoencoder", "gender", "gender_merged", "gru", "lenet", "mazur", "rbf", "residual")
SINGLE = (*SINGLE, "softmax", *TEXTS)


def test_which_specs_have_one_sample():
    assert {s.stem for s in SPECS if one_sample(load(s)) is not None} == set(SINGLE)


@pytest.mark.parametrize("name", SINGLE)
def test_the_batch_s_gradients_are_the_means_of_the_samples(name):
    whole = small(Path(f"generated/{name}/{name}.toml"))
    single = of_one_sample(whole)
    assert single is not None and single.system.batch is None
    extents = {**run_time_extents(whole), whole.system.batch: 3}
    given = Facts(whole, given=draw(whole, 5, extents), extents=extents)
    samples = [
        Facts(single, given=sample(whole, given.leaves, k), extents=extents) for k in range(3)
    ]
    assert np.isclose(
        given.arrays[whole.objective], np.mean([s.arrays[single.objective] for s in samples])
    )
    assert set(whole.adjoint) == set(single.adjoint)
    for name_, adjoint in whole.adjoint.items():
        each = np.stack([s.arrays[single.adjoint[name_]] for s in samples])
        wanted = each.mean(axis=0)
        axis = batch_axis(whole, name_)
        if axis is not None:
            wanted = np.moveaxis(each, 0, axis) / 3  # a sample's own part of the mean
        if np.shape(given.arrays[adjoint]) != wanted.shape:
            assert adjoint not in {e.tensor for e in whole.backward}
            continue
        assert np.allclose(given.arrays[adjoint], wanted), name_


def sample(derivation: Derivation, leaves, k: int):
    """The numbers of one sample."""
    found = {}
    for name, array in leaves.items():
        axis = batch_axis(derivation, name)
        found[name] = array if axis is None else np.take(array, k, axis)
    return found


def batch_axis(derivation: Derivation, name: str) -> int | None:
    batch = affine(Dim(derivation.system.batch))
    shape = derivation.table[name].shape
    return shape.index(batch) if batch in shape else None


NOT_SINGLE = {
    "no batch": "E = sum(i, w[i]*x[0,i])",
    "a sum and no mean": "E = sum(n, (sum(i, w[i]*x[n,i]))**2)",
    "a mean of squares, squared": "E = mean(n, sum(i, w[i]*x[n,i]))**2",
    "two samples meet": "E = mean(n, sum(m, sum(i, w[i]*x[n,i]*x[m,i])))",
    "a neighbour": "E = mean(n, sum(i, w[i]*x[n,i]*x[n-1,i]))",
    "the batch's mean": "m[i] = mean(n, x[n,i])\nE = mean(n, sum(i, w[i]*(x[n,i] - m[i])**2))",
    "the batch's greatest": "E = max(n, sum(i, w[i]*x[n,i]))",
    "the size elsewhere": "y[n] = sum(i, w[i]*x[n,i])/size(n)\nE = mean(n, y[n]**2)",
    "the number of a sample": "E = mean(n, n*sum(i, w[i]*x[n,i]))",
    "contrast": "s[n,m] = sum(i, w[i]*x[n,i]*x[m,i])\n"
    "E = mean(n, log(sum(m, exp(s[n,m]))) - s[n,n])",
    "half of it a mean": "E = mean(n, sum(i, w[i]*x[n,i])) + sum(n, x[n,0])*w[0]",
}


@pytest.mark.parametrize("why", NOT_SINGLE)
def test_where_there_is_no_single_sample(why):
    system = parse(
        NOT_SINGLE[why],
        parameters=["w"],
        inputs=["x"],
        **({"batch": "n"} if why != "no batch" else {}),
        sizes={"x.1": 2, "w.0": 2} | ({"x.0": 3} if why == "no batch" else {}),
        objective="E",
    )
    assert one_sample(system) is None


def test_a_penalty_is_part_of_every_sample():
    system = parse(
        "E = mean(n, (sum(i, w[i]*x[n,i]))**2) + 3*sum(i, w[i]**2)",
        parameters=["w"],
        inputs=["x"],
        batch="n",
        sizes={"w.0": 2},
        objective="E",
    )
    assert one_sample(system) is not None


def test_a_batch_s_own_layers_and_losses_have_no_single_sample():
    layers = "[[layers]]\ntype = 'dense'\nunits = 3\n"
    for norm, single in (("", True), ("[[layers]]\ntype = 'batch_norm1d'\n", False)):
        text = f"name = 'net'\ninputs = {{ x = [2] }}\n{layers}{norm}[loss]\ntype = 'mse'\n"
        assert (one_sample(load_text(text)) is not None) == single
    for name in ("batch_norm", "barlow_twins"):
        assert one_sample(system_of(BY_NAME[name])) is None


# ---- weight by weight ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mazur", "gender", "descent"])
def test_products_of_scalars_are_the_gradients(name):
    derivation = small(Path(f"generated/{name}/{name}.toml"))
    context = DocumentBuilder(derivation, DocumentOptions(scalars=True)).context
    facts = Facts(context.derivation)
    entries_from_one = {str(context.names[n]): shifted(a) for n, a in facts.arrays.items()}
    assignment = assignment_of(entries_from_one, {})
    scalars = Scalars(context)
    assert scalars.displays() and scalars.into
    for weight in context.derivation.wrt:
        if weight not in context.system.trainable:
            continue
        gradient = facts.arrays[context.derivation.adjoint[weight]]
        for place, wanted in np.ndenumerate(gradient):
            formula = scalars.formula(weight, place)
            product = re.sub(r"_\{(\d)(\d)\}", r"_{\1,\2}", flat(formula.right[-1]))
            assert np.isclose(index_latex.read(product, assignment, {}), wanted), formula.latex()


def shifted(array: np.ndarray) -> np.ndarray:
    """Entries counted from 1."""
    return np.pad(array, [(1, 0)] * np.ndim(array)) if np.ndim(array) else array
