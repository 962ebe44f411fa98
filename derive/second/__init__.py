"""Second derivatives: by the same rule again, applied to the equations of the first ones."""

from derive.second.along import directional

__all__ = ["directional"]
