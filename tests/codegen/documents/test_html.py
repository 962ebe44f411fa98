"""Documents as HTML: one file without script or network, safe, the same bytes every time."""

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest

import codegen.documents.formats.html as html_module
from codegen.cli import main
from codegen.documents.blocks import (
    Bullets,
    Code,
    Display,
    Document,
    Fold,
    Math,
    Paragraph,
    Picture,
    Ref,
    Section,
    Table,
)
from codegen.documents.builder import DocumentBuilder
from codegen.documents.drawings.marks import Box, Label, framed
from codegen.documents.formats.html import html_text, page
from codegen.documents.options import DocumentOptions
from codegen.documents.write import document
from codegen.latex.formula import Formula
from derive import ChainruleError, differentiate, load

pytest.importorskip("quickjs", reason="the extra html isn't here")

import codegen.documents.formats.katex as katex_module
from codegen.documents.formats.katex import Katex

pytestmark = pytest.mark.sampled

SPECS = sorted(Path("generated").glob("*/*.toml"))
HOSTILE = (
    r"\input{/etc/passwd} $x^2$ 100% #1 a_b & ~ {\bf} <b> |c| `d` [e](f) -- *g* é Ω 权 "
    "\"'</title></style><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x00"
)
VOID = {"meta", "br", "img", "path", "rect", "circle", "mspace", "line"}


class Reader(HTMLParser):
    """Elements with their attributes; complains of what isn't closed as it was opened."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [a for t, a in self.elements if t == tag]


def sample():
    drawing = framed([Box(0, 0, 9, 2), Label(0, 0, HOSTILE, math=False)], HOSTILE, "hostile")
    long = Formula("y", (" \x01 + ".join(rf"W_{{{k}}}\,x_{{{k}}}" for k in range(40)),))
    blocks = (
        Paragraph((HOSTILE, Math("a<b"), Code(HOSTILE)), title=(HOSTILE,)),
        Table(((HOSTILE,),), (((HOSTILE,),),)),
        Bullets(((HOSTILE,),)),
        Picture(drawing, (HOSTILE,)),
        Display((Formula("E", ("mc^{2}",)), long), ("eq",)),
        Fold((HOSTILE,), (Paragraph((Ref("eq"),)),)),
    )
    below = Section((HOSTILE,), (), level=2)
    return Document((HOSTILE,), (Section((HOSTILE,), blocks), below, Section(("end",), ())))


@pytest.fixture(scope="module")
def gender():
    text = document(differentiate(load("generated/gender/gender.toml")), format="html")
    return SimpleNamespace(text=text, read=Reader(text))


# ---- what is in it -------------------------------------------------------------------------------


def test_a_page_has_its_parts(gender):
    (html,) = gender.read.all("html")
    assert html["lang"] == "en"
    headings = [t for t, _ in gender.read.elements if t in ("h1", "h2", "h3")]
    assert headings[0] == "h1" and headings.count("h1") == 1 and "h3" in headings
    ids = [a["id"] for _, a in gender.read.elements if "id" in a]
    assert len(ids) == len(set(ids))
    links = [a["href"] for a in gender.read.all("a")]
    assert links and all(link[0] == "#" and link[1:] in ids for link in links)
    sections = [i for i in ids if i.startswith("s-")]
    assert all(links.count(f"#{i}") == 2 for i in sections)  # from the contents, and from itself
    folds = gender.read.all("details")
    assert len(folds) > 1 and all("open" in a for a in folds)
    assert len(gender.read.all("summary")) == len(folds)


def test_formulas_are_set_and_can_be_heard(gender):
    text = gender.text
    assert "katex-error" not in text
    assert len(gender.read.all("math")) == text.count('class="katex"') > 50
    assert r"\frac" not in re.sub(r"<annotation.*?</annotation>", "", text)


def test_a_page_reaches_for_nothing(gender):
    assert gender.read.all("script") == gender.read.all("link") == []
    for tag, attributes in gender.read.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "action", "srcset", "data"):
            assert name not in attributes, tag
    addresses = set(re.findall(r"url\(([^)]{0,30})", gender.text))
    assert addresses and all(a.startswith("data:font/woff2;base64,") for a in addresses)
    assert "@import" not in gender.text
    strange = set(re.findall(r"https?://[^\s\"'<)]+", gender.text))
    assert strange <= {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2000/svg"}


def test_the_policy_allows_this_style_and_nothing_else(gender):
    from base64 import b64encode
    from hashlib import sha256

    policy = next(
        a["content"]
        for a in gender.read.all("meta")
        if a.get("http-equiv") == "Content-Security-Policy"
    )
    (style,) = re.findall("<style>(.*?)</style>", gender.text, re.DOTALL)
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "script" not in policy
    for look in ("prefers-color-scheme: dark", "@media print", "details-content", "CJK"):
        assert look in style


def test_only_the_fonts_that_are_used_are_there():
    katex = Katex()
    katex.inline("1")
    plain = re.findall(r"font-family:(\w+);font-style:(\w+);font-weight:(\d+);src", katex.css())
    assert plain == [("KaTeX_Main", "normal", "400")]
    katex.display(r"\mathbb{R}\,\mathbf{1}\,\sum_i")
    more = re.findall(r"font-family:(\w+);font-style:(\w+);font-weight:(\d+);src", katex.css())
    assert {f for f, _, _ in more} == {"KaTeX_AMS", "KaTeX_Main", "KaTeX_Math", "KaTeX_Size2"}
    assert ("KaTeX_Main", "normal", "700") in more
    assert "Permission is hereby granted" in katex.css()


def test_a_rule_counts_that_says_what_a_thing_is_not():
    """Without it a tilde has the width of its letter, and stands left of it."""
    katex = Katex()
    katex.inline(r"\tilde{x}")
    assert ".accent-body:not(.accent-full){width:0}" in katex.css()
    assert "accent-full" not in katex.inline(r"\tilde{x}")


def test_a_narrow_screen_sees_drawings_and_tables_whole(gender):
    (style,) = re.findall("<style>(.*?)</style>", gender.text, re.DOTALL)
    assert "figure svg { display: block; margin: 0 auto; max-width: 100%; height: auto; }" in style
    assert style.count("max-width: none") == 1  # the paper's
    narrow = style[style.index("@media (max-width: 40rem)") :]
    assert "td .katex { white-space: normal; }" in narrow[: narrow.index("\n}")]


def test_a_formula_is_set_once():
    katex = Katex()
    calls = []
    render = katex._render
    katex._render = lambda *a: calls.append(a) or render(*a)
    assert katex.inline("x") == katex.inline("x") != katex.display("x")
    assert len(calls) == 2


@pytest.fixture(scope="module")
def listening():
    """KaTeX as a reader of LaTeX alone, which is quick, for all pages together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(katex_module._OPTIONS, "output", "mathml")
        return Katex()


