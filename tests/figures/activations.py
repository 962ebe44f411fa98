"""Activations beside PyTorch's."""

from tests.figures.case import Case, layer

SHAPE = (5,)

CASES = (
    Case("relu", ("relu",), layer("relu", SHAPE), lambda torch, x, t: (t * torch.relu(x)).sum()),
    Case(
        "softplus",
        ("softplus",),
        layer("softplus", SHAPE),
        lambda torch, x, t: (t * torch.nn.functional.softplus(x, threshold=1e9)).sum(),
    ),
)
