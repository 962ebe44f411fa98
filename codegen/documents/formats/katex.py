"""Formulas as HTML and MathML: KaTeX, run in a small JavaScript engine when a page is made.

The page itself holds no script. KaTeX and its fonts stand in `codegen/vendored/katex`.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import Any

from derive.errors import ChainruleError, shorten

VERSION = "0.19.1"
_HERE = files("codegen") / "vendored" / "katex"
_MEMORY = 256 * 2**20  # bytes

# what KaTeX knows and may not do, such as a link, it only sets in a colour
_REFUSED = "#bad0ff"

# strict, so that what LaTeX wouldn't take isn't taken here; what comes from a spec is never trusted
_OPTIONS = {
    "output": "htmlAndMathml",
    "throwOnError": True,
    "strict": "error",
    "trust": False,
    "maxExpand": 1000,
    "errorColor": _REFUSED,
}
# `join` makes one plain string of it; the engine can't hand over one that was put together by `+`
_RENDER = """
function render(latex, display) {
  const options = Object.assign({displayMode: display}, %s);
  try {
    return ["+", katex.renderToString(latex, options)].join("");
  } catch (error) {
    return ["-", String(error.message)].join("");
  }
}
"""
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CLASS = re.compile(r"\.([A-Za-z][\w-]*)")
_NOT = re.compile(r":not\([^()]*\)")
_CLASSES = re.compile(r'class="([^"]*)"')
_FAMILY = re.compile(r"\bKaTeX_\w+")

_Face = tuple[str, bool, bool]  # family, italic?, bold?


class Katex:
    """KaTeX in an engine of its own; every formula is set once."""

    def __init__(self) -> None:
        self._render = _engine()
        self._made: dict[tuple[str, bool], str] = {}
        self._classes: set[str] = set()

    def inline(self, latex: str) -> str:
        """A formula within a text. Raises `ChainruleError` for what KaTeX doesn't know."""
        return self._html(latex, False)

    def display(self, latex: str) -> str:
        """A formula that stands by itself."""
        return self._html(latex, True)

    def css(self) -> str:
        """The style of all that was set until now: no rule and no font that it doesn't use."""
        kept: list[str] = []
        faces: list[tuple[_Face, str]] = []
        used: set[_Face] = set()
        for selector, body in _rules():
            if selector.startswith("@font-face"):
                faces.append((_face(body), body))
                continue
            own = [s for s in selector.split(",") if self._classes.issuperset(_needed(s))]
            if own:
                kept.append(f"{','.join(own)}{{{body}}}")
                used.add(_face(body))
        fonts = [f"@font-face{{{_with_data(body)}}}" for face, body in faces if face in used]
        notice = f"/* Below: of KaTeX {VERSION}.\n{_licence()} */"
        return "\n".join((notice, *fonts, *kept))

    def _html(self, latex: str, display: bool) -> str:
        key = latex, display
        if key not in self._made:
            made = self._render(latex, display)
            if not made.startswith("+") or _REFUSED in made:
                reason = made[1:] if made.startswith("-") else f"it may not do that: {latex}"
                raise ChainruleError(f"html: KaTeX doesn't take a formula: {shorten(reason, 200)}")
            self._made[key] = made[1:]
            self._classes.update(c for cs in _CLASSES.findall(made) for c in cs.split())
        return self._made[key]


def _engine() -> Any:
    """KaTeX's function in a new engine, which reaches no file and no network."""
    import quickjs  # noqa: PLC0415 - needed for this format alone

    context = quickjs.Context()
    context.set_memory_limit(_MEMORY)
    context.eval((_HERE / "katex.min.js").read_text(encoding="utf-8"))
    context.eval(_RENDER % json.dumps(_OPTIONS))
    return context.get("render")


# ---- style ---------------------------------------------------------------------------------------


@cache
def _rules() -> tuple[tuple[str, str], ...]:
    return tuple(_RULE.findall((_HERE / "katex.min.css").read_text(encoding="utf-8")))


def _needed(selector: str) -> list[str]:
    """The classes without which a rule says nothing; not those that a thing may not have."""
    return _CLASS.findall(_NOT.sub("", selector))


def _face(body: str) -> _Face:
    """The font that a rule speaks of; one that names none speaks of the main one."""
    family = _FAMILY.search(body)
    slanted, bold = "font-style:italic" in body, "font-weight:700" in body
    return (family.group() if family else "KaTeX_Main"), slanted, bold


def _with_data(body: str) -> str:
    """A font's rule with the font itself in it."""
    name = re.search(r"url\(fonts/([\w-]+\.woff2)\)", body)
    assert name is not None
    data = b64encode((_HERE / "fonts" / name.group(1)).read_bytes()).decode()
    start = body[: body.index("src:")]
    return f'{start}src:url(data:font/woff2;base64,{data}) format("woff2")'


def _licence() -> str:
    return (_HERE / "LICENSE").read_text(encoding="utf-8").strip()
