"""`chainrule derive`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codegen.commands.files_in_out import STANDARD_INPUT, check_output, deliver, read_derivation
from codegen.documents.matrix_answer import FORMATS as FORMS
from codegen.documents.matrix_answer import written
from codegen.documents.write import FORMATS, document, markdown_beside
from derive.errors import ChainruleError, meant
from derive.matrix_calculus.derivatives import derivatives


def run(
    spec: str | None,
    output: str | None,
    format_: str | None,
    options: dict[str, Any],
    asked: dict[str, str | None],
) -> int:
    """Write the derivation's document, or an expression's derivatives."""
    expression, wrt, shapes = asked["expression"], asked["wrt"], asked["shapes"]
    if expression is not None:
        if spec is not None:
            raise ChainruleError("give a spec or --expression, not both")
        if options["order"] != 1:
            raise ChainruleError(
                "--order belongs to a spec; for an expression's second derivatives, give its "
                "first derivative as the expression"
            )
        return _of_expression(expression, wrt, shapes, output, format_)
    if spec is None:
        raise ChainruleError("give a spec, or --expression with --shapes")
    if shapes is not None:
        raise ChainruleError("--shapes belongs to --expression; add that")
    check_output(spec, output)
    format_ = format_ or _by_ending(output)
    if format_ == "pdf" and output is None:
        raise ChainruleError("a PDF needs a file to go to; add -o FILE.pdf")
    derivation = read_derivation(spec, options.get("wrt") or None)
    if output is not None and format_ == "md" and Path(output).suffix.lower() == ".md":
        # pictures lie beside the text: not every page shows those that stand in it
        file = Path(output)
        content, pictures = markdown_beside(derivation, file.stem, **options)
        for name, picture in pictures.items():
            deliver(picture, str(file.with_name(name)))
        deliver(content, output)
    else:
        deliver(document(derivation, format_, **options), output)
    return 0


def _of_expression(
    expression: str, wrt: str | None, shapes: str | None, output: str | None, format_: str | None
) -> int:
    """The derivatives of an expression in matrix notation."""
    if shapes is None:
        raise ChainruleError("--expression needs its arrays: add --shapes 'A: n n, x: n'")
    check_output(STANDARD_INPUT, output)
    format_ = format_ or _by_ending(output, FORMS, {"txt": "text"})
    names = [] if wrt is None else wrt.replace(",", " ").split()
    if wrt is not None and not names:
        raise ChainruleError("--wrt: no array is named; write one, such as --wrt x")
    deliver(written(derivatives(expression, shapes, names), format_), output)
    return 0


def _by_ending(
    output: str | None, known: Sequence[str] = FORMATS, others: Mapping[str, str] | None = None
) -> str:
    if output is None:
        return known[0]
    ending = Path(output).suffix.removeprefix(".").lower()
    ending = (others or {}).get(ending, ending)
    if ending not in known:
        raise ChainruleError(
            f"{output}: the file's ending names no format{meant(ending, known)}; "
            f"known: {', '.join(known)}; or give --format"
        )
    return ending
