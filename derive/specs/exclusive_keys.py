"""Keys that only one of the two kinds of models has: networks, models by equations."""

from __future__ import annotations

from derive.specs.schema import EquationKeys, NetworkKeys, Spec


def wrong_keys(spec: Spec) -> list[str]:
    """Keys that belong to the other kind of model, and what is missing altogether."""
    given = spec.model_fields_set
    if spec.is_network is None:
        if "layers" in given:
            return ["spec: layers and equations stand side by side; keep one of them"]
        return ["spec: there is no model; add [[layers]], or equations = ..."]
    wrong = (EquationKeys if spec.is_network else NetworkKeys).model_fields
    return [
        f"{key}: {_CURES[key]}" for key in wrong if key in given and getattr(spec, key) is not None
    ]


_CURES = {
    "objective": "a network's objective is its loss; write [loss] with a type or equations",
    "functions": "these tell what the letters of equations in LaTeX are; write them beside those",
    "sizes": "a network's sizes follow from its inputs and its layers' attributes; take this out",
    "batch": "in a network the batch is always n; take this out",
    "targets": "a network's target is t, which its loss reads; take this out",
    "buffers": "a network's buffers belong to the definition that uses them; move this there",
    "random": "a network's random tensors belong to the definition that uses them; move this there",
    "layers": "a model by equations has no layers; take this out",
    "define": "definitions are for networks; write these lines into equations",
    "loss": 'a model by equations names its loss; write objective = "E"',
    "merge_bias": "this is for networks; write the bias into your equations",
    "init": 'this is for networks; write init = "…" into [parameters.NAME]',
}
