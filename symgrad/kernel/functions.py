"""The closed tables of functions and of function identities, each with its conditions.

A condition is a judgement about the arguments. ``DOMAIN`` says where a function is defined, ``KINK`` where it is
smooth; together they make it continuously differentiable near the point. Derivatives and identities are those of NIST
DLMF, chapters 4 and 7, and of Bishop 2006, section 4.3; piecewise functions by cases.
"""

from collections.abc import Callable
from fractions import Fraction

from symgrad.kernel.terms import MINUS, ONE, TWO, ZERO, Apply, Delta, Judgement, Plus, Position, Power, Term, Times

Conditions = tuple[Judgement, ...]


def positive(u: Term) -> Conditions:
    """The argument is positive."""
    return (Judgement(">", u, ZERO),)


def away(*arguments: Term) -> Conditions:
    """The argument is not zero; two arguments are not equal."""
    return (Judgement("!=", arguments[0] if len(arguments) == 1 else minus(*arguments), ZERO),)


def negative(u: Term) -> Term:
    """-u."""
    return Times((MINUS, u))


def minus(u: Term, v: Term) -> Term:
    """u - v."""
    return Plus((u, negative(v)))


def inverse(u: Term) -> Term:
    """1/u."""
    return Power(u, Fraction(-1))


def square(u: Term) -> Term:
    """u^2."""
    return Power(u, Fraction(2))


def call(function: str) -> Callable[..., Term]:
    """The constructor of ``function(...)``."""
    return lambda *arguments: Apply(function, arguments)


_exp, _log, _sin, _cos, _tanh, _sigmoid = map(call, ("exp", "log", "sin", "cos", "tanh", "sigmoid"))
_softplus, _relu, _abs, _sign, _step, _pi = map(call, ("softplus", "relu", "abs", "sign", "step", "pi"))


def gap(u: Term, v: Term, k: Position, i: Position) -> Term:
    """u - v - δ_ki for the values u at k and v at i: not zero unless they tie at k != i."""
    return Plus((u, negative(v), negative(Delta(k, i))))


# For each function, its derivative with respect to each argument; the keys are the closed set of functions.
DERIVATIVES: dict[str, tuple[Callable[..., Term], ...]] = {
    "pi": (),
    "exp": (_exp,),
    "log": (inverse,),
    "sin": (_cos,),
    "cos": (lambda u: negative(_sin(u)),),
    "tanh": (lambda u: minus(ONE, square(_tanh(u))),),
    "sigmoid": (lambda u: Times((_sigmoid(u), minus(ONE, _sigmoid(u)))),),
    "softplus": (_sigmoid,),
    "relu": (_step,),
    "abs": (_sign,),
    "sign": (lambda _: ZERO,),
    "step": (lambda _: ZERO,),
    "erf": (lambda u: Times((TWO, Power(_pi(), Fraction(-1, 2)), _exp(negative(square(u))))),),
    "max": (lambda u, v: _step(minus(u, v)), lambda u, v: _step(minus(v, u))),
    "min": (lambda u, v: _step(minus(v, u)), lambda u, v: _step(minus(u, v))),
}

# Where a function is defined; those not listed are defined everywhere.
DOMAIN: dict[str, Callable[..., Conditions]] = {"log": positive}

# Where a function is smooth, given that it is defined; those not listed are smooth everywhere.
KINK: dict[str, Callable[..., Conditions]] = dict.fromkeys(("relu", "abs", "sign", "step", "max", "min"), away)

# Functions whose value is positive.
POSITIVE = frozenset({"exp", "sigmoid", "softplus", "pi"})

# Functions whose value is at least zero.
NONNEGATIVE = frozenset({"relu", "abs", "step"})

# Identities by name: number of arguments, and from the arguments the conditions, the left and the right side.
IDENTITIES: dict[str, tuple[int, Callable[..., tuple[Conditions, Term, Term]]]] = {
    "exp_zero": (0, lambda: ((), _exp(ZERO), ONE)),
    "exp_sum": (2, lambda u, v: ((), _exp(Plus((u, v))), Times((_exp(u), _exp(v))))),
    "exp_negative": (1, lambda u: ((), _exp(negative(u)), inverse(_exp(u)))),
    "log_one": (0, lambda: ((), _log(ONE), ZERO)),
    "log_exp": (1, lambda u: ((), _log(_exp(u)), u)),
    "log_product": (2, lambda u, v: (positive(u) + positive(v), _log(Times((u, v))), Plus((_log(u), _log(v))))),
    "log_inverse": (1, lambda u: (positive(u), _log(inverse(u)), negative(_log(u)))),
    "sigmoid_exp": (1, lambda u: ((), _sigmoid(u), Times((_exp(u), inverse(Plus((ONE, _exp(u)))))))),
    "sigmoid_negative": (1, lambda u: ((), _sigmoid(negative(u)), minus(ONE, _sigmoid(u)))),
    "softplus_log": (1, lambda u: ((), _softplus(u), _log(Plus((ONE, _exp(u)))))),
    "softplus_negative": (1, lambda u: ((), _softplus(negative(u)), minus(_softplus(u), u))),
    "tanh_sigmoid": (1, lambda u: ((), _tanh(u), minus(Times((TWO, _sigmoid(Times((TWO, u))))), ONE))),
    "tanh_negative": (1, lambda u: ((), _tanh(negative(u)), negative(_tanh(u)))),
    "sin_negative": (1, lambda u: ((), _sin(negative(u)), negative(_sin(u)))),
    "cos_negative": (1, lambda u: ((), _cos(negative(u)), _cos(u))),
    "relu_step": (1, lambda u: ((), _relu(u), Times((u, _step(u))))),
    "abs_step": (1, lambda u: ((), _abs(u), Times((u, minus(Times((TWO, _step(u))), ONE))))),
    "sign_step": (1, lambda u: (away(u), _sign(u), minus(Times((TWO, _step(u))), ONE))),
    "step_squared": (1, lambda u: ((), square(_step(u)), _step(u))),
    "max_relu": (2, lambda u, v: ((), Apply("max", (u, v)), Plus((v, _relu(minus(u, v)))))),
    "min_relu": (2, lambda u, v: ((), Apply("min", (u, v)), minus(u, _relu(minus(u, v))))),
}
