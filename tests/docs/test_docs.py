"""README and docs say what is so: each fenced block is loaded, run, or compared with what is.

A page is a folder and a namespace. In the order of the page, by the word after the fence:

* `toml`: a spec. It is loaded, derived and emitted, and its module is in the namespace under the
  spec's name; a first line `# net.toml` writes it into the folder, too. `toml more` is laid over
  the spec before it.
* `equations`: equations, and beneath them with an arrow what the engine makes of them.
* `python`: run. `python net.py`: an excerpt of the module that is emitted for the spec `net`.
* `pycon`: a session, compared line by line.
* `console`: commands after `$`, run in the folder, and what they print.
* `math`: formulas that the document of the spec before it holds.
* no word: lines that the module of the spec before it holds, or its derivation.
* `text` and `sh`: nothing, but for a first line `# file.txt` (`% file.tex` in LaTeX), which writes
  it into the folder.

A line `...` stands for any lines; numbers may differ beyond six digits. `extending.md` has a
test of its own.
"""

import doctest
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from codegen import document, emit, load_module
from codegen.pipeline import c_files
from codegen.verify import verify_module
from derive import ChainruleError, check, differentiate, load, parse
from derive.language.printer import equation_text
from derive.semantics.interpreter import Interpreter

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ARROW = "→"
_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?:e[-+]?\d+)?")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_NAMED = re.compile(r"`((?:derive|codegen|tests|generated|docs)/[\w./-]*)`")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)


@dataclass
class Block:
    """A fenced block: where it stands, the word after the fence, and what follows that."""

    line: int
    kind: str
    about: str
    text: str

    @property
    def lines(self):
        return self.text.splitlines()


def blocks(page):
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        kind, _, about = found.group(1).strip().partition(" ")
        yield Block(text[: found.start()].count("\n") + 1, kind, about, found.group(2))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where a page's files lie: the working directory, whose modules can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    shutil.copytree(ROOT / "generated", tmp_path / "generated")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.sampled
@pytest.mark.parametrize("page", [p for p in PAGES if p.stem != "extending"], ids=lambda p: p.stem)
def test_what_a_page_shows_is_so(page, folder):
    runner = Page(folder)
    wrong = []
    for block in blocks(page):
        problem = runner.run(block)
        if problem:
            wrong.append(f"{page.name}:{block.line} ({block.kind or 'plain'}): {problem}")
    assert not wrong, "\n\n".join(wrong)


@each_page
def test_links_and_files_are_there(page):
    text = page.read_text(encoding="utf-8")
    text = _FENCE.sub("", text)
    for link in _LINK.findall(text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link
    for name in _NAMED.findall(text):
        assert (ROOT / name).exists(), name


def anchors(page):
    heads = re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}


