r"""What people's names mean: one table for LaTeX and for code.

`dW2`, `grad_W2`, `dL_dW2`, `W2_grad` are the derivative by `W2`; `delta2`, `\delta^{(2)}` that by
`z2`; `a1` is `y1`, `X` is `x`, `labels` the target. What a text says of a name counts first (the
rows above `spelled`), then the model's own names, then how names are commonly used.

    context = Context(vocabulary, used=names_of_the_text)
    name = WrittenName.of_code("dW2")
    next((c for c in candidates(name, context) if c in vocabulary.shapes), None)

A heuristic about what somebody may have meant is a row.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from derive.ir.names import adjoint_of
from derive.readers.name_rules import (
    Context,
    Row,
    WrittenName,
    called,
    counts_from_0,
    counts_the_input,
    error_of_its_layer,
    forms,
    gives_the_output,
    has_layers,
    in_code,
    in_latex,
    is_activated,
    is_activation,
    is_bare,
    is_last,
    is_logit,
    is_numbered,
    is_scalar,
    is_the_target,
    join,
    labelled,
    last_error,
    last_sum,
    letter_name,
    numbered,
    objective,
    only,
    only_of_its_letter,
    others_from_2,
    output,
    outputs,
    playing,
    probabilities,
    row,
    shift_of_the_scale,
    spelled,
)
from derive.readers.vocabulary import Vocabulary

_DERIVATIVE = (
    r"delta_(?P<of>.+)",
    r"(?P<of>.+)_delta",
    r"d_?(?:[LJEClje]|loss|cost|err|error)_?d_?(?P<of>.+)",
    r"(?:grad|gradient|nabla|g|del)_(?P<of>.+)",
    r"(?P<of>.+)_(?:grad|gradient|deriv|prime)",
    r"(?:nabla|grad)(?P<of>[A-Z].*)",
    r"d_?(?P<of>.+)",
)

# ---- names with a number or a label --------------------------------------------------------------

LABELLED: tuple[Row, ...] = (
    row("a h y o x A H Y O X y_hat a_hat", numbered("z"), in_latex, is_activated),
    row("z s net u v Z S", numbered("y"), in_latex, is_activation),
    row("W w syn weights weight theta Theta", numbered("W", by=1), in_code, counts_from_0),
    row("b bias biases B", numbered("b", by=1), in_code, counts_from_0),
    row("delta", numbered("dz", by=-1), in_code, counts_the_input),
    row("", spelled),
    row("epsilon", called("eps"), in_latex),
    row("a h o A H O", probabilities, in_latex, is_last),
    row("a l layer", playing("input"), labelled("0")),
    row("h y o x z A H Y O X y_hat a_hat", playing("input"), in_latex, labelled("0")),
    row("a h o act activation out output p probs yhat y_hat", outputs, in_code, gives_the_output),
    row("w W weight weights theta Theta kernel", numbered("W")),
    row("omega V U", numbered("W"), in_latex),
    row("b B bias biases", numbered("b")),
    row("beta", numbered("b"), in_latex),
    row("gamma scale", numbered("g"), in_code),
    row("mu mean sample_mean batch_mean", numbered("mu"), in_code),
    row("var variance sample_var batch_var", numbered("s"), in_code),
    row("a h o y A H O Y act activation hidden layer output out l", numbered("y", "h", "z")),
    row("x X y_hat a_hat", numbered("y", "h", "z"), in_latex),
    row("z s net u Z S pre scores logits", numbered("z")),
    row("v", numbered("z"), in_latex),
    row("delta", last_error, labelled("out", "output", "o")),
    row("delta", called("dz1"), labelled("h", "hidden"), has_layers(2)),
    row("delta", error_of_its_layer),
    row("delta Delta d", numbered("dz", "dy"), is_numbered),
    row("delta Delta d e", numbered("dz", "dy"), in_latex),
)

# ---- names by themselves -------------------------------------------------------------------------

BARE: tuple[Row, ...] = (
    row("W w syn weights weight theta Theta", called("W1"), in_code, others_from_2),
    row("b bias biases B", called("b1"), in_code, others_from_2),
    row("y Y", playing("target"), is_the_target),
    row("", spelled),
    row("epsilon", called("eps"), in_latex),
    row("E L J C ell loss Loss cost R Q", objective, in_latex, is_scalar),
    row("x X inputs input data features", playing("input"), in_code),
    row("t y target targets label labels y_true ytrue truth d tgt", playing("target"), in_code),
    row(
        "y_hat yhat y_pred ypred out output outputs pred preds prediction predictions p probs o al",
        outputs,
        in_code,
    ),
    row("scores logits", last_sum),
    row("h hidden hidden_layer hidden_output", called("y1"), in_code, has_layers(2)),
    row("beta shift", shift_of_the_scale, in_code),
    row("a h o act activation out output p probs yhat y_hat", outputs, in_code, gives_the_output),
    row("W w weight weights theta Theta kernel", only("W")),
    row("omega V U", only("W"), in_latex),
    row("b B bias biases", only("b")),
    row("beta", only("b"), in_latex),
    row("gamma scale", only("g"), in_code),
    row("g gain w W weight weights", only("g"), in_code),
    row("mu mean sample_mean batch_mean", only("mu"), in_code),
    row("var variance sigma2 sample_var batch_var", only("s"), in_code),
    row("a h o act activation hidden layer output out y l", only("y", "h", "z"), in_code),
    row("z s net u Z S", only("z")),
    row("v", only("z"), in_latex),
    row("pre", only("z"), in_code),
    row("delta Delta d e", only("z", derivative=True), in_latex),
    row("delta d_out dout error_term", only("z", derivative=True), in_code),
    row("h", called("y1"), in_latex, has_layers(2)),
    row("", output, in_latex, is_logit),
    row("y_hat f o p O P Y_hat yhat out hat_y", outputs, in_latex),
    row("y Y", probabilities, in_latex),
    row("a h A H", outputs, in_latex, has_layers(1)),
    row("t tau target y_star d r", playing("target"), in_latex),
    row("x X", playing("input"), in_latex),
    row("y Y", output, in_latex),
    row("y Y", playing("target"), in_latex),
    row("gamma", only("g"), in_latex),
    row("beta", shift_of_the_scale, in_latex),
    row("eta alpha lr", called("learning_rate"), is_scalar),
    row("epsilon gamma mu", called("learning_rate"), in_latex, is_scalar),
    row("learning_rate rate", called("learning_rate"), in_code),
    row("e l loss cost j c error total_loss objective", objective, in_code),
    row("T", playing("target"), in_latex, is_bare),
    row("beta", only("b"), in_latex),
    row("", only_of_its_letter, in_latex),
    row("lambda", called("lam", "lambda_", "l2", "weight_decay"), in_latex),
)

# ---- the tensors that a name may mean ------------------------------------------------------------


def candidates(name: WrittenName, context: Context) -> Iterator[str]:
    """Every tensor that a name may mean, the likeliest first; the model need not have them."""
    yield from given_tensors(name, context)
    yield from _by_context(name, context)
    for of in _derived_by(name):
        yield from (adjoint_of(tensor) for tensor in _by_context(of, context))
    for one in _rows(name)[_divide(name) :]:
        yield from one.tensors(name, context)
    if name.text and name.label:  # sigma2 has no number
        whole = WrittenName(name.text, "", name.text, name.rank)
        for one in BARE:
            yield from one.tensors(whole, context)
    for of in _derived_by(name):
        yield from derivatives(of, context)


def derivatives(of: WrittenName, context: Context) -> Iterator[str]:
    """What a derivative by a name may be. By probabilities it isn't by what they are made of."""
    for tensor in candidates(of, context):
        if tensor == context.probabilities:
            return
        if tensor != context.vocabulary.system.objective or tensor == of.text:
            yield adjoint_of(tensor)


