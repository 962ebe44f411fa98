"""`chainrule derive`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codegen.commands.reading import check_output, deliver, read_derivation
from codegen.paper.documents import FORMATS, document, markdown_beside
from derive.errors import ChainruleError, meant


def run(spec: str, output: str | None, format_: str | None, manner: dict[str, Any]) -> int:
    """Write the derivation's document."""
    check_output(spec, output)
    format_ = format_ or _by_ending(output)
    if format_ == "pdf" and output is None:
        raise ChainruleError("a PDF needs a file to go to; add -o FILE.pdf")
    derivation = read_derivation(spec, manner.get("wrt") or None)
    if output is not None and format_ == "md" and Path(output).suffix.lower() == ".md":
        # pictures lie beside the text: not every page shows those that stand in it
        file = Path(output)
        content, pictures = markdown_beside(derivation, file.stem, **manner)
        for name, picture in pictures.items():
            deliver(picture, str(file.with_name(name)))
        deliver(content, output)
    else:
        deliver(document(derivation, format_, **manner), output)
    return 0


def _by_ending(output: str | None) -> str:
    if output is None:
        return "tex"
    ending = Path(output).suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise ChainruleError(
            f"{output}: the file's ending tells no format{meant(ending, FORMATS)}; "
            f"known: {', '.join(FORMATS)}; or give --format"
        )
    return ending
