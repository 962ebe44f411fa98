"""What isn't a program is refused: each way of breaking one is found."""

from dataclasses import replace

import pytest

from codegen.lowering.module import lowered
from codegen.program.nodes import Assign, Dot, Map, Reduce
from codegen.program.operands import Call, Variable
from codegen.program.procedures import Measure, Return, Sample, Unpack
from codegen.program.walk import ARRAYS, with_arrays
from codegen.program.wellformed import check_module
from derive.ir.wellformed import Malformed
from tests.codegen.program.programs import built, net

DENSE = {"type": "dense", "units": 3, "activation": "tanh"}


@pytest.fixture(scope="module")
def module():
    layers = (DENSE, {"type": "dropout", "p": 0.5}, {"type": "softmax"}, DENSE)
    return lowered(built(net(*layers)))


def without(module, name, kind):
    """The module without the first instruction of a kind in a procedure."""

    def cut(procedure):
        if procedure.name != name:
            return procedure
        first = next(i for i in procedure.body if isinstance(i, kind))
        return replace(procedure, body=tuple(i for i in procedure.body if i is not first))

    return replace(module, procedures=tuple(map(cut, module.procedures)))


def arrays_changed(module, kind, change):
    """The module with every array of a kind changed."""

    def one(_, array):
        return ARRAYS.transform(array, lambda a: change(a) if isinstance(a, kind) else None)

    def over(procedure):
        return replace(procedure, body=tuple(with_arrays(i, one) for i in procedure.body))

    return replace(module, procedures=tuple(map(over, module.procedures)))


def test_what_the_engine_makes_is_wellformed(module):
    check_module(module)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("_propagate", Unpack),
        ("_propagate", Measure),
        ("_propagate", Sample),
        ("_propagate", Assign),
        ("_evaluate", Call),
        ("gradients", Assign),
        ("loss", Return),
        ("train_step", Call),
    ],
)
def test_what_is_missing_is_missed(module, name, kind):
    with pytest.raises(Malformed, match=f"^{name}: "):
        check_module(without(module, name, kind))


def test_axes_that_disagree(module):
    def doubled(array):
        return replace(array, axes=(*array.axes, *array.axes))

    def widened(array):
        return replace(array, axes=array.of.axes)

    def strange(array):
        return replace(array, axes=array.axes[:-1])

    for kind, change in ((Dot, doubled), (Reduce, widened), (Map, strange)):
        with pytest.raises(Malformed, match=r"axes of|one axis twice"):
            check_module(arrays_changed(module, kind, change))


def test_calls_that_do_not_fit(module):
    gone = tuple(p for p in module.procedures if p.name != "_evaluate")
    with pytest.raises(Malformed, match="there is no _evaluate"):
        check_module(replace(module, procedures=gone))
    twice = (*module.procedures, module.procedures[0])
    with pytest.raises(Malformed, match="two procedures of one name"):
        check_module(replace(module, procedures=twice))

    def shorter(procedure):
        changed = (
            replace(i, arguments=i.arguments[:1]) if isinstance(i, Call) else i
            for i in procedure.body
        )
        return replace(procedure, body=tuple(changed))

    with pytest.raises(Malformed, match="takes other arguments"):
        check_module(replace(module, procedures=tuple(map(shorter, module.procedures))))


def test_nothing_follows_a_return(module):
    def longer(procedure):
        return replace(procedure, body=(*procedure.body, Return((Variable("x"),))))

    with pytest.raises(Malformed, match="something follows a return"):
        check_module(replace(module, procedures=tuple(map(longer, module.procedures))))
