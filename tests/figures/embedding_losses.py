"""Losses of places in a space beside PyTorch's."""

from __future__ import annotations

from typing import Any

from tests.figures.case import Case
from tests.figures.loss_cases import DEEP, PLAIN, case_between, signs

# ---- places in a space ---------------------------------------------------------------------------


def _cosine(name: str, shape: tuple[int, ...] = PLAIN, margin: float = 0.0) -> Case:
    spec = {
        "inputs": {"a": list(shape), "b": list(shape)},
        "layers": [{"type": "identity", "inputs": ["a"]}],
        "loss": {"type": "cosine_embedding", "inputs": ["a", "b"], "margin": margin},
    }

    def reference(torch: Any, a: Any, b: Any, t: Any) -> Any:
        a, b = a.reshape(-1, shape[-1]), b.reshape(-1, shape[-1])
        return torch.nn.functional.cosine_embedding_loss(a, b, t.reshape(-1), margin)

    return Case(name, ("cosine_embedding",), spec, reference, {"t": signs})


def _info_nce(
    f: Any, query: Any, key: Any, temperature: float = 0.1, normalize: bool = True
) -> Any:
    if normalize:
        query, key = f.normalize(query, dim=-1), f.normalize(key, dim=-1)
    scores = query @ key.T / temperature
    return (scores.logsumexp(dim=1) - scores.diagonal()).mean()


EMBEDDING = (
    _cosine("cosine_embedding"),
    _cosine("cosine_embedding deep", DEEP),
    _cosine("cosine_embedding margin 0.2", margin=0.2),
    *(
        case_between(
            f"triplet_margin {said}",
            lambda f, a, p, q, said=said, of=of: f.triplet_margin_loss(a, p, q, **of),
            "a",
            "p",
            "q",
            **of,
        )
        for said, of in (
            ("plain", {}),
            ("margin 0.2, swap", {"margin": 0.2, "swap": True}),
            ("p 1", {"p": 1}),
            ("p 3", {"p": 3, "eps": 1e-3}),
        )
    ),
    case_between("info_nce", _info_nce, "query", "key"),
    case_between(
        "info_nce as they are",
        lambda f, query, key: _info_nce(f, query, key, 0.7, False),
        "query",
        "key",
        temperature=0.7,
        normalize=False,
    ),
)
