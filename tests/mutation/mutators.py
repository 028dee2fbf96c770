"""Small changes of a source, one at a time: guards removed, comparisons, operators, numbers and conditions changed.

The operators are those of cosmic-ray and mutmut, without what cannot matter: annotations, texts of messages, decorators
that only remember, printing.
"""

import ast
import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

GUARDS = {"need", "_need", "shaped"}
COMPARISONS = {
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
OPERATORS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.Mult],
    ast.BitOr: [ast.BitAnd],
    ast.BitAnd: [ast.BitOr],
    ast.BitXor: [ast.BitAnd],
}


@dataclass(frozen=True)
class Mutant:
    """A changed source. ``key`` names the change in a way that other edits of the file leave alone."""

    key: str
    line: int
    kind: str
    source: Callable[[], str]


def mutants(source):
    """Every mutant of a source, in the order of the text."""
    tree = ast.parse(source)
    found, seen = [], Counter()
    for scope, node, (kind, apply, *located) in _places(tree):
        at = located[0] if located else node
        text, _, rest = ast.unparse(at).partition("\n")
        name = f"{scope}: {kind}: {text[:90]}{' ...' if rest or len(text) > 90 else ''}"
        seen[name] += 1
        key = name if seen[name] == 1 else f"{name} #{seen[name]}"
        found.append(Mutant(key, at.lineno, kind.split(":")[0], partial(_changed, tree, node, apply)))
    return found


def _changed(tree, node, apply):
    """The source with one node changed; the tree stays as it is."""
    memo = {}
    other = copy.deepcopy(tree, memo)
    apply(memo[id(node)])
    return ast.unparse(ast.fix_missing_locations(other))


def _places(tree):
    """Scope, node, kind and change for every place where something can be changed."""

    def walk(node, scope):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                if name in {"__repr__", "__str__"}:
                    return
                scope = f"{scope}.{name}".strip(".")
        yield from ((scope, node, place) for place in _here(node))
        for field, value in ast.iter_fields(node):
            if field in {"annotation", "returns", "decorator_list", "type_params", "type_comment"}:
                continue
            inside = value if isinstance(value, list) else [value]
            if _is_guard(node) or (isinstance(node, ast.Call) and _name(node) in GUARDS and field == "args"):
                inside = inside[:1]  # the condition; the rest is the message
            if isinstance(node, ast.Call) and _name(node) in GUARDS and field == "keywords":
                continue
            for part in inside:
                if isinstance(part, ast.AST) and not isinstance(part, ast.Raise):
                    yield from walk(part, scope)

    yield from walk(tree, "")


def _name(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _is_guard(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _name(node.value) in GUARDS


def _nothing(node):
    node.value = ast.Constant(value=None)


def _set(**fields):
    def apply(node):
        for name, value in fields.items():
            setattr(node, name, value)

    return apply


def _without(k):
    def apply(node):
        del node.values[k]

    return apply


def _negated(node):
    node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)


def _without_if(k):
    def apply(node):
        del node.ifs[k]

    return apply


def _compared(k, operator):
    def apply(node):
        node.ops[k] = operator()

    return apply


def _first_argument(node):
    node.args[0], node.args[1] = node.args[1], node.args[0]


def _here(node):
    """The changes of one node."""
    match node:
        case ast.Expr(value=ast.Call()) if _is_guard(node):
            yield "guard", _nothing
        case ast.Expr(value=ast.Call()):
            yield "dropped call", _nothing
        case ast.Compare(ops=ops):
            for k, operator in enumerate(ops):
                for other in COMPARISONS[type(operator)]:
                    yield f"comparison: {other.__name__} {k}", _compared(k, other)
        case ast.BinOp(op=operator) if type(operator) in OPERATORS:
            for other in OPERATORS[type(operator)]:
                yield f"operator: {other.__name__}", _set(op=other())
        case ast.BoolOp(op=operator, values=values):
            other = ast.Or if isinstance(operator, ast.And) else ast.And
            yield f"connective: {other.__name__}", _set(op=other())
            for k in range(len(values)):
                yield f"dropped condition: {k}", _without(k)
        case ast.UnaryOp(op=ast.Not(), operand=_):
            yield "dropped not", lambda it: _set(operand=ast.UnaryOp(op=ast.Not(), operand=it.operand))(it)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            yield "dropped minus", _set(op=ast.UAdd())
        case ast.Constant(value=bool() as value):
            yield "truth", _set(value=not value)
        case ast.Constant(value=int() as value):
            yield "number: + 1", _set(value=value + 1)
            yield "number: - 1", _set(value=value - 1)
        case ast.If() | ast.IfExp() | ast.While():
            yield "negated condition", _negated
        case ast.comprehension(ifs=ifs):
            for k in range(len(ifs)):
                yield f"dropped filter: {k}", _without_if(k), ifs[k]
        case ast.match_case(guard=guard) if guard is not None:
            yield "dropped case guard", _set(guard=None), guard
        case ast.AugAssign(op=operator) if type(operator) in OPERATORS:
            yield f"operator: {OPERATORS[type(operator)][0].__name__}", _set(op=OPERATORS[type(operator)][0]())
        case ast.Call(args=[_, _], keywords=[]) if _name(node) not in {"isinstance", "partial", *GUARDS}:
            if not any(isinstance(part, ast.Starred) for part in node.args):
                yield "swapped arguments", _first_argument
