"""What is done to a module before it is printed: functions from modules to modules, in order."""

from codegen.passes.implicit_broadcast import implicit_broadcast
from codegen.passes.liveness import without_unused
from codegen.passes.walked_first import walked_first

PASSES = (walked_first, implicit_broadcast, without_unused)
