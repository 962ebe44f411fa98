"""The emitted functions that go along a sequence place by place: `init_step` and `step`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codegen.targets.numpy.functions.arguments import Use, Writer
from codegen.targets.numpy.functions.frame import Frame
from codegen.targets.numpy.functions.function import Function, dict_of, wrapped
from codegen.targets.numpy.printer import Printer
from derive.ir.notation import (
    Affine,
    Dim,
    Tensor,
    affine,
)
from derive.ir.runtime_extents import equation_dims
from derive.ir.tree import fresh_name
from derive.systems.stepping import Stepping


def step_functions(frame: Frame) -> list[Function]:
    """Both, where the output follows from what is there and from what was before; else none."""
    if frame.stepping is None:
        return []
    table = {t.name: t for t in frame.stepping.tensors}
    whole = frame.writer
    walk = frame.stepping
    asked = frozenset(
        (walk.output, *(k.after for k in walk.kept), *(k.tensor.name for k in walk.kept))
    )
    use = Use((*walk.before, *walk.equations), asked)
    begun = frozenset(k.tensor.name for k in walk.kept if k.begins)
    writer = Writer(
        frame.names,
        table,
        whole.dims,
        whole.stored,
        use,
        whole.printer,
        apart=begun,
        bounds=frame.bounds,
    )
    return [_init_step(frame, writer, walk), _step(writer, walk)]


def _init_step(frame: Frame, writer: Writer, walk: Stepping) -> Function:
    """The state before the first place."""
    computed = {e.tensor for e in walk.before}
    given = {t.name for t in walk.given}
    body = writer.body(walk.before)
    called = {
        affine(Dim(d)): "batch" if d == frame.system.batch else writer.names.dim(d)
        for d in walk.free
    }
    rows = []
    for kept in walk.kept:
        name = kept.tensor.name
        known = name in computed | given
        value = writer.names.tensor(name) if known else _zeros(writer, kept.tensor, called)
        rows.append(f'"{kept.key}": {value}')
    rows += [f'"{_place(walk)}": 0'] * bool(walk.place)
    returned = dict_of("    return ", rows)
    lines = [*writer.unpack(walk.before)]
    lines += writer.checked(walk.given, [*body, *returned])
    asked = {d for e in walk.before for d in equation_dims(e)}
    for dim, word in called.items():
        ((atom, _),) = dim.terms
        assert isinstance(atom, Dim)
        own = writer.names.dim(atom.name)
        lines += [f"    {own} = {word}"] * (atom.name in asked and own != word)
    lines += [*body, *returned]
    told = "".join(f", {name}=1" for name in called.values())
    return Function(
        "init_step",
        f"params{_arguments(writer, walk.given)}{told}",
        wrapped("The state before the first place of a sequence, for `step`."),
        tuple(lines),
        writer.was_quiet(),
    )


def _step(writer: Writer, walk: Stepping) -> Function:
    """The output at one place, and the state behind it."""
    body = writer.body(walk.equations, fixed=[walk.place] if walk.place else [])
    told = {k.tensor.name: (f'state["{k.key}"]', f"state {k.key}") for k in walk.kept}
    lines = [*writer.unpack(walk.equations)]
    lines += writer.checked((*walk.inputs, *(k.tensor for k in walk.kept)), body, told=told)
    rows = [f'"{k.key}": {writer.names.tensor(k.after)}' for k in walk.kept]
    if walk.place:
        counter = writer.names.letter(walk.place)
        lines.append(f'    {counter} = state["{_place(walk)}"]')
        length = walk.place.extent.number
        if length is None:
            length = dict(writer.bounds.longest).get(walk.place.extent)
        if length is not None:  # what depends on the place is known so far only
            said = f'raise ValueError("a sequence has {length} places")'
            lines += [f"    if {counter} >= {length}:", f"        {said}"]
        rows.append(f'"{_place(walk)}": {counter} + 1')
    output = writer.names.tensor(walk.output)
    lines += [*body, *dict_of(f"    return {output}, ", rows)]
    said = f"One place of a sequence: the output {output}{writer.shape_words(walk.output)}, and "
    return Function(
        "step",
        f"params, state{_arguments(writer, walk.inputs)}",
        wrapped(said + "the state for the next one."),
        tuple(lines),
        writer.was_quiet(),
    )


def _arguments(writer: Writer, tensors: Sequence[Tensor]) -> str:
    return "".join(f", {writer.names.tensor(t.name)}" for t in tensors)


def _zeros(writer: Writer, tensor: Tensor, called: Mapping[Affine, str]) -> str:
    """Zeros; `called` has the extents that the function is told."""
    shape = Printer.entries([called.get(e) or writer.printer.index(e) for e in tensor.shape])
    shape = shape if tensor.shape else "()"
    return f"np.zeros({shape}, dtype={'np.intp' if tensor.integer else 'DTYPE'})"


def _place(walk: Stepping) -> str:
    """The state's key for the number of the place."""
    return fresh_name({k.key for k in walk.kept}, "place")
