"""The languages in which formulas are written: the equation language, NumPy source, LaTeX.

Whatever they are written in, they become equations of the equation language, and names that the
model doesn't have are matched to its tensors: by what is given, else by a guess, which
the report names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import category

from derive.answers.batch_or_sample import vocabularies
from derive.answers.formula import PLACE, renamed_written
from derive.answers.full_derivatives import full_derivatives_named, identifiers
from derive.answers.known_names import names_in
from derive.errors import ChainruleError, meant, meant_or_known, shorten
from derive.ir.derivation import Derivation
from derive.language.name_check import check_name
from derive.language.parser import read_equations
from derive.readers.vocabulary import NotFormed, Translation

EQUATIONS, NUMPY, LATEX = FORMS = ("equations", "numpy", "latex")
ENDINGS = {".py": NUMPY, ".tex": LATEX, ".latex": LATEX}


@dataclass(frozen=True)
class Answer:
    """Formulas as a person wrote them.

    `form` is one of `FORMS`, "" where the text shows it; `names` says which tensors the person's
    names mean.
    """

    text: str
    form: str = ""
    names: Mapping[str, str] | None = None


def read(answer: Answer, derivation: Derivation) -> Translation:
    """The formulas as equations, and which names were taken for which tensors.

    Raises `ChainruleError` for what can't be read.
    """
    form = answer.form or form_of(answer.text)
    if form not in FORMS:
        raise ChainruleError(f"unknown form '{shorten(form)}'{meant(form, FORMS)}")
    names = dict(answer.names or {})
    if form == EQUATIONS:
        return _equations(answer.text, names, derivation)
    words = (*identifiers(answer.text), *names.values())
    asked = full_derivatives_named(words, derivation)
    both = vocabularies(derivation, asked)
    # each reader takes a while to import, that of LaTeX needs a package of its own
    if form == LATEX:
        from derive.readers.latex import read_latex_of  # noqa: PLC0415

        while True:
            try:
                return read_latex_of(answer.text, both, names)[0]
            except NotFormed as lacking:
                asked = (*asked, lacking.block)
                both = vocabularies(derivation, asked)
    from derive.readers.numpy_source import read_numpy  # noqa: PLC0415

    # about the batch, or about one sample where that fits better
    return read_numpy(answer.text, both[0], names, *both[1:2])


def form_of(text: str) -> str:
    """The language of a text: LaTeX has commands, Python has calls of NumPy."""
    if "\\" in text.replace("\\\n", "") or any(map(_is_on_paper, text)):
        return LATEX
    python = any(word in text for word in ("np.", "import ", "def ", " @ ", ".T", "return "))
    return NUMPY if python else EQUATIONS


def _is_on_paper(sign: str) -> bool:
    """Whether it is a sign of mathematics that no program has."""
    return not sign.isascii() and category(sign) == "Sm"


def read_names(text: str) -> dict[str, str]:
    """`a=y1, delta=dz2` as a mapping. Raises `ChainruleError` for what is no such list."""
    result: dict[str, str] = {}
    for part in text.split(","):
        written, equals, tensor = (piece.strip() for piece in part.partition("="))
        if not (written and equals and tensor):
            raise ChainruleError(
                f"names: '{shorten(part.strip())}' is no pair; write --names \"a=y1, delta=dz2\""
            )
        result[written] = tensor
    return result


def _equations(text: str, names: Mapping[str, str], derivation: Derivation) -> Translation:
    problems: list[str] = []
    written = read_equations(text, PLACE, problems)
    asked = full_derivatives_named((*names_in(written), *names.values()), derivation)
    known = [name for v in vocabularies(derivation, asked)[:1] for name in v.shapes]
    for one, tensor in names.items():
        if tensor not in known:
            problems.append(
                f"names: unknown tensor '{shorten(tensor)}'{meant_or_known(tensor, known)}"
            )
        elif (wrong := check_name(one)) is not None:
            problems.append(f"names: {wrong}")
    if problems:
        raise ChainruleError(*problems)
    new = {n: t for n, t in names.items() if n != t}
    used = names_in(written)
    equations = tuple(renamed_written(w, lambda n: new.get(n, n)) for w in written)
    return Translation(equations, {n: new[n] for n in new if n in used})
