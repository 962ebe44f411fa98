"""Derivation -> NumPy module: which function computes what, and the text of the whole."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from codegen.emit_numpy import Printer
from codegen.estimate import estimator_of
from codegen.estimator import imports, render_estimator
from codegen.initial import initial_lines
from codegen.layout import LINE, defined, listed, wrap
from codegen.loops import lower_blocks
from codegen.names import TRAINING, Names
from codegen.plan import dims_of, dims_of_extent, moved, plan_of
from codegen.program import Assign
from codegen.render import render
from codegen.runtime import helper_text
from codegen.shared import shared
from codegen.update import update_lines
from derive.errors import ChainruleError, meant
from derive.notation import Derivation, Dim, Draw, Equation, Tensor, affine
from derive.recurrence import schedule
from derive.text import equation_text
from derive.tree import equation_reads

TARGETS = ("numpy",)
STYLES = ("plain",)
DTYPES = ("float64", "float32")
PARTS = ("all", "math")
_FRESH_RNG = "    rng = np.random.default_rng() if rng is None else rng"


@dataclass(frozen=True)
class Function:
    """One emitted function: its signature, docstring and body."""

    name: str
    parameters: str
    doc: tuple[str, ...]
    lines: tuple[str, ...]
    quiet: bool = False

    @property
    def head(self) -> list[str]:
        """The line that defines it, or the lines where its parameters are too many for one."""
        return defined(self.name, self.parameters)


def emit(
    derivation: Derivation,
    target: str = "numpy",
    style: str = "plain",
    dtype: str = "float64",
    part: str = "all",
) -> str:
    """The source of a module that computes and trains what the derivation says.

    `part="math"` leaves the estimator and the command line out. Raises `ChainruleError` for an
    unknown target, style or dtype, and where there is no scalar objective.
    """
    for what, value, known in (
        ("target", target, TARGETS),
        ("style", style, STYLES),
        ("dtype", dtype, DTYPES),
        ("part", part, PARTS),
    ):
        if value not in known:
            raise ChainruleError(
                f"{what}: unknown '{value}'{meant(value, known)}; known: {', '.join(known)}"
            )
    table = derivation.table
    if table[derivation.objective].shape:
        raise ChainruleError(
            f"{derivation.system.name}: '{derivation.objective}' has axes; a module trains on "
            "a scalar objective"
        )
    return _Module(derivation, dtype).text(part)


class _Module:
    def __init__(self, derivation: Derivation, dtype: str) -> None:
        self.objective = equation_text(derivation.system.defined[derivation.objective])
        once = shared(derivation)
        derivation, self.windows = once.derivation, once.windows
        self.derivation = derivation
        self.system = derivation.system
        self.dtype = dtype
        self.table = derivation.table
        self.dims = sorted(dims_of(derivation.tensors))
        self.plan = plan_of(derivation)
        tensors = [t.name for t in derivation.tensors if t.role != "hyperparameter"]
        modes = dict.fromkeys((t.name for t in self.system.having("mode")), TRAINING)
        self.names = Names(tensors, self.dims, modes)
        self.printer = Printer(self.names)
        self.inputs = self.system.having("input")
        self.targets = self.system.having("target")
        draws = dict(self.system.training.draws)
        self.draws = {t.name: draws[t.name] for t in self.system.having("random")}
        # what the inner functions are told beside the data
        self.inner = (", training" if draws else "") + (", rng" if self.draws else "")
        self.quiet = False

    # pieces of text

    def unpack(self, equations: Iterable[Equation], given: Sequence[str] = ()) -> list[str]:
        """Parameters that the equations read, as local names."""
        reads = {r.tensor for e in equations for r in equation_reads(e)}
        wanted = [
            t.name
            for t in self.system.having("parameter", "buffer")
            if t.name in reads and t.name not in given
        ]
        lines: list[str] = []
        while wanted:
            count = len(wanted)
            while count > 1 and len(self._unpack(wanted[:count])) > LINE:
                count -= 1
            lines.append(self._unpack(wanted[:count]))
            wanted = wanted[count:]
        return lines

    def _unpack(self, names: Sequence[str]) -> str:
        left = ", ".join(self.names.tensor(n) for n in names)
        return f"    {left} = " + ", ".join(f'params["{n}"]' for n in names)

    def sizes(
        self,
        lines: Iterable[str],
        tensors: Sequence[Tensor],
        dims: Collection[str] | None = None,
    ) -> list[str]:
        """Run-time extents, or some of them, that the lines speak of, read off the arrays."""
        text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
        found = []
        for dim in self.dims if dims is None else sorted(dims):
            name = self.names.dim(dim)
            if not re.search(rf"(?<!\.)\b{name}\b", text):
                continue
            for tensor in tensors:
                places = [k for k, e in enumerate(tensor.shape) if e == affine(Dim(dim))]
                if places:
                    array = self.names.tensor(tensor.name)
                    source = f"len({array})" if places[0] == 0 else f"{array}.shape[{places[0]}]"
                    found.append(f"    {name} = {source}")
                    break
        return found

    def _measured(self, tensor: Tensor, sizes: Sequence[str]) -> bool:
        """Whether a run-time extent is read off this tensor's `shape`, which only arrays have."""
        name = self.names.tensor(tensor.name)
        return any(f" {name}.shape" in line for line in sizes)

    def checked(
        self, tensors: Sequence[Tensor], lines: Iterable[str], known: Sequence[Tensor] = ()
    ) -> list[str]:
        """Arguments as arrays whose shapes are right, and the run-time extents that they bring.

        The lines and later arguments speak of extents; the shapes of `known` ones are told.
        """
        bound = dims_of(known)
        rows: list[tuple[Tensor, str, set[str]]] = []
        for tensor in tensors:
            rows.append((tensor, self._wanted_shape(tensor, bound), dims_of([tensor]) - bound))
            bound |= dims_of([tensor])
        text = [*lines, *(re.sub(r'"[^"]*"', "", shape) for _, shape, _ in rows)]
        found = []
        for tensor, shape, new in rows:
            name = self.names.tensor(tensor.name)
            helper = "_integers" if tensor.integer else "_array"
            self.printer.helpers.update(("_array", helper))
            found += wrap(f"    {name} = ", f'{helper}({name}, "{tensor.name}", {shape})', "    ")
            found += self.sizes(text, [tensor], new)
        return found

    def _wanted_shape(self, tensor: Tensor, bound: set[str]) -> str:
        """The extents of an argument; those that it brings itself are letters."""
        extents = []
        for extent in tensor.shape:
            code = self.printer.index(extent)
            extents.append(code if dims_of_extent(extent) <= bound else f'"{code}"')
        return Printer.entries(extents) if extents else "()"

    def arrays(self, tensors: Sequence[Tensor]) -> list[str]:
        """Arguments, whose shapes are right, as arrays of the module's kind."""
        lines = []
        for tensor in tensors:
            name = self.names.tensor(tensor.name)
            kind = "np.intp" if tensor.integer else "DTYPE"
            lines.append(f"    {name} = np.asarray({name}, dtype={kind})")
        return lines

    def body(
        self, equations: Sequence[Equation], own: Collection[str] = (), indent: str = "    "
    ) -> list[str]:
        """The statements of equations; arrays in `own` share no memory with others."""
        self.printer.both_arms = False
        apart = {*own, *self.windows}
        statements = [
            replace(s, own=True) if isinstance(s, Assign) and s.tensor in apart else s
            for s in lower_blocks(schedule(tuple(equations)), self.table, self._kept(equations))
        ]
        lines = self.printer.lines(statements, indent)
        self.quiet = self.quiet or self.printer.both_arms
        return lines

    def _kept(self, equations: Sequence[Equation]) -> set[str]:
        """The tensors that are asked for, or read by other equations than these."""
        own = {e.tensor for e in equations}
        derivation, system = self.derivation, self.system
        everywhere = (*derivation.forward, *derivation.backward, *system.updates)
        others = [e for e in everywhere if e.tensor not in own]
        shown = {derivation.objective, system.output, system.probabilities} - {None}
        asked = {derivation.adjoint[n] for n in derivation.wrt if n in derivation.adjoint}
        return {
            *(r.tensor for e in others for r in equation_reads(e)),
            *filter(None, shown),
            *asked,
        }

    def was_quiet(self) -> bool:
        """Whether the lines made since the last call hold a `where` with an undefined arm."""
        found, self.quiet = self.quiet, False
        return found

    def draw_lines(self) -> list[str]:
        """Random tensors: drawn in training, their mean otherwise."""
        lines = []
        for name, draw in self.draws.items():
            shape = Printer.entries([self.printer.index(e) for e in self.table[name].shape])
            if not self.table[name].shape:
                shape = "()"
            sample, mean = _draw_code(draw, shape)
            variable = self.names.tensor(name)
            full = f"np.full({shape}, {mean}, dtype=DTYPE)"
            lines += wrap(f"    {variable} = ", full, "    ")
            lines.append("    if training:")
            sample = f"({sample}).astype(DTYPE)"
            lines += wrap(f"        {variable} = ", sample, "        ")
        return lines

    def returned(self, names: Sequence[str]) -> list[str]:
        return [self.names.tensor(n) for n in names]

    # functions

    def text(self, part: str) -> str:
        functions = [*self._forward_functions(), *self._gradients()]
        update = update_lines(self.derivation, moved(self.derivation))
        estimator = estimator_of(self.derivation) if part == "all" else None
        shapes = [
            (n, tuple(e.number for e in self.table[n].shape)) for n in self._parameter_names()
        ]
        buffers = [(t.name, tuple(e.number for e in t.shape)) for t in self.system.having("buffer")]
        initial, drawing = initial_lines(self.derivation)
        text = render(
            "module.py.j2",
            name=self.system.name,
            doc=_doc(self.system.name, self.objective, self.system.sources),
            imports=list(imports()) if estimator else [],
            erf="erf" in self.printer.helpers,
            dtype=self.dtype,
            parameters=_dict_lines("PARAMETERS", shapes),
            buffers=_dict_lines("BUFFERS", buffers),
            hyperparameters=_hyper_line(self.derivation),
            constants=self._constants(),
            helpers=helper_text(self.printer.helpers | drawing),
            initial=initial,
            functions=functions,
            state=_dict_of("    return ", update.state),
            remembers=update.remembers,
            update=update.lines,
            step=self._step_lines(),
            step_head=defined("train_step", f"params, state{self._data_arguments()}, rng=None"),
            moves_buffers=bool(self.system.updates),
            estimator=render_estimator(estimator).rstrip("\n") if estimator else "",
        )
        return text.rstrip("\n") + "\n"

    def _training_arguments(self) -> str:
        """What `train_step` adds to the arguments of the function that differentiates."""
        training, rng = self.inner.startswith(", training"), bool(self.draws)
        if self.plan.moves:
            return ", False" + ", True" * training + ", rng" * rng
        return ", training=True" * training + ", rng=rng" * rng

    def _step_lines(self) -> list[str]:
        """The first line of `train_step`: all that one step needs."""
        told = f"(params{self._data_arguments()}{self._training_arguments()})"
        if self.plan.moves:
            return listed("", ["value", "gradient", "buffers"], f" = _differentiate{told}")
        return listed("", ["value", "gradient"], f" = gradients{told}")

    def _parameter_names(self) -> list[str]:
        return [t.name for t in self.system.having("parameter")]

    def _constants(self) -> list[str]:
        lines = []
        for tensor in self.system.having("constant"):
            assert tensor.value is not None
            value = tensor.value
            exact = repr(float(value)) if value.denominator != 1 else str(value.numerator)
            lines.append(f"{self.names.tensor(tensor.name)} = {exact}")
        return lines

    def _data_arguments(self) -> str:
        return "".join(f", {self.names.tensor(t.name)}" for t in (*self.inputs, *self.targets))

    def _forward_functions(self) -> list[Function]:
        found: list[Function] = []
        inputs = "".join(f", {self.names.tensor(t.name)}" for t in self.inputs)
        everything = self._data_arguments()
        mode = ", training=False, rng=None"
        inner = self.inner
        rng = [_FRESH_RNG] if self.draws else []
        early = bool(self.plan.early)
        if early:
            body = self.body(self.plan.early)
            draws = self.draw_lines()
            lines = [*self.unpack(self.plan.early)]
            lines += [*self.checked(self.inputs, [*draws, *body]), *rng, *draws, *body]
            lines += listed("return ", self.returned(self.plan.from_early))
            found.append(
                Function(
                    "_propagate",
                    f"params{inputs}{inner}",
                    _wrapped(f"Forward propagation; returns {self._words(self.plan.from_early)}."),
                    tuple(lines),
                    self.was_quiet(),
                )
            )
        found.append(self._evaluate(early, inputs, everything, inner, rng))
        found.extend(self._shown_functions(inputs, everything, mode, inner))
        return found

    def _evaluate(
        self, early: bool, inputs: str, everything: str, inner: str, rng: list[str]
    ) -> Function:
        draws = [] if early else [*rng, *self.draw_lines()]
        objective = self.derivation.objective
        known = self.plan.from_early if early else []
        body = self.body(self.plan.late)
        lines = [*self.unpack(self.plan.late)]
        if early:
            call = f"_propagate(params{inputs}{inner})"
            lines += listed("", self.returned(known), f" = {call}")
            targets = self.checked(self.targets, [*draws, *body], self.inputs)
            used = {r.tensor for e in self.plan.late for r in equation_reads(e)}
            sizes = self.sizes([*draws, *body, *targets], self.inputs)
            read = [t for t in self.inputs if t.name in used or self._measured(t, sizes)]
            lines += [*self.arrays(read), *sizes, *targets]
        else:
            lines += self.checked((*self.inputs, *self.targets), [*draws, *body])
        lines += [*draws, *body]
        lines += listed("return ", self.returned([objective, *self.plan.from_late]))
        words = self._words([objective, *self.plan.from_late])
        return Function(
            "_evaluate",
            f"params{everything}{inner}",
            _wrapped(f"The objective and what its gradient needs: {words}."),
            tuple(lines),
            self.was_quiet(),
        )

    def _words(self, names: Sequence[str]) -> str:
        return ", ".join(self.names.tensor(n) for n in names)

    def _shown_functions(
        self, inputs: str, everything: str, mode: str, inner: str
    ) -> list[Function]:
        system, objective = self.system, self.derivation.objective
        found = []
        output = system.output
        tail = inner
        early_names = self.plan.from_early if self.plan.early else []
        if output is not None and output in early_names:
            code = _picked(f"_propagate(params{inputs}{tail})", early_names, output)
            shape = self._shape_words(output)
            doc = f"The output {self.names.tensor(output)}{shape}."
            found.append(
                Function(
                    "forward",
                    f"params{inputs}{mode}",
                    _wrapped(doc),
                    tuple(wrap("    return ", code, "    ")),
                )
            )
        else:
            shown = objective if output is None else output
            values = [objective, *self.plan.from_late]
            if shown not in values:
                shown = objective
            data = everything
            code = _picked(f"_evaluate(params{data}{tail})", values, shown)
            doc = f"The {'objective' if shown == objective else 'output'} {self._words([shown])}."
            found.append(
                Function(
                    "forward",
                    f"params{data}{mode}",
                    _wrapped(doc),
                    tuple(wrap("    return ", code, "    ")),
                )
            )
        unset = inner.replace("training", "False").replace("rng", "None")
        if system.probabilities is not None and system.probabilities != output:
            code = _picked(
                f"_propagate(params{inputs}{unset})",
                early_names,
                system.probabilities,
            )
            shape = self._shape_words(system.probabilities)
            found.append(
                Function(
                    "probabilities",
                    f"params{inputs}",
                    _wrapped(f"The probabilities that the output stands for{shape}."),
                    tuple(wrap("    return ", code, "    ")),
                )
            )
        code = _picked(
            f"_evaluate(params{everything}{tail})", [objective, *self.plan.from_late], objective
        )
        found.append(
            Function(
                "loss",
                f"params{everything}{mode}",
                _wrapped(f"The objective {self.objective}."),
                tuple(wrap("    return ", f"float({code})", "    ")),
            )
        )
        return found

    def _shape_words(self, name: str) -> str:
        shape = self.table[name].shape
        if not shape:
            return ""
        return f", shape {Printer.entries([self.printer.index(e) for e in shape])}"

    def _gradients(self) -> list[Function]:
        """`gradients`; where buffers move, over a function that gives their next values too."""
        derivation = self.derivation
        inner = self.inner
        given = (*self.inputs, *self.targets)
        objective = self.names.tensor(derivation.objective)
        values = self.returned([derivation.objective, *self.plan.from_late])
        given_away = {derivation.adjoint[n] for n in derivation.wrt if n in derivation.adjoint}
        body = self.body(self.plan.train, given_away)
        moves = self.body(self.plan.moves, {e.tensor for e in self.plan.moves})
        extra = self.body(self.plan.extra, given_away, "        ")
        reading = (*derivation.backward, *self.plan.moves)
        used = {r.tensor for e in reading for r in equation_reads(e)}
        sizes = self.sizes([*body, *moves, *extra], given)
        lines = [*self.unpack(reading)]
        lines += listed("", values, f" = _evaluate(params{self._data_arguments()}{inner})")
        lines += self.arrays([t for t in given if t.name in used or self._measured(t, sizes)])
        lines += [*sizes, *body]
        lines.extend(self._gradient_dict())
        wrt = [t for t in self.inputs if not t.integer]
        if wrt:
            lines.append("    if inputs:")
            lines.extend(extra)
            for tensor in wrt:
                entry = f'        gradient["{tensor.name}"] = '
                lines += wrap(entry, self._gradient_of(tensor), "        ")
        doc = f"The objective and its derivative by each parameter: ({objective}, {{name: array}})."
        if wrt:
            doc += " With inputs=True also by each input."
        mode = ", inputs=False, training=False, rng=None"
        data = self._data_arguments()
        quiet = self.was_quiet()
        if not self.plan.moves:
            lines.append(f"    return float({objective}), gradient")
            return [
                Function("gradients", f"params{data}{mode}", _wrapped(doc), tuple(lines), quiet)
            ]
        lines += moves
        rows = [f'"{_next_of(e)}": {self.names.tensor(e.tensor)}' for e in self.plan.moves]
        lines += _dict_of("    buffers = ", rows)
        lines.append(f"    return float({objective}), gradient, buffers")
        whole = f"inputs{inner}"
        return [
            Function(
                "_differentiate",
                f"params{data}, {whole}",
                _wrapped("The objective, its derivatives, and the buffers after this batch."),
                tuple(lines),
                quiet,
            ),
            Function(
                "gradients",
                f"params{data}{mode}",
                _wrapped(doc),
                tuple(wrap("    return ", f"_differentiate(params{data}, {whole})[:2]", "    ")),
            ),
        ]

    def _gradient_of(self, tensor: Tensor) -> str:
        adjoint = self.derivation.adjoint.get(tensor.name)
        if adjoint is None or not any(e.tensor == adjoint for e in self.derivation.backward):
            return f"np.zeros_like({self._value_of(tensor)})"
        return self.names.tensor(adjoint)

    def _value_of(self, tensor: Tensor) -> str:
        if tensor.role == "parameter":
            return f'params["{tensor.name}"]'
        return f"{self.names.tensor(tensor.name)}, dtype=DTYPE"

    def _gradient_dict(self) -> list[str]:
        rows = [
            f'"{name}": {self._gradient_of(self.table[name])}' for name in self.system.trainable
        ]
        return _dict_of("    gradient = ", rows)


