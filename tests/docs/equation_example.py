"""An example of the equation language on a page: equations, and what the engine makes of them."""

import re
import tomllib

import numpy as np

from codegen.verify import verify_module
from derive import ChainruleError, check, differentiate, parse
from derive.language.printer import equation_text
from derive.semantics.interpreter import Interpreter
from tests.docs.shown_text import differs

ARROW = "→"


class Example:
    """Equations, and what is said of them.

    A comment `# with sizes = { i = 4 }` holds further keys, as a spec has them, `; ` between them.
    Tensors that are neither defined nor declared are inputs. What is differentiated is the last
    tensor that is defined.
    """

    def __init__(self, text):
        lines = text.splitlines()
        self.claims = [s.removeprefix(ARROW).strip() for s in lines if s.startswith(ARROW)]
        self.text = "\n".join(s for s in lines if not s.startswith(ARROW))
        keys = re.findall(r"# with (.*)", self.text)
        self.keys = tomllib.loads("\n".join(k.replace("; ", "\n") for k in keys))
        self.code = re.sub(r"#.*", "", self.text)
        self.last = re.findall(r"^(\w+)[^\n(]*?=(?!=)", self.code, re.MULTILINE)[-1:]

    def problem(self):
        said = "\n".join(self.claims)
        try:
            derivation = self.derivation()
        except ChainruleError as refused:
            problems = [p.removeprefix("equations, ") for p in refused.problems]
            return differs([f"refused: {p}" for p in problems], self.claims)
        if said.startswith("refused:"):
            return f"not refused: {self.code}"
        for claim in self.claims:
            problem = self.claim(derivation, claim)
            if problem:
                return problem
        return self.verified(derivation)

    def derivation(self):
        return differentiate(self.system(), of=self.last[0])

    def system(self, more="", **keys):
        defined = set(re.findall(r"^(?:next\()?(\w+)", self.code, re.MULTILINE))
        given = {**self.keys, **keys}
        declared = {n for k in _ROLES for n in given.get(k, ())}
        matrices = re.findall(r"\b(?:inv|det|logdet)\((\w+)\)", self.code)
        used = dict.fromkeys([*re.findall(r"([A-Za-z_]\w*)\s*\[", self.code), *matrices])
        given["inputs"] = [
            *given.get("inputs", ()),
            *(n for n in used if n not in defined | declared),
        ]
        return parse(self.code + more, **given)

    def claim(self, derivation, claim):
        if claim.startswith("warned:"):
            told = [f"warned: {w}" for w in derivation.warnings]
            return None if claim in told else f"{told}, not {claim}"
        if claim.startswith("at "):
            return self.values(derivation, claim)
        equations = (*derivation.forward, *derivation.backward, *derivation.system.updates)
        found = [equation_text(e) for e in equations]
        return None if claim in found else "no " + claim + " among\n" + "\n".join(found)

    def values(self, derivation, claim):
        """`at x = [1, 2]: y = [0, 1]`, the derivative by the last tensor being 1 everywhere."""
        given, _, wanted = claim.removeprefix("at ").partition(": ")
        values, wanted = (tomllib.loads(s.replace("; ", "\n")) for s in (given, wanted))
        table = derivation.table
        forward = Interpreter(derivation.forward, table, values)
        seed = f"d{self.last[0]}"
        if seed in table and seed not in values and table[seed].role == "input":
            values = {**values, seed: np.ones(forward.shape(self.last[0]))}
        everything = (*derivation.forward, *derivation.backward, *derivation.inlined)
        run = Interpreter(everything, table, values)
        for name, value in wanted.items():
            found = run.array(name)
            if found.shape != np.shape(value) or not np.allclose(found, value, atol=5e-5):
                return f"{name} is {found.tolist()}, not {value} ({claim})"
        return None

    def verified(self, derivation):
        """The derivation is right, and so is the module of a weighted sum of the last tensor."""
        report = check(derivation)
        if not report.ok:
            return str(report)
        last = derivation.system.table[self.last[0]]
        if not last.shape:
            rows = verify_module(derivation)
        else:
            letters = ",".join(a.letter for a in derivation.system.defined[last.name].axes)
            total = f"\nE_ = sum({letters}, w_[{letters}]*{last.name}[{letters}])"
            system = self.system(total, objective="E_", inputs=["w_", *self.keys.get("inputs", ())])
            rows = verify_module(differentiate(system))
        wrong = [f"{r.name}: {r.detail}" for r in rows if not r.ok]
        return f"the module: {'; '.join(wrong)}" if wrong else None


_ROLES = ("inputs", "targets", "parameters", "buffers", "constants", "random")
