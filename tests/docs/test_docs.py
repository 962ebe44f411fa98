"""README and docs say what is so: each fenced block is loaded, run, or compared with what is.

A page is a folder and a namespace. In the order of the page, by the word after the fence:

* `toml`: a spec. It is loaded, derived and emitted, and its module is in the namespace under the
  spec's name; a first line `# net.toml` writes it into the folder, too. `toml more` is laid over
  the spec before it.
* `equations`: equations, and beneath them with an arrow what the engine makes of them.
* `python`: run. `python net.py`: an excerpt of the module that is emitted for the spec `net`.
* `c`: a program that compiles against the header of the net of the demonstration. `c net.c`: an
  excerpt of the C text that is emitted for the spec `net`.
* `pycon`: a session, compared line by line.
* `console`: commands after `$`, run in the folder, and what they print. `cd` moves on.
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

import pytest

from codegen import document, emit, load_module
from codegen.pipeline import c_files
from derive import ChainruleError, differentiate, load
from derive.language.printer import equation_text
from tests.docs.equation_example import ARROW, Example
from tests.docs.shown_text import differs, within

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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


def in_the_clone():
    """Where commands find the programs and packages of this environment."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": programs, "COLUMNS": "80", "PYTHONPATH": str(ROOT)}


@dataclass
class Page:
    """The blocks of a page so far."""

    folder: Path
    space: dict = field(default_factory=lambda: {"__name__": "page"})
    spec: dict | None = None
    derivation: object = None
    environment: dict = field(default_factory=in_the_clone)

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
        return within(block.lines, emit(self._named(block.about)).splitlines())

    def _named(self, file):
        """The derivation of the spec with a file's name, on the page before or in generated/."""
        name = Path(file).stem
        folders = self.folder, self.folder / "generated" / name
        specs = (folder / f"{name}.toml" for folder in folders)
        return differentiate(load(next(spec for spec in specs if spec.exists())))

    def _c(self, block):
        texts = c_files(self._named(block.about or "gender.c"))
        if block.about:
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
        for part in parts[1:]:
            command, _, shown = part.partition("\n")
            if command.startswith("cd "):
                self.folder /= command.removeprefix("cd ")
                os.chdir(self.folder)
                continue
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=600,
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
