"""The same bytes whatever the hash seed: emitted modules, derivations, their steps, documents."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import codegen
from codegen.demo.showcase import specs
from derive import differentiate, load
from derive.calculus.second import directional
from derive.language.printer import equation_text
from tests.oracles import MODELS
from tests.oracles.against_autograd import derivation_of

ROOT = Path(__file__).parents[2]
CHOSEN = (
    *("mlp_sigmoid", "softmax_cross_entropy_classes", "layer_norm", "conv2d_stride_padding"),
    *("max_pooling_overlapping_padded", "gru", "lstm", "linear_chain_crf", "clip", "where_or"),
    *("causal_multi_head_attention", "word2vec_negative_sampling", "maxout", "sum_product_network"),
    *("grid_recurrence", "diagonal_and_trace", "barlow_twins", "mixture_of_experts"),
)
DOCUMENTS = ("descent", "gender", "residual", "gru", "softmax")


def texts():
    """All that is written of the chosen models and specs."""
    for model in MODELS:
        if model.name in CHOSEN:
            derivation = derivation_of(model)
            parts = (derivation.forward, derivation.backward, derivation.inlined)
            for equation in (e for part in (*parts, derivation.updates) for e in part):
                yield equation_text(equation)
            for step in derivation.steps:
                yield f"{step.kind} {step.rule} {equation_text(step.after)} {step.reason}"
            yield f"{derivation.adjoints} {derivation.warnings}"
            yield codegen.emit(derivation)
    for model in MODELS[::20]:
        yield codegen.emit(differentiate(directional(derivation_of(model))), part="math")
    for spec in specs():
        if spec.stem in DOCUMENTS:
            derivation = differentiate(load(spec))
            for format_ in ("tex", "md", "html", "json"):
                yield codegen.document(derivation, format=format_, detail="full")


@pytest.mark.slow
def test_another_hash_seed_gives_the_same_bytes():
    """This process has a seed of its own, and so has the one that compares `generated/`."""
    code = "from tests.codegen.test_determinism import *; print(*texts(), sep=chr(10))"
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    other = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    here = "\n".join(texts()) + "\n"
    assert here.count("def gradients(") > len(CHOSEN)
    assert other.stdout.decode() == here
