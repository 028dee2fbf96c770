"""One module of Python text from a plan: what each of its functions computes, and what is said of it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from symgrad.errors import InputError
from symgrad.export.numpy import support
from symgrad.export.numpy.arrays import PRODUCT, Array, Body, Names
from symgrad.export.numpy.frameworks import FRAMEWORKS
from symgrad.kernel import terms as t
from symgrad.kernel.functions import square
from symgrad.kernel.program import Definition, mentioned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from symgrad.export.numpy.frameworks import Framework
    from symgrad.export.numpy.plan import Block, Plan

PUBLIC = (
    "loss",
    "per_sample_loss",
    "mean_gradient",
    "per_sample_gradients",
    "per_sample_norms",
    "clipped_mean_gradient",
    "second_moment",
    "gradient_variance",
    "gram",
)
"""The functions of every module."""

FOR_FRAMEWORKS = ("loss", "per_sample_loss", "mean_gradient", "per_sample_norms", "clipped_mean_gradient")
"""Those of a module for a framework, which has no use for buffers and gets no help from them."""

WIDTH = 120


def module_text(plan: Plan, *, fast: bool = False, measured: Sequence[str] = ()) -> str:
    """The module that computes what was proved.

    Args:
        plan: the proved formulas.
        fast: whether outer products are written by numba.
        measured: what the header says of measurements, a line each.

    Raises:
        InputError: if a formula of the model is not written as NumPy.
    """
    return _Module(plan, fast=fast, measured=measured).text()


def choices(plan: Plan) -> list[str]:
    """What the cost model chose for each parameter, a line each."""
    module = _Module(plan, fast=False)
    module.text()
    return module.chosen()


def framework_text(
    plan: Plan, framework: str, functions: Sequence[str] = FOR_FRAMEWORKS, *, measured: Sequence[str] = ()
) -> str:
    """A module of one of ``FRAMEWORKS``: functions that it traces, compiles and can differentiate, without any checks.

    Raises:
        InputError: if a formula of the model is not written as NumPy.
    """
    return _Module(plan, fast=False, framework=FRAMEWORKS[framework], measured=measured).for_framework(functions)


class _Module:
    """The functions of one module, and what they share."""

    def __init__(
        self, plan: Plan, *, fast: bool, framework: Framework | None = None, measured: Sequence[str] = ()
    ) -> None:
        self.measured = measured
        self.plan, self.fast, self.framework = plan, fast, framework
        self.n = plan.sample
        libraries = ("np", "math", "numba", "jax", "jnp", "tf", "torch", "F") if framework else ("np", "math", "numba")
        self.names = Names((*PUBLIC, *libraries, "out", "clip", "precision"))
        self.arguments = [self.names.of("tensor", i.name) for i in plan.inputs]
        for tensor in plan.inputs:
            for size in tensor.shape:
                self.names.of("size", size)
        self.scale, self.result, self.sizes, self.inside, self.dtype = (
            self.names.of("local", name) for name in ("scale", "result", "sizes", "inside", "dtype")
        )
        self.functions: set[str] = set()
        self.choices: dict[str, list[str]] = {name: [] for name in plan.blocks}

    def text(self) -> str:
        """The whole module."""
        functions = [getattr(self, f"_{name}")() for name in PUBLIC]
        needed = self._support()
        parts = [self._header(needed), self._tables(), *functions, support.CHECKED, support.ROUNDED, support.BUFFERS]
        parts += [support.FUNCTIONS[name] for name in needed]
        return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"

    def for_framework(self, functions: Sequence[str]) -> str:
        """The module in a framework's words: nothing is checked, or written in place."""
        if self.framework is None:
            raise InputError("no framework to write for")
        texts = [getattr(self, f"_{name}")() for name in functions]
        head = self._framework_header() if "mean_gradient" in functions else ""
        parts = [head + self.framework.imports, *map(self.framework.spelled, texts)]
        return "\n\n\n".join([*parts, *self.framework.support(sorted(self.functions))]) + "\n"

    def _framework_header(self) -> str:
        title = self.framework.title if self.framework else ""
        said = [f'"""{self._title()}: gradients in closed form, for {title}.', ""]
        said += [*self._proof(), "", "What the cost model chose, by parameter:", *_listed(self.chosen())]
        said += ["", *textwrap.wrap(_FOR_USERS, WIDTH), '"""', "", ""]
        return "\n".join(said)

    def _traced(self, framework: Framework, name: str, body: Body, result: str, doc: Sequence[str], own: str) -> str:
        """The text of a function that a framework traces."""
        inputs = ", ".join(self.arguments)
        own = own.removesuffix(", ")
        lines = [f"def {name}({inputs}{f', *, {own}' if own else ''}):", *doc]
        lines.append(f"    [{inputs}] = map({framework.array}, [{inputs}])")
        used = {word for line in (*body.lines, result) for word in _words(line)}
        real = next(a for i, a in zip(self.plan.inputs, self.arguments, strict=True) if i.name not in self.plan.labels)
        lines += [f"    {self.inside} = {real}.dtype"] if self.inside in used else []
        for tensor, argument in zip(self.plan.inputs, self.arguments, strict=True):
            for k, size in enumerate(self._given(tensor.name, tensor.shape)):
                code = self.names.of("size", size)
                if code in used:
                    self.functions.add("_length")
                    lines.append(f"    {code} = {framework.length.format(a=argument, k=k)}")
                    used.remove(code)
        return "\n".join([*lines, *(f"    {line}" for line in body.lines), f"    return {result}"])

    def _support(self) -> list[str]:
        found = set(self.functions)
        for name in self.functions:
            found.update(support.NEEDS.get(name, ()))
        return [name for name in support.FUNCTIONS if name in found]

    # -- what is said ---------------------------------------------------------------------------------------------

    def _header(self, needed: Sequence[str]) -> str:
        said = [f'"""{self._title()}: per-sample gradients in closed form.', "", *self._proof()]
        said += ["", "What the cost model chose, by parameter:", *_listed(self.chosen())]
        said += ["", *_CONVENTIONS, '"""', ""]
        said += ["import math", ""] if "_erf" in needed else []
        said += ["import numba"] if "_outer" in needed else []
        listed = "".join(f'    "{name}",\n' for name in PUBLIC)
        return "\n".join([*said, "import numpy as np", "", f"__all__ = [\n{listed}]"])

    def _title(self) -> str:
        """The title: anybody's text, which in a docstring may neither end it nor escape anything."""
        return " ".join(self.plan.title.replace("\\", "\\\\").replace('"', "'").split())

    def _proof(self) -> list[str]:
        said = ["Proved for all sizes, and replayed by the checker:", *_listed(self.plan.proved)]
        said += [f"Hash of the certificate: {self.plan.sha256}", "", "Measured:"]
        return [*said, *_listed(self.measured or ["nothing, since no check was asked for when this was written"])]

    def chosen(self) -> list[str]:
        """What was chosen for each parameter, a line each; known once the functions are written."""
        return [f"{name}: {', '.join(chosen)}" for name, chosen in self.choices.items() if chosen]

    def _tables(self) -> str:
        plan = self.plan
        shapes, labels = {}, {}
        for tensor, argument in zip(plan.inputs, self.arguments, strict=True):
            axes = [f'"{self.names.of("size", s)}"' for s in self._given(tensor.name, tensor.shape)]
            shapes[argument] = f"({axes[0]},)" if len(axes) == 1 else f"({', '.join(axes)})"
            if tensor.name in plan.labels:
                labels[argument] = f'"{self.names.of("size", tensor.shape[-1])}"'
        tables = f"_SHAPES = {_dictionary(shapes, 0)}\n_LABELS = {_dictionary(labels, 0)}"
        return f'{tables}\n_SAMPLES = "{self.names.of("size", self.n.size)}"'

    def _given(self, name: str, shape: tuple[str, ...]) -> tuple[str, ...]:
        """The axes of an argument: labels lack the last one."""
        return shape[:-1] if name in self.plan.labels else shape

    def _shape(self, axes: Iterable[str]) -> str:
        """Axes as docstrings name them."""
        return f"({', '.join(self.names.of('size', s) for s in axes)})"

    def _each(self, *front: str) -> list[str]:
        """The shapes of a result that has an array for each parameter."""
        shapes = {
            name: self._shape((*front, *(i.size for i in block.letters))) for name, block in self.plan.blocks.items()
        }
        return [f"a dict with {', '.join(f'{name} {shape}' for name, shape in shapes.items())}"]

    def _doc(self, first: str, returns: Sequence[str], arguments: Sequence[str] = ()) -> list[str]:
        inputs = zip(self.plan.inputs, self.arguments, strict=True)
        given = ", ".join(f"{a} {self._shape(self._given(i.name, i.shape))}" for i, a in inputs)
        lines = [f'"""{first}', "", *textwrap.wrap(f"Arrays: {given}.", WIDTH - 4, subsequent_indent="  ")]
        if arguments:
            lines += ["", "Args:", *(f"    {line}" for line in arguments)]
        told = (textwrap.wrap(line, WIDTH - 8, subsequent_indent="  ") for line in returns)
        lines += ["", "Returns:", *(f"    {line}" for part in told for line in part)]
        lines += ["", f"Theorems: certificate {self.plan.sha256[:16]}.", '"""']
        return [f"    {line}" if line else "" for line in lines]

    def _function(self, name: str, body: Body, result: str, doc: Sequence[str], *, own: str = "", end: str = "") -> str:
        """The text of a function around the statements of its body.

        Args:
            name: of the function.
            body: its statements.
            result: the expression that it returns.
            doc: its docstring.
            own: arguments of its own.
            end: what is returned, if not ``result`` in the precision asked for.
        """
        self.functions |= body.functions
        if self.framework:
            return self._traced(self.framework, name, body, result, doc, own)
        inputs = ", ".join(self.arguments)
        own = own if end == "rounded" else f'{own}precision="same"'
        signature = f"def {name}({inputs}, *, {own}):" if own else f"def {name}({inputs}):"
        if len(signature) > WIDTH:
            listed = "".join(f"    {a},\n" for a in self.arguments)
            last = f"    *,\n    {own},\n" if own else ""
            signature = f"def {name}(\n{listed}{last}):"
        used = {word for line in (*body.lines, result) for word in _words(line)}
        arrays = ", ".join(a if a in used else "_" for a in self.arguments)
        precision = '"rounded"' if end == "rounded" else "precision"
        lines = [signature, *doc]
        if "clip" in own:
            lines += [
                "    if not 0 < clip < np.inf:",
                '        raise ValueError(f"clip is {clip!r}, expected a positive number")',
            ]
        known = [self.names.of("size", s) for tensor in self.plan.inputs for s in tensor.shape]
        sizes = self.sizes if used & set(known) else "_"
        inside = self.inside if self.inside in used else "_"
        lines.append(f"    [{arrays}], {sizes}, {inside}, {self.dtype} = _checked([{inputs}], {precision})")
        for size in dict.fromkeys(s for tensor in self.plan.inputs for s in tensor.shape):
            code = self.names.of("size", size)
            if code in used:
                lines.append(f'    {code} = {self.sizes}["{code}"]')
        lines += [f"    {line}" for line in body.lines]
        match end:
            case "rounded":
                lines.append(f"    return _rounded({result}, {self.dtype})")
            case "as it is":
                lines.append(f"    return {result}")
            case _:
                lines.append(f"    {self.result} = {result}")
                lines.append(
                    f'    return {self.result} if precision == "same" else _rounded({self.result}, {self.dtype})'
                )
        return "\n".join(lines)

    # -- what is computed -----------------------------------------------------------------------------------------

    def _body(self, terms: Iterable[t.Term], definitions: Sequence[Definition]) -> Body:
        """A body in which everything that the terms mention has been computed."""
        terms = list(terms)
        wanted = {name for term in terms for name in mentioned(term)}
        kept: list[Definition] = []
        for definition in reversed(definitions):
            if definition.name in wanted:
                kept.insert(0, definition)
                wanted |= mentioned(definition.body)
        terms += [d.body for d in kept]
        body = Body(self.names, self.plan, terms, functional=self.framework is not None)
        for definition in kept:
            body.define(definition)
        return body

    def _samples(self, terms: Iterable[t.Term]) -> Body:
        """A body that goes as far as the cotangents of the samples' losses."""
        return self._body(terms, (*self.plan.definitions, *self.plan.adjoints))

    def _entries(self, body: Body, terms: Mapping[str, t.Term]) -> dict[str, str]:
        """For each parameter a value with its axes; no two are one array."""
        found: dict[str, str] = {}
        for name, term in terms.items():
            letters = self.plan.blocks[name].letters
            code = body.exactly(body.ordered(body.value(term, letters), letters), letters)
            again = code in found.values() or code in self.arguments
            shared = code.isidentifier() and again and not self.framework
            found[name] = f"{code}.copy()" if shared else code
        return found

    def _note(self, choice: str, others: str, chosen: Iterable[str]) -> None:
        """Note a choice for the parameters chosen, and the other for all others."""
        kept = set(chosen)
        for name, said in self.choices.items():
            said.append(choice if name in kept else others)

    def _loss(self) -> str:
        body = self._body([t.Entry("objective", ())], self.plan.definitions)
        doc = self._doc("The objective.", ["a number"])
        return self._function("loss", body, body.names.of("tensor", "objective"), doc)

    def _per_sample_loss(self) -> str:
        body = self._body([t.Entry("loss", (self.n,))], self.plan.definitions)
        doc = self._doc("The loss of each sample.", [self._shape([self.n.size])])
        return self._function("per_sample_loss", body, body.names.of("tensor", "loss"), doc)

    def _mean_gradient(self) -> str:
        plan = self.plan
        terms = {name: t.renamed(term, self._to_block(name, own)) for name, (own, term) in plan.gradients.items()}
        body = self._body(terms.values(), (*plan.definitions, *plan.whole_adjoints))
        doc = self._doc("The gradient of the objective.", self._each())
        return self._function("mean_gradient", body, _dictionary(self._entries(body, terms)), doc)

    def _to_block(self, name: str, own: Sequence[t.Index]) -> dict[t.Index, t.Index]:
        return dict(zip(own, self.plan.blocks[name].letters, strict=True))

    def _per_sample_gradients(self) -> str:
        blocks = self.plan.blocks
        body = self._samples(b.row for b in blocks.values())
        shapes = {}
        for name, block in blocks.items():
            sizes = [body.size(s) for s in (self.n.size, *(i.size for i in block.letters))]
            shapes[name] = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
        written: list[str] = []
        for name, block in blocks.items():
            written.append(self._written(body, name, block))
        body.lines += [f"out = _buffers({_dictionary(shapes)}, {self.dtype}, out)", *written]
        kept = [name for name, block in blocks.items() if _pair(block)]
        self._note("per-sample gradients as outer products", "per-sample gradients entry by entry", kept)
        doc = self._doc(
            "The gradient of each sample's loss: as many numbers as there are samples times parameters.",
            [*self._each(self.n.size), "in new arrays, the longer of two axes is the last in memory"],
            ["out: a dict of arrays to write into, with any strides; None for new ones."],
        )
        return self._function("per_sample_gradients", body, "out", doc, own="out=None, ", end="as it is")

    def _written(self, body: Body, name: str, block: Block) -> str:
        """The statement that writes one parameter's per-sample gradients."""
        n, place = self.n, f'out["{name}"]'
        if _pair(block):
            pair = sorted(block.groups, key=lambda group: block.letters.index(group[0][0]))
            first, second = (body.exactly(body.ordered(body.value(term), (n, *own)), (n, *own)) for own, term in pair)
            if self.fast:
                body.functions.add("_outer")
                return f"_outer({first}, {second}, {place})"
            return f'np.einsum("ni,nj->nij", {first}, {second}, out={place}, casting="same_kind")'
        letters = (n, *block.letters)
        if len(block.groups) == 2 and not block.shared and block.groups[1][0] == block.letters:
            scalar, vector = (body.ordered(body.value(term), letters) for _, term in block.groups)
            if vector.axes == letters and scalar.axes == (n,):
                return f'np.multiply({body.spread(scalar, letters)}, {vector.code}, out={place}, casting="same_kind")'
        return f"{place}[...] = {body.spread(body.value(block.row, letters), letters)}"

    # -- products of per-sample gradients ---------------------------------------------------------------------------

    def _norms(self, body: Body) -> Array:
        """The norm of each sample's gradient."""
        squares = body.names.new("squares")
        blocks = self.plan.blocks.values()
        given = sorted((body.value(b.norm) for b in blocks if not _by_sizes(b)), key=lambda v: not v.axes)
        parts = [v.code for v in given if v.code != "0"]
        if not parts or not given[0].axes:
            parts.insert(0, f"np.zeros({body.size(self.n.size)}, {body.kind()})")
        first = f"{parts[0]}.copy()" if parts[0].isidentifier() and not self.framework else parts[0]
        body.lines += [f"{squares} = {first}", *(f"{squares} += {part}" for part in parts[1:])]
        for block in blocks:
            if _by_sizes(block):
                self._norm_by_sizes(body, squares, block)
        return Array(f"np.sqrt({squares})", (self.n,))

    def _norm_by_sizes(self, body: Body, squares: str, block: Block) -> None:
        """Statements that take factors or entries, whichever is less work for the sizes at hand."""
        shared = " * ".join(body.size(i.size) for i in block.shared)
        sides = [" * ".join(body.size(i.size) for i in own) for own, _ in block.groups if own]
        before, known, products = body.lines, dict(body.stored), dict(body.products)
        ways = []
        for term in (block.norm, _squared(block)):  # what one way computes, the other does not have
            body.lines, body.stored, body.products = [], dict(known), dict(products)
            code = body.value(term).code
            ways.append([*body.lines, f"{squares} += {code}"])
        body.lines, body.stored, body.products = before, known, products
        factors, entries = (["    " + line.replace("\n", "\n    ") for line in way] for way in ways)
        test = f"if {shared} * ({' + '.join(sides)}) < {' * '.join(sides)}:"
        body.lines += [test, *factors, "else:", *entries]

    def _norm_terms(self) -> list[t.Term]:
        terms = [block.norm for block in self.plan.blocks.values()]
        return [*terms, *(_squared(block) for block in self.plan.blocks.values() if _by_sizes(block))]

    def _per_sample_norms(self) -> str:
        body = self._samples(self._norm_terms())
        result = self._norms(body).code
        for name, block in self.plan.blocks.items():
            way = "factors or entries, by the sizes" if _by_sizes(block) else "factors" if block.factored else "entries"
            self.choices[name].append(f"norms by {way}")
        doc = self._doc(
            "The Euclidean norm of each sample's gradient, over all parameters.", [self._shape([self.n.size])]
        )
        return self._function("per_sample_norms", body, result, doc)

    def _weighted(self) -> tuple[list[Definition], dict[str, t.Term]]:
        """Sums over n of ``scale``[n] times the rows, by cotangents that are scaled once for all parameters."""
        bars = {d.name: d for d in self.plan.adjoints}
        made: dict[str, Definition] = {}

        def scaled(part: t.Term) -> t.Term:
            for inner in t.subterms(part):
                if isinstance(inner, t.Entry) and inner.tensor in bars and inner.indices[:1] == (self.n,):
                    name, own = f"{inner.tensor}_scaled", bars[inner.tensor].letters
                    body = t.Times((t.Entry(_SCALE, own[:1]), t.Entry(inner.tensor, own)))
                    made[name] = Definition(name, own, body)
                    return _first_replaced(part, inner, t.Entry(name, inner.indices))
            return t.Times((t.Entry(_SCALE, (self.n,)), part))

        sums = {}
        for name, block in self.plan.blocks.items():
            parts = block.row.terms if isinstance(block.row, t.Plus) else (block.row,)
            new = [t.sigma(self.n, scaled(part)) for part in parts]
            sums[name] = new[0] if len(new) == 1 else t.Plus(tuple(new))
        return list(made.values()), sums

    def _define_scaled(self, body: Body, scale: str, made: Iterable[Definition]) -> None:
        body.names.known["tensor", _SCALE] = self.scale
        body.lines.append(f"{self.scale} = {scale}")
        for definition in made:
            body.define(definition)

    def _clipped_mean_gradient(self) -> str:
        plan = self.plan
        made, sums = self._weighted()
        body = self._samples([*self._norm_terms(), plan.weight, *(d.body for d in made), *sums.values()])
        weight = body.value(plan.weight)
        norm = self._norms(body).code
        self._define_scaled(body, f"{weight.at(PRODUCT)} * (clip / np.maximum({norm}, clip))", made)
        found = self._entries(body, sums)
        doc = self._doc(
            "The gradient of the objective, each sample's part of it scaled down to a norm of at most ``clip``.",
            self._each(),
            ["clip: a positive number."],
        )
        return self._function("clipped_mean_gradient", body, _dictionary(found), doc, own="clip, ")

    def _second_moment(self) -> str:
        terms = {name: block.second for name, block in self.plan.blocks.items()}
        body = self._samples(terms.values())
        found = self._entries(body, terms)
        by_factors = [name for name, block in self.plan.blocks.items() if block.factored and not block.shared]
        self._note("second moment by factors", "second moment by entries", by_factors)
        doc = self._doc(
            "The squared gradients of the samples, entry by entry, weighted as in the objective and added up.",
            self._each(),
        )
        return self._function("second_moment", body, _dictionary(found), doc)

    def _gradient_variance(self) -> str:
        plan = self.plan
        made, sums = self._weighted()
        seconds = {name: block.second for name, block in plan.blocks.items()}
        body = self._samples([plan.weight, *(d.body for d in made), *sums.values(), *seconds.values()])
        weight = body.value(plan.weight)
        self._define_scaled(body, body.exactly(weight, (self.n,)), made)
        total, mean, variance, trace, signal = (
            body.names.new(name) for name in ("total", "mean", "variance", "trace", "signal")
        )
        body.lines.append(f"{total} = {self.scale}.sum()")
        means = {name: f"({code}) / {total}" for name, code in self._entries(body, sums).items()}
        body.lines.append(f"{mean} = {_dictionary(means)}")
        spread = {
            name: f'np.maximum({code} / {total} - np.square({mean}["{name}"]), 0)'
            for name, code in self._entries(body, seconds).items()
        }
        body.lines += [
            f"{variance} = {_dictionary(spread)}",
            f"{trace} = sum(part.sum() for part in {variance}.values())",
            f"{signal} = sum(np.square(part).sum() for part in {mean}.values())",
        ]
        noise = f"{trace} / {signal} if {signal} else np.inf"
        doc = self._doc(
            "The variance of the samples' gradients about their mean, and their noise scale; computed in float64.",
            [
                "variance: a dict with an array for each parameter, of its shape; samples count as in the objective; "
                "the second moment less the squared mean, so that of an entry whose mean is M times its deviation "
                "about M^2 units of roundoff are lost, and what rounding leaves below zero is zero",
                "trace: the sum of all variances",
                "noise_scale: the trace over the squared norm of the mean; infinite where that is zero",
            ],
        )
        body.lines.append(
            f"{self.result} = {_dictionary({'variance': variance, 'trace': trace, 'noise_scale': noise})}"
        )
        return self._function("gradient_variance", body, self.result, doc, end="rounded")

    def _gram(self) -> str:
        plan = self.plan
        n, m = self.n, plan.other
        outer = {name: block for name, block in plan.blocks.items() if block.outer and not block.shared}
        known = {part for block in outer.values() for part in t.subterms(block.gram) if isinstance(part, t.Sum)}
        terms = {name: b.gram for name, b in plan.blocks.items() if name in outer or b.gram in known}
        flat = {name: b.row for name, b in plan.blocks.items() if name not in terms}
        body = self._samples([*terms.values(), *flat.values()])
        total, rows = (body.names.new(name) for name in ("total", "rows"))
        parts = [body.spread(body.value(term, (n, m)), (n, m), PRODUCT) for term in terms.values()]
        found = []
        for name, row in flat.items():
            letters = (n, *plan.blocks[name].letters)
            code = body.exactly(body.ordered(body.value(row, letters), letters), letters)
            code = code if code.isidentifier() else f"({code})"
            found.append(code if len(letters) == 2 else f"{code}.reshape({body.size(n.size)}, -1)")
        if found:
            joined = f"np.concatenate([{', '.join(found)}], axis=1)"
            body.lines.append(f"{rows} = {found[0] if len(found) == 1 else joined}")
            parts.insert(0, body.call("_products", rows))
        self._note("inner products by factors", "inner products by entries", terms)
        first = parts[0] if not parts[0].isidentifier() else f"{parts[0]}.copy()"
        body.lines += [f"{total} = {first}", *(f"{total} += {part}" for part in parts[1:])]
        doc = self._doc(
            "The inner products of the samples' gradients, over all parameters.", [self._shape([n.size, n.size])]
        )
        return self._function("gram", body, total, doc)


