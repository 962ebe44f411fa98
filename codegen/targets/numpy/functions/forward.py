"""The emitted functions that go forward: `forward`, `probabilities`, `loss`, and what they call."""

from __future__ import annotations

from codegen.targets.numpy.functions.draws import FRESH_RNG, draw_lines
from codegen.targets.numpy.functions.frame import Frame
from codegen.targets.numpy.functions.function import Function, picked, wrapped
from codegen.targets.numpy.line_breaking import listed, wrap
from derive.ir.tree import equation_reads

_GIVEN = ("input", "parameter", "buffer", "constant")  # what nothing computes


def forward_functions(frame: Frame) -> list[Function]:
    """`_propagate` up to the output, `_evaluate` on to the objective, and what calls them."""
    writer = frame.writer
    found: list[Function] = []
    inputs, inner = frame.input_arguments, frame.inner
    rng = [FRESH_RNG] if frame.draws else []
    early = bool(frame.plan.early)
    if early:
        body = writer.body(frame.plan.early)
        draws = draw_lines(writer, frame.draws)
        lines = [*writer.unpack(frame.plan.early)]
        lines += [*writer.checked(frame.inputs, [*draws, *body]), *rng, *draws, *body]
        lines += listed("return ", writer.returned(frame.plan.from_early))
        found.append(
            Function(
                "_propagate",
                f"params{inputs}{inner}",
                wrapped(f"Forward propagation; returns {writer.words(frame.plan.from_early)}."),
                tuple(lines),
                writer.was_quiet(),
            )
        )
    found.append(_evaluate(frame, early, rng))
    found.extend(_shown_functions(frame))
    return found


def _evaluate(frame: Frame, early: bool, rng: list[str]) -> Function:
    writer = frame.writer
    draws = [] if early else [*rng, *draw_lines(writer, frame.draws)]
    objective = frame.derivation.objective
    known = frame.plan.from_early if early else []
    body = writer.body(frame.plan.late)
    lines = [*writer.unpack(frame.plan.late)]
    if early:
        call = f"_propagate(params{frame.input_arguments}{frame.inner})"
        lines += listed("", writer.returned(known), f" = {call}")
        targets = writer.checked(frame.targets, [*draws, *body], frame.inputs)
        used = {r.tensor for e in frame.plan.late for r in equation_reads(e)}
        sizes = writer.sizes([*draws, *body, *targets], frame.inputs)
        read = [t for t in frame.inputs if t.name in used or writer.measured(t, sizes)]
        lines += [*writer.arrays(read), *sizes, *targets]
    else:
        lines += writer.checked((*frame.inputs, *frame.targets), [*draws, *body])
    lines += [*draws, *body]
    lines += listed("return ", writer.returned([objective, *frame.plan.from_late]))
    words = writer.words([objective, *frame.plan.from_late])
    return Function(
        "_evaluate",
        f"params{frame.data_arguments}{frame.inner}",
        wrapped(f"The objective and what its gradient needs: {words}."),
        tuple(lines),
        writer.was_quiet(),
    )


def _given(frame: Frame, output: str, mode: str) -> Function:
    """`forward` where the output is an input or a parameter, under whatever name."""
    writer = frame.writer
    name = writer.names.tensor(output)
    stored = frame.table[output] in writer.stored
    lines = [f'    {name} = params["{output}"]'] if stored else []
    lines += [*writer.checked(frame.inputs, []), f"    return {name}"]
    return Function(
        "forward",
        f"params{frame.input_arguments}{mode}",
        wrapped(f"The output {name}{writer.shape_words(output)}, as it is given."),
        tuple(lines),
    )


def _shown_functions(frame: Frame) -> list[Function]:
    writer = frame.writer
    inputs, everything, tail = frame.input_arguments, frame.data_arguments, frame.inner
    mode = ", training=False, rng=None"
    system, objective = frame.system, frame.derivation.objective
    found = []
    output = system.output
    early_names = frame.plan.from_early if frame.plan.early else []
    if output is not None and frame.table[output].role in _GIVEN:
        found.append(_given(frame, output, mode))
    elif output is not None and output in early_names:
        code = picked(f"_propagate(params{inputs}{tail})", early_names, output)
        shape = writer.shape_words(output)
        doc = f"The output {writer.names.tensor(output)}{shape}."
        found.append(
            Function(
                "forward",
                f"params{inputs}{mode}",
                wrapped(doc),
                tuple(wrap("    return ", code, "    ")),
            )
        )
    else:
        shown = objective if output is None else output
        values = [objective, *frame.plan.from_late]
        if shown not in values:
            shown = objective
        data = everything
        code = picked(f"_evaluate(params{data}{tail})", values, shown)
        doc = f"The {'objective' if shown == objective else 'output'} {writer.words([shown])}."
        found.append(
            Function(
                "forward",
                f"params{data}{mode}",
                wrapped(doc),
                tuple(wrap("    return ", code, "    ")),
            )
        )
    unset = tail.replace("training", "False").replace("rng", "None")
    if system.probabilities is not None and system.probabilities != output:
        code = picked(
            f"_propagate(params{inputs}{unset})",
            early_names,
            system.probabilities,
        )
        shape = writer.shape_words(system.probabilities)
        found.append(
            Function(
                "probabilities",
                f"params{inputs}",
                wrapped(f"The probabilities that the output stands for{shape}."),
                tuple(wrap("    return ", code, "    ")),
            )
        )
    code = picked(
        f"_evaluate(params{everything}{tail})", [objective, *frame.plan.from_late], objective
    )
    found.append(
        Function(
            "loss",
            f"params{everything}{mode}",
            wrapped(f"The objective {frame.objective}."),
            tuple(wrap("    return ", f"float({code})", "    ")),
        )
    )
    return found
