"""Module -> NumPy: the text of the whole."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.module.model_facts import Estimator
from codegen.program.procedures import Module
from codegen.python_module.beginnings import beginning_lines, drawing_helpers
from codegen.python_module.emitted_source import helper_text
from codegen.python_module.estimator import imports, render_estimator
from codegen.python_module.head import dict_lines, doc_lines, shapes
from codegen.targets.numpy.names import TRAINING, Names
from codegen.targets.numpy.procedures import function_of
from codegen.targets.numpy.runtime_calls import runtime_calls
from codegen.templating import render
from derive.ir.notation import Tensor


def module_text(module: Module, dtype: str, estimator: Estimator | None) -> str:
    """The source of the module: the mathematics, and below a divider the estimator."""
    names = _names(module)
    helpers = runtime_calls(module)
    text = render(
        "module.py.j2",
        name=module.name,
        doc=doc_lines(module, "NumPy alone", "line stands"),
        imports=list(imports()) if estimator else [],
        dtype=dtype,
        parameters=dict_lines("PARAMETERS", shapes(_having(module, "parameter"))),
        buffers=dict_lines("BUFFERS", shapes(_having(module, "buffer"))),
        hyperparameters=dict_lines("HYPERPARAMETERS", module.hyperparameters),
        constants=_constants(_having(module, "constant"), names),
        helpers=helper_text(helpers | drawing_helpers(module.beginnings)),
        initial=beginning_lines(module.beginnings),
        functions=[function_of(p, names) for p in module.procedures],
        estimator=render_estimator(estimator).rstrip("\n") if estimator else "",
    )
    return text.rstrip("\n") + "\n"


def _names(module: Module) -> Names:
    """The names of a module's tensors and extents; an optimiser's numbers have theirs."""
    tensors = [t.name for t in module.tensors if t.role != "hyperparameter"]
    modes = dict.fromkeys((t.name for t in _having(module, "mode")), TRAINING)
    return Names(tensors, module.dims, modes)


def _having(module: Module, role: str) -> list[Tensor]:
    return [t for t in module.tensors if t.role == role]


def _constants(tensors: Sequence[Tensor], names: Names) -> list[str]:
    lines = []
    for tensor in tensors:
        assert tensor.value is not None
        value = tensor.value
        exact = repr(float(value)) if value.denominator != 1 else str(value.numerator)
        lines.append(f"{names.tensor(tensor.name)} = {exact}")
    return lines
