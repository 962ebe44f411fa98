"""Everything that is written out: modules and documents. No differentiation happens here.

The whole way, aloud::

    derivation = derive.differentiate(derive.load("gender.toml"))
    source = codegen.emit(derivation)
    module = codegen.load_module(source)
    text = codegen.document(derivation, format="tex")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codegen.documents.write import document
    from codegen.pipeline import emit
    from codegen.targets.numpy.load_module import load_module

__all__ = ["document", "emit", "load_module"]

PART_OF = "chainrule"  # other distributions install a package of this name

# fetched when first asked for: `chainrule --help` needs none of them
_HOMES = {
    "document": "codegen.documents.write",
    "emit": "codegen.pipeline",
    "load_module": "codegen.targets.numpy.load_module",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'codegen' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
