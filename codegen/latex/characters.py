"""The characters of Unicode that commands stand for."""

from __future__ import annotations

SIGNS = {
    r"\partial": "∂",
    r"\sum": "Σ",
    r"\prod": "Π",
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
    r"\to": "→",
    r"\dots": "…",
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
    r"\prime": "′",
    "-": "−",
}
_GREEK_NAMES = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho "
    "sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi "
    "Psi Omega"
)
_GREEK_LETTERS = "αβγδϵεζηθικλμνξπρστυϕφχψωΓΔΘΛΞΠΣΥΦΨΩ"
GREEK = {f"\\{n}": c for n, c in zip(_GREEK_NAMES.split(), _GREEK_LETTERS, strict=True)}
