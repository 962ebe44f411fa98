"""The same bytes whatever the hash seed: emitted modules, derivations, their steps, documents."""

import os
import subprocess
import sys
from pathlib import Path

CHOSEN = (
    *("mlp_sigmoid", "softmax_cross_entropy_classes", "layer_norm", "conv2d_stride_padding"),
    *("max_pooling_overlapping_padded", "gru", "lstm", "linear_chain_crf", "clip", "where_or"),
    *("causal_multi_head_attention", "word2vec_negative_sampling", "maxout", "sum_product_network"),
    *("grid_recurrence", "diagonal_and_trace", "barlow_twins", "mixture_of_experts"),
)
WRITE = """
import sys
import codegen
from derive import differentiate
from derive.calculus.second import directional
from derive.language.printer import equation_text
from tests.oracles.against_autograd import system_of
from tests.oracles import MODELS

for model in MODELS:
    if model.name in sys.argv[1:]:
        derivation = differentiate(system_of(model))
        parts = (derivation.forward, derivation.backward, derivation.inlined, derivation.updates)
        for equation in (e for part in parts for e in part):
            print(equation_text(equation))
        for step in derivation.steps:
            print(step.kind, step.rule, equation_text(step.after), step.reason)
        print(*derivation.adjoints, *derivation.warnings)
        print(codegen.emit(derivation))
for model in MODELS[::20]:
    print(codegen.emit(differentiate(directional(differentiate(system_of(model)))), part="math"))
"""


def test_two_hash_seeds_give_the_same_bytes():
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITE, *CHOSEN]
    runs = [
        subprocess.Popen(
            command,
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for seed in ("1", "2718")
    ]
    one, other = (run.communicate() for run in runs)
    assert not one[1]
    assert one[0].count(b"def gradients(") > len(CHOSEN)
    assert one == other
