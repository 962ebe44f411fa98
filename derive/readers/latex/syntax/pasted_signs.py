"""Unicode as it is pasted from a page: `δ = (y − t) ⊙ σ′(z)`, sign by sign as LaTeX."""

from __future__ import annotations

import unicodedata

ABOVE = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵀᵗⁿⁱʲᵏˡᴸ"
BELOW = "₀₁₂₃₄₅₆₇₈₉₊₋₍₎ᵢⱼₖₗₘₙₜ"
_SIGNS = {
    "−": "-",
    "–": "-",
    "·": r"\cdot",
    "⋅": r"\cdot",
    "×": r"\times",
    "∗": "*",
    "÷": "/",
    "∕": "/",
    "⊙": r"\odot",
    "∘": r"\odot",
    "⊗": r"\otimes",
    "⊘": r"\oslash",
    "∑": r"\sum",
    "∏": r"\prod",
    "√": r"\operatorname{sqrt}",
    "∂": r"\partial",
    "∇": r"\nabla",
    "∞": r"\infty",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "∈": r"\in",
    "≔": ":=",
    "←": r"\leftarrow",
    "→": r"\to",
    "⊤": r"\top",
    "⊺": r"\top",
    "′": "'",
    "’": "'",
    "″": "''",
    "‖": r"\|",
    "∥": r"\|",
    "∣": "|",
    "⌊": r"\lfloor",
    "⌋": r"\rfloor",
    "…": r"\dots",
    "⋯": r"\dots",
    "ℓ": r"\ell",
    "½": r"\frac{1}{2}",
    "¼": r"\frac{1}{4}",
    "⅓": r"\frac{1}{3}",
    "𝟏": r"\mathbf{1}",
    "𝟙": r"\mathbb{1}",
    "\u00a0": " ",
    "\u2009": " ",
    "\u200b": " ",
    "\u2061": " ",
    "\u2062": " ",
}
ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0307": "dot", "\u030c": "check"}


def latex_of(sign: str) -> str:
    """A sign as LaTeX, nothing where it is none; an italic letter is that letter."""
    if sign in _SIGNS:
        return _SIGNS[sign]
    plain = unicodedata.normalize("NFKC", sign)
    if plain != sign:
        return plain if plain.isascii() else "".join(map(latex_of, plain))
    words = unicodedata.name(sign, "").split()
    if words[:1] == ["GREEK"] and "LETTER" in words and words[-2] in ("LETTER", "FINAL"):
        name = words[-1].lower().replace("lamda", "lambda")
        return f"\\{name.capitalize() if words[1] == 'CAPITAL' else name} "
    letter, *accents = list(unicodedata.normalize("NFD", sign))
    if letter.isascii() and letter.isalpha() and len(accents) == 1 and accents[0] in ACCENTS:
        return f"\\{ACCENTS[accents[0]]}{{{letter}}}"
    return ""
