"""Everything that is written out: modules and documents. No differentiation happens here.

The whole way, aloud::

    derivation = derive.differentiate(derive.load("gender.toml"))
    source = codegen.emit(derivation)
    module = codegen.load_module(source)
"""

from codegen.loading import load_module
from codegen.module import emit

__all__ = ["emit", "load_module"]
