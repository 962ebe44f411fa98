"""The kernel's fence around the child: after it the process may compute, answer and end.

A seccomp filter lets through a few system calls (memory, the clock, random numbers, a write to
what is open) and answers every other with "not permitted", for good. Nothing that runs in the
process can open a file or a socket, start a process or signal one, native code included.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

NO_FENCE = "--run needs a kernel that can filter system calls; this one can't"
_NO_NEW_PRIVILEGES = 38
_SET_FILTER, _ALL_THREADS = 1, 1  # of the call `seccomp`
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # where a filter finds these two

# For each machine its number in the kernel, that of `seccomp`, and the calls that are allowed:
# write, mmap, mprotect, munmap, brk, rt_sigprocmask, rt_sigreturn, mremap, madvise, sched_yield,
# futex, clock_gettime, getrandom, exit, exit_group
_MACHINES = {
    "x86_64": (
        0xC000003E,
        317,
        (1, 9, 10, 11, 12, 14, 15, 25, 28, 24, 202, 228, 318, 60, 231),
    ),
    "aarch64": (
        0xC00000B7,
        277,
        (64, 222, 226, 215, 214, 135, 139, 216, 233, 124, 98, 113, 278, 93, 94),
    ),
}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("first", ctypes.POINTER(_Instruction)))


def close() -> None:
    """Put the fence up. Raises `OSError` where the kernel has none."""
    machine = _MACHINES.get(os.uname().machine)
    if sys.platform != "linux" or sys.maxsize < 2**32 or machine is None:
        raise OSError("no filter is known for this machine")
    architecture, seccomp, allowed = machine
    library = ctypes.CDLL(None, use_errno=True)
    instructions = _filter(architecture, allowed)
    program = _Program(len(instructions), instructions)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel grants privileges")
    if library.syscall(seccomp, _SET_FILTER, _ALL_THREADS, ctypes.byref(program)):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


def _filter(architecture: int, allowed: tuple[int, ...]) -> ctypes.Array[_Instruction]:
    """The filter's program: another machine's calls end the process, unknown ones are refused."""
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *((_JUMP_IF_EQUAL, len(allowed) - k, 0, n) for k, n in enumerate(allowed)),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return (_Instruction * len(steps))(*(_Instruction(*s) for s in steps))
