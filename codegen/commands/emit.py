"""`chainrule emit`."""

from __future__ import annotations

import re
from pathlib import Path

from codegen.commands.device_size import size_text
from codegen.commands.files_in_out import check_output, deliver, read_derivation
from codegen.passes.report import passes_text
from codegen.pipeline import c_files, emit, explained_passes
from codegen.terminal import say
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation


def run(
    spec: str, output: str | None, target: str, style: str, dtype: str, part: str, device: str
) -> int:
    """Write the module."""
    check_output(spec, output)
    _write(read_derivation(spec), spec, output, (target, style, dtype, part, device))
    return 0


def explain_passes(
    spec: str, output: str | None, target: str, style: str, dtype: str, part: str, device: str
) -> int:
    """Print what each pass did to the module; it is written where a file is named."""
    check_output(spec, output)
    derivation = read_derivation(spec)
    text = passes_text(explained_passes(derivation))
    if output is not None:
        _write(derivation, spec, output, (target, style, dtype, part, device))
    say(text)
    return 0


def _write(
    derivation: Derivation, spec: str, output: str | None, options: tuple[str, str, str, str, str]
) -> None:
    target, style, dtype, part, device = options
    if target == "c" and output is not None and Path(output).suffix == ".c":
        _write_c(derivation, spec, Path(output), dtype, device)
        return
    if device != "host":
        raise ChainruleError(
            f"--device {device}: that is a C text alone; write --target c -o net.c"
        )
    source = emit(derivation, target=target, style=style, dtype=dtype, part=part)
    deliver(source, output)


def _write_c(derivation: Derivation, spec: str, output: Path, dtype: str, device: str) -> None:
    """The source, and its header beside it."""
    header = output.with_suffix(".h")
    if not re.fullmatch(r"[\w.-]+", header.name):
        raise ChainruleError(f"{output}: a C file's name has letters, digits, '-', '_' and '.'")
    check_output(spec, str(header))
    if header.exists() and "Written by chainrule" not in header.read_text(errors="replace")[:400]:
        raise ChainruleError(f"{header}: is there and is not ours; move it, or name another output")
    texts = c_files(derivation, dtype, header.name, device)
    deliver(texts.header, str(header))
    deliver(texts.source, str(output))
    if device == "small":
        say(size_text(texts))
