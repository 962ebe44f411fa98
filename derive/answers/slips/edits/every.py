"""All edits of a formula, each an emitter's."""

from __future__ import annotations

from collections.abc import Iterator

from derive.answers.slips.edits.context import Context
from derive.answers.slips.edits.indices import (
    letters_exchanged,
    other_axis_reduced,
    other_index,
    other_subscripts,
    sum_left_out,
    sum_too_many,
)
from derive.answers.slips.edits.numbers import (
    factor_dropped,
    other_function,
    other_number,
    other_power,
    scaled,
    sign_turned,
    term_dropped,
)
from derive.answers.slips.edits.slopes import condition_dropped, slope_changed, slope_put_in
from derive.answers.slips.edits.tensors import other_tensor, tensor_that_fits, value_for_factors
from derive.answers.slips.positions import Edit

AT_EACH_POSITION = (
    other_tensor,
    sign_turned,
    term_dropped,
    factor_dropped,
    other_power,
    other_number,
    scaled,
    other_function,
    condition_dropped,
    tensor_that_fits,
    value_for_factors,
    other_subscripts,
    other_index,
    sum_left_out,
    other_axis_reduced,
    letters_exchanged,
    sum_too_many,
)


def every_edit(context: Context) -> Iterator[Edit]:
    """The likeliest first, then position by position; made one at a time, as they are asked for."""
    yield from slope_changed(context)
    for position in context.positions:
        for emit in AT_EACH_POSITION:
            yield from emit(position, context)
    yield from slope_put_in(context)
