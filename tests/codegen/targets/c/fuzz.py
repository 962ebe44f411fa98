"""libFuzzer on sizes and data of the C functions: `python -m tests.codegen.targets.c.fuzz SECONDS`.

Needs Clang. Extents, data, parameters and the arena's size come from the fuzzer's bytes, so that
there are NaN, infinities, places that are none, batches of no rows and of far too many.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from codegen.targets.c.module import Printer
from tests.codegen.program.programs import net, stages

NETS = {
    "dense": net(
        {"type": "dense", "units": 3, "activation": "sigmoid"}, optimizer={"type": "adam"}
    ),
    "text": net(
        {"type": "embedding", "num_embeddings": 7, "embedding_dim": 3},
        {"type": "lstm", "units": 3},
        {"type": "dense", "units": 7},
        shape=("s",),
        integers=["x"],
        loss={"type": "softmax_cross_entropy", "targets": "classes"},
    ),
    "convolution": net(
        {"type": "conv2d", "channels": 2, "kernel_size": 3, "padding": 1, "activation": "relu"},
        {"type": "max_pool2d", "kernel_size": 2},
        {"type": "dropout", "p": 0.5},
        shape=(1, 6, 6),
    ),
    "attention": net({"type": "multi_head_attention", "heads": 2}, shape=("s", 4)),
}

_HARNESS = """
#include <stdlib.h>
#include <string.h>

static const uint8_t *from;
static size_t left;

static void taken(void *to, size_t bytes)
{{
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)to)[i] = left ? (left--, *from++) : (uint8_t)(i * 37);
}}

/* A small extent, now and then one that is none. */
static integer extent(void)
{{
    uint8_t byte;
    taken(&byte, 1);
    return byte == 255 ? PTRDIFF_MAX / 3 : byte == 254 ? NET_MOST : byte % 9 - 1;
}}

static void *filled(integer count, size_t size, int integers)
{{
    const size_t all = (size_t)(count < 0 || count > 100000 ? 0 : count) * size;
    uint8_t *a = malloc(all);
    taken(a, all);
    for (integer i = 0; integers && i < (integer)(all / size); i++)
        if (((integer *)(void *)a)[i] % 5)
            ((integer *)(void *)a)[i] &= 7;
    return a;
}}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{{
    from = data, left = size;
    {dims}
    uint8_t less;
    taken(&less, 1);
    const size_t needed = net_arena_size({names});
    if (needed > 10000000)
        return 0;
    const size_t bytes = needed > less ? needed - (less > 200 ? less : 0) : 0;
    void *arena = malloc(bytes);
    struct net_params *params = filled(1, sizeof *params, 0);
    struct net_state *state = malloc(sizeof *state);
    {rows}
    real loss = 0;
    net_init_state(state);
    const int status = net_train_step({arguments});
    if (status == NET_OK && net_train_step({arguments}) != NET_OK)
        abort();
    {freed}
    free(params), free(state), free(arena);
    return 0;
}}
"""
_FLAGS = ("-std=c11", "-g", "-O1", "-DNET_SIMD", "-fsanitize=fuzzer,address,undefined")
_FLAGS += ("-fno-sanitize-recover=all",)


def harness(derivation, folder):
    """The text of a module with the fuzzer's function behind it."""
    *_, (_, module) = stages(derivation)
    printer = Printer(module, "float32")
    texts, program = printer.texts(), printer.program
    names = {t.name: printer.homes[t.name].name for t in program.data}
    rows = [
        f"{'integer' if t.integer else 'real'} *{names[t.name]} = filled("
        f"needed ? {program.count(t.name)} : 0, sizeof *{names[t.name]}, {int(t.integer)});"
        for t in program.data
    ]
    seed = ["7"] if program.has_mode else []
    given = ["params", "state", *names.values(), *program.dims, *seed, "&loss", "arena", "bytes"]
    (folder / "net.h").write_text(texts.header)
    (folder / "fuzz.c").write_text(
        texts.source
        + _HARNESS.format(
            dims="\n    ".join(f"const integer {d} = extent();" for d in program.dims),
            names=", ".join(program.dims),
            rows="\n    ".join(rows),
            arguments=", ".join(given),
            freed="\n    ".join(f"free({n});" for n in names.values()),
        )
    )


def main(seconds):
    """Each net for so long; the first finding ends it."""
    for name, derivation in NETS.items():
        with tempfile.TemporaryDirectory() as work:
            harness(derivation, Path(work))
            subprocess.run(["clang", *_FLAGS, "-o", "fuzz", "fuzz.c", "-lm"], cwd=work, check=True)
            limits = f"-max_total_time={seconds}", "-max_len=4096", "-print_final_stats=1"
            done = subprocess.run(
                ["./fuzz", *limits], cwd=work, capture_output=True, text=True, check=False
            )
            runs = [r for r in done.stderr.splitlines() if "number_of_executed" in r]
            print(name, "nothing" if done.returncode == 0 else done.stderr[-6000:], *runs)
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
