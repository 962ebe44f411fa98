"""The mathematics: equations in index notation, their derivatives, the proof that they agree."""

from derive.backprop import differentiate
from derive.checking import check
from derive.errors import ChainruleError
from derive.loading import load
from derive.equations import parse

__all__ = ["ChainruleError", "check", "differentiate", "load", "parse"]
