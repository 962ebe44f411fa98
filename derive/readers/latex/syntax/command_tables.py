"""What commands, letters and signs are to the reader: tables of names."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GREEK = _words(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa "
    "lambda mu nu xi pi rho varrho sigma varsigma tau upsilon phi varphi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar "
)
FUNCTIONS = _words(
    "exp log ln sin cos tan tanh sinh cosh arctan max min sum prod lim det arg argmax "
    "argmin partial nabla infty top intercal int sup inf dagger Re coth sec csc cot "
    "arcsin arccos star ast "
)
ACCENTS = {
    "hat": "hat",
    "widehat": "hat",
    "tilde": "tilde",
    "widetilde": "tilde",
    "bar": "bar",
    "overline": "bar",
    "dot": "dot",
    "check": "check",
}
DROPPED = _words(
    "Big Bigg Biggl Biggr Bigl Bigm Bigr allowbreak bf big bigg biggl biggr bigl bigm "
    "bigr bm boldsymbol centering displaystyle ensuremath it left limits mathbb "
    "mathbf mathbin mathcal mathclose mathfrak mathit mathop mathopen mathord mathrel "
    "mathrm mathscr mathsf mathstrut middle noindent nolimits nonumber notag "
    "operatorname overbrace par right rm scriptstyle strut substack textstyle "
    "underbrace underline vec ! , / : ; > "
)
TYPES = {
    "frac": "FRAC",
    "tfrac": "FRAC",
    "dfrac": "FRAC",
    "cfrac": "FRAC",
    "sqrt": "SQRT",
    "{": "LSET",
    "}": "RSET",
    "lbrace": "LSET",
    "rbrace": "RSET",
    "lbrack": "LB",
    "rbrack": "RB",
    "llbracket": "LB",
    "rrbracket": "RB",
    "lvert": "LBAR",
    "rvert": "RBAR",
    "lVert": "LNORM",
    "rVert": "RNORM",
    "lfloor": "LFLOOR",
    "rfloor": "RFLOOR",
    "mid": "COMMA",
    "colon": "COMMA",
    "prime": "PRIME",
}
OPERATORS = {
    "cdot": "*",
    "times": "*",
    "ast": "*",
    "odot": "odot",
    "circ": "odot",
    "bullet": "odot",
    "oslash": "oslash",
    "otimes": "otimes",
    "bmod": "%",
    "mod": "%",
    "div": "/",
}
RELATIONS = {
    "=": "=",
    "<": "<",
    ">": ">",
    "ne": "!=",
    "neq": "!=",
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "leq": "<=",
    "leqslant": "<=",
    "ge": ">=",
    "geq": ">=",
    "geqslant": ">=",
    "leftarrow": "<-",
    "gets": "<-",
    "longleftarrow": "<-",
    "coloneqq": ":=",
    "triangleq": "=",
    "equiv": "=",
    "in": "in",
    "notin": "not in",
    "to": "to",
    "rightarrow": "to",
    "sim": "~",
    "approx": "~",
    "propto": "~",
    "Rightarrow": "=>",
    "implies": "=>",
    "iff": "=>",
    "Leftrightarrow": "=>",
}
OPENING = {"LP": "RP", "LB": "RB", "LC": "RC", "LSET": "RSET", "LBAR": "RBAR", "LNORM": "RNORM"}
OPENING |= {"LFLOOR": "RFLOOR", "SQRTO": "RB", "BCASES": "ECASES"}
CLOSING = frozenset(OPENING.values())
SIGNS = {
    "(": "LP",
    ")": "RP",
    "[": "LB",
    "]": "RB",
    "{": "LC",
    "}": "RC",
    "_": "SUB",
    "^": "SUP",
    "'": "PRIME",
    "+": "PLUS",
    "-": "MINUS",
    ",": "COMMA",
    ";": "COMMA",
    ":": "COMMA",
    "&": "AMP",
}
IGNORED_TEXT = ("if", "for", "when", "falls", "where", "fur")
OTHERWISE = ("otherwise", "else", "sonst", "other")
OPERANDS = _words("DIGIT SYMBOL RP RB RC RSET RBAR RNORM RFLOOR PRIME ECASES ")
MATHEMATICS = _words(
    "equation align aligned gather gathered multline eqnarray split alignat alignedat flalign "
    "displaymath math subequations dmath"
)