def given_tensors(name: WrittenName, context: Context) -> Iterator[str]:
    """The tensors that the writer said a name means; of all layers, that of its label."""
    if name.text in context.given:
        yield context.given[name.text]
    if context.is_code:
        return
    base = letter_name(name.base)
    wanted = join(base, name.label).replace("_", "")
    for key, tensor in context.given.items():
        short = key.replace("_", "")
        if short == wanted:
            yield tensor
        elif short == base.replace("_", "") and name.label:
            # a name of all layers: a = y says that a^{(2)} is y2
            yield from forms(re.sub(r"\d+$", "", tensor), name.label)


def inferred_names(names: Collection[str], vocabulary: Vocabulary) -> dict[str, str]:
    """The tensors of names of a program that its other names explain, and the derivatives by them.

    `W` beside `W2` is `W1`, and with a `W0` all count from 0.
    """
    written = [WrittenName.of_code(n) for n in names]
    context = Context(vocabulary, used={(n.base, n.label) for n in written})
    result = {n.text: t for n in written for t in _by_context(n, context)}
    result = {adjoint_of(n): adjoint_of(t) for n, t in result.items()} | result
    return {n: t for n, t in result.items() if t in vocabulary.shapes}


def guessed(
    name: str, vocabulary: Vocabulary, given: Mapping[str, str] | None = None
) -> str | None:
    """The tensor that a name of a program probably means; `given` are names that are known."""
    context = Context(vocabulary, given=given or {})
    every = candidates(WrittenName.of_code(name), context)
    return next((c for c in every if c in vocabulary.shapes), None)


def _rows(name: WrittenName) -> tuple[Row, ...]:
    return LABELLED if name.label else BARE


def _divide(name: WrittenName) -> int:
    """Where the rows end that go by what a text says beside the name."""
    return next(k for k, one in enumerate(_rows(name)) if one.meaning is spelled)


def _by_context(name: WrittenName, context: Context) -> Iterator[str]:
    for one in _rows(name)[: _divide(name)]:
        yield from one.tensors(name, context)


def _derived_by(name: WrittenName) -> Iterator[WrittenName]:
    """What the name of a variable is the derivative by, if it is one."""
    for pattern in _DERIVATIVE:
        match = re.fullmatch(pattern, name.text)
        if match:
            yield WrittenName.of_code(match["of"])
