"""Text in LaTeX -> the tokens of its formulas.

What only sizes, spaces or sets type is dropped. A token's type is what the grammar calls it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from derive.errors import shorten
from derive.language.syntax import Place, Refused
from derive.readers.latex.syntax.command_tables import (
    ACCENTS,
    CLOSING,
    DROPPED,
    FUNCTIONS,
    GREEK,
    IGNORED_TEXT,
    MATHEMATICS,
    OPENING,
    OPERANDS,
    OPERATORS,
    OTHERWISE,
    RELATIONS,
    SIGNS,
    TYPES,
)
from derive.readers.latex.syntax.pasted_signs import ABOVE, BELOW, latex_of
from derive.readers.latex.syntax.pasted_signs import ACCENTS as PASTED_ACCENTS

LONGEST_TEXT = 100_000
LONGEST_FORMULA = 3_000  # tokens
_DISPLAY = re.compile(
    r"(?<!\\)\$|\\[\[(](?!\d)|\\begin\s*\{(?:" + "|".join(MATHEMATICS) + r")\*?\}"
)
DEEPEST = 30
MOST_FORMULAS = 2_000

_TOKEN = re.compile(
    r"""(?P<comment>%[^\n]*\n?)|(?P<blank>\n[ \t]*(?=\n))|(?P<newline>\n)|(?P<space>[ \t\r~]+)
    |(?P<begin>\\(?:begin|end)\s*\{(?P<environment>[A-Za-z]+\*?)\})
    |(?P<worded>\\(?P<style>mathrm|mathbf|mathit|mathsf|mathtt|mathcal|mathscr|mathfrak|mathbb
        |mathbbm|boldsymbol|bm|operatorname\*?|text|textrm|textbf|textit|textnormal|textup|mbox
        |rm|bf)\s*\{(?P<word>[^{}$]*)\})
    |(?P<tag>\\(?:label|tag\*?|ref|eqref|cite|vspace|hspace\*?|color|intertext)\s*\{[^{}]*\})
    |(?P<ones>\\(?:mathbb|mathbbm|mathbf|bm|boldsymbol)\s*1|\\ind(?:icator)?\b)
    |(?P<command>\\[A-Za-z]+|\\.)
    |(?P<above>[{ABOVE}]+)|(?P<below>[{BELOW}]+)|(?P<sum>Σ(?=[_{BELOW}]))
    |(?P<dollars>\$\$?)|(?P<define>:=)|(?P<point>\.(?=\d))|(?P<digit>\d)|(?P<letter>[A-Za-z])
    |(?P<sign>.)""".replace("{ABOVE}", ABOVE).replace("{BELOW}", BELOW),
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A token: its type in the grammar, what it says, and where it begins."""

    type: str
    value: str
    at: int


