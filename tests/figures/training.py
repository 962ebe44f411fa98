"""What is one thing in training and another in inference, beside PyTorch's."""

from tests.figures.case import Case, layer


def variance(rng, shape):
    return rng.uniform(0.5, 2, shape)


def batch_norm(training, momentum=0.1, eps=1e-5):
    def reference(torch, x, t, running_mean1, running_var1, g1=None, b1=None):
        y = torch.nn.functional.batch_norm(
            x, running_mean1.clone(), running_var1.clone(), g1, b1, training, momentum, eps
        )
        return (t * y).sum()

    return reference


CASES = (
    *(
        Case(
            f"{kind} {shape} {'training' if training else 'inference'}",
            (kind,),
            layer(kind, shape),
            batch_norm(training),
            draws={"running_var1": variance},
            training=training,
        )
        for kind, shape in (
            ("batch_norm1d", (5,)),
            ("batch_norm1d", (3, 4)),
            ("batch_norm2d", (2, 3, 5)),
            ("batch_norm3d", (2, 3, 1, 2)),
        )
        for training in (True, False)
    ),
    Case(
        "batch_norm2d without scale and shift",
        ("batch_norm2d",),
        layer("batch_norm2d", (2, 3, 1), affine=False, eps=0.125, momentum=0.5),
        batch_norm(True, 0.5, 0.125),
        draws={"running_var1": variance},
        training=True,
    ),
    Case(
        "dropout in inference",
        ("dropout",),
        layer("dropout", (3, 5), p=0.25),
        lambda torch, x, t: (t * torch.nn.functional.dropout(x, 0.25, False)).sum(),
    ),
    Case(
        "dropout of everything",
        ("dropout",),
        layer("dropout", (5,), p=1),
        lambda torch, x, t: (t * torch.nn.functional.dropout(x, 1.0, True)).sum(),
        training=True,
    ),
    Case(
        "dropout of everything in inference",
        ("dropout",),
        layer("dropout", (5,), p=1),
        lambda torch, x, t: (t * torch.nn.functional.dropout(x, 1.0, False)).sum(),
    ),
)
