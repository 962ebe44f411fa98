"""Every node of a program in C, against the interpreter."""

import ctypes
import subprocess

import numpy as np

from codegen.passes import PASSES
from codegen.program.interpreter import Interpreter
from codegen.targets.c.module import Printer
from tests.codegen.targets.c.compiled import STRICT, needs_compiler, pointer
from tests.codegen.targets.test_coverage import covering

_RUN = """
int run(const real *x, const real *A, const integer *q, integer N, real *arena, real **results)
{{
    struct net net = {{ .x = x, .A = A, .q = q, .N = N }};
    lay_out(&net, arena);
    const int status = cover(&net);
    {copies}
    return status;
}}
"""


@needs_compiler
def test_every_array_and_statement(tmp_path):
    module, _ = covering()
    for change in PASSES:
        module = change(module)
    rng = np.random.default_rng(3)
    given = rng.normal(size=(5, 4)), rng.normal(size=(3, 3)), np.array([2, 0, -1, 1, 2])
    with np.errstate(all="ignore"):
        wanted = Interpreter(module).call("cover", {}, *given)
    printer = Printer(module, "float64")
    texts = printer.texts()
    names = [v.tensor for v in module.procedures[0].body[-1].values]
    homes = printer.homes
    copies = "\n".join(
        f"for (integer i = 0; i < {printer.program.count(name)}; i++) "
        f"results[{k}][i] = net.{homes[name].name}[i];"
        for k, name in enumerate(names)
    ).replace("N", "net.N")
    (tmp_path / "net.h").write_text(texts.header)
    (tmp_path / "net.c").write_text(texts.source + _RUN.format(copies=copies))
    library = tmp_path / "net.so"
    flags = [f for f in STRICT if f != "-Wshadow"]
    command = ["gcc", *flags, "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    command += ["-shared", "-fPIC", "-o", library, tmp_path / "net.c", "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    lib = ctypes.CDLL(str(library))
    lib.net_arena_size.restype = ctypes.c_size_t
    arena = np.full(lib.net_arena_size(ctypes.c_ssize_t(5)), np.nan)
    found = [np.full(np.shape(w), np.nan) for w in wanted]
    results = (ctypes.c_void_p * len(found))(*(f.ctypes.data for f in found))
    data = [np.ascontiguousarray(a) for a in given]
    status = lib.run(*map(pointer, data), ctypes.c_ssize_t(5), pointer(arena), results)
    assert status == 0
    for name, one, other in zip(names, found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12, err_msg=name)
