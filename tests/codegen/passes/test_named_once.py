"""What stands twice has a name, and only where it is the same each time."""

from dataclasses import replace

from codegen import emit
from codegen.lowering.module import lowered
from codegen.passes.named_once import named_once
from codegen.program.nodes import Assign, Choose, Dot, Load, Map, Value, Whole
from codegen.program.procedures import IfGiven, Module, Procedure, Return
from derive.calculus.differentiate import differentiate
from derive.ir.notation import Affine, Axis, Index, Number, Tensor, affine
from derive.ir.tree import ONE
from derive.specs.parse import parse
from tests.codegen.program.programs import built

ROW, COLUMN = Axis("i", affine(2)), Axis("j", affine(3))
A = Load("A", (Whole(), Whole()), (ROW, COLUMN))
X = Load("x", (Whole(), Whole()), (COLUMN, ROW))
PRODUCT = Dot(A, X, ())


def put(tensor, value, op="="):
    return Assign(tensor, None, op, value, value.axes, f"{tensor} = ...")


def scaled(value):
    return Map("neg", (value,), value.axes)


def named(*body):
    """The body of a procedure after the pass."""
    procedure = Procedure("f", (), ("",), (*body, Return(())))
    tensors = (Tensor("A", (affine(2), affine(3)), "parameter"),)
    (after,) = named_once(Module("m", "", (), tensors, (), (), (), (procedure,))).procedures
    return after.body[:-1]


def test_a_product_in_two_lines():
    made, first, second = named(put("p", scaled(PRODUCT)), put("q", scaled(PRODUCT)))
    assert made == Assign("A_x", None, "=", PRODUCT, (), "p = ...")
    assert (first.note, second.note) == ("", "q = ...")
    assert first.value == second.value == scaled(Load("A_x", (), ()))


def test_the_tensor_that_it_is_goes_before():
    made, first = named(put("p", scaled(PRODUCT)), put("c", PRODUCT))
    assert made == put("c", PRODUCT)
    assert first == put("p", scaled(Load("c", (), ())))


def test_what_changes_in_between_is_another_value():
    body = (put("p", scaled(PRODUCT)), put("A", A, "+="), put("q", scaled(PRODUCT)))
    assert named(*body) == body


def test_what_changes_later_is_not_read_for_it():
    body = (put("c", PRODUCT), put("p", scaled(PRODUCT)), put("c", Value(Number(ONE.value)), "+="))
    made, *rest = named(*body)
    assert made.tensor == "A_x"
    assert [one.tensor for one in rest] == ["c", "p", "c"]


def test_under_a_condition():
    inside = IfGiven("inputs", (put("q", scaled(PRODUCT)),))
    made, _, condition = named(put("p", scaled(PRODUCT)), inside)
    assert condition.body[0].value == scaled(Load(made.tensor, (), ()))
    late = (replace(inside, flag="other"), inside)
    assert named(*late) == late


def test_what_may_not_be_worked_out_is_left():
    arm = Choose(Index(Affine()), PRODUCT, Value(ONE), ())
    body = (put("p", arm), put("q", arm))
    assert named(*body) == body


def test_it_shows():
    text = """
    g[n,h] = sum(i, W[h,i]*x[n,i])
    s[n,h] = sum(i, V[h,i]*x[n,i])
    y[n,j] = sum(h, U[j,h]*g[n,h]*sigmoid(g[n,h])*s[n,h])
    E = sum(n,j, (y[n,j] - t[n,j])**2)
    """
    given = {"parameters": ["W", "V", "U"], "inputs": ["x"], "targets": ["t"], "objective": "E"}
    sizes = {"i": 2, "h": 3, "j": 2}
    derivation = differentiate(parse(text, batch="n", sizes=sizes, **given))
    assert emit(derivation).count("dy @ U") == 1
    module = lowered(built(derivation))
    assert named_once(named_once(module)) == named_once(module)
