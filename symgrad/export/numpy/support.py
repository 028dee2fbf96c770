"""The functions that an emitted module may need, each as the text that is written into it."""

from __future__ import annotations

FUNCTIONS = {
    "_sigmoid": '''
def _sigmoid(z):
    """1 / (1 + exp(-z)), by the exponential of -|z|, which never overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)
''',
    "_sigmoid_minus": '''
def _sigmoid_minus(z, y):
    """sigmoid(z) - y as (1 - y) sigmoid(z) - y sigmoid(-z): nothing cancels where y is 0 or 1."""
    e = np.exp(-np.abs(z))
    rest = 1 - y
    return np.where(z >= 0, rest - y * e, rest * e - y) / (1 + e)
''',
    "_softplus": '''
def _softplus(z):
    """log(1 + exp(z)), by the exponential of -|z|, which never overflows."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
''',
    "_logistic_loss": '''
def _logistic_loss(z, y):
    """softplus(z) - y z as (1 - y) softplus(z) + y softplus(-z): nothing cancels where y is 0 or 1."""
    e = np.log1p(np.exp(-np.abs(z)))
    return (1 - y) * (np.maximum(z, 0) + e) + y * (np.maximum(-z, 0) + e)
''',
    "_shifted": '''
def _shifted(z):
    """exp(z - m) along the last axis, with m the largest entry so that none overflows."""
    if z.shape[-1] < 64:  # a reduction along a short axis is slow
        m = np.ascontiguousarray(np.moveaxis(z, -1, 0)).max(axis=0)[..., None]
    else:
        m = z.max(axis=-1, keepdims=True)
    e = z - m
    return np.exp(e, out=e)
''',
    "_summed": '''
def _summed(e):
    """The sum along the last axis, which stays with length one."""
    return e @ np.ones((e.shape[-1], 1), e.dtype)
''',
    "_softmax": '''
def _softmax(z):
    """The softmax along the last axis."""
    e = _shifted(z)
    e /= _summed(e)
    return e
''',
    "_softmax_minus": '''
def _softmax_minus(z, y):
    """softmax(z) - y along the last axis as p - y (p . y) - y (p . (1 - y)): at a label 1, minus the other p's sum."""
    p = _softmax(z)
    chosen = np.einsum("...k,...k->...", p, y)[..., None]
    others = np.einsum("...k,...k->...", p, 1 - y)[..., None]
    p -= y * chosen
    p -= y * others
    return p
''',
    "_softmax_minus_labels": '''
def _softmax_minus_labels(z, y):
    """softmax(z) minus one at the label, along the last axis: at the label, minus the sum of the others."""
    e = np.ascontiguousarray(_shifted(z))
    flat = e.reshape(-1)
    at = np.arange(0, flat.size, z.shape[-1]) + y.reshape(-1)
    own = flat[at]
    flat[at] = 0
    others = _summed(e)
    total = others + own.reshape(others.shape)
    e /= total
    flat[at] = -(others / total).reshape(-1)
    return e
''',
    "_log_rest": '''
def _log_rest(z):
    """m and log(1 + r) along the last axis: m is the largest entry, r the sum of exp(z - m) over all others."""
    at = z.argmax(axis=-1)[..., None]
    m = np.take_along_axis(z, at, -1)
    e = np.exp(z - m)
    np.put_along_axis(e, at, 0, -1)
    return m, np.log1p(e.sum(axis=-1, keepdims=True))
''',
    "_logsumexp": '''
def _logsumexp(z):
    """log(sum(exp(z))) along the last axis as m + log(1 + r), with m the largest entry."""
    m, rest = _log_rest(z)
    return (m + rest)[..., 0]
''',
    "_log_softmax": '''
def _log_softmax(z):
    """log(softmax(z)) along the last axis as (z - m) - log(1 + r): small where one entry leaves all others behind."""
    m, rest = _log_rest(z)
    return (z - m) - rest
''',
    "_cross_entropy_labels": '''
def _cross_entropy_labels(z, y):
    """log(sum(exp(z))) minus the entry at the label, as (m - z at the label) + log(1 + r): no digit cancels."""
    m, rest = _log_rest(z)
    return (m[..., 0] - _picked(z, y)) + rest[..., 0]
''',
    "_products": '''
def _products(a):
    """The inner products of the rows; NumPy halves the work of a @ a.T, but to mirror the half is slow."""
    return a @ (a.T.copy() if a.shape[1] < 256 else a.T)
''',
    "_picked": '''
def _picked(values, labels):
    """The entry along the last axis that each label chooses."""
    return np.take_along_axis(values, labels[..., None], -1)[..., 0]
''',
    "_indicators": '''
def _indicators(labels, size, dtype):
    """Zeros, and a one where the new last axis is the label."""
    return (labels[..., None] == np.arange(size)).astype(dtype)
''',
    "_step": '''
def _step(z):
    """One where z > 0, else zero; what is not a number stays so."""
    return np.heaviside(z, 0).astype(z.dtype, copy=False)
''',
    "_relu": '''
def _relu(z):
    """max(z, 0)."""
    return np.maximum(z, 0)
''',
    "_erf": '''
def _erf(z):
    """The error function, entry by entry: NumPy has none."""
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(z), dtype=np.asarray(z).dtype)
''',
    "_outer": '''
def _outer(a, b, out):
    """out[n, i, j] = a[n, i] * b[n, j], the axis that is last in memory innermost."""
    if out.strides[1] < out.strides[2]:
        a, b, out = b, a, out.transpose(0, 2, 1)
    _outer_rows(np.ascontiguousarray(a), np.ascontiguousarray(b), out)


@numba.njit(cache=True)
def _outer_rows(a, b, out):
    for n in range(a.shape[0]):
        for i in range(a.shape[1]):
            s = a[n, i]
            for j in range(b.shape[1]):
                out[n, i, j] = s * b[n, j]
''',
}
"""Every function, by name."""

