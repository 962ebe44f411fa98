"""The same nets in PyTorch, with their parameters by the names that the emitted modules give them.

Each function gives the net, its parameters and its objective; `torch` makes float64 by default.
"""

from __future__ import annotations

import itertools
from typing import Any


def lenet(torch: Any) -> Any:
    """LeNet-5 as `generated/lenet` has it."""
    nn = torch.nn

    class LeNet(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.c1 = nn.Conv2d(1, 6, 3, padding=1)
            self.c2 = nn.Conv2d(6, 16, 3)
            self.d1 = nn.Linear(64, 60)
            self.d2 = nn.Linear(60, 10)

        def forward(self, x: Any) -> Any:
            x = nn.functional.avg_pool2d(torch.tanh(self.c1(x)), 2)
            x = torch.tanh(self.c2(x)).flatten(1)
            return self.d2(torch.tanh(self.d1(x)))

    net = LeNet()
    parts = (net.c1, net.c2, net.d1, net.d2)
    named = {f"W{k}": p.weight for k, p in enumerate(parts, 1)}
    named |= {f"b{k}": p.bias for k, p in enumerate(parts, 1)}
    return net, named, nn.CrossEntropyLoss()


def autoencoder(torch: Any) -> Any:
    """Through a neck of 8 and back."""
    nn = torch.nn
    sizes = (64, 32, 8, 32, 64)
    parts = [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    net = nn.Sequential(parts[0], nn.ReLU(), parts[1], parts[2], nn.ReLU(), parts[3], nn.Sigmoid())
    named = {f"W{k}": p.weight for k, p in enumerate(parts, 1)}
    named |= {f"b{k}": p.bias for k, p in enumerate(parts, 1)}
    return net, named, nn.MSELoss()


def resnet(torch: Any) -> Any:
    """Two residual blocks."""
    nn = torch.nn

    class ResNet(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(1, 8, 3, padding=1)
            self.a1 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
            self.n1 = nn.BatchNorm2d(8)
            self.a2 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
            self.n2 = nn.BatchNorm2d(8)
            self.b1 = nn.Conv2d(8, 16, 3, padding=1, stride=2, bias=False)
            self.n3 = nn.BatchNorm2d(16)
            self.b2 = nn.Conv2d(16, 16, 3, padding=1, bias=False)
            self.n4 = nn.BatchNorm2d(16)
            self.around = nn.Conv2d(8, 16, 1, stride=2)
            self.out = nn.Linear(16, 10)

        def forward(self, x: Any) -> Any:
            relu = torch.relu
            x = relu(self.stem(x))
            x = relu(self.n2(self.a2(relu(self.n1(self.a1(x))))) + x)
            y = self.n4(self.b2(relu(self.n3(self.b1(x)))))
            return self.out(relu(y + self.around(x)).mean((2, 3)))

    net = ResNet()
    named = {}
    for name in ("stem", "a1", "a2", "b1", "b2", "around", "out"):
        part = getattr(net, name)
        named[f"W_{name}"] = part.weight
        if part.bias is not None:
            named[f"b_{name}"] = part.bias
    for name in ("n1", "n2", "n3", "n4"):
        part = getattr(net, name)
        named |= {f"g_{name}": part.weight, f"b_{name}": part.bias}
    return net, named, nn.CrossEntropyLoss()