class Text:
    """A text with a name, which knows places in it."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name

    def place(self, at: int) -> Place:
        """The place of a character."""
        at = min(at, len(self.text))
        before = self.text[:at]
        return Place(self.name, before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)


def tokens_of(text: Text) -> list[Token]:
    """All tokens; `BREAK` stands between formulas, `LINE` at the end of a line.

    Raises `Refused`.
    """
    if len(text.text) > LONGEST_TEXT:
        raise Refused(
            text.place(0),
            f"the text has {len(text.text)} characters, at most {LONGEST_TEXT} can be read; "
            "shorten it",
        )
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: Text) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.open: list[str] = []
        # where formulas are set apart from words, what stands outside of them is no formula
        self.has_displays = _DISPLAY.search(text.text) is not None
        self.level = 0

    def scan(self) -> list[Token]:
        for match in _TOKEN.finditer(self.text.text):
            self.take(match)
        return self.tokens

    def put(self, type_: str, value: str, at: int) -> None:
        if type_ in OPENING:
            self.open.append(type_)
            if len(self.open) > DEEPEST:
                raise Refused(
                    self.text.place(at),
                    "this is nested too deeply; split it with named intermediates",
                )
        elif type_ in CLOSING and self.open and OPENING[self.open[-1]] == type_:
            self.open.pop()
        elif type_ == "BREAK":
            self.open = []
        self.tokens.append(Token(type_, value, at))

    @property
    def before(self) -> str:
        return self.tokens[-1].type if self.tokens else "BREAK"

    def take(self, match: re.Match[str], where: int | None = None) -> None:
        at, kind = match.start() if where is None else where, match.lastgroup or ""
        written = match.group()
        if match.group("begin"):
            self.environment(written, match.group("environment"), at)
        elif kind == "dollars":
            self.level = 0 if self.level else 1
            self.put("BREAK", written, at)
        elif written in (r"\[", r"\]", r"\(", r"\)"):
            self.level = max(0, self.level + (1 if written in (r"\[", r"\(") else -1))
            self.put("BREAK", written, at)
        elif self.has_displays and not self.level:
            pass
        elif match.group("worded"):
            self.worded(match.group("style"), match.group("word"), at)
        elif kind in ("comment", "newline"):
            self.put_line(at)
        elif kind == "blank":
            if not self.open:
                self.put("BREAK", "", at)
        elif kind in ("space", "tag"):
            pass
        elif kind == "ones":
            self.put("SYMBOL", "word:ones", at)
        elif kind == "define":
            self.put("REL", ":=", at)
        elif kind == "point":
            self.put("POINT", ".", at)
        elif kind == "digit":
            self.put("DIGIT", written, at)
        elif kind == "letter":
            self.put("SYMBOL", f"letter:{written}", at)
        elif kind == "command":
            self.command(written[1:], at)
        elif kind in ("above", "below"):
            sign = "^" if kind == "above" else "_"
            self.pasted(f"{sign}{{{unicodedata.normalize('NFKC', written)}}}", at)
        elif kind == "sum":
            self.pasted(r"\sum", at)
        else:
            self.sign(written, at)

    def pasted(self, latex: str, at: int) -> None:
        """What stands for a sign in Unicode, all at its place."""
        for match in _TOKEN.finditer(latex):
            self.take(match, at)

    def put_line(self, at: int) -> None:
        if not self.open:
            self.put("LINE", "", at)

    def environment(self, written: str, name: str, at: int) -> None:
        begins = written.startswith(r"\begin")
        kind = name.rstrip("*")
        if kind in MATHEMATICS:
            self.level = max(0, self.level + (1 if begins else -1))
            self.put("BREAK", "", at)
        elif self.has_displays and not self.level:
            pass
        elif kind in ("cases", "dcases", "rcases", "array"):
            if begins:
                if kind == "array" and self.before == "LSET":
                    self.tokens.pop()
                    self.open.pop()
                self.put("BCASES", kind, at)
            else:
                self.put("ECASES", kind, at)
        elif kind.endswith("matrix"):
            raise Refused(
                self.text.place(at),
                "a matrix of entries isn't read; give it a name, and numbers in [example]",
            )

    def worded(self, style: str, word: str, at: int) -> None:
        """Words in upright type: a name, a function's name, or a remark between formulas."""
        word = " ".join(re.sub(r"\\(.)", r"\1", word).split())
        is_text = style.startswith("text") or style == "mbox"
        plain = re.sub(r"[^a-z]", "", word.lower())
        inside = any(o == "BCASES" for o in self.open)
        if is_text and inside and plain in (*OTHERWISE, *IGNORED_TEXT, ""):
            row = len(self.tokens) - 1
            while self.tokens[row].type not in ("AMP", "ROW", "BCASES"):
                row -= 1
            if self.tokens[row].type != "AMP":
                self.put("AMP", "&", at)
            if plain in OTHERWISE:
                self.put("SYMBOL", "word:otherwise", at)
        elif is_text and not self.open and self.before not in ("SUB", "SUP"):
            opens = not plain or any(w in ("where", "with", "and") for w in word.lower().split())
            self.put("REMARK", "" if opens else "rest", at)
        elif word == "1":
            self.put("SYMBOL", "word:ones", at)
        elif re.fullmatch(r"[A-Za-z]", word) and style not in ("mathrm", "text", "textrm"):
            self.put("SYMBOL", f"letter:{word}", at)
        elif re.fullmatch(r"[A-Za-z][A-Za-z0-9_ -]*", word):
            self.put("SYMBOL", f"word:{re.sub('[ -]', '_', word)}", at)
        elif word.isdigit():
            for k, digit in enumerate(word):
                self.put("DIGIT", digit, at + k)
        elif style.startswith(("math", "bo", "bm", "rm", "bf")) and word:
            # a style around more than a word: its braces are braces
            inner = at + self.text.text[at:].index("{") + 1
            self.put("LC", "{", at)
            end = self.text.text.index("}", inner)
            for match in _TOKEN.finditer(self.text.text, inner, end):
                self.take(match)
            self.put("RC", "}", end)
        elif word:
            raise Refused(self.text.place(at), f"'{shorten(word)}' is no name; write plain letters")

    def command(self, name: str, at: int) -> None:
        if name == "\\":
            self.row(at)
        elif name in ("quad", "qquad") or name == " ":
            if name != " " and not self.open:
                self.put("REMARK", "", at)
        elif name in DROPPED:
            pass
        elif name in ("dots", "ldots", "cdots", "dotsc", "vdots"):
            self.put("DOTS", name, at)
        elif name in {"|", "Vert"}:
            self.bar("NORM", at)
        elif name == "vert":
            self.bar("BAR", at)
        elif name in ("wedge", "land"):
            self.put("AND", "and", at)
        elif name in ("vee", "lor"):
            self.put("OR", "or", at)
        elif name in ("neg", "lnot"):
            self.put("NOT", "not", at)
        elif name in ACCENTS:
            self.put("ACCENT", ACCENTS[name], at)
        elif name in TYPES:
            kind = TYPES[name]
            follows = self.text.text[at + len(name) + 1 :].lstrip()
            if kind == "SQRT" and follows.startswith("["):
                kind = "SQRTO"
            self.put(kind, name, at)
        elif name in OPERATORS:
            self.put("OP", OPERATORS[name], at)
        elif name in RELATIONS:
            self.put("REL", RELATIONS[name], at)
        elif name in GREEK:
            self.put("SYMBOL", f"letter:{name}", at)
        elif name in FUNCTIONS:
            self.put("SYMBOL", f"command:{name}", at)
        elif name in ("lVert", "rVert"):
            self.put("LNORM" if name[0] == "l" else "RNORM", name, at)
        elif name == "forall":
            self.put("REMARK", "rest", at)
        elif name == "%":
            self.sign("%", at)
        else:
            raise Refused(
                self.text.place(at),
                rf"the command '\{shorten(name)}' is not known; write the formula without it",
            )

    def row(self, at: int) -> None:
        """The end of a row: of a formula, of a case, or inside brackets that run on."""
        inner = next((o for o in reversed(self.open) if o in ("BCASES", "LC")), "")
        if inner == "BCASES":
            self.put("ROW", "", at)
        elif inner == "LC" or (self.open and self.before in ("SUB", "SUP")):
            self.put("COMMA", ",", at)  # \substack
        elif not self.open:
            self.put("BREAK", "row", at)

    def bar(self, kind: str, at: int) -> None:
        """A bar that opens or closes, shown by what stands before it."""
        closes = self.open and self.open[-1] == f"L{kind}" and self.before in OPERANDS
        self.put(f"R{kind}" if closes else f"L{kind}", "|", at)

    def sign(self, written: str, at: int) -> None:
        if written == "|":
            before = self.text.text[max(0, at - 12) : at].rstrip()
            if before.endswith(r"\left"):
                self.put("LBAR", written, at)
            elif before.endswith(r"\right"):
                self.put("RBAR", written, at)
            else:
                self.bar("BAR", at)
        elif written == "[" and self.before == "SQRTO":
            pass
        elif written == ".":
            before = self.text.text[max(0, at - 12) : at].rstrip()
            if not before.endswith((r"\left", r"\right")) and not self.open:
                self.put("REMARK", "", at)
        elif written in ("<", ">", "="):
            self.put("REL", RELATIONS[written], at)
        elif written in ("*", "/"):
            self.put("OP", written, at)
        elif written in SIGNS:
            self.put(SIGNS[written], written, at)
        elif written in PASTED_ACCENTS and self.before == "SYMBOL":
            self.tokens.insert(-1, Token("ACCENT", PASTED_ACCENTS[written], at))
        elif not written.isascii() and latex_of(written):
            self.pasted(latex_of(written), at)
        else:
            shown = shorten(written) or "?"
            raise Refused(
                self.text.place(at), f"the character {shown!r} can't stand in a formula; use LaTeX"
            )
