"""Models whose formulas tests write in LaTeX, and what is made of such a formula."""

from functools import cache
from pathlib import Path

from derive import differentiate, load, loads
from derive.answers.known_names import known_names
from derive.ir.notation import Dim, affine
from derive.language.parser import read_equations
from derive.readers.latex import read_latex
from derive.readers.latex.to_text import written_text
from derive.readers.vocabulary import Vocabulary
from derive.systems.one_sample import one_sample

GENERATED = Path(__file__).parents[3] / "generated"


OVER_A_BATCH = """
inputs = ["x"]
targets = ["t"]
objective = "E"
output = "u"
batch = "i"
constants = { epsilon = 0.001 }
"""
MODELS = {
    "line": """
equations = "E = mean(i, (y[i] - (m*x[i] + b))**2)"
parameters = ["m", "b"]
inputs = ["x"]
targets = ["y"]
objective = "E"
batch = "i"
[optimizer]
type = "sgd"
learning_rate = 0.1
""",
    "normalised": """
equations = '''
mu = mean(i, x[i])
v = mean(i, (x[i] - mu)**2)
u[i] = (x[i] - mu)/sqrt(v + epsilon)
E = sum(i, (u[i] - t[i])**2)
'''"""
    + OVER_A_BATCH,
    "spread": """
equations = '''
mu = mean(i, x[i])
sigma2 = mean(i, (x[i] - mu)**2)
u[i] = (x[i] - mu)/sqrt(sigma2 + epsilon)
E = sum(i, (u[i] - t[i])**2)
'''"""
    + OVER_A_BATCH,
    "product": """
equations = "L = (y - w_1*w_2*x)**2"
parameters = ["w_1", "w_2"]
inputs = ["x"]
targets = ["y"]
objective = "L"
[optimizer]
type = "sgd"
learning_rate = 0.1
""",
    "heads": """
equations = '''
s[i,j] = sum(k, Q[i,k]*K[j,k])/sqrt(size(k))
p[i,j] = exp(s[i,j])/sum(m, exp(s[i,m]))
o[i,k] = sum(j, p[i,j]*V[j,k])
E = sum(i,k, (o[i,k] - t[i,k])**2)/2
'''
parameters = ["Q", "K", "V"]
targets = ["t"]
objective = "E"
output = "o"
sizes = { i = 3, j = 4, k = 2 }
""",
}


@cache
def model(name):
    """A derivation: of a committed spec, or of a small net."""
    single = name.endswith(" alone")
    name = name.removesuffix(" alone")
    dense = {"type": "dense", "units": 2}
    nets = {
        "tanh": {"layers": [{**dense, "activation": "tanh"}], "loss": "squared_error"},
        "mixed": {
            "layers": [{**dense, "activation": "tanh"}, {**dense, "activation": "sigmoid"}],
            "loss": "squared_error",
        },
        "gelu": {"layers": [{**dense, "activation": "gelu"}, dense], "loss": "mse"},
        "conv": {
            "inputs": {"x": [1, 4, 4]},
            "layers": [{"type": "conv2d", "channels": 2, "kernel_size": 3}, {"type": "flatten"}],
            "loss": "squared_error",
        },
    }
    if name in nets:
        system = load({"inputs": {"x": [3]}, **nets[name]})
    elif name in MODELS:
        system = loads(MODELS[name])
    else:
        system = load(GENERATED / name / f"{name}.toml")
    return differentiate(one_sample(system) if single else system)


@cache
def words(name):
    """What formulas about a model may name."""
    derivation = model(name)
    system = derivation.system
    shapes = {n: derivation.table[real].shape for n, real in known_names(derivation, ()).items()}
    batch = None if name.endswith(" alone") or not system.batch else affine(Dim(system.batch))
    return Vocabulary(system, shapes, batch)


def told(name, latex, names=None):
    """The formulas as text, and what was guessed."""
    reading = read_latex(latex, words(name), names or {})
    return [written_text(e) for e in reading.equations], dict(reading.names)


def same(*texts):
    """Formulas of the equation language as the reader would say them."""
    problems = []
    found = [written_text(e) for t in texts for e in read_equations(t, "", problems)]
    assert not problems
    return found


# ---- what it says --------------------------------------------------------------------------------


def corpus():
    """The model, the LaTeX and the equation language's text of each formula of the corpus."""
    name, found = "", []
    text = Path("tests/corpora/latex.txt").read_text()
    for block in text.split("\n\n")[1:]:
        if block.startswith("[") and block.endswith("]") and "\n" not in block:
            name = block[1:-1]
            continue
        lines = block.strip("\n").split("\n")
        latex = "\n".join(x for x in lines if not x.startswith("→ "))
        found.append((name, latex, [x[2:] for x in lines if x.startswith("→ ")]))
    return found


CORPUS = corpus()
SAID = [c for c in CORPUS if c[0] != "equations"]
EQUATIONS = [c[1:] for c in CORPUS if c[0] == "equations"]
