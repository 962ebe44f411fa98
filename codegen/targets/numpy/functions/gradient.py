"""The emitted functions that differentiate."""

from __future__ import annotations

from codegen.targets.numpy.functions.frame import Frame
from codegen.targets.numpy.functions.function import Function, dict_of, wrapped
from codegen.targets.numpy.line_breaking import listed, wrap
from derive.ir.notation import Equation, Tensor
from derive.ir.tree import equation_reads


def gradient_functions(frame: Frame) -> list[Function]:
    """`gradients`; where buffers move, over a function that gives their next values too."""
    writer = frame.writer
    derivation, inner = frame.derivation, frame.inner
    given = (*frame.inputs, *frame.targets)
    objective = writer.names.tensor(derivation.objective)
    values = writer.returned([derivation.objective, *frame.plan.from_late])
    given_away = {derivation.adjoint[n] for n in derivation.wrt if n in derivation.adjoint}
    body = writer.body(frame.plan.train, given_away)
    moves = writer.body(frame.plan.moves, {e.tensor for e in frame.plan.moves})
    extra = writer.body(frame.plan.extra, given_away, "        ")
    reading = (*derivation.backward, *frame.plan.moves)
    used = {r.tensor for e in reading for r in equation_reads(e)}
    sizes = writer.sizes([*body, *moves, *extra], given)
    lines = [*writer.unpack(reading)]
    lines += listed("", values, f" = _evaluate(params{frame.data_arguments}{inner})")
    lines += writer.arrays([t for t in given if t.name in used or writer.measured(t, sizes)])
    lines += [*sizes, *body]
    lines.extend(_gradient_dict(frame))
    wrt = [t for t in frame.inputs if not t.integer]
    if wrt:
        lines.append("    if inputs:")
        lines.extend(extra)
        for tensor in wrt:
            entry = f'        gradient["{tensor.name}"] = '
            lines += wrap(entry, _gradient_of(frame, tensor), "        ")
    doc = f"The objective and its derivative by each parameter: ({objective}, {{name: array}})."
    if wrt:
        doc += " With inputs=True also by each input."
    mode = ", inputs=False, training=False, rng=None"
    data = frame.data_arguments
    quiet = writer.was_quiet()
    if not frame.plan.moves:
        lines.append(f"    return float({objective}), gradient")
        return [Function("gradients", f"params{data}{mode}", wrapped(doc), tuple(lines), quiet)]
    lines += moves
    rows = [f'"{_next_of(e)}": {writer.names.tensor(e.tensor)}' for e in frame.plan.moves]
    lines += dict_of("    buffers = ", rows)
    lines.append(f"    return float({objective}), gradient, buffers")
    whole = f"inputs{inner}"
    return [
        Function(
            "_differentiate",
            f"params{data}, {whole}",
            wrapped("The objective, its derivatives, and the buffers after this batch."),
            tuple(lines),
            quiet,
        ),
        Function(
            "gradients",
            f"params{data}{mode}",
            wrapped(doc),
            tuple(wrap("    return ", f"_differentiate(params{data}, {whole})[:2]", "    ")),
        ),
    ]


def _gradient_of(frame: Frame, tensor: Tensor) -> str:
    adjoint = frame.derivation.adjoint.get(tensor.name)
    if adjoint is None or adjoint not in frame.derived:
        return f"np.zeros_like({_value_of(frame, tensor)})"
    return frame.names.tensor(adjoint)


def _value_of(frame: Frame, tensor: Tensor) -> str:
    if tensor.role == "parameter":
        return f'params["{tensor.name}"]'
    return f"{frame.names.tensor(tensor.name)}, dtype=DTYPE"


def _gradient_dict(frame: Frame) -> list[str]:
    rows = [
        f'"{name}": {_gradient_of(frame, frame.table[name])}' for name in frame.system.trainable
    ]
    return dict_of("    gradient = ", rows)


def _next_of(equation: Equation) -> str:
    return equation.tensor.removeprefix("next(").removesuffix(")")
