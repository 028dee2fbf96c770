import pytest
from second_reader import Reading, UndefinedError, agree, drawn, read

from symgrad.calculus.local import Chain, local_derivative, simplify
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.lang.parser import parse_model
from symgrad.lang.text import Printer

BODIES = [
    "exp(u[n])",
    "log(u[n])",
    "sin(u[n])",
    "cos(u[n])",
    "tanh(u[n])",
    "sigmoid(u[n])",
    "softplus(u[n])",
    "relu(u[n])",
    "abs(u[n])",
    "sign(u[n]) * u[n]",
    "step(u[n]) * u[n]",
    "erf(u[n])",
    "max(u[n], y[n])",
    "min(y[n], u[n]^2)",
    "sqrt(1 + u[n]^2)",
    "u[n]^3",
    "u[n]^-2",
    "u[n]^(2/3)",
    "u[n]^0 * y[n]",
    "silu(u[n])",
    "gelu(u[n])",
    "elu(u[n], 1/2)",
    "square(u[n])",
    "y[n] / u[n]",
    "u[n] * exp(u[n]) * y[n]",
    "tanh(sin(u[n]^2))",
    "sum(k, t[n, k] * u[n]^2)",
    "logsumexp(k, t[n, k] * u[n])",
    "sum(k, t[n, k] * softmax(k, t[n, k] * u[n]))",
    "y[n]",
]

FRAME = "index n : N, k : K\nbatch n\ndata y[n], t[n, k]\nparameter w\nu[n] = w * y[n]\nloss[n] = "


@pytest.mark.parametrize("body", BODIES)
def test_a_local_derivative_is_that_of_the_body(body):
    model = parse_model(FRAME + body, "body")
    n = t.Index("n", "N")
    wrt = t.Entry("u", (t.Index("m", "N"),))
    chain = local_derivative(model.program, "loss", wrt, ())
    theorem = chain.theorem()
    assert theorem.left == t.Partial(model.program.bodies["loss"].body, wrt, total=False)
    assert not any(isinstance(part, t.Partial) for part in t.subterms(theorem.right))
    printer = Printer.of(model)
    text = printer.text(theorem.right)
    compared = 0
    for seed in range(6):
        sizes, values = drawn(read(FRAME + body), seed, {"N": 2, "K": 3}, positive={"w", "y"} if seed % 2 else ())
        source = read(FRAME + body).also((), {"m": "N", **{i.name: i.size for i in printer.added.values()}})
        reading = Reading(source, sizes, values)
        for place in range(2):
            for other in range(2):
                try:
                    truth = reading.slope("loss[n]", {"n": place}, "u", (other,))
                    found = reading.value(text, {n.name: place, "m": other}).value
                except UndefinedError:
                    continue
                assert agree(found, truth)
                compared += 1
    assert compared >= 4


def test_the_lines_of_a_chain_follow_from_each_other(world):
    chain = local_derivative(world.program, "p", t.Entry("z", (t.Index("m", "N"),)), ())
    assert [line.term for line in chain.lines] == [theorem.right for theorem in chain.theorems]
    for first, second in zip(chain.theorems, chain.theorems[1:], strict=False):
        assert first.right == second.left
    assert chain.theorem().right == chain.right


def test_no_line_joins_two_differentiation_rules(world):
    for name, wrt in (
        ("loss", world("s[m, k]")),
        ("loss", world("p[m]")),
        ("q", world("V[d, k]")),
        ("s", world("q[m, k]")),
    ):
        own = set(world.program.bodies[name].letters)
        names = {i: t.Index(f"{i.name}1", i.size) for i in t.letters(wrt) if i in own}
        for line in local_derivative(world.program, name, t.renamed(wrt, names), ()).lines:
            assert (
                len({step.rule for step in line.steps if step.rule.startswith("partial_")} - {"partial_constant"}) <= 1
            )


def test_a_derivative_that_is_smooth_nowhere_proved_carries_its_kinks():
    model = parse_model(FRAME + "relu(u[n])", "kink")
    chain = local_derivative(model.program, "loss", t.Entry("u", (t.Index("m", "N"),)), ())
    assert [(h.relation, h.left.tensor) for h in chain.theorem().hypotheses] == [("!=", "u")]


def test_an_assumed_equality_shortens_a_chain(world):
    n, k = t.Index("n", "N"), t.Index("k", "K")
    whole = t.Judgement("=", t.sigma(k, t.Entry("t", (n, k))), t.ONE)
    chain = Chain(world.program, world("y[n] * sum(k, t[n, k]) - y[n] + c"))
    simplify(chain, (whole,), thorough=True)
    assert chain.right == world("c")
    assert chain.theorem().hypotheses == {t.closure(whole)}


def test_a_chain_without_lines_says_that_its_left_side_is_itself(world):
    chain = Chain(world.program, world("y[n]"))
    assert chain.theorem().conclusion == t.Judgement("=", world("y[n]"), world("y[n]"))
    assert not chain.add(rules.ring(world.program, world("y[n]"), world("y[n]")))
