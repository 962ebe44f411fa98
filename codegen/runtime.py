"""The few functions that an emitted module may call, as it carries them: text, in fixed order."""

from __future__ import annotations

from collections.abc import Iterable

_ARRAY = '''def _array(given, name, shape, dtype=DTYPE):
    """An argument as an array of the wanted shape; a letter stands for any extent."""
    array = np.asarray(given, dtype=dtype)
    extents = {e: n for e, n in zip(shape, array.shape) if isinstance(e, str)}
    if array.shape != tuple(extents.get(e, e) for e in shape):
        wanted = str(shape).replace("'", "")
        raise ValueError(f"{name} has shape {array.shape}, not {wanted}")
    return array
'''

_INTEGERS = '''def _integers(given, name, shape):
    """An argument as an array of whole numbers of the wanted shape."""
    array = _array(given, name, shape, dtype=None)
    if array.dtype.kind in "iu":
        return array.astype(np.intp, copy=False)
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.intp)
    if not np.array_equal(whole, array):
        raise ValueError(f"{name} must hold whole numbers")
    return whole
'''

_SIGMOID = '''def sigmoid(z):
    """1 / (1 + exp(-z)), without overflow."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)
'''

_LOGSUMEXP = '''def _logsumexp(a, axis):
    """log(sum(exp(a))) along axes, shifted by the largest, without overflow."""
    m = np.max(a, axis=axis, keepdims=True)
    m = np.where(np.isfinite(m), m, 0)
    with np.errstate(divide="ignore"):
        total = np.log(np.sum(np.exp(a - m), axis=axis))
    return total + m.reshape(total.shape)
'''

_WINDOW = '''def _window(a, axis, start, *runs, fill=0):
    """A view of `a` in which one axis becomes an axis for each run (step, count).

    The entry at i, j, ... is that at start + step_i*i + step_j*j + ... along the axis,
    and `fill` where that is outside.
    """
    reach = [step * (count - 1) for step, count in runs]
    low = start + sum(min(r, 0) for r in reach)
    high = start + sum(max(r, 0) for r in reach)
    before, after = max(-low, 0), max(high + 1 - a.shape[axis], 0)
    if before or after:
        pad = [(0, 0)] * a.ndim
        pad[axis] = (before, after)
        a = np.pad(a, pad, constant_values=fill)
    a = a[(slice(None),) * axis + (slice(start + before, None),)]
    shape, strides = list(a.shape), list(a.strides)
    shape[axis : axis + 1] = [count for _, count in runs]
    strides[axis : axis + 1] = [strides[axis] * step for step, _ in runs]
    return np.lib.stride_tricks.as_strided(a, shape, strides, writeable=False)
'''

_OVER = '''def _over(op, a, axes):
    """`op.reduce` over a few short axes: place by place, each a whole array."""
    a = np.moveaxis(a, axes, range(len(axes)))
    first, *others = np.ndindex(a.shape[: len(axes)])
    out = a[first].copy()
    for place in others:
        op(out, a[place], out=out)
    return out
'''

_FOLD = '''def _fold(a, axis, size, start, *runs):
    """The dual of `_window`: the axes of the runs are added up into one axis of `size`.

    They begin at `axis`. The entry at i, j, ... goes to start + step_i*i + step_j*j
    + ..., and is dropped where that is outside.
    """
    # the longest run is a slice, the others are a loop over window positions
    k = max(range(len(runs)), key=lambda r: runs[r][1])
    step, count = runs[k]
    others = [c for r, (_, c) in enumerate(runs) if r != k]
    shape = a.shape[:axis] + (size,) + a.shape[axis + len(runs) :]
    out = np.zeros(shape, dtype=a.dtype)
    into = np.moveaxis(out, axis, 0)
    a = np.moveaxis(a, axis + k, 0)
    for place in np.ndindex(*others):
        steps = [s for r, (s, _) in enumerate(runs) if r != k]
        first = start + sum(s * p for s, p in zip(steps, place))
        inside = [i for i in (0, count - 1) if 0 <= first + step * i < size]
        if step == 0 or len(inside) < 2:
            kept = [i for i in range(count) if 0 <= first + step * i < size]
            if not kept:
                continue
            low, high = kept[0], kept[-1] + 1
        else:
            low, high = 0, count
        part = a[(slice(low, high),) + (slice(None),) * axis + place]
        if step == 0:
            into[first] += part.sum(axis=0)
        else:
            stop = first + step * high
            into[first + step * low : stop if stop >= 0 else None : step] += part
    return out
'''

_TAKE = '''def _take(a, axes, indices):
    """`a` at integer places along `axes`, which go first; 0 where that is outside."""
    a = np.moveaxis(a, axes, range(len(axes)))
    inside = [(i >= 0) & (i < size) for i, size in zip(indices, a.shape)]
    inside = np.logical_and.reduce(np.broadcast_arrays(*inside))
    places = np.broadcast_arrays(*indices)
    found = a[tuple(np.where(inside, i, 0) for i in places)]
    inside = inside.reshape(inside.shape + (1,) * (found.ndim - inside.ndim))
    return np.where(inside, found, 0)
'''

_ADD_AT = '''def _add_at(a, axes, indices, values):
    """Add to `a` at integer places along `axes`; what would be outside is dropped."""
    a = np.moveaxis(a, axes, range(len(axes)))
    places = np.broadcast_arrays(*indices)
    inside = [(i >= 0) & (i < size) for i, size in zip(places, a.shape)]
    inside = np.logical_and.reduce(inside)
    np.add.at(a, tuple(i[inside] for i in places), values[inside])
'''

_TRUNCATED = '''def _truncated_normal(rng, mean, std, low, high, shape):
    """Normal numbers, drawn again where they are outside of low .. high."""
    values = rng.normal(mean, std, shape)
    outside = (values < low) | (values > high)
    while outside.any():
        values[outside] = rng.normal(mean, std, np.count_nonzero(outside))
        outside = (values < low) | (values > high)
    return values
'''

_ORTHOGONAL = '''def _orthogonal(rng, gain, shape):
    """Rows, or columns where they are fewer, at right angles and of length `gain`."""
    rows, columns = shape[0], int(np.prod(shape[1:]))
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)
'''

_TEXT = {
    "_array": _ARRAY,
    "_integers": _INTEGERS,
    "sigmoid": _SIGMOID,
    "_logsumexp": _LOGSUMEXP,
    "_window": _WINDOW,
    "_over": _OVER,
    "_fold": _FOLD,
    "_take": _TAKE,
    "_add_at": _ADD_AT,
    "_truncated_normal": _TRUNCATED,
    "_orthogonal": _ORTHOGONAL,
}


def helper_text(wanted: Iterable[str]) -> list[str]:
    """The source of the helpers that are called, in fixed order."""
    chosen = set(wanted)
    return [text.rstrip("\n") for name, text in _TEXT.items() if name in chosen]
