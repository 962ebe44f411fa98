"""One walk for every tree: what is inside a node, and the node over other parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import pytest

from derive.answers.slips.nested import rebound
from derive.ir.notation import Add, Axis, FloorDiv, Number, Pow, Read, Reduction, affine
from derive.ir.tree import EXPRESSIONS, SUBSCRIPTS, free_axes, mul, run_apart
from derive.ir.walk import Tree


@dataclass(frozen=True)
class Leaf:
    name: str


@dataclass(frozen=True)
class Fork:
    left: Fruit
    right: Fruit
    place: str = field(default="", kw_only=True, compare=False)


@dataclass(frozen=True)
class Row:
    items: tuple[Fruit, ...]
    bound: tuple[Leaf, ...] = ()


@dataclass(frozen=True)
class Signed:
    terms: tuple[tuple[Fruit, int], ...]


@dataclass(frozen=True)
class Mixed:
    rows: tuple[tuple[str, Fruit | None], ...]
    one: Leaf
    last: Fruit | None = None


Fruit = Leaf | Fork | Row | Signed | Mixed
A, B, C, D = map(Leaf, "abcd")
NODES = [
    (A, ()),
    (Fork(A, B, place="here"), (A, B)),
    (Row((A, B), (C,)), (A, B)),
    (Row(()), ()),
    (Signed(((A, 1), (B, 2))), (A, B)),
    (Mixed((("x", A), ("y", None)), B), (A, B)),
    (Mixed((), B, C), (B, C)),
]


@pytest.fixture
def tree() -> Tree[Fruit]:
    return Tree(Fruit, apart=("bound",))


@pytest.mark.parametrize(("node", "inside"), NODES)
def test_children_are_the_nodes_in_the_fields_in_order(tree, node, inside):
    assert tree.children(node) == inside


@pytest.mark.parametrize(("node", "inside"), NODES)
def test_a_node_over_its_own_children_is_itself(tree, node, inside):
    assert tree.rebuild(node, inside) == node


def test_other_parts_stand_where_the_old_ones_stood_and_all_else_stays(tree):
    assert tree.rebuild(Signed(((A, 1), (B, 2))), (C, D)) == Signed(((C, 1), (D, 2)))
    new = tree.rebuild(Mixed((("x", A), ("y", None)), B), (C, D))
    assert new == Mixed((("x", C), ("y", None)), D)
    assert tree.rebuild(Fork(A, B, place="here"), (B, A)).place == "here"
    assert tree.rebuild(Row((A,), (C,)), (D,)) == Row((D,), (C,))


def test_a_walk_is_in_reading_order_parents_first(tree):
    inner = Row((B, C))
    whole = Fork(Fork(A, inner), D)
    assert list(tree.walk(whole)) == [whole, whole.left, A, inner, B, C, D]


def test_a_walk_of_a_deep_tree_does_not_recur(tree):
    deep: Fruit = A
    for _ in range(5000):
        deep = Row((deep,))
    assert sum(1 for _ in tree.walk(deep)) == 5001


def test_a_change_from_the_top_enters_nothing_that_it_made_and_keeps_what_stays(tree):
    kept = Row((B,))
    new = tree.transform(Fork(A, kept), lambda n: Fork(A, A) if n == A else None)
    assert new == Fork(Fork(A, A), kept)
    assert new.right is kept


def test_a_sum_over_numbers_gathers_them():
    one, two = Number(Fraction(1)), Number(Fraction(2))
    new = EXPRESSIONS.rebuild(Add((Read("x"), one)), (two, one))
    assert new == Number(Fraction(3))
    assert EXPRESSIONS.rebuild(Pow(Read("x"), two), (Read("x"), one)) == Read("x")


def test_a_subscript_is_entered_to_the_letters_but_not_into_their_extents():
    i = Axis("i", affine(4))
    half = affine(FloorDiv(affine(i) + 1, 2)) + 3
    assert [n for n in SUBSCRIPTS.walk(half) if isinstance(n, Axis)] == [i]
    five = SUBSCRIPTS.transform(half, lambda n: affine(5) if n == i else None)
    assert five == affine(6)


def test_free_letters_are_called_like_nothing_near_them():
    i, j, k = (Axis(letter, affine(3)) for letter in "ijk")
    new = free_axes((i, j, k), {"i", "k", "l"}, {"m"})
    assert {a.letter: b.letter for a, b in new.items()} == {"i": "n", "k": "o"}


def test_a_renamed_sum_catches_no_letter_of_its_body():
    i, j = Axis("i", affine(3)), Axis("j", affine(3))
    total = Reduction("sum", (i,), mul(Read("a", (affine(i),)), Read("b", (affine(j),))))
    for new in (run_apart(total, {"i"}), rebound(total, {"i"})):
        assert new.axes[0].letter not in ("i", "j")
        assert Read("b", (affine(j),)) in EXPRESSIONS.walk(new)
