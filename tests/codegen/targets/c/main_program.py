"""C texts as programs of their own: data come from a file, results go to one.

So the sanitizers, valgrind and emulators can run them.
"""

import subprocess

import numpy as np

from codegen.targets.c.module import Printer
from tests.codegen.targets.c.compiled import extents

_MAIN = """#include "net.h"

#include <stdio.h>
#include <stdlib.h>

static size_t number(FILE *from)
{{
    uint64_t n = 0;
    if (fread(&n, sizeof n, 1, from) != 1)
        exit(3);
    return (size_t)n;
}}

/* So many bytes of a file, in memory that is no byte larger. */
static void *taken(size_t bytes, FILE *from)
{{
    void *a = malloc(bytes);
    if (bytes && (!a || fread(a, 1, bytes, from) != bytes))
        exit(3);
    return a;
}}

int main(void)
{{
    (void)number;
    FILE *in = fopen("in.bin", "rb"), *out = fopen("out.bin", "wb");
    if (!in || !out)
        return 2;
    {dims}
    struct net_params *params = taken(sizeof *params, in);
    struct net_gradient *gradient = malloc(sizeof *gradient);
    const size_t bytes = net_arena_size({sizes});
    void *arena = malloc(bytes);
    real result = 0;
    {data}
    const int status = net_gradients({arguments});
    fwrite(&result, sizeof result, 1, out);
    fwrite(gradient, sizeof *gradient, 1, out);
    {written}
    {freed}
    free(params), free(gradient), free(arena);
    return fclose(in) | fclose(out) | status;
}}
"""


class MainProgram:
    """A module as a C program that computes the gradients, compiled by a command."""

    def __init__(self, module, folder, command, dtype="float64", small=False):
        """A `small` device's whole numbers have 32 bits."""
        self.printer = Printer(module, dtype, small=small)
        self.program = self.printer.program
        self.folder = folder
        self.kinds = {True: np.dtype(np.int32 if small else np.int64), False: np.dtype(dtype)}
        self.names = {t.name: f"{self.printer.homes[t.name].name}_" for t in self.program.data}
        texts = self.printer.texts()
        (folder / "net.h").write_text(texts.header)
        (folder / "net.c").write_text(texts.source)
        (folder / "main.c").write_text(self._main())
        self._done([*command, "-o", "net", "main.c", "net.c", "-lm"])

    def gradients(self, params, data, run=()):
        """What it computes, run below a command."""
        rows = dict(zip([t.name for t in self.program.data], data, strict=True))
        self._write_data(params, rows)
        self._done([*run, "./net"])
        return self._read(params, rows)

    def _done(self, command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr[:3000]

    def _main(self):
        asked = [key for key, _ in self.program.input_rows]
        dims = [f"const integer {dim} = (integer)number(in);" for dim in self.program.dims]
        data, freed = [], []
        for tensor in self.program.data:
            name, kind = self.names[tensor.name], "integer" if tensor.integer else "real"
            data.append(f"const size_t {name}bytes = number(in);")
            data.append(f"{kind} *{name} = taken({name}bytes, in);")
            freed.append(f"free({name});")
            if tensor.name in asked:
                data.append(f"real *d_{name} = malloc({name}bytes);")
                freed.append(f"free(d_{name});")
        mode = ["0", "0"] if self.program.has_mode else []
        given = ["params", *self.names.values(), *self.program.dims, *mode]
        own = [f"d_{self.names[key]}" for key in asked]
        written = [
            f"fwrite({d}, 1, {self.names[k]}bytes, out);" for d, k in zip(own, asked, strict=True)
        ]
        return _MAIN.format(
            dims="\n    ".join(dims),
            sizes=", ".join(self.program.dims),
            data="\n    ".join(data),
            arguments=", ".join([*given, "&result", "gradient", *own, "arena", "bytes"]),
            written="\n    ".join(written),
            freed="\n    ".join(freed),
        )

    def _write_data(self, params, rows):
        real, count = self.kinds[False], np.uint64
        stored = [np.ravel(np.asarray(params[t.name], real)) for t in self._stored]
        parts = [np.array(extents(self.program, rows.values()), count)]
        parts.append(np.concatenate(stored or [np.zeros(1, real)]))
        for tensor in self.program.data:
            array = np.asarray(rows[tensor.name], self.kinds[tensor.integer])
            parts += [np.array([array.nbytes], count), array]
        (self.folder / "in.bin").write_bytes(b"".join(p.tobytes() for p in parts))

    @property
    def _stored(self):
        return self.program.having("parameter", "buffer")

    def _read(self, params, rows):
        flat = np.frombuffer((self.folder / "out.bin").read_bytes(), self.kinds[False])
        given = [(key, params[key]) for key, _ in self.program.gradient_table]
        at, result = 1 + (not given), {}
        given += [(key, rows[key]) for key, _ in self.program.input_rows]
        for name, like in given:
            result[name] = flat[at : at + np.size(like)].reshape(np.shape(like))
            at += np.size(like)
        return float(flat[0]), result