def _dict_of(left: str, rows: Sequence[str]) -> list[str]:
    line = f"{left}{{{', '.join(rows)}}}"
    if len(line) <= LINE:
        return [line]
    return [f"{left}{{", *(f"        {row}," for row in rows), "    }"]


def _next_of(equation: Equation) -> str:
    return equation.tensor.removeprefix("next(").removesuffix(")")


def _picked(call: str, names: Sequence[str], name: str) -> str:
    if len(names) == 1:
        return call
    return f"{call}[{names.index(name)}]"


def _draw_code(draw: Draw, shape: str) -> tuple[str, str]:
    attributes = dict(draw.attributes)
    if draw.distribution == "bernoulli":
        p = attributes.get("p", 0.5)
        return f"rng.random({shape}) < {p!r}", repr(p)
    if draw.distribution == "uniform":
        low, high = attributes.get("low", 0.0), attributes.get("high", 1.0)
        return f"rng.uniform({low!r}, {high!r}, {shape})", repr((low + high) / 2)
    mean, std = attributes.get("mean", 0.0), attributes.get("std", 1.0)
    return f"rng.normal({mean!r}, {std!r}, {shape})", repr(mean)


def _wrapped(text: str) -> tuple[str, ...]:
    text = text.replace("\\", "/").replace('"""', "'''")
    return tuple(textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False))


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
