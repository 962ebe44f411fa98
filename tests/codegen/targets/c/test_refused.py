"""What the C functions refuse: by a status, and nothing is touched."""

import ctypes

import numpy as np
import pytest

from codegen.targets.c.integers import variable
from codegen.targets.c.procedures import STATUS
from tests.codegen.program.programs import net, stages
from tests.codegen.targets.c.compiled import Compiled, needs_compiler, pointer

pytestmark = needs_compiler
CODE = {name: code for code, (name, _) in enumerate(STATUS)}
LAYERS = {"type": "gru", "units": 3}, {"type": "dense", "units": 2}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    *_, (_, module) = stages(net(*LAYERS, shape=("s", 2)))
    return Compiled(module, tmp_path_factory.mktemp("net")).library


def status(library, n, s, bytes_less=0, shift=0):
    """What `net_forward` says, and what it left in the result."""
    params, x = np.ones(200), np.ones(5 * 4 * 2)
    size = library.net_arena_size(*map(ctypes.c_ssize_t, (5, 4)))
    arena, result = np.zeros(size // 8 + 2), np.full(5 * 4 * 2, 7.0)
    code = library.net_forward(
        pointer(params),
        pointer(x),
        *map(ctypes.c_ssize_t, (n, s)),
        pointer(result),
        ctypes.c_void_p(arena.ctypes.data + shift),
        ctypes.c_size_t(size - bytes_less),
    )
    return code, bool(np.all(result == 7.0) and not arena.any())


def test_what_is_refused(library):
    assert status(library, 5, 4) == (CODE["NET_OK"], False)
    assert status(library, 5, 4, bytes_less=1) == (CODE["NET_ARENA"], True)
    assert status(library, 5, 4, shift=4) == (CODE["NET_ARENA"], True)
    assert status(library, 6, 4) == (CODE["NET_ARENA"], True)
    for n, s in ((-1, 4), (5, -1), (2**62, 4), (5, 2**62), (2**32, 2**32), (-(2**63), 1)):
        assert status(library, n, s) == (CODE["NET_SIZE"], True)


def test_no_size_within_the_limit_is_beyond_whole_numbers(library):
    most = next(m for m in (2**k - 1 for k in range(63, 0, -1)) if size(library, m) > 0)
    assert most > 2**20 and 2**40 < size(library, most) < 2**63
    assert size(library, most + 1) == 0


def size(library, most):
    return library.net_arena_size(*map(ctypes.c_ssize_t, (most, most)))


def test_every_status_has_words(library):
    library.net_message.restype = ctypes.c_char_p
    for code, (_, words) in enumerate(STATUS):
        assert library.net_message(code).decode() == words
    assert library.net_message(99) == b"unknown"


def test_the_most_of_an_expression():
    N, T = variable("N"), variable("T")
    assert (N * T * 3 + 4).at_most(10) == 304
    assert (N * 2 - T).at_most(10) == 20
    assert variable("largest(0, T*N*4 - N*4)").at_most(10) == 440
