"""The mathematics: equations in index notation, their derivatives, and the proof that they agree."""

from derive.backprop import differentiate
from derive.errors import ChainruleError
from derive.parse import parse

__all__ = ["ChainruleError", "differentiate", "parse"]
