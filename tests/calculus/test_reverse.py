import pytest
from second_reader import Reading, agree, drawn, read

from symgrad.calculus import derive
from symgrad.calculus.reverse import Letters, Reverse
from symgrad.kernel import terms as t
from symgrad.kernel.program import lifted, single
from symgrad.lang.parser import parse_model
from symgrad.lang.text import Printer

PROGRAMS = {
    "world": None,
    "deep": """index n : N, d : D, j : H
batch n
data x[n, d], y[n]
parameter W[d, j], v[j], b
a[n, j] = sum(d, W[d, j] * x[n, d])
h[n, j] = tanh(a[n, j]) * sigmoid(a[n, j] + b)
f[n] = sum(j, v[j] * h[n, j]) + b
loss[n] = softplus(f[n]) - y[n] * f[n] + sum(j, v[j]^2)""",
    "shared": """index n : N, i : D, j : D, k : D
batch n
data x[n, i]
parameter A[i, j]
u[n, j] = sum(i, A[i, j] * x[n, i])
v[n, j] = sum(i, A[i, j] * u[n, i])
loss[n] = sum(j, u[n, j] * v[n, j]) + sum(i, A[i, i]^2)""",
    "coupled": """index n : N, m : N, d : D
batch n
data x[n, d], y[n]
parameter w[d], g
a[n] = sum(d, w[d] * x[n, d])
mu = mean(m, a[m])
v = mean(m, (a[m] - mu)^2)
h[n] = g * (a[n] - mu) / sqrt(v + 1)
s[n, m] = h[n] * y[m]
loss[n] = sum(m, tanh(s[n, m])) + s[n, n]
objective = mean(n, loss[n]^2) + g^2""",
}


def source(name, world):
    return world.text if name == "world" else PROGRAMS[name]


def compared(reverse, text, printer, root, own):
    """How many entries of how many cotangents agree with forward differentiation of the text."""
    count = 0
    sizes, values = drawn(read(text), 3, {"N": 3, "D": 2, "K": 2, "H": 2})
    for cotangent in reverse.cotangents.values():
        if cotangent.closed is None:
            continue
        letters = tuple(dict.fromkeys((*t.letters(cotangent.left), *own)))
        formula = printer.text(cotangent.closed.right)
        extra = {i.name: i.size for i in (*letters, *printer.added.values())}
        reading = Reading(read(text).also((), extra), sizes, values)
        for at in places(letters, sizes):
            named = {i.name: k for i, k in at.items()}
            truth = reading.slope(root, named, cotangent.wrt.tensor, tuple(at[i] for i in cotangent.wrt.indices))
            assert agree(reading.value(formula, named).value, truth), cotangent.wrt
            count += 1
    return count


def places(letters, sizes):
    found = [{}]
    for letter in letters:
        found = [{**at, letter: k} for at in found for k in range(sizes[letter.size])]
    return found


def letters_of(model):
    return Letters(model.letters, (*model.program.tensors, *(i.size for i in model.letters)))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_cotangent_is_the_derivative_of_the_objective(world, name):
    model = parse_model(source(name, world), name)
    reverse = Reverse(model.program, t.Entry("objective", ()), letters_of(model), ())
    assert set(reverse.cotangents) == {
        name for name, tensor in model.program.tensors.items() if name != "objective" and tensor.kind != "data"
    } - ({"mu"} if name == "world" else set())
    assert compared(reverse, source(name, world), Printer.of(model), "objective", ()) > 10


@pytest.mark.parametrize("name", ["deep", "shared", "coupled"])
def test_a_cotangent_at_a_fixed_sample_is_a_row_of_the_jacobian(world, name):
    model = parse_model(source(name, world), name)
    reverse = Reverse(model.program, t.Entry("loss", (model.batch,)), letters_of(model), ())
    assert compared(reverse, source(name, world), Printer.of(model), "loss[n]", (model.batch,)) > 10


def test_a_cotangent_of_the_single_program_speaks_of_no_sample(world):
    alone = single(world.program)
    reverse = Reverse(alone, t.Entry("loss", ()), letters_of(world.model), ())
    for cotangent in reverse.cotangents.values():
        assert not any(i.size == "N" for i in t.letters(cotangent.equation.right))
    n = world.model.batch
    assert t.letters(lifted(world.program, reverse.cotangents["z"].left, n)) == (n,)


def test_consumers_stay_named_in_a_cotangent(world):
    model = parse_model(PROGRAMS["deep"], "deep")
    reverse = Reverse(model.program, t.Entry("objective", ()), letters_of(model), ())
    named = {p.wrt.tensor for p in t.subterms(reverse.cotangents["W"].equation.right) if isinstance(p, t.Partial)}
    assert named == {"a"}


def test_letters_are_the_models_own_where_they_are_free():
    n, d, j = t.Index("n", "N"), t.Index("d", "D"), t.Index("j", "D")
    letters = Letters((n, d, j), {"x", "k"})
    assert letters.pick("D", ()) == d
    assert letters.pick("D", (d,)) == j
    made = letters.pick("D", (d, j))
    assert made.size == "D"
    assert made.name not in {"n", "d", "j", "x", "k"}


def test_a_letter_that_was_made_up_keeps_its_size():
    letters = Letters((t.Index("n", "N"), t.Index("d", "D"), t.Index("h", "H")), ())
    made = [letters.new(size, ()) for size in ("D", "H", "D", "H", "K")]
    sizes = {}
    for letter in made:
        assert sizes.setdefault(letter.name, letter.size) == letter.size


def test_what_no_parameter_moves_has_a_cotangent_only_where_it_is_asked_for():
    text = (
        "index n : N\nbatch n\ndata x[n], s[n]\nparameter w\ntotal = sum(n, s[n])\nassume total != 0\n"
        "loss[n] = w * x[n]\nobjective = sum(n, s[n] * loss[n]) / total\n"
        "claim d(objective) / d(total) = -sum(n, s[n] * loss[n]) / total^2\nexpect identity refuted\n"
    )
    model = parse_model(text.replace("assume total != 0\n", "assume sum(n, s[n]) != 0\n"), "shares")
    root, letters = t.Entry("objective", ()), Letters(model.letters, model.program.tensors)
    assert "total" not in Reverse(model.program, root, letters, ()).cotangents
    assert "total" in Reverse(model.program, root, letters, (), of_data=True).cotangents
    derivation = derive(model)
    assert derivation.claims[0]["status"] == "proved"
    assert not {name for name in derivation.statements if name.endswith(" total")}
