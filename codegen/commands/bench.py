"""`chainrule bench`."""

from __future__ import annotations

from codegen.bench.contenders import Task, demand_known
from codegen.bench.data import extents_of
from codegen.bench.measure import measured
from codegen.bench.report import as_json, as_text
from codegen.commands.files_in_out import check_output, deliver, read_derivation
from codegen.pipeline import demand_servable
from derive.errors import ChainruleError


def run(
    spec: str,
    output: str | None,
    names: tuple[str, str],
    numbers: tuple[int | None, str, int],
    dtype: str,
    json: bool,
) -> int:
    """Time a training step: `names` are targets and peers, `numbers` batch, sizes and rounds."""
    check_output(spec, output)
    targets, against = (tuple(n.strip() for n in text.split(",") if n.strip()) for text in names)
    batch, sizes, rounds = numbers
    if not targets:
        raise ChainruleError("--target: name one, such as numpy")
    if rounds < 1:
        raise ChainruleError(f"--rounds: {rounds} is too few; take at least 1")
    demand_known(targets, against)
    derivation = read_derivation(spec)
    for target in targets:
        demand_servable(derivation, target, dtype)
    extents = extents_of(derivation, batch, _sizes(sizes))
    task = Task(derivation, tuple(extents.items()), dtype)
    contenders = tuple(dict.fromkeys((*targets, *against)))
    result = measured(task, contenders, rounds)
    deliver(as_json(result) if json else as_text(result), output)
    return 0


def _sizes(text: str) -> dict[str, int]:
    """`t=32, k=5` as numbers by their names."""
    result: dict[str, int] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, number = (p.strip() for p in part.partition("="))
        if not name or not number.isdecimal() or len(number) > 12:
            raise ChainruleError(f"--sizes: '{part}' is no name = number, such as t=32")
        result[name] = int(number)
    return result