NEEDS = {
    "_softmax": ("_shifted", "_summed"),
    "_softmax_minus": ("_shifted", "_summed", "_softmax"),
    "_softmax_minus_labels": ("_shifted", "_summed"),
    "_logsumexp": ("_log_rest",),
    "_cross_entropy_labels": ("_log_rest", "_picked"),
    "_log_softmax": ("_log_rest",),
}
"""What each of them calls."""

CHECKED = '''
def _checked(given, precision):
    """The arrays as they are computed with, their sizes, the precision inside and that of the result.

    Raises:
        TypeError: for an array that holds no real numbers, or for float32 beside float64.
        ValueError: for a shape that does not fit, labels out of range, or no samples.
    """
    if precision not in ("same", "rounded"):
        raise ValueError(f"precision is {precision!r}, expected 'same' or 'rounded'")
    dtype, arrays, sizes = None, [], {}
    for (name, axes), array in zip(_SHAPES.items(), given):
        if type(array) is not np.ndarray:
            array = np.asarray(array)
        shape = array.shape
        if len(shape) != len(axes):
            raise ValueError(f"{name} has shape {shape}, expected {_axes(axes)}")
        for axis, length in zip(axes, shape):
            if sizes.setdefault(axis, length) != length:
                raise ValueError(f"{name} has shape {shape}, but {axis} is {sizes[axis]}: {_axes(axes)}")
            if not length:
                raise ValueError(f"{name} has shape {shape}: nothing along {axis}")
        kind = array.dtype
        if kind.char not in "fd" or name in _LABELS:
            if name in _LABELS and kind.kind not in "iu":
                raise TypeError(f"{name} is {kind}, expected labels: whole numbers from 0")
            if kind.kind == "f":
                raise TypeError(f"{name} is {kind}, expected float32 or float64")
            if kind.kind not in "iub":
                raise TypeError(f"{name} is {kind}, expected numbers")
        elif axes and dtype is not kind:
            if dtype is not None and dtype != kind:
                raise TypeError(f"{name} is {kind}, but other arrays are {dtype}: give all in one precision")
            dtype = kind
        arrays.append(array)
    dtype = np.dtype(np.float64) if dtype is None else dtype.newbyteorder("=")
    inside = np.dtype(np.float64) if precision == "rounded" else dtype
    for k, name in enumerate(_SHAPES):
        if name in _LABELS:
            arrays[k] = _labels(name, arrays[k], sizes)
        elif arrays[k].dtype is not inside:
            arrays[k] = arrays[k].astype(inside, copy=False)
    return arrays, sizes, inside, dtype


def _axes(axes):
    """The axes that a shape is expected to have."""
    return f"({', '.join(axes)})"


def _labels(name, labels, sizes):
    """Labels as indices, once they are seen to be in range."""
    classes = sizes.get(_LABELS[name])
    if classes is None:
        raise ValueError(f"nothing tells how many labels {name} may have")
    labels = labels.astype(np.intp, copy=False)
    if labels.view(np.uintp).max() >= classes:  # a negative one is huge there
        raise ValueError(f"{name} holds labels outside 0 to {classes - 1}")
    return labels
'''

ROUNDED = '''
def _rounded(value, dtype):
    """The result in the precision of the arguments."""
    if isinstance(value, dict):
        return {name: _rounded(part, dtype) for name, part in value.items()}
    return np.asarray(value, dtype=dtype)
'''

BUFFERS = '''
def _buffers(shapes, dtype, out):
    """New arrays for per-sample gradients, their longest axis last in memory; or ``out``, once it is seen to fit."""
    if out is None:
        out = {}
        for name, shape in shapes.items():
            if len(shape) == 3 and shape[1] > shape[2]:
                out[name] = np.empty((shape[0], shape[2], shape[1]), dtype).transpose(0, 2, 1)
            else:
                out[name] = np.empty(shape, dtype)
        return out
    if not isinstance(out, dict) or set(out) != set(shapes):
        raise ValueError(f"out is to be a dict with an array for each of {', '.join(shapes)}")
    for name, shape in shapes.items():
        array = out[name]
        if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
            raise ValueError(f"out[{name!r}] is not an array of {dtype} with shape {shape}")
        if not array.flags.writeable:
            raise ValueError(f"out[{name!r}] is read-only")
    return out
'''
