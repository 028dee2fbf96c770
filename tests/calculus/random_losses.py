"""Random small losses as text: intermediates, nested sums, shared parameters, every function."""

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

HEADER = """index n : N, d : D, e : D, k : K
batch n
data x[n, d], y[n], t[n, k]
parameter w[d], v[k], A[d, k], b
"""

ONE = [
    "exp",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "softplus",
    "erf",
    "silu",
    "gelu",
    "square",
    "relu",
    "abs",
    "sign",
    "step",
]
TWO = [
    "log(1 + exp({}))",
    "log(1/3 + abs({}))",
    "sqrt(1 + ({})^2)",
    "max({}, 3/7 - {})",
    "min({}, 3/7 - {})",
    "elu({}, 1/2)",
    "{} / (7/3 + ({}))",
    "{} / size(D)",
]
LEAVES = {
    (): ["b", "b^2"],
    ("n",): ["y[n]", "y[n] * b"],
    ("d",): ["w[d]", "w[d]^2"],
    ("k",): ["v[k]"],
    ("n", "d"): ["x[n, d]", "w[d] * x[n, d]"],
    ("n", "k"): ["t[n, k]", "v[k] * t[n, k]"],
    ("d", "k"): ["A[d, k]", "A[d, k] * v[k]"],
}


@st.composite
def formulas(draw, letters, depth, made=()):
    """A formula that mentions no free letter but these."""
    fitting = [leaf for own, leaves in LEAVES.items() if set(own) <= set(letters) for leaf in leaves]
    fitting += [name + (f"[{', '.join(own)}]" if own else "") for name, own in made if set(own) <= set(letters)]
    if depth == 0:
        return draw(st.sampled_from(fitting))

    def inner(more=()):
        return draw(formulas((*letters, *more), depth - 1, made))

    missing = [i for i in ("d", "k") if i not in letters]
    match draw(st.integers(0, 13)):
        case 0 | 1:
            return f"({inner()} + {inner()})"
        case 2:
            return f"({inner()} - {inner()})"
        case 3 | 4:
            return f"{inner()} * {inner()}"
        case 5:
            return f"{draw(st.sampled_from(ONE))}({inner()})"
        case 6 if missing:
            i = draw(st.sampled_from(missing))
            return f"{draw(st.sampled_from(['sum', 'mean']))}({i}, {inner((i,))})"
        case 7 if missing:
            i = draw(st.sampled_from(missing))
            own = {"d": "w[d]", "k": "v[k]"}[i]  # the softmax of a constant is an error
            return f"sum({i}, {inner((i,))} * softmax({i}, {own} * ({inner((i,))})))"
        case 8:
            return f"({inner()})^{draw(st.sampled_from(['2', '3', '0']))}"
        case 9:
            return f"{inner()} / (1 + ({inner()})^2)"
        case 10:
            other = draw(st.sampled_from(TWO))
            return other.format(*(inner() for _ in range(other.count("{}"))))
        case 11 | 12 if missing:
            i = draw(st.sampled_from(missing))
            own = {"d": "w[d]", "k": "v[k]"}[i]  # all values of a constant are its largest
            return f"{draw(st.sampled_from(['max', 'logsumexp']))}({i}, {own} * ({inner((i,))} + 5/2))"
        case 13 if "d" in letters:
            return f"sum(e, delta(d, e) * w[e]) * {inner()}"
    return draw(st.sampled_from(fitting))


@st.composite
def losses(draw):
    """The text of a derivation."""
    lines, made = [], []
    for number in range(draw(st.integers(0, 3))):
        own = draw(st.sampled_from([("n",), ("n", "d"), ("n", "k"), (), ("d",)]))
        body = draw(formulas(own, 2, tuple(made)))
        lines.append(f"u{number}" + (f"[{', '.join(own)}]" if own else "") + f" = {body}")
        made.append((f"u{number}", own))
    lines.append(f"loss[n] = {draw(formulas(('n',), 2, tuple(made)))}")
    return HEADER + "\n".join(lines) + "\n"


def drawn_losses(piece):
    """Different random losses, the same for the same number."""
    found = {}

    @seed(piece)
    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(losses())
    def collect(text):
        found[text] = None

    collect()
    return list(found)
