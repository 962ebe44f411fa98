"""`chainrule derive`."""

from __future__ import annotations

from pathlib import Path

from codegen.commands.reading import deliver, read_derivation
from codegen.documents import document
from derive.errors import ChainruleError, meant

FORMATS = ("tex", "pdf", "md", "html", "json")


def run(
    spec: str, output: str | None, format_: str | None, notation: str, detail: str, lang: str
) -> int:
    """Write the derivation's document."""
    format_ = format_of(output, format_)
    text = document(read_derivation(spec), format=format_, notation=notation, detail=detail)
    deliver(text, output)
    return 0


def format_of(output: str | None, given: str | None) -> str:
    """The format that was asked for, by name or by the file's ending."""
    ending = Path(output).suffix.removeprefix(".").lower() if output else ""
    if given is None and output and ending not in FORMATS:
        raise ChainruleError(
            f"{output}: the ending tells no format{meant(ending, FORMATS)}; "
            f"known: {', '.join(FORMATS)}; or give --format"
        )
    format_ = given or ending or "tex"
    if format_ not in FORMATS:
        raise ChainruleError(
            f"format: unknown '{format_}'{meant(format_, FORMATS)}; known: {', '.join(FORMATS)}"
        )
    if format_ == "pdf" and output is None:
        raise ChainruleError("a PDF needs a file to go to; add -o FILE.pdf")
    return format_
