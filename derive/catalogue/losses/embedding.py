"""Objectives that compare places in a space: they read several tensors, which a spec names."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.rows import Attribute, Loss, Use

_TINY = "1e-12"  # PyTorch's: added to a squared length, so that none is 0


def _distance(name: str, apart: str, one: str, other: str, power: Fraction) -> str:
    """A distance along the last axis; each difference gets eps, as PyTorch's, against 0/0."""
    gap = f"{apart}[n,...,i]"
    norm = f"sum(i, abs({gap})**p)**(1/p)"
    if power == 1:
        norm = f"sum(i, abs({gap}))"
    if power == 2:
        norm = f"sqrt(sum(i, {gap}**2))"
    return f"{gap} = {one}[n,...,i] - {other}[n,...,i] + eps\n{name}[n,...] = {norm}\n"


def _triplet_margin(use: Use) -> str:
    power = use.attributes["p"]
    text = _distance("near", "u", "anchor", "positive", power)
    text += _distance("far", "v", "anchor", "negative", power)
    farther = "far[n,...]"
    if use.attributes["swap"]:
        text += _distance("across", "w", "positive", "negative", power)
        farther = "minimum(far[n,...], across[n,...])"
    return f"{text}E = mean(n,..., relu(near[n,...] - {farther} + margin))"


def _info_nce(use: Use) -> str:
    """The other keys of the batch are the negatives."""
    if not use.attributes["normalize"]:
        return """\
s[n,m] = sum(i, query[n,i]*key[m,i])/temperature
E = mean(n, logsumexp(m, s[n,m]) - s[n,n])"""
    return f"""\
a[n] = sqrt(sum(i, query[n,i]**2) + {_TINY})
b[n] = sqrt(sum(i, key[n,i]**2) + {_TINY})
q[n,i] = query[n,i]/a[n]
k[n,i] = key[n,i]/b[n]
s[n,m] = sum(i, q[n,i]*k[m,i])/temperature
E = mean(n, logsumexp(m, s[n,m]) - s[n,n])"""


COSINE_EMBEDDING = Loss(
    name="cosine_embedding",
    about="brings vectors of the last axis together where t is 1, and apart where t is -1 until "
    "their cosine is margin; its mean over the batch, as PyTorch's CosineEmbeddingLoss",
    equations=f"""\
a[n,...] = sqrt(sum(i, x1[n,...,i]**2) + {_TINY})
b[n,...] = sqrt(sum(i, x2[n,...,i]**2) + {_TINY})
c[n,...] = sum(i, x1[n,...,i]*x2[n,...,i])/(a[n,...]*b[n,...])
E = mean(n,..., where(t[n,...] > 0, 1 - c[n,...], relu(c[n,...] - margin)))""",
    inputs=("x1", "x2"),
    attributes=(
        Attribute(
            "margin", "number", "the cosine below which nothing is lost", default=Fraction(0)
        ),
    ),
    source="PyTorch, torch.nn.CosineEmbeddingLoss",
    kink="where the cosine is margin the derivative is taken as 0",
)
TRIPLET_MARGIN = Loss(
    name="triplet_margin",
    about="wants each anchor nearer to its positive than to its negative, by margin, along the "
    "last axis; its mean over the batch, as PyTorch's TripletMarginLoss. It has no targets",
    equations=_triplet_margin,
    inputs=("anchor", "positive", "negative"),
    attributes=(
        Attribute("margin", "positive", "by how much", default=Fraction(1)),
        Attribute("p", "positive", "the norm's power", default=Fraction(2), sample=1),
        Attribute("eps", "number", "what each difference gets", default=Fraction("1e-6")),
        Attribute(
            "swap",
            "flag",
            "whether the negative's distance to the positive counts where it is less",
            default=False,
        ),
    ),
    target="",
    source="Balntas et al. 2016, Learning local feature descriptors with triplets and shallow "
    "convolutional neural networks",
    kink="where the margin is just reached the derivative is taken as 0",
)
INFO_NCE = Loss(
    name="info_nce",
    about="the contrastive loss of pairs: each query is to find its own key among all keys of the "
    "batch, by their cosine; its mean over the batch. It has no targets",
    equations=_info_nce,
    inputs=("query", "key"),
    attributes=(
        Attribute("temperature", "positive", "divides the cosines", default=Fraction("0.1")),
        Attribute("normalize", "flag", "whether vectors are taken at length 1 first", default=True),
    ),
    target="",
    source="van den Oord, Li & Vinyals 2018, Representation learning with contrastive predictive "
    "coding, eq. 4",
)

LOSSES = (COSINE_EMBEDDING, TRIPLET_MARGIN, INFO_NCE)
