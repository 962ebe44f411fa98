"""C texts compiled and called: arrays in, arrays out."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from codegen.targets.c.module import Printer

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
needs_compiler = pytest.mark.skipif(
    shutil.which("gcc") is None, reason="gcc isn't there: no C text is compiled"
)


class Compiled:
    """A module in C, as a live library."""

    def __init__(self, module, folder, dtype="float64", flags=("-O1",)):
        self.printer = Printer(module, dtype)
        self.program = self.printer.program
        texts = self.printer.texts()
        (folder / "net.h").write_text(texts.header)
        (folder / "net.c").write_text(texts.source)
        library = folder / "net.so"
        command = ["gcc", *STRICT, *flags, "-shared", "-fPIC", "-o", library, folder / "net.c"]
        done = subprocess.run([*command, "-lm"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:3000]
        self.library = ctypes.CDLL(str(library))
        self.real = np.dtype(dtype)
        self.rows = {}
        self.library.net_arena_size.restype = ctypes.c_size_t

    # what the structs hold

    def flat(self, names, values):
        """The members of a struct, one behind the other."""
        parts = [np.ravel(np.asarray(values[n], self.real)) for n in names]
        return np.ascontiguousarray(np.concatenate(parts or [np.zeros(1, self.real)]))

    def split(self, names, flat, shapes):
        """And back."""
        result, at = {}, 0
        for name in names:
            count = int(np.prod(shapes[name], dtype=int))
            result[name] = flat[at : at + count].reshape(shapes[name])
            at += count
        return result

    @property
    def stored(self):
        return [t.name for t in self.program.having("parameter", "buffer")]

    @property
    def moved(self):
        return [key for key, _ in self.program.gradient_table]

    def dims(self, data):
        return [ctypes.c_ssize_t(n) for n in extents(self.program, data)]

    def given(self, data):
        kinds = [np.intp if t.integer else self.real for t in self.program.data]
        return [np.array(a, k, order="C") for a, k in zip(data, kinds, strict=True)]

    def arena(self, dims):
        size = self.library.net_arena_size(*dims)
        return np.full(size // self.real.itemsize + 1, np.nan, self.real), ctypes.c_size_t(size)

    def mode(self, training, seed):
        return [ctypes.c_int(training), ctypes.c_uint64(seed)] if self.program.has_mode else []

    def gradients(self, params, *data, inputs=True, training=False, seed=0):
        """The objective and its derivatives."""
        data, dims = self.given(data), self.dims(data)
        stored = self.flat(self.stored, params)
        arena, size = self.arena(dims)
        loss = np.zeros(1, self.real)
        gradient = self.flat(self.moved, params) * np.nan
        by_name = dict(zip([t.name for t in self.program.data], data, strict=True))
        asked = [key for key, _ in self.program.input_rows]
        wanted = {key: np.full_like(by_name[key], np.nan) for key in asked}
        status = self.library.net_gradients(
            pointer(stored),
            *map(pointer, data),
            *dims,
            *self.mode(training, seed),
            pointer(loss),
            pointer(gradient),
            *(pointer(wanted[key]) if inputs else None for key in asked),
            pointer(arena),
            size,
        )
        assert status == 0, status
        shapes = {name: np.shape(params[name]) for name in self.moved}
        result = self.split(self.moved, gradient, shapes)
        return float(loss[0]), result | (wanted if inputs else {})


def extents(program, data):
    """The run-time extents that arrays bring."""
    result = {}
    for tensor, array in zip(program.data, data, strict=True):
        for extent, count in zip(tensor.shape, np.shape(array), strict=True):
            if len(extent.terms) == 1 and extent.constant == 0:
                ((atom, factor),) = extent.terms
                if factor == 1:
                    result[atom.name] = count
    return [result[d] for d in program.module.dims]


def pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


class Training:
    """Parameters and an optimiser's state, as C keeps them."""

    def __init__(self, compiled, params):
        self.compiled = compiled
        self.shapes = {name: np.shape(params[name]) for name in compiled.stored}
        self.params = compiled.flat(compiled.stored, params)
        self.memories = [(key, names) for key, names in compiled.printer.state.memories if names]
        self.numbers = [key for key, _ in compiled.printer.state.numbers]
        counts = [self._count(n) for _, names in self.memories for n in names]
        size = 8 * max(len(self.numbers), not counts) + compiled.real.itemsize * sum(counts)
        self.state = np.zeros(size + 8, np.uint8)
        compiled.library.net_init_state(pointer(self.state))

    def _count(self, name):
        return int(np.prod(self.shapes[name], dtype=int))

    def step(self, *data, seed=0):
        """One update; the objective before it."""
        compiled, loss = self.compiled, np.zeros(1, self.compiled.real)
        data, dims = compiled.given(data), compiled.dims(data)
        arena, size = compiled.arena(dims)
        status = compiled.library.net_train_step(
            pointer(self.params),
            pointer(self.state),
            *map(pointer, data),
            *dims,
            *([ctypes.c_uint64(seed)] if compiled.program.has_mode else []),
            pointer(loss),
            pointer(arena),
            size,
        )
        assert status == 0, status
        return float(loss[0])

    def now(self):
        """Parameters and state, as dictionaries."""
        compiled = self.compiled
        params = compiled.split(compiled.stored, self.params, self.shapes)
        end = 8 * len(self.numbers)
        state = dict(zip(self.numbers, self.state[:end].view(float), strict=True))
        for key, names in self.memories:
            size = compiled.real.itemsize * sum(map(self._count, names))
            flat = self.state[end : end + size].view(compiled.real)
            state[key] = compiled.split(names, flat, self.shapes)
            end += size
        return params, state
