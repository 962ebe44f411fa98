"""`chainrule derive`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codegen.commands.reading import check_output, deliver, read_derivation
from codegen.paper.documents import FORMATS, document
from derive.errors import ChainruleError, meant

_ENDINGS = (*FORMATS, "html")  # the last isn't there yet, which `document` says


def run(spec: str, output: str | None, format_: str | None, manner: dict[str, Any]) -> int:
    """Write the derivation's document."""
    check_output(spec, output)
    format_ = format_ or _by_ending(output)
    if format_ == "pdf" and output is None:
        raise ChainruleError("a PDF needs a file to go to; add -o FILE.pdf")
    deliver(document(read_derivation(spec), format_, **manner), output)
    return 0


def _by_ending(output: str | None) -> str:
    if output is None:
        return "tex"
    ending = Path(output).suffix.removeprefix(".").lower()
    if ending not in _ENDINGS:
        raise ChainruleError(
            f"{output}: the file's ending tells no format{meant(ending, FORMATS)}; "
            f"known: {', '.join(FORMATS)}; or give --format"
        )
    return ending
