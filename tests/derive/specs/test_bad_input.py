"""Bad input: one line a problem with the place and the cure, never a traceback of ours."""

import tomllib

import pytest

from derive.errors import ChainruleError
from derive.specs.load import load
from derive.specs.parse import parse
from tests.derive.specs.bad_specs import FINE, equations, network, problems_of

ONE_PROBLEM = {
    "syntax": (
        equations("E = sum(n, w**x[n] +)"),
        "equations, line 1, column 21: invalid syntax near ')'; expected a value such as 2*x[n,i]",
    ),
    "open bracket": (
        equations("E = sum(n, w*x[n]"),
        "equations, line 1, column 1: a bracket is opened and never closed; close it",
    ),
    "unknown tensor": (
        equations("y[n] = w*xx[n]\nE = sum(n, y[n] - t[n])"),
        "equations, line 1, column 10: unknown tensor 'xx'; did you mean 'x'?",
    ),
    "unknown objective": (
        equations("F = sum(n, w*x[n] - t[n])"),
        "objective: unknown tensor 'E'; known: F t w x",
    ),
    "unknown function": (
        equations("E = sum(n, sgmoid(w*x[n]) - t[n])"),
        "equations, line 1, column 12: unknown function 'sgmoid'; did you mean 'sigmoid'?",
    ),
    "index bound nowhere": (
        equations("E = sum(n, w*x[n] - t[m])"),
        "letter 'm' of t is bound nowhere; sum over it, or add it to the left of '='",
    ),
    "function without arguments": (
        equations("E = sum(n, w*x[n] - t[n]) + exp"),
        "equations, line 1, column 29: exp is a function; write exp(...)",
    ),
    "reduction without arguments": (
        equations("E = sum(n, w*x[n] - t[n])*max"),
        "max is a function; write max(j, ...)",
    ),
    "larger of a scalar and a number": (
        equations("E = sum(n, w*x[n] - t[n]) + max(w, 0)"),
        "for the larger or smaller of two values write maximum(w, 0)",
    ),
    "name bound nowhere": (
        equations("E = sum(n, w*x[n] - t[n]*q)"),
        "column 26: 'q' is bound nowhere: no letter in scope, no scalar, no constant; sum over it",
    ),
    "two ranks": (
        equations("E = sum(n, w*x[n] - t[n] + x[n,1])"),
        "column 28: 'x' has 2 subscripts here and 1 at line 1, column 14; a tensor has one rank",
    ),
    "two extents": (
        equations(FINE, 'sizes = { "x.1" = 2, "t.1" = 3 }'),
        "letter 'i' walks axis 1 of t and has two extents: 2 (declared) and 3 (declared)",
    ),
    "defined twice": (
        equations("y[n] = x[n]\ny[n] = w*x[n]\nE = sum(n, y[n] - t[n])"),
        "line 2, column 1: 'y' is defined twice, first at line 1; give one of them another name",
    ),
    "two roles": (
        equations("E = sum(n, w*x[n] - t[n])", "constants = { w = 1 }"),
        "constants: 'w' is a parameter too; a tensor has one role",
    ),
    "a cycle": (
        equations("y[n] = x[n]*z[n]\nz[n] = w*y[n]\nE = sum(n, y[n] - t[n])"),
        "y, z depend on each other in a cycle that is no recurrence",
    ),
    "missing role": (
        equations("E = sum(n, w*x[n] - t[n] + u[n])"),
        "unknown tensor 'u'; name it in parameters, inputs, targets or constants, or define it",
    ),
    "missing objective": (
        equations().replace('objective = "E"', ""),
        'objective: it is missing; name what is minimised: objective = "E"',
    ),
    "objective with axes": (
        equations("E[n] = w*x[n] - t[n]"),
        "objective: 'E' has axes; sum over them",
    ),
    "unknown key": (
        equations(more='objectve = "E"').replace('objective = "E"\n', ""),
        "unknown key 'objectve'; did you mean 'objective'?",
    ),
    "import": (
        equations("E = __import__('os').system('ls')"),
        "a dot after a name is not known; write functions by name",
    ),
    "attribute": (
        equations("E = sum(n, x.T[n] - w*t[n])"),
        "column 12: subscripts stand after a tensor's name only",
    ),
    "lambda": (
        equations("E = (lambda: w)()"),
        "column 5: lambda is not known; write the value itself",
    ),
    "power of powers": (
        equations("E = sum(n, x[n] - w*t[n]) + 9**9**9**9"),
        "this number is too large; write it in decimals",
    ),
    "caret": (equations("E = w^2"), "'^' is not a power here; write '**'"),
    "keyword": (
        equations("class = w\nE = sum(n, x[n] - t[n])"),
        "'class' is a keyword of Python; take another name, such as 'class_'",
    ),
    "keyword as input": (
        network().replace("x = [2]", "lambda = [2]"),
        "inputs: 'lambda' is a keyword of Python; take another name, such as 'lambda_'",
    ),
    "no identifier": (
        equations().replace('["w"]', '["1w"]').replace("w*", ""),
        "parameters: '1w' is no name for a tensor; use letters, digits and '_'",
    ),
    "grammar's word": (
        equations("exp = w\nE = sum(n, x[n] - t[n])"),
        "'exp' is a word of the equation language; take another name",
    ),
    "derivative's name": (
        equations("dx[n] = w*x[n]\nE = sum(n, dx[n] - t[n])"),
        "'dx' would be the derivative by 'x'; give one of them another name",
    ),
    "size negative": (equations(more="sizes = { i = -1 }"), "sizes.i: '-1' is no size; give an"),
    "size zero": (equations(more="sizes = { i = 0 }"), "sizes.i: '0' is no size; give an integer"),
    "size text": (equations(more='sizes = { i = "3" }'), "sizes.i: '3' is no size; give an"),
    "size too large": (
        equations(more="sizes = { i = 2147483648 }"),
        "sizes.i: '2147483648' is no size; give an integer from 1 to 2147483647",
    ),
    "size of very many digits": (
        equations(more=f"sizes = {{ i = 0x{'f' * 4000} }}"),
        "sizes.i: a number of very many digits is no size; give an integer from 1 to 2147483647",
    ),
    "units negative": (network().replace("3", "-3"), "layers[1] (dense).units: '-3' is no size"),
    "units as a fraction": (network().replace("3", "3.0"), "units: '3.0' is no size"),
    "input's size": (network().replace("[2]", "[0]"), "inputs.x: '0' is no size; give an integer"),
    "flattened too long": (
        network('[[layers]]\ntype = "flatten"').replace("[2]", "[65536, 65536, 3]"),
        "layers[2] (flatten): its output is longer than 2147483647; take less",
    ),
    "learning rate NaN": (
        network(more='[optimizer]\ntype = "sgd"\nlearning_rate = nan'),
        "optimizer.learning_rate: 'nan' is no finite number; write one such as 0.5",
    ),
    "learning rate zero": (
        network(more='[optimizer]\ntype = "sgd"\nlearning_rate = 0'),
        "optimizer.learning_rate: '0' is not above 0; write a number such as 0.1",
    ),
    "constant infinite": (
        equations(more="constants = { c = inf }"),
        "constants.c: 'inf' is no finite number; write one such as 0.5",
    ),
    "constant as a long text": (
        equations(more='constants = { c = "1e999999999" }'),
        "constants.c: '1e999999999' is no finite number",
    ),
    "no TOML": ('name = "x', "end of document: no valid TOML: Unterminated string; see"),
    "no TOML in a line": ("name = x", "line 1, column 8: no valid TOML: Invalid value; see"),
    "a key twice": ('name = "x"\nname = "y"', "no valid TOML: Cannot overwrite a value; see"),
    "digits without end": ("name = " + "1" * 5000, "this TOML can't be read: a number is too long"),
    "brackets without end": ("name = " + "[" * 5000, "this TOML can't be read"),
    "10 MB in a line": (
        f"name = '{'x' * 10_000_000}'",
        "the text has 10000009 characters, at most 5000000 can be read; shorten it",
    ),
    "a long equation": (
        equations("E = " + "w + " * 10_000 + "w"),
        "equations, line 1, column 1: the equation has 40005 characters, at most 20000 can be read",
    ),
    "deep brackets": (
        equations("E = " + "(" * 3000 + "w" + ")" * 3000),
        "this is nested too deeply; split it with named intermediates",
    ),
    "assumption": (
        network(more="").replace("inputs", 'assume = ["sum(i, tt[n,i]) == 1"]\ninputs'),
        "assume, line 1, column 8: unknown tensor 'tt'; did you mean 't'?",
    ),
    "assumption without equals": (
        network(more="").replace("inputs", 'assume = ["sum(i, t[n,i])"]\ninputs'),
        "assume: 'sum(i, t[n,i])' is no equation; write left == right",
    ),
    "a name that would break out": (
        'name = "x\\"\\"\\"\\nimport os"\n' + network(),
        'name: \'x"""?import os\' is no name for a model; begin with a letter or a digit,',
    ),
    "a derivative's name": (
        equations(more="").replace("E =", "dw = 3\nE =", 1),
        "line 1, column 1: 'dw' would be the derivative by 'w'; give one of them another name",
    ),
    "distribution": (
        equations(more='random = { m = { distribution = "bernouli" } }'),
        "random.m: unknown distribution 'bernouli'; did you mean 'bernoulli'?",
    ),
    "probability": (
        equations(more='random = { m = { distribution = "bernoulli", p = 1.5 } }'),
        "random.m.p: '1.5' is no probability; write a number from 0 to 1",
    ),
}


