"""What stands in a C text: comments that hold anything, names that shadow nothing."""

import pytest

from codegen.pipeline import c_files
from codegen.targets.c.optimizer import _demand_plain
from codegen.targets.c.scope import Unserved
from codegen.targets.c.text import comment
from derive.calculus.differentiate import differentiate
from derive.specs.parse import parse
from tests.codegen.program.programs import stages
from tests.codegen.targets.c.compiled import Compiled, needs_compiler
from tests.oracles import MODELS
from tests.oracles.against_autograd import derivation_of


@pytest.mark.parametrize(
    "text", ["a */ b", "a /* b", "??/", "???/", "*\\", "a\nb", "*\\/", "\x07*/"]
)
def test_a_comment_stays_one(text):
    line = " ".join(comment(text))
    assert line.count("*/") == line.count("/*") == 1
    assert line.endswith("*/")
    assert "??" not in line and "\\" not in line and line.isprintable()


WORDS = (
    ("int", "net", "size_t", "y1", "product", "arena", "real", "status"),
    ("inputs", "result", "moved", "seed", "state", "bytes", "needed", "d_x"),
    ("NET_OK", "NET_MOST", "net_init", "GEMM", "work", "kept", "gradient", "i"),
)


@needs_compiler
@pytest.mark.parametrize("words", WORDS)
def test_names_of_c(words, tmp_path):
    """Tensors and letters may be called as C's own words are, or as what the text uses."""
    data, *parameters, value, row = words
    factors = "*".join(f"{name}[j]" for name in parameters)
    derivation = differentiate(
        parse(
            f"{value}[n,j] = exp({parameters[0]}[j]*{data}[n,j] + x[n,j])*{factors}\n"
            f"{row}[n] = sum(j, {value}[n,j]**2)\n"
            f"E = sum(n, {row}[n]**2)/size(n)",
            inputs=[data, "x"],
            parameters=parameters,
            batch="n",
            sizes={"j": 3},
            objective="E",
        )
    )
    *_, (_, module) = stages(derivation)
    Compiled(module, tmp_path)


@needs_compiler
def test_the_end_of_a_number_is_no_name(tmp_path):
    """`0.5f` isn't the tensor `f`: a function declared it and did not use it."""
    (model,) = (m for m in MODELS if m.name == "bidirectional")
    *_, (_, module) = stages(derivation_of(model))
    Compiled(module, tmp_path, "float32")


def test_the_text_is_the_same_each_time():
    derivation = differentiate(
        parse("E = sum(i, tanh(w[i]))", parameters=["w"], objective="E", sizes={"i": 3})
    )
    assert c_files(derivation) == c_files(derivation)


def test_an_optimizers_name_that_is_a_word_of_c_is_refused():
    with pytest.raises(Unserved, match="'double' means something else in C"):
        _demand_plain(["momentum", "next(double)"])
