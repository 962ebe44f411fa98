r"""How names are spelt in formulas: `W1` is $W^{(1)}$, `y_hat` $\hat{y}$, `lam` $\lambda$.

No character of a name reaches LaTeX unescaped: a name that is no letter, no Greek letter and none
of these with a suffix stands upright.
"""

from __future__ import annotations

import re

from codegen.latex.symbol import Symbol

_SMALL = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega ell"
)
_LARGE = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
GREEK = {name: f"\\{name}" for name in f"{_SMALL} {_LARGE}".split()}

# names that the field writes with a letter
LETTERS = {
    **GREEK,
    "eps": r"\varepsilon",
    "lam": r"\lambda",
    "learning_rate": r"\eta",
    "momentum": r"\mu",
    "negative_slope": r"\alpha",
    "weight_decay": r"\lambda",
}

ACCENTS = {
    "bar": r"\bar{%s}",
    "dot": r"\dot{%s}",
    "hat": r"\hat{%s}",
    "tilde": r"\tilde{%s}",
}

_SHAPE = re.compile(r"([A-Za-z]+?)(\d*)((?:_[A-Za-z0-9]+)*)_?")
_GATE = re.compile("[A-Zbv][a-z]")  # Wf, Ui, bz, vz: of a gate


def upright(name: str) -> str:
    """A word in a formula, every character escaped."""
    return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"


def symbol(name: str, scalar: bool = False, words: frozenset[str] = frozenset()) -> Symbol:
    r"""A name's symbol: a number is a layer's, $W^{(1)}$, or a scalar's subscript, $x_{1}$.

    `words` are names of layers, which stay in one piece: `W_a_b` is of the layer `a_b`.
    """
    if name in LETTERS:
        return Symbol(LETTERS[name])
    result = _SHAPE.fullmatch(name)
    if result is None:
        return Symbol(upright(name))
    word, count, rest = result.groups()
    tags = _tags(rest, words)
    gate = ""
    if _GATE.fullmatch(word) and word not in LETTERS:
        word, gate = word[0], word[1]
        if not count:
            gate, tags = "", [gate, *tags]
    base = LETTERS.get(word) or (word if len(word) == 1 else "")
    if not base:
        return _word(name)
    while tags and tags[0] in ACCENTS:
        base = ACCENTS[tags.pop(0)] % base
    parts = [*([count] if count else []), *(_tag(t) for t in tags)]
    known = ",".join(parts)
    if scalar or not known:
        return Symbol(base, below=",".join(p for p in (gate, known) if p))
    return Symbol(base, above=f"({known})", below=upright(gate) if gate else "")


def _word(name: str) -> Symbol:
    """`mask`, `max_pool2d2`: upright, a number at the end above."""
    core = name.rstrip("_")
    digits = len(core) - len(core.rstrip("0123456789"))
    if digits and len(core) > digits:
        return Symbol(upright(core[:-digits]), above=f"({core[-digits:]})")
    return Symbol(upright(core))


def letter(name: str) -> str:
    """A letter of the index calculus: `i`, `i_` with a prime, `i2`, a Greek one, or a word."""
    core = name.rstrip("_'")
    primes = "'" * (len(name) - len(core))
    if len(core) == 1 or core in GREEK:
        return GREEK.get(core, core) + primes
    if len(core.rstrip("0123456789")) == 1:
        return f"{core[0]}_{{{core[1:]}}}{primes}"
    return upright(core) + primes


def _tags(rest: str, words: frozenset[str]) -> list[str]:
    """The suffixes of a letter; the name of a layer at the end is one of them."""
    parts = [t for t in rest.split("_") if t]
    for k in range(len(parts) - 1):
        whole = "_".join(parts[k:])
        if whole in words:
            return [*parts[:k], whole]
    return parts


def _tag(tag: str) -> str:
    if tag in GREEK:
        return GREEK[tag]
    plain = tag.isdigit() or (len(tag.rstrip("0123456789")) == 1)
    return tag if plain else upright(tag)
