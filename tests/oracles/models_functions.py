"""Activations and every function of the grammar, each element-wise between two linear layers."""

import autograd.numpy as np
from autograd.scipy.special import erf

from tests.oracles.model import BATCH, OracleModel, binary, one_hot, positive, unit_interval
from tests.oracles.reference import half_squares, hold, product, relu, softplus


def elementwise(name, source, formula, function, **constants):
    """`y = function(W x + b)` with a squared error; the formula says it of `z[n,i]`."""

    def reference(x, t, W, b, **constants):
        y = function(x @ W.T + b, **constants)
        return half_squares(y, t), y

    return OracleModel(
        name=name,
        source=source,
        equations=f"""
z[n,i] = sum(j, W[i,j]*x[n,j]) + b[i]
y[n,i] = {formula}
E = mean(n, sum(i, (y[n,i] - t[n,i])**2))/2
""",
        parameters={"W": (3, 5), "b": (3,)},
        inputs={"x": ("n", 5)},
        targets={"t": ("n", 3)},
        sizes={"i": 3, "j": 5},
        constants=constants,
        output="y",
        **BATCH,
        reference=reference,
    )


def _gelu_tanh(z):
    return 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))


ACTIVATIONS = (
    elementwise("relu", "Glorot et al. 2011", "relu(z[n,i])", relu),
    elementwise(
        "leaky_relu",
        "Maas et al. 2013, equation 2",
        "where(z[n,i] > 0, z[n,i], a*z[n,i])",
        lambda z, a: np.where(z > 0, z, a * z),
        a=0.01,
    ),
    elementwise(
        "elu",
        "Clevert et al. 2016, equation 15",
        "where(z[n,i] > 0, z[n,i], a*expm1(z[n,i]))",
        lambda z, a: np.where(z > 0, z, a * (np.exp(z) - 1)),
        a=0.7,
    ),
    elementwise(
        "hard_tanh",
        "Collobert 2004, section 3.4",
        "maximum(-1, minimum(1, z[n,i]))",
        lambda z: np.where(z > 1, 1.0, np.where(z < -1, -1.0, z)),
    ),
    elementwise(
        "gelu_erf",
        "Hendrycks & Gimpel 2016, section 2",
        "1/2*z[n,i]*(1 + erf(z[n,i]/sqrt(2)))",
        lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    ),
    elementwise(
        "gelu_tanh",
        "Hendrycks & Gimpel 2016, section 2, the approximation",
        "0.5*z[n,i]*(1 + tanh(sqrt(2/pi)*(z[n,i] + 0.044715*z[n,i]**3)))",
        _gelu_tanh,
    ),
    elementwise(
        "silu", "Elfwing et al. 2018", "z[n,i]*sigmoid(z[n,i])", lambda z: z / (1 + np.exp(-z))
    ),
    elementwise(
        "mish",
        "Misra 2019, equation 1",
        "z[n,i]*tanh(softplus(z[n,i]))",
        lambda z: z * np.tanh(softplus(z)),
    ),
    elementwise(
        "softsign", "Bergstra et al. 2009", "z[n,i]/(1 + abs(z[n,i]))", lambda z: z / (1 + abs(z))
    ),
    elementwise(
        "snake",
        "Ziyin et al. 2020, equation 3",
        "z[n,i] + sin(a*z[n,i])**2/a",
        lambda z, a: z + (1 - np.cos(2 * a * z)) / (2 * a),
        a=1.5,
    ),
    elementwise("tanh", "LeCun et al. 1998", "tanh(z[n,i])", np.tanh),
    elementwise("softplus", "Dugas et al. 2001", "log(1 + exp(z[n,i]))", softplus),
)

