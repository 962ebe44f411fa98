"""Conditions on the arrays that a model is given, beside their shapes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inside:
    """The whole numbers of `tensor` are places of an axis of `of`, from 0, or among `besides`."""

    tensor: str
    of: str
    axis: int
    besides: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NoLonger:
    """An axis of `tensor` is at most as long as that of `of`, whose length is a number."""

    tensor: str
    axis: int
    of: str
    of_axis: int


Limit = Inside | NoLonger
