"""Formulas for a terminal: the printers' LaTeX as one line of Unicode, `δ⁽²⁾_i = y_i (1 − y_i)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}^_&]|\s+|.", re.DOTALL)

_SIGNS = {
    r"\partial": "∂",
    r"\sum": "Σ",
    r"\prod": "Π",
    r"\sigma": "σ",
    r"\cdot": "·",
    r"\times": "×",
    r"\odot": "⊙",
    r"\oslash": "⊘",
    r"\le": "≤",
    r"\ge": "≥",
    r"\ne": "≠",
    r"\lt": "<",
    r"\gt": ">",
    r"\wedge": "∧",
    r"\vee": "∨",
    r"\neg": "¬",
    r"\infty": "∞",
    r"\leftarrow": "←",
    r"\lfloor": "⌊",
    r"\rfloor": "⌋",
    r"\lvert": "|",
    r"\rvert": "|",
    r"\lVert": "‖",
    r"\rVert": "‖",
    r"\top": "T",
    r"\int": "∫",
    r"\ell": "ℓ",
    r"\quad": "  ",
    r"\qquad": "    ",
    r"\thinspace": " ",
    r"\bmod": "mod",
    r"\,": " ",
    r"\ ": " ",
    r"\_": "_",
    r"\\": "; ",
    r"\prime": "′",
    "-": "−",
    "&": " ",
}
_GREEK_NAMES = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho "
    "tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδϵεζηθικλμνξπρτυϕχψωΓΔΘΛΞΠΣΥΦΨΩ", strict=True))
_LAYOUT = (
    r"\left \right \limits \nolimits \displaystyle \bigl \bigr \Bigl \Bigr \biggl \biggr \Biggl "
    r"\Biggr \mathbf \mathrm \mathrel \text \operatorname \mathcal \substack"
)
_NOTHING = frozenset(_LAYOUT.split())
_ABOVE = dict(zip("0123456789+−=()Tni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵀⁿⁱ", strict=True))
_TIGHT = (
    ("( ", "("),
    (" )", ")"),
    ("[ ", "["),
    (" ]", "]"),
    (" ,", ","),
    (" ;", ";"),
    ("+ =", "+="),
    ("∂ ", "∂"),
)
# a minus sign with nothing to take away from
_UNARY = re.compile(r"(^|[(\[{⌊,;=≤≥<>←·⊙⊘] ?)− ")
_OPENING = (r"\lfloor", r"\lvert", r"\lVert")
_ACCENTS = {r"\tilde": "\u0303", r"\hat": "\u0302", r"\bar": "\u0304", r"\dot": "\u0307"}


def plain(latex: str) -> str:
    """A formula as Unicode."""
    found = " ".join(_Reader(latex).row().split())
    for spaced, tight in _TIGHT:
        found = found.replace(spaced, tight)
    return _UNARY.sub(r"\1−", found)


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = [t for t in _TOKEN.findall(text) if t not in "\x01\x02"]
        self.at = 0
        self.laid = 0  # matrices and cases around

    def row(self) -> str:
        """Up to a closing brace or the end."""
        found = ""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token in ("}", r"\end"):
                if token == r"\end":
                    self.argument()
                break
            found += self.piece(token)
        return found

    def argument(self) -> str:
        """What stands in braces, or one token."""
        self.spaces()
        if self.at == len(self.tokens):
            return ""
        token = self.tokens[self.at]
        self.at += 1
        return self.row() if token == "{" else self.piece(token)

    def spaces(self) -> None:
        """Passes over spaces."""
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1

    def piece(self, token: str) -> str:
        """One token with its arguments."""
        if token in _SPECIAL:
            return _SPECIAL[token](self)
        if token in _OPENING:
            self.spaces()
            minus = self.tokens[self.at : self.at + 1] == ["-"]
            self.at += minus
            return _SIGNS[token] + "−" * minus
        if token == "&" and self.laid:
            return ", "
        if token in _SIGNS:
            sign = _SIGNS[token]
            return f" {sign} " if sign in "≤≥≠<>∧∨←⊙⊘−mod" and token != r"\top" else sign
        if token in _NOTHING:
            return ""
        if token in _ACCENTS:
            return self.argument() + _ACCENTS[token]
        if token.startswith("\\") and token[1:] in _GREEK:
            return _GREEK[token[1:]]
        if token.isspace():
            return " "
        if token in ("=", "+"):
            return f" {token} "
        return token.removeprefix("\\")

    def group(self) -> str:
        """A group within the formula."""
        return self.row()

    def quotient(self) -> str:
        """`a/b`, each in parentheses unless it is one piece."""
        over, under = (" ".join(self.argument().split()).replace("∂ ", "∂") for _ in range(2))
        return f" {_closed(over)}/{_closed(under)} "

    def root(self) -> str:
        """A square root."""
        return f"√{_closed(self.argument().strip())}"

    def above(self) -> str:
        """A superscript, with the characters that Unicode has."""
        text = self.argument().strip().replace(" ", "")
        if all(c in _ABOVE for c in text):
            return "".join(_ABOVE[c] for c in text)
        return f"^{_closed(text)}"

    def below(self) -> str:
        """A subscript."""
        text = self.argument().strip().replace(" ", "")
        text = text.replace("mod", " mod ")
        return f"_{text}" if text.isalnum() or len(text) == 1 else f"_{{{text}}}"

    def rows(self) -> str:
        """The rows of a matrix, or of cases: `[1, −1; 0, 2]`, `{x, x > 0; 0, otherwise}`."""
        kind = self.argument()
        self.laid += kind != "aligned"
        inner = " ".join(self.row().split())
        self.laid -= kind != "aligned"
        return f"{{{inner}}}" if kind == "cases" else f"[{inner}]"


_SPECIAL: Mapping[str, Callable[[_Reader], str]] = {
    "{": _Reader.group,
    "^": _Reader.above,
    "_": _Reader.below,
    r"\frac": _Reader.quotient,
    r"\sqrt": _Reader.root,
    r"\begin": _Reader.rows,
}


def _closed(text: str) -> str:
    """In parentheses, unless it is one piece already."""
    simple = not any(c in text for c in " +−·/⊙⊘") or text.startswith("∂")
    return text if simple else f"({text})"
