"""What is done to a module before it is printed: functions from modules to modules, in order."""

from codegen.passes.implicit_broadcast import implicit_broadcast
from codegen.passes.known_places import known_places
from codegen.passes.liveness import without_unused
from codegen.passes.named_once import named_once
from codegen.passes.walked_first import walked_first

PASSES = (
    known_places,
    named_once,
    walked_first,
    implicit_broadcast,
    without_unused,
)
