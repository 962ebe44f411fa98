"""Small systems whose derivations are checked, and a way to break one."""

from dataclasses import replace

from derive import differentiate, parse
from derive.ir.tree import mul, number

NET = """
z1[n,i] = sum(j, W1[i,j]*x[n,j]) + b1[i]
y1[n,i] = sigmoid(z1[n,i])
z2[n,k] = sum(i, W2[k,i]*y1[n,i]) + b2[k]
y2[n,k] = tanh(z2[n,k])
E = mean(n, sum(k, (y2[n,k] - t[n,k])**2))/2
"""
SYSTEMS = {
    "net": {
        "text": NET,
        "parameters": ["W1", "b1", "W2", "b2"],
        "inputs": ["x"],
        "targets": ["t"],
        "sizes": {"z1.1": 3, "x.1": 2, "z2.1": 2},
        "batch": "n",
    },
    "softmax": {
        "text": """
z[n,i] = sum(j, W[i,j]*x[n,j])
y[n,i] = exp(z[n,i])/sum(k, exp(z[n,k]))
E = -mean(n, sum(i, t[n,i]*log(y[n,i])))
""",
        "parameters": ["W"],
        "inputs": ["x"],
        "targets": ["t"],
        "sizes": {"i": 3, "j": 2},
        "batch": "n",
        "assume": ["sum(i, t[n,i]) == 1"],
    },
    "recurrence": {
        "text": """
h[t,k] = tanh(sum(j, U[k,j]*h[t-1,j]) + v[k]*x[t])
E = sum(t,k, (h[t,k] - s[k])**2)
""",
        "parameters": ["U", "v"],
        "inputs": ["x"],
        "targets": ["s"],
        "sizes": {"k": 2, "t": 4},
    },
    "convolution": {
        "text": """
y[i] = max(u, where(2*i+u-1 >= 0, w[u]*x[2*i+u-1], -inf))
E = sum(i, y[i]**2*sqrt(c[i]))
""",
        "parameters": ["w", "c"],
        "inputs": ["x"],
        "sizes": {"i": 3, "u": 3, "x.0": 6},
    },
    "gather": {
        "text": "E = sum(n,d, (A[c[n],d] - hold(A[c[n],d])*x[n,d])**3)",
        "parameters": ["A"],
        "inputs": ["x", "c"],
        "integers": ["c"],
        "sizes": {"A.0": 4, "d": 2},
        "batch": "n",
    },
}


def derivation_of(name, **changes):
    spec = {"objective": "E", **SYSTEMS[name], **changes}
    return differentiate(parse(spec.pop("text"), **spec))


def negated_if(tensor):
    def change(equation):
        if equation.tensor != tensor:
            return equation
        first = equation.terms[0]
        terms = (replace(first, body=mul(number(-1), first.body)), *equation.terms[1:])
        return replace(equation, terms=terms)

    return change
