"""How large a program may grow: the counts at which a loop takes the place of its rounds."""

from __future__ import annotations

FEW = 32  # so many places of windows are passed one by one
