"""How an emitted Python module compiles its C text and calls it: functions that it carries."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import math
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np

from codegen.python_module.stand_in import DTYPE, Array, Arrays, Shape, Shapes

SOURCE = ""
_STORED: Shapes = {}  # parameters and what moves with them, in the order of the struct
_MOVED: list[str] = []  # those that have a gradient
_NUMBERS: dict[str, float] = {}  # of the optimiser's state
_MEMORY: dict[str, list[str]] = {}  # arrays of the state: for which parameters
_MODE: bool = bool(1)  # functions take the mode, and a seed

# From `a > 0 ? b[j] : 0` in a loop GCC 12 makes masked loads that give the wrong numbers
_FLAGS = (
    "-std=c99 -O3 -fno-tree-loop-if-convert -march=native -ffp-contract=fast "
    "-fno-math-errno -fno-trapping-math -fopenmp-simd -DNET_SIMD -shared -fPIC"
)


class _Flat(dict[str, Array]):
    """Arrays by their names that lie one behind the other in `flat`."""

    def __init__(self, flat: Array, shapes: Shapes) -> None:
        super().__init__()
        self.flat, at = flat, 0
        for name, shape in shapes.items():
            count = _count(shape)
            self[name] = flat[at : at + count].reshape(shape)
            at += count
        self.views = dict(self)

    def whole(self) -> bool:
        """Whether the arrays are still those that lie there."""
        base = self.flat if self.flat.base is None else self.flat.base
        views = self.views
        return all(a is views.get(name) and a.base is base for name, a in self.items())


class _State(dict[str, Any]):
    """An optimiser's state whose arrays lie behind its numbers, as C has them, in `whole`."""

    def __init__(self) -> None:
        super().__init__(_NUMBERS)
        kept = {key: {n: _STORED[n] for n in names} for key, names in _MEMORY.items()}
        size = np.dtype(DTYPE).itemsize
        counts = {key: size * sum(map(_count, shapes.values())) for key, shapes in kept.items()}
        at = 8 * max(len(_NUMBERS), 1)
        self.whole = np.zeros(at + sum(counts.values()) + 8, np.uint8)
        self.numbers = self.whole[:at].view(float)
        for key, shapes in kept.items():
            self[key] = _Flat(self.whole[at : at + counts[key]].view(DTYPE), shapes)
            at += counts[key]
        self.memories = {key: self[key] for key in kept}

    def lies(self) -> bool:
        """Whether the arrays are still those that lie there."""
        memories = self.memories
        own = self.numbers.base is self.whole
        return own and all(self[key] is m and m.whole() for key, m in memories.items())


def _count(shape: Shape) -> int:
    return math.prod(shape)


def _flat_of(arrays: Arrays, shapes: Shapes) -> _Flat:
    """The arrays one behind the other: themselves where they lie so, else a copy."""
    if isinstance(arrays, _Flat) and len(arrays) == len(shapes) and arrays.whole():
        return arrays
    flat = _room(shapes)
    for name, shape in shapes.items():
        given = np.asarray(arrays[name])
        if given.shape != tuple(shape):
            raise ValueError(f"{name} has shape {given.shape}, not {tuple(shape)}")
        if not np.can_cast(given.dtype, DTYPE, "same_kind"):
            raise ValueError(f"{name} must hold real numbers")
        flat[name][...] = given
    return flat


def _room(shapes: Shapes) -> _Flat:
    """Room for arrays."""
    count = sum(map(_count, shapes.values()))
    return _Flat(np.zeros(max(count, 1), DTYPE), shapes)


def _back(found: _Flat, arrays: Arrays) -> None:
    """Put what was changed in a copy back."""
    if found is not arrays:
        for name, array in found.items():
            np.copyto(arrays[name], array, casting="same_kind")


@functools.cache
def _library() -> Any:
    """The compiled text; it is compiled at first use and kept in the user's cache."""
    given = os.environ.get("CC", "")
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    command = shlex.split(given) or [found or ""]
    compiler = shutil.which(command[0])
    if compiler is None:
        raise OSError("no C compiler found: set CC, or use the NumPy module")
    command += shlex.split(_FLAGS) + _threads()
    status = Path(compiler).stat()
    key = "\n".join([SOURCE, *command, compiler, str(status.st_mtime_ns), _processor()])
    name = hashlib.sha256(key.encode()).hexdigest()[:32] + ".so"
    folder = _cache()
    if folder and (folder / name).exists():
        with contextlib.suppress(OSError):  # one that was cut off is compiled again
            return _opened(folder / name)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        library = _compiled(command, Path(work))
        if folder:  # moved there whole: others may be compiling the same
            library = library.replace(folder / name)
        return _opened(library)


def _threads() -> list[str]:
    """What divides large products among as many threads as NET_THREADS says."""
    given = os.environ.get("NET_THREADS", "") or "1"
    if not (given.isdecimal() and 1 <= int(given) <= 1024):
        raise ValueError(f"NET_THREADS is {given[:20]!r}, not a number from 1 to 1024")
    return [] if int(given) == 1 else ["-fopenmp", f"-DNET_THREADS={int(given)}"]


def _cache() -> Path | None:
    """The folder that keeps what is compiled; None where nothing can be kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "chainrule"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    return folder


def _processor() -> str:
    """What tells one kind of processor from another."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    kinds = [line for line in lines if line.startswith(("flags", "Features"))]
    return "\n".join([platform.machine(), platform.processor(), *kinds[:1]])


