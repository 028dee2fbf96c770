import pytest

from symgrad.errors import InputError
from symgrad.importers.graph import Ref, flattened
from symgrad.tensorflow import from_function

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def tf():
    import tensorflow

    return tensorflow


def traced(tf, function, *specs):
    return flattened(tf.function(function).get_concrete_function(*specs))


def test_nested_calls_are_written_out_and_variables_found_inside(tf):
    w = tf.Variable([1.0, 2.0, 3.0], name="w")

    @tf.function
    def inner(a):
        return tf.tanh(a * w)

    @tf.function
    def outer(a):
        return inner(a) + inner(2.0 * a)

    graph = traced(tf, lambda x: tf.reduce_mean(outer(x)), tf.TensorSpec([None, 3]))
    types = [node.type for node in graph.nodes.values()]
    assert types.count("Tanh") == 2
    assert not any("Call" in kind for kind in types)
    assert [node.variable is w for node in graph.nodes.values() if node.type == "ReadVariableOp"] == [True, True]


def test_every_operation_stands_below_what_it_reads(tf):
    graph = traced(tf, lambda x: tf.reduce_mean(tf.tanh(x) * tf.exp(x)), tf.TensorSpec([None, 3]))
    seen = set()
    for name, node in graph.nodes.items():
        assert {ref.node for ref in node.inputs} <= seen
        seen.add(name)
    assert graph.output.node in seen


def test_what_the_output_does_not_need_is_left_out(tf):
    def function(x):
        tf.debugging.assert_greater(tf.reduce_sum(tf.cumsum(x)), -1e9)
        return tf.reduce_mean(x)

    graph = traced(tf, function, tf.TensorSpec([None, 3]))
    assert "Cumsum" not in [node.type for node in graph.nodes.values()]


def test_readers_and_uses_are_counted(tf):
    graph = traced(tf, lambda x: tf.reduce_mean(x * x), tf.TensorSpec([None, 3]))
    x = graph.inputs["x"]
    assert [node.type for node in graph.readers(x)] == ["Mul"]
    assert graph.uses[x] == 2
    assert str(Ref("a/b", 1)) == "a/b:1"


def test_an_operation_knows_the_users_line(tf):
    graph = traced(tf, lambda x: tf.reduce_mean(tf.tanh(x)), tf.TensorSpec([None, 3]))
    (node,) = (node for node in graph.nodes.values() if node.type == "Tanh")
    assert node.place.startswith("test_graph.py:")
    assert "tf.reduce_mean(tf.tanh(x))" in node.where


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (lambda loss: {"loss": loss}, "returns a dict"),
        (lambda loss: (loss, loss), "returns a tuple"),
        (lambda loss: None, "returns nothing"),
    ],
)
def test_a_function_returns_one_tensor(tf, result, words):
    with pytest.raises(InputError, match=words):
        from_function(lambda x: result(tf.reduce_mean(x)), x=tf.TensorSpec([None]))


def test_a_variable_that_is_assigned_before_it_is_read_is_refused(tf):
    w, count = tf.Variable(2.0, name="w"), tf.Variable(0.0, name="count", trainable=False)

    def before(x):
        count.assign_add(1.0)
        return tf.reduce_mean(x * w) * count

    @tf.function
    def bump():
        count.assign_add(1.0)
        return count.read_value()

    def inside(x):
        bump()
        return tf.reduce_mean(x * w) * count

    def after(x):
        loss = tf.reduce_mean(x * w) * count
        count.assign_add(1.0)
        return loss

    for function in (before, inside):
        with pytest.raises(InputError, match="assigned before it is read"):
            from_function(function, x=tf.TensorSpec([None]))
    assert "data x[n], count" in from_function(after, x=tf.TensorSpec([None])).to_sg()
