"""Real source without what a module doesn't need: branches, parameters, types, functions."""

import ast
import textwrap

import pytest

from codegen.python_module import runtime
from codegen.python_module.emitted_source import helper_text, pruned, specialised

SOURCE = textwrap.dedent('''
    class Box:
        """A box."""

        size: int

        def fill(
            self,
            amount: float,
            colour: str = "red",
            *,
            late: bool = False,
        ) -> None:
            """Fill it."""
            parts: list[float] = []
            # what comes first
            if _DEEP and amount > 2:
                parts.append(amount)

            if _KIND == "a":
                # only an a
                _first(amount, colour)
            elif _KIND in ("b", "c"):
                if not _DEEP:
                    _second(colour, amount)
                else:
                    _second(amount, colour=colour)
            else:
                raise ValueError("none")

            return _first(colour) if _DEEP else _second(amount)

        if _KIND == "a":

            def only_a(self) -> int:
                return _third()


    def _first(amount: float, colour: str = "") -> None:
        """First."""


    def _second(amount: float, colour: str = "") -> None:
        return _first(amount)


    def _third() -> int:
        return _LIMIT


    _LIMIT = 3
''').strip("\n")


def test_decided_branches_are_taken_and_types_go() -> None:
    expected = textwrap.dedent('''
        class Box:
            """A box."""

            def fill(self, amount, colour="red", *, late=False):
                """Fill it."""
                parts = []
                # what comes first
                if amount > 2:
                    parts.append(amount)

                _second(amount, colour=colour)

                return _first(colour)


        def _first(amount, colour=""):
            """First."""


        def _second(amount, colour=""):
            return _first(amount)
    ''').lstrip("\n")
    assert pruned(specialised(SOURCE, {"_KIND": "b", "_DEEP": True})) == expected


def test_absent_names_leave_signatures_and_calls() -> None:
    text = specialised(SOURCE, {"_KIND": "a", "_DEEP": False}, absent={"colour"})
    assert "def fill(self, amount, *, late=False):" in text
    assert "        _first(amount)\n" in text
    assert "return _second(amount)" in text
    assert "_LIMIT = 3" in pruned(text)
    assert "amount > 2" not in text
    text = specialised(SOURCE, {"_KIND": "c", "_DEEP": False}, absent={"colour"})
    assert "        _second(amount)\n" in text
    both = specialised("f(x, a, t, w=w)\ng(x, t)\nh(t, b)\n", {}, absent={"x", "t", "w"})
    assert both == "f(a)\ng()\nh(b)\n"
    assert specialised("def f(x, t):\n    g(x, t)\n", {}, ignored={"t"}) == (
        "def f(x, t=None):\n    g(x)\n"
    )


@pytest.mark.parametrize("kind", ["a", "b", "c", "d", None])
@pytest.mark.parametrize("deep", [True, False, None])
def test_what_is_left_is_python(kind: str | None, deep: bool | None) -> None:
    facts = {"_KIND": kind, "_DEEP": deep}
    known = {name: fact for name, fact in facts.items() if fact is not None}
    text = specialised(SOURCE, known)
    names = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    assert not names & known.keys()
    assert specialised(text, known) == text
    assert pruned(pruned(text)) == pruned(text)


@pytest.mark.parametrize(
    "test",
    [
        "(a, b) != (c, d)",
        "(a, 1) == (a, 1)",
        "a == a",
        "_KIND == a",
        "not a",
        "a or b",
        "_DEEP or a",
    ],
)
def test_what_is_not_known_is_not_decided(test: str) -> None:
    source = f"if {test}:\n    f()\n"
    assert specialised(source, {"_KIND": "a", "_DEEP": False}) == source


def test_nothing_is_decided_below_what_is_not() -> None:
    with pytest.raises(ValueError, match=r"decided below what isn't: elif _DEEP"):
        specialised("if x:\n    a()\nelif _DEEP:\n    b()\n", {"_DEEP": True})


def test_helpers_bring_what_they_call_and_keep_their_order() -> None:
    assert helper_text(()) == []
    names = [text.split("(")[0] for text in helper_text({"sigmoid", "_places", "_take"})]
    assert names == [
        "def _array",
        "def _integers",
        "def _places",
        "def sigmoid",
        "def _inside",
        "def _take",
    ]
    everything = "\n\n\n".join(helper_text(n for n in dir(runtime) if not n.startswith("__")))
    assert "->" not in everything
    for node in ast.parse(everything).body:
        if isinstance(node, ast.Assign):
            ast.literal_eval(node.value)  # coefficients: plain numbers
            continue
        assert isinstance(node, ast.FunctionDef)
        assert ast.get_docstring(node)
