"""Derivation -> NumPy module: the text of the whole."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from codegen.module.model_facts import estimator_of
from codegen.module.partition import moved
from codegen.targets.numpy.emitted_source import helper_text
from codegen.targets.numpy.estimator import imports, render_estimator
from codegen.targets.numpy.functions.curvature import curvature_functions, curvature_update
from codegen.targets.numpy.functions.forward import forward_functions
from codegen.targets.numpy.functions.frame import Frame
from codegen.targets.numpy.functions.function import dict_of
from codegen.targets.numpy.functions.gradient import gradient_functions
from codegen.targets.numpy.functions.init_params import initial_lines
from codegen.targets.numpy.functions.step import step_functions
from codegen.targets.numpy.functions.train_step import update_lines
from codegen.targets.numpy.line_breaking import LINE, defined, listed
from codegen.templating import render
from derive.ir.derivation import Derivation
from derive.ir.notation import Tensor


def module_text(frame: Frame, dtype: str, part: str) -> str:
    """The source of the module: the mathematics, and below a divider the estimator."""
    derivation, system = frame.derivation, frame.system
    functions = [*forward_functions(frame), *gradient_functions(frame)]
    functions += [*curvature_functions(frame), *step_functions(frame)]
    if derivation.curvature:
        update = curvature_update(frame)
    else:
        update = update_lines(derivation, moved(derivation))
    estimator = estimator_of(derivation) if part == "all" else None
    initial, drawing = initial_lines(derivation)
    helpers = frame.writer.printer.helpers
    text = render(
        "module.py.j2",
        name=system.name,
        doc=_doc(system.name, frame.objective, system.sources),
        imports=list(imports()) if estimator else [],
        erf="erf" in helpers,
        dtype=dtype,
        parameters=_dict_lines("PARAMETERS", _shapes(system.having("parameter"))),
        buffers=_dict_lines("BUFFERS", _shapes(system.having("buffer"))),
        hyperparameters=_hyper_line(derivation),
        constants=_constants(frame),
        helpers=helper_text(helpers | drawing),
        initial=initial,
        functions=functions,
        state=dict_of("    return ", update.state),
        remembers=update.remembers,
        update=update.lines,
        step=_step_lines(frame),
        step_head=defined("train_step", f"params, state{frame.data_arguments}, rng=None"),
        moves_buffers=bool(system.updates),
        estimator=render_estimator(estimator).rstrip("\n") if estimator else "",
    )
    return text.rstrip("\n") + "\n"


def _step_lines(frame: Frame) -> list[str]:
    """The first line of `train_step`: all that one step needs."""
    told = f"(params{frame.data_arguments}{_training_arguments(frame)})"
    if frame.plan.moves:
        return listed("", ["value", "gradient", "buffers"], f" = _differentiate{told}")
    return listed("", ["value", "gradient"], f" = gradients{told}")


def _training_arguments(frame: Frame) -> str:
    """What `train_step` adds to the arguments of the function that differentiates."""
    training, rng = frame.inner.startswith(", training"), bool(frame.draws)
    if frame.plan.moves:
        return ", False" + ", True" * training + ", rng" * rng
    return ", training=True" * training + ", rng=rng" * rng


def _shapes(tensors: Sequence[Tensor]) -> list[tuple[str, object]]:
    return [(t.name, tuple(e.number for e in t.shape)) for t in tensors]


def _constants(frame: Frame) -> list[str]:
    lines = []
    for tensor in frame.system.having("constant"):
        assert tensor.value is not None
        value = tensor.value
        exact = repr(float(value)) if value.denominator != 1 else str(value.numerator)
        lines.append(f"{frame.names.tensor(tensor.name)} = {exact}")
    return lines


def _doc(name: str, objective: str, sources: Sequence[str]) -> list[str]:
    clean = "".join(c if c.isprintable() and c not in '"\\' else "'" for c in name)
    headline = f"{clean}: forward pass, gradients and training, in NumPy alone."
    lines = [*textwrap.wrap(headline, LINE - 3), ""]
    lines.extend(textwrap.wrap(f"The objective is {objective}.", LINE - 4))
    lines.append("Derived and written by chainrule; each line stands under its formula.")
    if sources:
        lines.extend(("", "Sources:"))
        for source in sources:
            lines.extend(textwrap.wrap(f"* {source}", LINE, subsequent_indent="  "))
    return lines


def _dict_lines(title: str, rows: Sequence[tuple[str, object]]) -> list[str]:
    parts = [f'"{name}": {shape}' for name, shape in rows]
    line = f"{title} = {{{', '.join(parts)}}}"
    if len(line) <= LINE:
        return [line]
    return [f"{title} = {{", *(f"    {p}," for p in parts), "}"]


def _hyper_line(derivation: Derivation) -> list[str]:
    rows = [(n, float(v)) for n, v in derivation.system.training.hyperparameters]
    return _dict_lines("HYPERPARAMETERS", rows)
