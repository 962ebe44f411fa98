"""Parts that optimisers share: learning rate schedules, clipping, and the decay of weights."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.rows import Attribute, Use

_COURSES = {
    "constant": "",
    "exponential": "gamma**step",
    "step": "factor",
    "linear": "maximum(1 - step/total_steps, 0)",
    "cosine": "(1 + cos(pi*minimum(step/total_steps, 1)))/2",
    "one_cycle": "part",
}

WEIGHT_DECAY = Attribute(
    "weight_decay",
    "non-negative",
    "L2: the gradient of weight_decay/2 * sum of squares is added, for each parameter",
    default=Fraction(0),
)
DECOUPLED = Attribute(
    "weight_decay",
    "non-negative",
    "at each step a parameter loses this share of itself, times the learning rate",
    default=Fraction("0.01"),
)


def settings(learning_rate: str) -> tuple[Attribute, ...]:
    """The attributes that every optimiser has."""
    return (
        Attribute(
            "learning_rate", "positive", "the length of the step", default=Fraction(learning_rate)
        ),
        Attribute(
            "schedule",
            "choice",
            "the learning rate's course from update to update",
            default="constant",
            choices=tuple(_COURSES),
            common=True,
        ),
        Attribute(
            "warmup",
            "non-negative",
            "over so many updates the learning rate grows from near 0",
            default=Fraction(0),
            common=True,
        ),
        Attribute(
            "total_steps",
            "positive",
            "the updates after which linear, cosine and one_cycle end",
            default=Fraction(1000),
            common=True,
        ),
        Attribute(
            "gamma",
            "positive",
            "the factor of exponential at each update, of step at each step_size-th",
            default=Fraction("0.1"),
            common=True,
        ),
        Attribute(
            "step_size",
            "positive",
            "the updates between two changes of the schedule step",
            default=Fraction(100),
            common=True,
        ),
        Attribute(
            "clip_norm",
            "non-negative",
            "the largest norm of all gradients together; 0: any (Pascanu et al. 2013)",
            default=Fraction(0),
            common=True,
        ),
        Attribute(
            "clip_value",
            "non-negative",
            "the largest size of an entry of a gradient; 0: any",
            default=Fraction(0),
            common=True,
        ),
    )


def rate(use: Use) -> str:
    """The learning rate in an update, by name."""
    changes = use.attributes["schedule"] != "constant" or use.attributes["warmup"]
    return "rate" if changes else "learning_rate"


def direction(use: Use, decay: bool = True, once: bool = False) -> tuple[list[str], str]:
    """The equations that come first, and what stands for the gradient after them.

    What is needed `once` gets no name.
    """
    lines: list[str] = []
    g = "g[...]"
    clipped = g
    if use.attributes["clip_norm"]:
        lines.append("norm = sum(w, ..., g[...]**2)")
        lines.append("share = minimum(clip_norm/(sqrt(norm) + 1e-6), 1)")
        clipped = "share*g[...]"
    if use.attributes["clip_value"]:
        clipped = f"maximum(minimum({clipped}, clip_value), -clip_value)"
    if decay and use.attributes["weight_decay"]:
        clipped = f"{clipped} + weight_decay*w[...]"
    if clipped != g and once:
        return lines, f"({clipped})" if " " in clipped else clipped
    if clipped != g:
        lines.append(f"u[...] = {clipped}")
        g = "u[...]"
    return lines, g


def moved(use: Use, by: str, weight: str = "w[...]", pace: str = "") -> str:
    """The step itself; `pace` stands for the learning rate where it is another one."""
    return f"next(w)[...] = {weight} - {pace or rate(use)}*{by}"


def written(use: Use, lines: list[str], counts: bool = False) -> str:
    """All equations: the learning rate's course and the count of updates come first."""
    first: list[str] = []
    course = _COURSES[use.attributes["schedule"]]
    if rate(use) == "rate":
        factors = ["learning_rate"]
        if use.attributes["warmup"]:
            factors.append("minimum((step + 1)/warmup, 1)")
        if course:
            factors.append(course)
        first.append(f"rate = {'*'.join(factors)}")
    if course == "part":
        # up from 1/25 for 30 of 100 updates, then down to 1/250000, each as half a cosine; of three
        # updates or less none goes up
        first = [
            "rise = step/maximum(0.3*total_steps - 1, 1)",
            "fall = minimum((step + 1 - 0.3*total_steps)/(0.7*total_steps), 1)",
            "part = where(step < 0.3*total_steps - 1, 1 - 0.48*(1 + cos(pi*rise)), "
            "4e-6 + 0.499998*(1 + cos(pi*fall)))",
            *first,
        ]
    if course == "factor":
        first.append("next(factor) = where(age + 1 < step_size, factor, factor*gamma)")
        first.append("next(age) = where(age + 1 < step_size, age + 1, 0)")
    if first or counts:
        first.append("next(step) = step + 1")
    return "\n".join([*first, *lines])