@pytest.mark.parametrize(("text", "wanted"), ONE_PROBLEM.values(), ids=ONE_PROBLEM)
def test_one_line_with_place_and_cure(text, wanted):
    (found,) = problems_of(text)
    assert wanted in found
    assert len(found) < 400
    assert found.isprintable()


def test_all_problems_come_at_once():
    found = problems_of(
        'nam = "x"\n'
        + network(
            'activation = "rellu"\n[[layers]]\ntype = "dense"\nunits = 0',
            '[optimizer]\ntype = "sgd"\nlearning_rate = nan\n[parameters.W1]\ninit = "zeroes"',
        )
    )
    assert [p.split(":")[0] for p in found] == [
        "unknown key 'nam'; did you mean 'name'?",
        "optimizer.learning_rate",
        "layers[1] (dense).activation",
        "layers[2] (dense).units",
        "parameters.W1.init",
    ]


def test_names_that_only_look_dangerous_work():
    text = """
    np[n] = lambda_*loss[n]
    params[n] = np[n]**2
    gradients = sum(n, params[n] - self[n])
    """
    system = parse(
        text,
        parameters=["lambda_"],
        inputs=["loss"],
        targets=["self"],
        objective="gradients",
        batch="n",
    )
    assert [e.tensor for e in system.equations] == ["np", "params", "gradients"]


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "gender.toml").write_text(network())
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'name = "K\xf6nig"')
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 5_000_001)
    for path, wanted in (
        (tmp_path / "gendr.toml", "there is no such file; in that folder are gender.toml"),
        (tmp_path / "no" / "x.toml", "there is no such file; check the path"),
        (tmp_path, "this is a folder; give a spec's file, such as net.toml"),
        (latin, "byte 10 is no UTF-8; save the file as UTF-8"),
        (large, "the file has more than 5000000 bytes, which can't be a spec; shorten it"),
        ("a\0b", "this can't be read: embedded null byte; give another file"),
    ):
        with pytest.raises(ChainruleError) as caught:
            load(path)
        (found,) = caught.value.problems
        assert wanted in found


def test_the_spec_is_left_alone(tmp_path):
    path = tmp_path / "net.toml"
    path.write_text(network('activation = "rellu"'))
    before = path.stat().st_mtime_ns
    with pytest.raises(ChainruleError):
        load(path)
    data = tomllib.loads(network("activaton = 3"))
    copy = tomllib.loads(network("activaton = 3"))
    with pytest.raises(ChainruleError):
        load(data, name="x")
    assert path.stat().st_mtime_ns == before
    assert [p.name for p in tmp_path.iterdir()] == ["net.toml"]
    assert data == copy