_SCALE = " scale"
"""The scales of the samples, as a tensor: a name that no model can have."""

_CONVENTIONS = textwrap.wrap(
    "Data and parameters are arrays with the axes that the docstrings name, in float32 or all in float64. Whole "
    "numbers are converted. They are not written into. What is not a number goes through to the result. "
    'precision="rounded" computes in float64 and rounds once, to the precision of the arguments.',
    WIDTH,
)


_FOR_USERS = (
    "For use inside a train step: functions of the framework's own tensors, which it traces and compiles, and which "
    "need no tape. Nothing is checked but what the framework checks. Losses are the framework's own functions; the "
    "gradients are the formulas above, in their stable forms."
)


def _listed(lines: Iterable[str]) -> list[str]:
    """Each of the lines behind a dash, broken where it is long."""
    return [
        part for line in lines for part in textwrap.wrap(line, WIDTH - 2, initial_indent="- ", subsequent_indent="  ")
    ]


def _pair(block: Block) -> bool:
    """Whether each sample's gradient is the outer product of two vectors."""
    return not block.shared and len(block.groups) == 2 and all(len(own) == 1 for own, _ in block.groups)


def _by_sizes(block: Block) -> bool:
    """Whether a parameter is shared, so that factors or entries are less work depending on the sizes."""
    return bool(block.shared) and block.outer


def _squared(block: Block) -> t.Term:
    """The squared norm by entries."""
    term: t.Term = square(block.row)
    for letter in reversed(block.letters):
        term = t.sigma(letter, term)
    return term


def _first_replaced(term: t.Term, old: t.Term, new: t.Term) -> t.Term:
    """``term`` with the first occurrence of a subterm replaced."""
    if term == old:
        return new
    parts = list(t.children(term))
    for k, part in enumerate(parts):
        changed = _first_replaced(part, old, new)
        if changed != part:
            parts[k] = changed
            return t.rebuilt(term, parts)
    return term


def _words(line: str) -> set[str]:
    """The names that stand in a line."""
    return set("".join(c if c.isalnum() or c == "_" else " " for c in line).split())


def _dictionary(entries: Mapping[str, str], indent: int = 4) -> str:
    """A dict with these expressions; an entry a line if it is long."""
    line = "{" + ", ".join(f'"{name}": {code}' for name, code in entries.items()) + "}"
    if len(line) < WIDTH - 30:
        return line
    space = " " * indent
    return "{\n" + "".join(f'{space}    "{name}": {code},\n' for name, code in entries.items()) + space + "}"
