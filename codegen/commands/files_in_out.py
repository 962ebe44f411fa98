"""Input and output of commands: a spec or a text comes in, a file or text goes out."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from codegen.files import write_whole
from codegen.terminal import complain, say
from derive.calculus.differentiate import differentiate
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation
from derive.specs.load import LARGEST_FILE, load, load_text

STANDARD_INPUT = "-"


def read_derivation(spec: str, wrt: Iterable[str] | None = None) -> Derivation:
    """The derivatives of a spec's objective, all or by `wrt`; warnings are printed."""
    system = (
        load_text(_standard_input(), "standard input") if spec == STANDARD_INPUT else load(spec)
    )
    derivation = differentiate(system, wrt=wrt)
    for warning in derivation.warnings:
        complain("warning", warning)
    return derivation


def read_text(path: str) -> str:
    """The text of a file, or of standard input."""
    if path == STANDARD_INPUT:
        return _standard_input()
    with Path(path).open("rb") as file:
        return _decoded(file.read(LARGEST_FILE + 1), path)


def check_output(spec: str, output: str | None) -> None:
    """Raises `ChainruleError` where the output has no name or place, or is the spec."""
    if output == "":
        raise ChainruleError("-o: the file has no name; give one, or leave -o out")
    if output is not None and not Path(output).parent.exists():
        raise ChainruleError(f"{output}: there is no such folder; make it first")
    if output is not None and spec != STANDARD_INPUT and Path(spec).exists():
        here = Path(output)
        if here.exists() and here.samefile(spec):
            raise ChainruleError(f"{output}: this is the spec; give the output another name")


def deliver(content: str | bytes, output: str | None) -> None:
    """To the file, or to standard output."""
    if output is None:
        say(content if isinstance(content, str) else content.decode())
    else:
        write_whole(output, content)


def _standard_input() -> str:
    if sys.stdin is None:
        raise ChainruleError("standard input is closed; give a file")
    return _decoded(sys.stdin.buffer.read(LARGEST_FILE + 1), "standard input")


def _decoded(data: bytes, place: str) -> str:
    if len(data) > LARGEST_FILE:
        raise ChainruleError(f"{place}: more than {LARGEST_FILE} bytes can't be read; shorten it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ChainruleError(
            f"{place}: byte {error.start + 1} is no UTF-8; save it as UTF-8"
        ) from None