def test_make_has_the_targets_that_the_pages_name():
    makefile = (ROOT / "Makefile").read_text()
    for page in PAGES:
        commands = "".join(b.text for b in blocks(page) if b.kind == "sh")
        for target in re.findall(r"^make (\w+)", commands, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


# ---- one page ------------------------------------------------------------------------------------


@dataclass
class Page:
    """The blocks of a page so far."""

    folder: Path
    space: dict = field(default_factory=lambda: {"__name__": "page"})
    spec: dict | None = None
    derivation: object = None

    def run(self, block):
        """Why the block is wrong; None where it is right."""
        file = re.match(r"[#%] ([\w/-]+\.(?:toml|txt|csv|tex|py))\b", block.text)
        if file:
            path = self.folder / file.group(1)
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text)
        work = getattr(self, f"_{block.kind or 'plain'}", None)
        if work is None:
            return f"no test knows what '{block.kind}' is"
        try:
            return work(block)
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    def _text(self, _):
        return None

    _sh = _text

    def _toml(self, block):
        data = tomllib.loads(block.text)
        if block.about == "more":
            self.use(load({**self.spec, **data}))
        elif block.about == "refused":
            return self._refused(data, block)
        else:
            self.spec = data
            self.use(load(data))
        return None

    def use(self, system):
        self.derivation = differentiate(system)
        module = load_module(emit(self.derivation), system.name)
        if system.name.isidentifier():
            self.space[system.name] = module

    def _refused(self, data, block):
        said = [s.removeprefix("# ") for s in block.lines if s.startswith(f"# {ARROW} ")]
        with pytest.raises(ChainruleError) as caught:
            load(data)
        found = [f"{ARROW} {p.removeprefix('spec: ')}" for p in caught.value.problems]
        return differs(found, said)

    def _python(self, block):
        if not block.about:
            exec(compile(block.text, f"<line {block.line}>", "exec"), self.space)
            return None
        name = Path(block.about).stem
        for folder in (self.folder, self.folder / "generated" / name):
            if (folder / f"{name}.toml").exists():
                source = emit(differentiate(load(folder / f"{name}.toml")))
                return within(block.lines, source.splitlines())
        return f"there is no spec {name}.toml before this"

    def _c(self, block):
        spec = ROOT / "generated" / "gender" / "gender.toml"
        texts = c_files(differentiate(load(spec)))
        if block.about:
            assert block.about == "gender.c"
            return within(block.lines, texts.source.splitlines())
        if shutil.which("gcc") is None:
            return None
        (self.folder / "net.h").write_text(texts.header)
        command = ["gcc", "-std=c99", "-Wall", "-Werror", "-fsyntax-only", "-x", "c", "-"]
        done = subprocess.run(
            command, cwd=self.folder, input=block.text, capture_output=True, text=True, check=False
        )
        return done.stderr or None

    def _pycon(self, block):
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        example = doctest.DocTestParser().get_doctest(block.text, self.space, "page", "page", 0)
        told = []
        doctest.DocTestRunner(optionflags=flags, verbose=False).run(
            example, out=told.append, clear_globs=False
        )
        self.space.update(example.globs)
        return "".join(told) or None

    def _console(self, block):
        parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "80",
            "PYTHONPATH": str(ROOT),
        }
        for part in parts[1:]:
            command, _, shown = part.partition("\n")
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
            problem = differs(done.stdout.splitlines(), shown.splitlines())
            if problem:
                return f"$ {command}\n{problem}"
        return None

    def _math(self, block):
        printed = document(self.derivation, format="md", detail="full")
        for line in block.lines:
            if bare(line) not in bare(printed):
                return f"the document of {self.derivation.system.name} has no {line}"
        return None

    def _plain(self, block):
        derivation = self.derivation
        known = [line.strip().removeprefix("# ") for line in emit(derivation).splitlines()]
        known += [equation_text(e) for e in (*derivation.forward, *derivation.backward)]
        known += [equation_text(e) for e in (*derivation.inlined, *derivation.updates)]
        missing = [line for line in block.lines if line.strip() and line.strip() not in known]
        return f"neither module nor derivation has {missing[0]}" if missing else None

    def _equations(self, block):
        for text in re.split(r"\n\s*\n", block.text.strip("\n")):
            problem = Example(text).problem()
            if problem:
                return problem
        return None


def bare(latex):
    """LaTeX without what only lays it out."""
    laid = r"\s|&|\\\\|\\,|\\(?:thinspace|cr)(?![a-zA-Z])|\\(?:begin|end)\{aligned\}"
    return re.sub(laid, "", latex)


def within(wanted, lines):
    """Whether lines stand together in a text, at any depth; `...` skips some."""
    have = [line.strip() for line in lines]
    chunks = "\n".join(line.strip() for line in wanted).strip().split("\n...\n")
    at = 0
    for chunk in chunks:
        rows = chunk.split("\n")
        places = [k for k in range(at, len(have)) if have[k : k + len(rows)] == rows]
        if not places:
            return f"the module has no such lines:\n{chunk}"
        at = places[0] + len(rows)
    return None


def differs(found, shown):
    """What is printed beside what is shown; None where they agree."""
    pattern = [s.rstrip() for s in shown]
    while pattern and not pattern[-1]:
        pattern.pop()
    lines = [s.rstrip() for s in found]
    while lines and not lines[-1]:
        lines.pop()
    if _matches(lines, pattern):
        return None
    return "shown:\n" + "\n".join(pattern) + "\n\nfound:\n" + "\n".join(lines)


def _matches(lines, pattern):
    if not pattern:
        return not lines
    if pattern[0].strip() == "...":
        return any(_matches(lines[k:], pattern[1:]) for k in range(len(lines) + 1))
    return bool(lines) and _same(lines[0], pattern[0]) and _matches(lines[1:], pattern[1:])


def _same(line, shown):
    if _NUMBER.sub("0", line) != _NUMBER.sub("0", shown):
        return False
    pairs = zip(_NUMBER.findall(line), _NUMBER.findall(shown), strict=True)
    return all(np.isclose(float(a), float(b), rtol=1e-6, atol=0) for a, b in pairs)


# ---- an example of the equation language ---------------------------------------------------------


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