def _compiled(command: list[str], folder: Path) -> Path:
    """The library, compiled in a folder."""
    text, library = folder / "net.c", folder / "net.so"
    text.write_text(SOURCE, encoding="utf-8")
    done = subprocess.run(
        [*command, "-o", str(library), str(text), "-lm"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = next((s for s in done.stderr.splitlines() if "error" in s), "no word why")
        raise OSError(f"{command[0]} doesn't compile the model: {said[:200]}")
    return library


def _opened(path: Path) -> Any:
    library = ctypes.CDLL(str(path))
    for name in (_SIZE, "net_init_step_size", "net_step_size"):
        if hasattr(library, name):
            library[name].restype = ctypes.c_size_t
    library.net_message.restype = ctypes.c_char_p
    return library


_ARENAS = threading.local()  # of each thread the last one
_SIZE = "net_arena_size"


def _arena(size: str, dims: list[int]) -> tuple[Any, Any]:
    """Working memory, as much as the function `size` says: its address and its size."""
    if getattr(_ARENAS, "asked", None) != (size, dims):
        count = _library()[size](*map(ctypes.c_ssize_t, dims))
        _ARENAS.memory = np.empty(count + 64, np.uint8)
        address = _ARENAS.memory.ctypes.data
        _ARENAS.last = ctypes.c_void_p(address + -address % 64), ctypes.c_size_t(count)
        _ARENAS.asked = size, list(dims)
    last: tuple[Any, Any] = _ARENAS.last
    return last


def _call(name: str, arena: tuple[Any, ...], *arguments: Any) -> None:
    """Call a function of the library; its arena comes last."""
    shown = [_pointer(a) if isinstance(a, np.ndarray) else a for a in arguments]
    status = _library()[name](*shown, *arena)
    if status:
        raise ValueError(_library().net_message(status).decode())


def _pointer(array: Array) -> Any:
    return ctypes.c_void_p(array.__array_interface__["data"][0])


def _mode(training: bool, rng: Any) -> list[Any]:
    """The mode and a seed, where there is something to draw or a mode."""
    if not _MODE:
        return []
    return [ctypes.c_int(bool(training)), _seed(rng) if training else ctypes.c_uint64(0)]


def _seed(rng: Any) -> Any:
    rng = np.random.default_rng() if rng is None else rng
    return ctypes.c_uint64(int(rng.integers(2**63)))


def _dense(data: list[Array], dims: list[int]) -> list[Any]:
    return [*(np.ascontiguousarray(a) for a in data), *map(ctypes.c_ssize_t, dims)]


def _result(
    name: str, params: Arrays, data: list[Array], dims: list[int], shape: Shape, *mode: Any
) -> Any:
    """What `forward` and the like give."""
    result = np.empty(shape, DTYPE)
    flat = _flat_of(params, _STORED).flat
    _call(f"net_{name}", _arena(_SIZE, dims), flat, *_dense(data, dims), *mode, result)
    return result


def _gradients(
    params: Arrays, data: list[Array], dims: list[int], inputs: dict[str, Any], mode: list[Any]
) -> tuple[float, Arrays]:
    """The objective, and the derivatives by parameters and by some inputs (None: not wanted)."""
    result = np.empty((), DTYPE)
    gradient = _room({name: _STORED[name] for name in _MOVED})
    more = {name: None if a is None else np.empty(a.shape, DTYPE) for name, a in inputs.items()}
    flat = _flat_of(params, _STORED).flat
    given = _dense(data, dims)
    where = result, gradient.flat, *more.values()
    _call("net_gradients", _arena(_SIZE, dims), flat, *given, *mode, *where)
    return float(result), {**gradient, **{n: a for n, a in more.items() if a is not None}}


def _train_step(
    params: Arrays, state: dict[str, Any], data: list[Array], dims: list[int], seed: list[Any]
) -> float:
    """One update in place; the objective before it."""
    found = _flat_of(params, _STORED)
    kept = state if isinstance(state, _State) and state.lies() else _filled(state)
    before = [float(state[name]) for name in _NUMBERS]
    kept.numbers[: len(before)] = before
    result = np.empty((), DTYPE)
    given = _dense(data, dims)
    _call("net_train_step", _arena(_SIZE, dims), found.flat, kept.whole, *given, *seed, result)
    after = zip(_NUMBERS, before, kept.numbers.tolist())
    state.update({name: new for name, old, new in after if new != old})
    _back(found, params)
    if kept is not state:
        for key, memory in kept.memories.items():
            _back(memory, state[key])
    return float(result)


def _filled(state: dict[str, Any]) -> _State:
    """A copy of a state, in order."""
    result = _State()
    for key, memory in result.memories.items():
        for name, array in memory.items():
            array[...] = state[key][name]
    return result


def _walk(
    name: str,
    params: Arrays,
    data: list[Array],
    dims: list[int],
    state: dict[str, Any],
    sized: bool,
    *result: Array,
) -> None:
    """Call `net_init_step` or `net_step`; the state is written over."""
    kept = np.array([v if isinstance(v, int) else v.ctypes.data for v in state.values()], np.intp)
    arena = _arena(f"net_{name}_size", dims) if sized else ()
    flat = _flat_of(params, _STORED).flat
    _call(f"net_{name}", arena, flat, *_dense(data, dims), kept, *result)
    numbers = zip(state.items(), kept.tolist())
    state.update({key: new for (key, old), new in numbers if isinstance(old, int)})