@pytest.mark.parametrize("spec", [pytest.param(s, id=s.stem) for s in SPECS])
def test_katex_takes_every_formula_of(spec, listening, monkeypatch):
    monkeypatch.setattr(html_module, "Katex", lambda: listening)
    derivation = differentiate(load(spec))
    manners = [DocumentOptions(detail="full")]
    if len(derivation.system.equations) < 9:
        manners.append(
            DocumentOptions(lang="zh", samples="rows", errors="partial", calculus="kronecker")
        )
    for options in manners:
        text = page(DocumentBuilder(derivation, options).document(), options.lang)
        assert "<math" in text and f'<html lang="{options.lang}">' in text


# ---- text that means harm ------------------------------------------------------------------------


def test_no_character_of_a_user_is_markup():
    with pytest.raises(ValueError, match="no such language"):
        page(sample(), '"><script>')
    text = page(sample(), "en")
    read = Reader(text)
    assert read.all("script") == read.all("img") == read.all("b") == []
    assert text.count("<style>") == text.count("</style>") == 1
    assert text.count("</title>") == 2  # the window's, and the drawing's
    for shown in ("&lt;script&gt;alert(1)", "权", "é"):
        assert shown in text
    assert "\u202e" not in text and "\x00" not in text
    assert all(not any(k.startswith("on") for k in a) for _, a in read.elements)
    assert html_text("a\n\tb\u2066<") == "a  b?&lt;"


@pytest.mark.parametrize(
    "latex",
    [
        r"\nosuchcommand",
        r"\href{javascript:alert(1)}{x}",
        r"\includegraphics{http://example.com/x.png}",
        r"\htmlStyle{color: red}{x}",
        "x^",
        r"\def\a{\a\a}\a",
    ],
)
def test_a_formula_that_isn_t_one_is_told(latex):
    with pytest.raises(ChainruleError, match="html: KaTeX doesn't take a formula"):
        Katex().inline(latex)


def test_html_in_a_formula_stays_text():
    assert "<script" not in Katex().inline(r"\text{<script>}\,a<b")


# ---- files ---------------------------------------------------------------------------------------


def test_the_command_writes_a_page(tmp_path):
    out = tmp_path / "x.html"
    assert main(["derive", "generated/descent/descent.toml", "-o", str(out)]) == 0
    assert out.read_text(encoding="utf-8").endswith("</html>\n")


def test_the_vendored_files_are_those_that_are_named():
    from codegen.documents.formats import katex

    folder = Path("codegen/vendored/katex")
    assert f"KaTeX {katex.VERSION}" in (folder / "README.md").read_text()
    script = (folder / "katex.min.js").read_text(encoding="utf-8")
    assert f'"{katex.VERSION}"' in script
    assert "MIT" in (folder / "LICENSE").read_text()
