"""Module -> one Python file that carries the C text, with the contract of every module."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from codegen.module.model_facts import Estimator
from codegen.program.operands import Result, Variable
from codegen.program.procedures import Extent, Module, Procedure, Return
from codegen.python_module.beginnings import beginning_lines, drawing_helpers
from codegen.python_module.emitted_source import definitions, helper_text, specialised
from codegen.python_module.estimator import imports, render_estimator
from codegen.python_module.head import dict_lines, doc_lines, shapes
from codegen.python_module.line_breaking import defined
from codegen.targets.c.module import Printer
from codegen.targets.c.procedures import called_by, holds_statements, purpose_of
from codegen.targets.c.public import CURVATURES, MODED
from codegen.targets.c.stepping import Stepping
from codegen.templating import render
from derive.ir.notation import Affine, Tensor
from derive.ir.runtime_extents import dims_of, dims_of_extent

_IMPORTS = (
    "contextlib",
    "ctypes",
    "functools",
    "hashlib",
    "math",
    "os",
    "platform",
    "shlex",
    "shutil",
    "subprocess",
    "tempfile",
    "threading",
)


def python_text(module: Module, dtype: str, estimator: Estimator | None) -> str:
    """The source of the Python module: a binding of the C text, and below it the estimator."""
    return PythonPrinter(module, dtype).text(dtype, estimator)


class PythonPrinter:
    """Prints the functions that hand arrays to C."""

    def __init__(self, module: Module, dtype: str) -> None:
        self.module = module
        self.printer = Printer(module, dtype)
        self.texts = self.printer.texts()
        self.program = self.printer.program
        self.names = self.program.names

    def text(self, dtype: str, estimator: Estimator | None) -> str:
        """All of it."""
        module, program = self.module, self.program
        integers = any(t.integer for t in program.data)
        helpers = {"_array"} | ({"_integers"} if integers else set())
        wanted = {*_IMPORTS, *(imports() if estimator else ())}
        text = render(
            "c_module.py.j2",
            name=module.name,
            doc=doc_lines(module, "C that it compiles at first use", "loop stands"),
            imports=sorted(wanted),
            dtype=dtype,
            parameters=dict_lines("PARAMETERS", shapes(program.having("parameter"))),
            buffers=dict_lines("BUFFERS", shapes(program.having("buffer"))),
            hyperparameters=dict_lines("HYPERPARAMETERS", module.hyperparameters),
            source=self._source(),
            facts=self._facts(),
            helpers=helper_text(helpers | drawing_helpers(module.beginnings)),
            binding=specialised(self._binding(), {}).strip("\n"),
            initial=beginning_lines(module.beginnings),
            functions=self._functions(),
            estimator=render_estimator(estimator).rstrip("\n") if estimator else "",
        )
        return text.rstrip("\n") + "\n"

    def _source(self) -> str:
        header = f'#include "{self.printer.header}"\n\n'
        return f"{self.texts.header}\n{self.texts.source.replace(header, '', 1)}"

    def _binding(self) -> str:
        """The functions of `binding`, without the facts that stand before them."""
        text = definitions(Path(__file__).with_name("binding.py"))
        below = text[text.index("_FLAGS = (") :]
        return below.replace("(dict[str, Array])", "(dict)").replace("(dict[str, Any])", "(dict)")

    def _facts(self) -> list[str]:
        program, state = self.program, self.printer.state
        memory = dict(state.memories)
        return [
            "# what the structs of the text hold, in order",
            "_STORED = {**PARAMETERS, **BUFFERS}",
            f"_MOVED = {[key for key, _ in program.gradient_table]!r}",
            f"_NUMBERS = {dict(state.numbers)!r}",
            f"_MEMORY = {memory!r}",
            f"_MODE = {program.has_mode}  # functions take the mode, and a seed",
        ]

    # functions

    def _functions(self) -> list[str]:
        names = ("forward", "probabilities", "loss", *CURVATURES)
        found = [p for n in names if (p := self.program.procedure(n)) is not None]
        result = [self._handing_on(p) for p in found]
        return [*result, self._gradients(), *self._training(), *self._walking()]

    def _data(self, procedure: Procedure) -> list[Tensor]:
        names = {a.what.tensor for a in procedure.arguments if isinstance(a.what, Variable)}
        return [t for t in self.program.data if t.name in names]

    def _function(self, head: str, doc: str, body: list[str]) -> str:
        lines = [*defined(*head.split("|", 1)), f'    """{doc}"""', *(f"    {row}" for row in body)]
        return "\n".join(lines)

    def _checked(self, data: list[Tensor], known: set[str] | None = None) -> list[str]:
        """Arguments as arrays of the right kind and shape, and the extents that they bring."""
        known = set() if known is None else known
        lines: list[str] = []
        for tensor in data:
            extents = []
            for extent in tensor.shape:
                code = self._extent(extent)
                extents.append(code if dims_of_extent(extent) <= known else f'"{code}"')
            name = self.names.tensor(tensor.name)
            helper = "_integers" if tensor.integer else "_array"
            lines.append(f'{name} = {helper}({name}, "{tensor.name}", {_tuple(extents)})')
            for k, extent in enumerate(tensor.shape):
                dims = dims_of_extent(extent)
                if dims and not dims <= known and self._extent(extent).isidentifier():
                    lines.append(f"{self._extent(extent)} = {name}.shape[{k}]")
                    known |= dims
        return lines

    def _extent(self, extent: Affine) -> str:
        return str(self.program.scope.integer(extent)).replace("/", "//")

    def _lists(self, data: list[Tensor]) -> str:
        """The arrays that C is given, and the run-time extents; those of other arrays are 0."""
        shown = ", ".join(self.names.tensor(t.name) for t in data)
        brought = dims_of(data)
        dims = ", ".join(self.names.dim(d) if d in brought else "0" for d in self.module.dims)
        return f"[{shown}], [{dims}]"

    def _arguments(self, data: list[Tensor]) -> str:
        return "".join(f", {self.names.tensor(t.name)}" for t in data)

    def _handing_on(self, procedure: Procedure) -> str:
        data, name = self._data(procedure), procedure.name
        shown = self._shown(procedure)
        shape = _tuple(self._extent(e) for e in self.program.table[shown].shape)
        moded = name in MODED
        mode = ", *_mode(training, rng)" if moded and self.program.has_mode else ""
        call = f'_result("{name}", params, {self._lists(data)}, {shape}{mode})'
        call = f"float({call})" if name == "loss" else call
        more = ", training=False, rng=None" if moded else ""
        doc = {
            "forward": f"The output {self.names.tensor(shown)}.",
            "probabilities": "The probabilities that the output stands for.",
            "loss": f"The objective {self.module.objective}.",
        }.get(name, purpose_of(procedure, self.program))
        head = f"{name}|params{self._arguments(data)}{more}"
        return self._function(head, _plain(doc), [*self._checked(data), f"return {call}"])

    def _shown(self, procedure: Procedure) -> str:
        """The tensor that a procedure hands on."""
        call = called_by(procedure)
        if call is None:
            (value,) = procedure.body[-1].values  # type: ignore[union-attr]
            assert isinstance(value, Variable)
            return value.tensor
        inner = call.call if isinstance(call, Result) else call
        called = self.program.procedure(inner.procedure)
        assert called is not None
        returned = called.body[-1]
        assert isinstance(returned, Return)
        position = call.position or 0 if isinstance(call, Result) else 0
        shown = returned.values[position]
        assert isinstance(shown, Variable)
        return shown.tensor

    def _gradients(self) -> str:
        data = self.program.data
        rows = [
            f'"{key}": {self.names.tensor(key)} if inputs else None'
            for key, _ in self.program.input_rows
        ]
        body = [
            *self._checked(data),
            f"wanted = {{{', '.join(rows)}}}",
            f"return _gradients(params, {self._lists(data)}, wanted, _mode(training, rng))",
        ]
        head = f"gradients|params{self._arguments(data)}, inputs=False, training=False, rng=None"
        doc = "The objective and its derivatives: (E, {name: array}), by inputs too if asked."
        return self._function(head, doc, body)

    def _training(self) -> list[str]:
        data = self.program.data
        seed = "[_seed(rng)]" if self.program.has_mode else "[]"
        body = [
            *self._checked(data),
            f"return _train_step(params, state, {self._lists(data)}, {seed})",
        ]
        head = f"train_step|params, state{self._arguments(data)}, rng=None"
        doc = "One update of the parameters, in place; returns the loss before it."
        begin = self._function("init_state|params", "The optimiser's state.", ["return _State()"])
        return [begin, self._function(head, doc, body)]

    # a place at a time

    def _walking(self) -> list[str]:
        stepping = self.printer.stepping
        return [self._init_step(stepping), self._step(stepping)] if stepping else []

    def _init_step(self, stepping: Stepping) -> str:
        begin, program = stepping.procedures[0], stepping.programs[0]
        given = stepping.given(begin)
        free = [a.what for a in begin.arguments if isinstance(a.what, Extent)]
        known: set[str] = set()
        body = self._checked(given, known)
        body += [
            f"{self.names.dim(e.dim)} = {e.name}"
            for e in free
            if e.name and e.name != self.names.dim(e.dim)
        ]
        rows = []
        for one in stepping.kept:
            zeros = "0"
            if one.tensor is not None:
                kind = "np.intp" if one.tensor.integer else "DTYPE"
                shape = _tuple(self._extent(e) for e in one.tensor.shape)
                zeros = f"np.zeros({shape}, {kind})"
            rows.append(f'"{one.key}": {zeros}')
        dims = ", ".join(program.dims)
        shown = ", ".join(self.names.tensor(t.name) for t in given)
        body += [
            f"state = {{{', '.join(rows)}}}",
            f'_walk("init_step", params, [{shown}], [{dims}], state, {holds_statements(begin)})',
            "return state",
        ]
        more = "".join(f", {e.name or self.names.dim(e.dim)}=1" for e in free)
        head = f"init_step|params{self._arguments(given)}{more}"
        return self._function(head, "The state before the first place of a sequence.", body)

    def _step(self, stepping: Stepping) -> str:
        step, program = stepping.procedures[1], stepping.programs[1]
        given = stepping.given(step)
        known: set[str] = set()
        body = self._checked(given, known)
        rows = []
        for one in stepping.kept:
            value = f'int(state["{one.key}"])'
            if one.tensor is not None:
                helper = "_integers" if one.tensor.integer else "_array"
                shape = _tuple(self._extent(e) for e in one.tensor.shape)
                value = f'np.array({helper}(state["{one.key}"], "state {one.key}", {shape}))'
            rows.append(f'"{one.key}": {value}')
        shape = _tuple(self._extent(e) for e in stepping.output.shape)
        shown = ", ".join(self.names.tensor(t.name) for t in given)
        dims = ", ".join(program.dims)
        body += [
            "state = {",
            *(f"    {row}," for row in rows),
            "}",
            f"result = np.empty({shape}, DTYPE)",
            f'_walk("step", params, [{shown}], [{dims}], state, True, result)',
            "return result, state",
        ]
        head = f"step|params, state{self._arguments(given)}"
        return self._function(head, "One place of a sequence: (output, the next state).", body)


def _tuple(parts: Iterable[str]) -> str:
    """A tuple's text."""
    shown = list(parts)
    return f"({', '.join(shown)}{',' * (len(shown) == 1)})"


def _plain(text: str) -> str:
    """A docstring that ends where it should."""
    return text.replace("\\", "/").replace('"', "'")
