"""Nets that are drawn by the tests beside this file, and what is in a drawing."""

from codegen.documents.drawings import diagrams
from codegen.documents.drawings.marks import Box, Circle, Label
from codegen.latex.symbols import Names
from derive import differentiate, load, parse


def dense(units, **more):
    return {"type": "dense", "units": units, **more}


def chain(*layers, x=20, loss="mse", **more):
    return {"name": "net", "inputs": {"x": [x]}, "layers": layers, "loss": {"type": loss}, **more}


def densely_connected():
    layers, names = [], ["x"]
    for k in range(5):
        if k:
            layers.append({"type": "concat", "name": f"c{k}", "inputs": list(names)})
        layers.append(dense(9, name=f"d{k}", inputs=[f"c{k}" if k else "x"]))
        names.append(f"d{k}")
    return chain(*layers)


def hourglass():
    layers = [dense(u, name=f"down{k}", activation="relu") for k, u in enumerate((48, 32, 24))]
    layers.append(dense(12, name="bottom"))
    for k, u in reversed(tuple(enumerate((48, 32, 24)))):
        layers.append(dense(u, name=f"up{k}"))
        layers.append({"type": "concat", "name": f"j{k}", "inputs": [f"up{k}", f"down{k}"]})
    return chain(*layers)


HEADS = {
    "name": "heads",
    "inputs": {"x": [2]},
    "layers": [
        dense(3, activation="tanh"),
        dense(4, name="kind", inputs=["y1"]),
        dense(1, name="length", inputs=["y1"]),
    ],
    "output": "kind",
    "loss": [
        {"type": "softmax_cross_entropy", "targets": "classes", "target": "label"},
        {"type": "mse", "of": "length", "factor": 0.25, "target": "metres"},
    ],
}
TWO = {
    "name": "two",
    "inputs": {"a": [4], "b": [3]},
    "layers": [
        dense(6, name="p", inputs=["a"]),
        dense(6, name="q", inputs=["b"], share={"b": "b_p"}),
        {"type": "multiply", "name": "both", "inputs": ["p", "q"]},
        {"type": "concat", "inputs": ["both", "p", "a"]},
        dense(2),
    ],
    "loss": {"type": "mse"},
}
NETS = {
    "deep": chain(*(dense(20 + k % 7, activation="tanh") for k in range(32))),
    "dense": densely_connected(),
    "hourglass": hourglass(),
    "heads": HEADS,
    "two": TWO,
    "small": chain(dense(3, activation="sigmoid"), dense(2), x=4),
    **{n: f"generated/{n}/{n}.toml" for n in ("lenet", "resnet", "gru", "residual", "factorise")},
}


def read(source):
    derivation = differentiate(load(source))
    return derivation, Names(derivation)


def recurrence(direction=-1):
    system = parse(
        f"h[n,t,i] = tanh(sum(j, W[i,j]*x[n,t,j]) + sum(k, U[i,k]*h[n,t{direction:+d},k]))\n"
        "y[n,t] = sum(i, v[i]*h[n,t,i])\n"
        "E = sum(n,t, (y[n,t] - g[n,t])**2)",
        parameters=["W", "U", "v"],
        inputs=["x"],
        targets=["g"],
        batch="n",
        sizes={"i": 3, "j": 2},
        objective="E",
    )
    derivation = differentiate(system)
    return diagrams.unfolded(derivation, Names(derivation))


def boxes(drawing):
    return [m for m in drawing.marks if isinstance(m, Box | Circle)]


def labels(drawing):
    return [m.text for m in drawing.marks if isinstance(m, Label)]
