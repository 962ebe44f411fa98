"""The sentences of documents, in one place; `{slots}` are filled with text or formulas."""

from __future__ import annotations

import re

from codegen.document_model import Math, Text

WORDS = {
    "title": "{name}: gradients and updates",
    "otherwise": "otherwise",
    # sections
    "notation": "Notation",
    "forward": "Forward pass",
    "objective": "Objective",
    "backward": "Backward pass",
    "updates": "Updates",
    "remarks": "Remarks",
    "layer": "Layer {name}: {type}",
    "inputs": "Inputs",
    "layer_with": "Layer {name}: {type}, {activation}",
    # the table of tensors
    "symbol": "symbol",
    "code": "in code",
    "meaning": "meaning",
    "shape": "shape",
    "role_input": "input",
    "role_integer": "input, integers",
    "role_target": "target",
    "role_weight": "weight of each sample",
    "role_parameter": "parameter",
    "role_frozen": "parameter, fixed",
    "role_buffer": "buffer",
    "role_constant": "constant, {value}",
    "role_hyperparameter": "hyper-parameter, {value}",
    "role_random": "random, drawn anew at each call",
    "role_mode": "1 in training, 0 in inference",
    "role_intermediate": "computed in the forward pass",
    "role_output": "output",
    "role_objective": "objective",
    "role_helper": "helper of the backward pass",
    "role_error": "error term, {partial}",
    "role_seed": "given: the derivative of a scalar {objective} by {output}",
    "role_state": "state of the optimiser",
    "of_layer": "{meaning}; layer {name}",
    "alias": "{meaning}; also called {names}",
    "scalar": "number",
    # conventions
    "letters": "A letter in a subscript counts from 0 and runs over the whole axis on which it "
    "stands; under a sum it runs over that axis too.",
    "batch": "{letter} counts the samples of a batch; there are {extent} of them.",
    "dims": "{extents} are extents that are known at run time.",
    "dim": "{extents} is an extent that is known at run time.",
    "outside": "What would be read outside of a tensor is 0.",
    "brackets": "A condition in brackets is 1 where it holds, else 0; where it is 0, so is the "
    "product that it stands in.",
    "columns": "In matrices, samples stand in columns: {extent} of them; {ones} is a column of "
    "ones, {odot} and {oslash} multiply and divide entry by entry, and functions are applied "
    "entry by entry. A matrix product binds more tightly than {odot}.",
    "entrywise": "In matrices, {ones} is a column of ones, {odot} and {oslash} multiply and divide "
    "entry by entry, and functions are applied entry by entry. A matrix product binds more tightly "
    "than {odot}.",
    "kink": "{name}: {kink}.",
    "sigmoid": "{function} is the logistic function {formula}.",
    "softplus": "{function} is {formula}.",
    "relu": "{function} is {formula}; at 0 its derivative is taken as 0.",
    "abs": "The derivative of {function} is the sign; at 0 it is taken as 0.",
    "sign": "{function} is the sign, 0 at 0; its derivative is taken as 0.",
    "extremum": "Where {functions} has a tie, each of the two takes half of the derivative.",
    "ties": "Where several entries attain {functions}, they share its derivative equally.",
    "hold": "What {function} holds is constant: its value counts, its derivative is 0.",
    "erf": "{function} is the error function {formula}.",
    "any_objective": "{objective} is any scalar function of {output}; its derivative {partial} is "
    "given.",
    "plus": "{sign} in place of {equals} adds the right side to the entry that the left side "
    "names; what would be written outside of the tensor is dropped.",
    "order": "Updates are carried out in the order in which they stand.",
    # the forward and the backward pass
    "assumption": "It is assumed that {formula}.",
    "error_of": "Error term of {of}.",
    "gradient_by": "Gradient by {of}.",
    "derivative_by": "Derivative by {of}.",
    "sum_used": "A sum that is used below.",
    "attaining": "How many entries attain {of}.",
    "others": "The product of the other factors of {of}.",
    "slope_is": "With the derivative {slope} of {function}, where {forward}:",
    "together": "Told by what arrives at one entry:",
    "arranged": "With what doesn't depend on the summed letter before the sum:",
    "nothing_backward": "The objective depends on nothing that is asked for.",
    # steps
    "total differential": "Chain rule: a change of {wrt} changes {output}, and through it "
    "{objective}.",
    "through itself": "Chain rule: a change of {wrt} at one place changes {wrt} at another, and "
    "through it {objective}.",
    "directly": "A change of {wrt} changes {objective}.",
    "re-express": "The forward pass already has {through}.",
    "re-arrange": "The same, arranged more simply.",
    "rename": "With the letters of {of}.",
    "solve subscript": "The left subscript is solved, so that one entry stands on the left.",
    "collect": "The contributions add up.",
    "same value": "{name} and {original} are one value.",
    "write in": "{name} is used here only; it is written in.",
    "put in": "{name} is a number, which is put in.",
    "pull out": "What doesn't depend on the summed letter stands before the sum {sum}.",
    "pull out assumed": "What doesn't depend on the summed letter stands before the sum, and the "
    "sum is known by assumption.",
    "simplify": "The same value, written shorter.",
    "simplify through": "The same value, told through {through}.",
    # remarks
    "sources": "Sources: {sources}.",
    "warning": "Note: {warning}.",
}

_SLOT = re.compile(r"\{(\w+)\}")


def say(key: str, **slots: str | Math | Text) -> Text:
    """A sentence with its slots filled."""
    found: list[str | Math | object] = []
    used: set[str] = set()
    parts = _SLOT.split(WORDS[key])
    for k, part in enumerate(parts):
        if k % 2 == 0:
            found.extend([part] if part else [])
            continue
        value = slots[part]
        used.add(part)
        found.extend(value if isinstance(value, tuple) else (value,))
    if used != set(slots):
        raise ValueError(f"'{key}' has no use for {', '.join(sorted(set(slots) - used))}")
    return tuple(found)  # type: ignore[arg-type]


def listed(items: list[Math]) -> Text:
    """Formulas with commas between them."""
    found: list[str | Math] = []
    for item in items:
        found.extend((", ", item) if found else (item,))
    return tuple(found)