FUNCTIONS = tuple(
    elementwise(name, "the grammar's functions", formula, function)
    for name, formula, function in (
        ("log1p_expm1", "log1p(z[n,i]**2) + expm1(-z[n,i]**2)",
         lambda z: np.log(1 + z**2) + np.exp(-(z**2)) - 1),
        ("sqrt_log", "sqrt(1 + z[n,i]**2)*log(2 + z[n,i]**2)",
         lambda z: np.sqrt(1 + z**2) * np.log(2 + z**2)),
        ("sin_cos_tan", "sin(z[n,i])*cos(2*z[n,i]) + tan(z[n,i]/4)",
         lambda z: np.sin(z) * np.cos(2 * z) + np.sin(z / 4) / np.cos(z / 4)),
        ("atan_sinh_cosh", "atan(z[n,i]) + sinh(z[n,i])/cosh(z[n,i]/2)",
         lambda z: np.arctan(z) + (np.exp(z) - np.exp(-z)) / (np.exp(z / 2) + np.exp(-z / 2))),
        ("abs_sign", "abs(z[n,i]) + 0.3*sign(z[n,i])*z[n,i]**2",
         lambda z: np.where(z > 0, z + 0.3 * z**2, -z - 0.3 * z**2)),
        ("powers", "z[n,i]**3 - z[n,i]**-2/100 + (1 + z[n,i]**2)**0.5 + (2 + z[n,i]**2)**(-3/2)",
         lambda z: z * z * z - 0.01 / (z * z) + np.sqrt(1 + z * z) + np.sqrt(2 + z * z) ** -3),
        ("power_of_values", "(1 + z[n,i]**2)**(z[n,i]/3) + 2**z[n,i]",
         lambda z: np.exp(z / 3 * np.log(1 + z**2)) + np.exp(z * np.log(2.0))),
        ("where_values", "where(z[n,i] > 0.1 and not z[n,i] >= 1.2, z[n,i]**2, 1 - z[n,i])",
         lambda z: np.where((z > 0.1) & (z < 1.2), z**2, 1 - z)),
        ("where_or", "where(z[n,i] < -0.5 or z[n,i] > 0.5, sin(z[n,i]), z[n,i]**3)",
         lambda z: np.where(abs(z) > 0.5, np.sin(z), z**3)),
        ("where_guards_log", "where(z[n,i] > 0.05, log(z[n,i]), z[n,i] - 1)",
         lambda z: np.where(z > 0.05, np.log(np.where(z > 0.05, z, 1.0)), z - 1)),
        ("where_guards_sqrt", "where(z[n,i] <= 0, 0, sqrt(z[n,i])/(z[n,i] + 1))",
         lambda z: np.where(z > 0, np.sqrt(np.where(z > 0, z, 1.0)) / (abs(z) + 1), 0.0)),
        ("letters_as_values", "z[n,i]*(i + 1)/size(i) + sin(pi*i/7)*z[n,i]**2",
         lambda z: z * (np.arange(3) + 1) / 3 + np.sin(np.pi * np.arange(3) / 7) * z**2),
        ("straight_through", "z[n,i] + hold(where(z[n,i] > 0, 1, -1) - z[n,i])",
         lambda z: z + hold(np.where(z > 0, 1.0, -1.0) - z)),
        ("hold_factor", "z[n,i]*hold(tanh(z[n,i]))", lambda z: z * hold(np.tanh(z))),
    )
)  # fmt: skip


def _noisy_or(x, t, w):
    y = 1 - product(1 - w * x, axis=1)
    return -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y)), y


NOISY_OR = OracleModel(
    name="noisy_or",
    source="Pearl 1988, section 4.3.2",
    equations="""
y[n] = 1 - prod(i, 1 - w[i]*x[n,i])
E = -mean(n, t[n]*log(y[n]) + (1 - t[n])*log(1 - y[n]))
""",
    parameters={"w": (5,)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n",)},
    draws={"w": unit_interval, "x": unit_interval, "t": binary},
    sizes={"i": 5},
    output="y",
    **BATCH,
    reference=_noisy_or,
)


def _product_with_zeros(x, w):
    y = product(x * w, axis=1)
    return np.sum((y + 1) ** 2), y


def _with_zeros(rng, shape):
    x = positive(rng, shape)
    x[0, 1] = 0.0
    if shape[0] > 1:
        x[1, 0] = x[1, 3] = 0.0
    return x


PRODUCT_WITH_ZEROS = OracleModel(
    name="product_with_zero_factors",
    source="one factor 0, two factors 0: the others' product, never y/x",
    equations="""
y[n] = prod(i, w[i]*x[n,i])
E = sum(n, (y[n] + 1)**2)
""",
    parameters={"w": (5,)},
    inputs={"x": ("n", 5)},
    draws={"x": _with_zeros},
    sizes={"i": 5},
    output="y",
    **BATCH,
    reference=_product_with_zeros,
)


def _nearest_center(x, c):
    distance = np.sum((x[:, None] - c) ** 2, axis=2)
    return np.mean(np.min(distance, axis=1))


NEAREST_CENTER = OracleModel(
    name="k_means",
    source="Bishop 2006, equation 9.1",
    equations="E = mean(n, min(k, sum(d, (x[n,d] - c[k,d])**2)))",
    parameters={"c": (3, 2)},
    inputs={"x": ("n", 2)},
    sizes={"k": 3, "d": 2},
    **BATCH,
    reference=_nearest_center,
)


def _prelu(x, t, a):
    y = np.where(x > 0, x, a * x)
    return half_squares(y, t), y


PRELU = OracleModel(
    name="prelu",
    source="He et al. 2015, equation 1",
    equations="""
y[n,i] = maximum(0, x[n,i]) + a[i]*minimum(0, x[n,i])
E = sum(n,i, (y[n,i] - t[n,i])**2)/2/size(n)
""",
    parameters={"a": (3,)},
    inputs={"x": ("n", 3)},
    targets={"t": ("n", 3)},
    draws={"t": one_hot},
    sizes={"i": 3},
    output="y",
    **BATCH,
    reference=_prelu,
)

MODELS = (*ACTIVATIONS, *FUNCTIONS, NOISY_OR, PRODUCT_WITH_ZEROS, NEAREST_CENTER, PRELU)
