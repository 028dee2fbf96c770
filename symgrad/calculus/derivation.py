"""A derivation: what was derived from a model, what was proved of it, and what was not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.calculus.certificate import write_certificate, write_goal
from symgrad.calculus.local import Chain
from symgrad.calculus.reverse import Reverse
from symgrad.errors import InputError, SymgradError
from symgrad.kernel import terms as t
from symgrad.kernel.terms import Judgement
from symgrad.kernel.theorem import Theorem
from symgrad.lang.model import Model
from symgrad.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from symgrad.calculus.clipping import Clipping
    from symgrad.calculus.factored import Factored
    from symgrad.calculus.matrix import MatrixForm
    from symgrad.export.numpy.plan import Plan
    from symgrad.lang.model import Claim
    from symgrad.oracles.report import CheckReport, Formulas


class Verdict(Enum):
    """What a derivation ends in."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Formula:
    """``left = right``, as it is printed."""

    left: t.Term
    right: t.Term


@dataclass(frozen=True)
class Section:
    """A part of the proof: chains of equations about one subject."""

    kind: str
    subject: t.Term | None
    chains: tuple[Chain, ...]


@dataclass(frozen=True)
class Side:
    """The gradients of one program: by cotangents, and closed; per-sample formulas have sample n put in.

    ``side["w"]`` is the closed gradient with respect to ``w`` as a SymPy expression; a ``KeyError`` if there is none.
    """

    adjoints: dict[str, Formula]
    gradients: dict[str, Formula]
    closed: dict[str, Formula]

    def __getitem__(self, name: str) -> Any:
        """The closed gradient with respect to a parameter, as a SymPy expression with indices."""
        from symgrad.lang.sympy_bridge import to_sympy

        return to_sympy(self.closed[name].right)


@dataclass(frozen=True)
class CoqReport:
    """What Coq said about a derivation.

    Attributes:
        accepted: whether coqc accepted every theorem, under the axioms of its real numbers alone.
        problem: why not; empty if accepted.
        theorems: the names of the theorems.
        missing: what the development could not say, with the reason, a line each.
        axioms: what the theorems rest on.
        version: of coqc.
        seconds: that the development took, the library apart.
        certificate_sha256: the certificate of the derivation that was checked.
        by_interval: those of the theorems that are proved with the library Interval, in a file of their own.
    """

    accepted: bool
    problem: str
    theorems: tuple[str, ...]
    missing: tuple[str, ...]
    axioms: tuple[str, ...]
    version: str
    seconds: float
    certificate_sha256: str | None
    by_interval: tuple[str, ...] = ()


class ProgramError(SymgradError):
    """The checker refused what the kernel had proved: a bug of ours."""


@dataclass
class Derivation:
    """Everything that was derived from a model.

    Attributes:
        model: what was derived.
        single: the per-sample side; of a coupled program, the rows of the Jacobian.
        batch: the side of the batch objective.
        statements: every stated theorem by name, in the order of the document.
        verdicts: for each statement of the question, its status and what belongs to it.
        claims: for each claim of the file, in order, its text, status and witness.
        weights: the weights c[n] and their kind.
        matrix: matrix forms, by parameter.
        proof: the sections of the proof.
        expected: whether each refuted verdict is one that the file expects.
    """

    model: Model
    single: Side
    batch: Side
    reverse: Reverse
    statements: dict[str, Theorem]
    verdicts: dict[str, dict[str, Any]]
    claims: list[dict[str, Any]]
    weights: dict[str, Any]
    matrix: dict[str, MatrixForm]
    proof: tuple[Section, ...]
    checked: bool = False
    check_report: CheckReport | None = None
    coq_report: CoqReport | None = None

    @property
    def by_coq(self) -> CoqReport | None:
        """What Coq said, if it accepted this very derivation: the one with this certificate."""
        report = self.coq_report
        known = report is not None and report.accepted and report.certificate_sha256 is not None
        return report if known and report.certificate_sha256 == self.certificate_sha256 else None  # type: ignore[union-attr]

    @property
    def hypotheses(self) -> tuple[Judgement, ...]:
        """The hypotheses of all statements about the batch program, each once."""
        found: dict[Judgement, None] = {}
        for theorem in self.statements.values():
            if theorem.program == self.model.program:
                found |= dict.fromkeys(sorted(theorem.hypotheses, key=str))
        return tuple(found)

    @property
    def judged(self) -> list[tuple[str, bool]]:
        """Status of what is judged, and whether the file expects it refuted: separable, identity, each claim."""
        wanted = self.model.expected
        found = [(self.verdicts[name]["status"], name in wanted) for name in ("separable", "identity")]
        return found + [
            (c["status"], claim.expect_refuted) for c, claim in zip(self.claims, self.model.claims, strict=True)
        ]

    @property
    def verdict(self) -> Verdict:
        """Refuted if a statement is, unexpectedly, or is proved that should not be; else undecided if one is."""
        if any((status == "refuted") != expected for status, expected in self.judged if status != "undecided"):
            return Verdict.REFUTED
        coupled = self.verdicts["separable"]["status"] == "refuted"
        reported = [self.verdicts[k] for k in ("per_sample", "tape", "batch")]
        open_ = [v for v in reported if v["status"] == "undecided" and not (coupled and v.get("coupled"))]
        if open_ or any(status == "undecided" for status, _ in self.judged):
            return Verdict.UNDECIDED
        return Verdict.PROVED

    @property
    def exit_code(self) -> int:
        """0 proved, 1 refuted, 3 undecided."""
        return {Verdict.PROVED: 0, Verdict.REFUTED: 1, Verdict.UNDECIDED: 3}[self.verdict]

    @property
    def per_sample(self) -> Side:
        """The per-sample side, ``single``, by its name in the question."""
        return self.single

    @property
    def certificate_sha256(self) -> str | None:
        """The hash of the certificate; None unless everything judged is as it should be."""
        from symgrad.calculus.report import sha256

        return sha256(self.certificate()) if self.verdict is Verdict.PROVED else None

    @property
    def rows(self) -> bool:
        """Whether the per-sample side holds rows of the Jacobian, because the samples are coupled."""
        return self.verdicts["separable"]["status"] != "proved" or "row" in {n.split()[0] for n in self.statements}

    @cached_property
    def adjoint_names(self) -> dict[str, str]:
        """For each tensor, the name under which its cotangent prints."""
        return adjoint_names(self.model)

    @cached_property
    def _certificate(self) -> str:
        return write_certificate(self.model.program, self.statements.items())

    def certificate(self) -> str:
        """The proofs of all statements, as canonical JSON."""
        return self._certificate

    def goal(self) -> str:
        """The model and every statement with its hypotheses, as canonical JSON: what the certificate must establish."""
        return write_goal(self.model.program, self.model.assumptions, self.statements.items())

    def verify(self) -> None:
        """Let the checker replay the certificate, in a process of its own.

        Raises:
            ProgramError: if it refuses; then kernel and checker disagree, and neither can be trusted.
        """
        code, said = replay(self.goal(), self.certificate())
        if code:
            raise ProgramError(f"the checker refused the certificate of {self.model.name}: {said}")
        self.checked = True

    @property
    def formulas(self) -> Formulas:
        """The gradient of the objective as the numeric check wants it."""
        from symgrad.kernel.program import Definition
        from symgrad.oracles.report import Formulas

        bars = self.adjoint_names

        def named(term: t.Term) -> t.Term:
            if isinstance(term, t.Partial):
                return t.Entry(bars[term.wrt.tensor], term.wrt.indices)
            put: t.Term = t.rebuilt(term, tuple(named(part) for part in t.children(term)))
            return put

        known = self.reverse.cotangents
        adjoints = [
            Definition(bars[name], t.letters(found.wrt), named(found.equation.right))
            for name, found in known.items()
            if name in self.model.program.bodies
        ]
        gradients: dict[str, tuple[tuple[t.Index, ...], t.Term]] = {}
        for tensor in self.model.program.inputs:
            if tensor.kind == "parameter" and tensor.name in known:
                found = known[tensor.name]
                best = found.closed or found.equation
                if best.right == t.ZERO:  # rounding is bounded by what cancels, and that stands in the cotangents
                    best = found.equation
                gradients[tensor.name] = (t.letters(found.wrt), named(best.right))
            elif tensor.kind == "parameter":
                gradients[tensor.name] = (tuple(t.Index(f"z{k}_", s) for k, s in enumerate(tensor.shape)), t.ZERO)
        return Formulas(tuple(adjoints), gradients)

    @property
    def sample_formulas(self) -> Formulas:
        """The gradients of the samples' losses, likewise: the first letter of each formula is the sample's.

        Of a coupled program they are the rows of the Jacobian.
        """
        from symgrad.kernel.program import Definition
        from symgrad.oracles.report import Formulas

        bars, program = self.adjoint_names, self.model.program
        apart = self.verdicts["separable"]["status"] == "proved"
        dropped = program.batch if apart else None  # where samples stay apart, every such position is the sample

        def place(body: t.Term, wrt: t.Entry) -> t.Entry:
            shape = program.tensors[wrt.tensor].shape
            kept = [i for i, size in zip(wrt.indices, shape, strict=True) if size != dropped]
            sample = body.indices if isinstance(body, t.Entry) else ()
            return t.Entry(bars[wrt.tensor], (*sample, *kept))

        def named(term: t.Term) -> t.Term:
            if isinstance(term, t.Partial):
                return place(term.body, term.wrt)
            put: t.Term = t.rebuilt(term, tuple(named(part) for part in t.children(term)))
            return put

        def letters(formula: Formula) -> tuple[t.Index, ...]:
            left = formula.left
            return t.letters(place(left.body, left.wrt)) if isinstance(left, t.Partial) else ()

        best = {**self.single.gradients, **self.single.closed}
        adjoints = self.single.adjoints.items()
        return Formulas(
            tuple(Definition(bars[name], letters(f), named(f.right)) for name, f in adjoints if name in program.bodies),
            {name: (letters(f), named(f.right)) for name, f in best.items()},
        )

    def check(self, backend: str = "tensorflow", **options: Any) -> CheckReport:
        """Compare the formulas with automatic differentiation; options as in ``symgrad.oracles.comparison.check``.

        Every counterexample is computed by TensorFlow as well; its numbers stand under ``tensorflow`` in the witness.
        """
        from symgrad.oracles.comparison import check
        from symgrad.oracles.witness import reevaluated

        self.check_report = check(self.model, self.formulas, backend=backend, **options)
        for statement, held in self.refuted:
            held["witness"]["tensorflow"] = reevaluated(self.model, held["witness"], statement)
        return self.check_report

    @property
    def refuted(self) -> list[tuple[str | Claim, dict[str, Any]]]:
        """What holds a counterexample: ``separable``, ``identity`` or a claim, with its verdict."""
        judged: list[tuple[str | Claim, dict[str, Any]]] = [*self.verdicts.items()]
        judged += zip(self.model.claims, self.claims, strict=True)
        return [(statement, held) for statement, held in judged if "witness" in held]

    @property
    def confirmed(self) -> bool:
        """Whether no counterexample that TensorFlow computed came out differently there."""
        return all(held["witness"].get("tensorflow", {"agrees": True})["agrees"] for _, held in self.refuted)

    def to_json(self) -> dict[str, Any]:
        """The whole result as one JSON object, schema 1."""
        from symgrad.calculus.report import to_json

        return to_json(self)

    def to_sympy(self) -> str:
        """The closed gradients of the objective, one SymPy expression a line."""
        return "".join(f"{name} = {self.batch[name]}\n" for name in self.batch.closed)

    @cached_property
    def factored(self) -> Factored:
        """What code is written from: theorems about products of per-sample gradients, replayed by the checker.

        Raises:
            InputError: if the samples are coupled.
            ProgramError: if the checker refuses.
        """
        from symgrad.calculus.factored import factor

        found = factor(self)
        code, said = replay(found.goal, found.certificate)
        if code:
            raise ProgramError(f"the checker refused the certificate of {self.model.name}'s code: {said}")
        return found

    @cached_property
    def clipping(self) -> Clipping:
        """The theorem of the clipped mean, replayed by the checker.

        Raises:
            InputError: if the samples are coupled.
            ProgramError: if the checker refuses.
        """
        from symgrad.calculus.clipping import clip

        found = clip(self)
        code, said = replay(found.goal, found.certificate)
        if code:
            raise ProgramError(f"the checker refused the certificate of {self.model.name}'s clipped mean: {said}")
        return found

    def to_numpy(self, *, fast: bool = False) -> str:
        """The formulas as a module of Python that needs NumPy alone; ``fast`` adds numba for outer products.

        Raises:
            InputError: if the samples are coupled, or a formula is not written as NumPy.
            ProgramError: if the checker refuses a theorem that the code rests on.
        """
        from symgrad.export.numpy.module import module_text

        measured = []
        if self.check_report is not None:
            from symgrad.export.numpy.exact import accuracy
            from symgrad.export.numpy.loading import loaded

            code = loaded(module_text(self.factored.plan), self.model.name)
            measured = [
                f"the formulas: {self.check_report}",
                f"these functions by ball arithmetic: {accuracy(self, code)}",
            ]
        return module_text(self._coded, fast=fast, measured=measured)

    @property
    def _coded(self) -> Plan:
        """The plan of code that is shown: its header names all theorems."""
        plan = self.factored.plan
        return replace(plan, proved=(*plan.proved, *self.clipping.told))

    def to_framework(self, framework: str) -> str:
        """Losses, mean gradient, norms and clipped mean as a module for ``jax`` or ``tensorflow``, for a train step.

        Raises:
            InputError: as ``to_numpy``; or for another framework.
            ProgramError: likewise.

        Example:
            >>> import symgrad as sg
            >>> "jnp.transpose(x, (1, 0))" in sg.derive(sg.models.logistic()).to_framework("jax")
            True
        """
        from symgrad.export.numpy.module import framework_text

        if framework not in {"jax", "tensorflow"}:
            raise InputError(f"code is written for numpy, jax and tensorflow, not for {framework!r}")
        measured = [f"the formulas: {self.check_report}"] if self.check_report is not None else []
        return framework_text(self._coded, framework, measured=measured)

    def compile(self, *, fast: bool = False) -> ModuleType:
        """The module of ``to_numpy``, imported: ``loss``, ``mean_gradient``, ``per_sample_norms`` and the rest.

        Raises:
            InputError: as ``to_numpy``.
            ProgramError: likewise.

        Example:
            >>> import symgrad as sg
            >>> code = sg.derive(sg.models.logistic()).compile()
            >>> code.per_sample_norms([[3.0, 4.0]], [1], [0.0, 0.0], 0.0)  # |sigmoid(0) - 1| * |(3, 4, 1)|
            array([2.54950976])
        """
        from symgrad.export.numpy.loading import loaded
        from symgrad.export.numpy.module import module_text

        return loaded(module_text(self.factored.plan, fast=fast), self.model.name)

    def in_blocks(self, function: str, arrays: Mapping[str, Any], **options: Any) -> Any:
        """A per-sample result over data larger than memory, block by block.

        Args:
            function: ``per_sample_loss``, ``per_sample_norms`` or ``per_sample_gradients``.
            arrays: the arguments by name: arrays, memory maps, or paths of ``.npy`` files.
            options: ``rows`` in a block, ``jobs`` of joblib, ``out`` for gradients, ``progress``, ``precision``, as of
                ``symgrad.export.numpy.blocks.in_blocks``.

        Raises:
            InputError: for an unknown function, a missing array, or gradients without ``out``.

        Example:
            >>> import numpy as np, symgrad as sg
            >>> data = {"x": np.ones((5, 2)), "y": np.zeros(5), "w": np.zeros(2), "b": np.float64(0)}
            >>> sg.derive(sg.models.logistic()).in_blocks("per_sample_loss", data, rows=2)[:2]
            array([0.69314718, 0.69314718])
        """
        from symgrad.export.numpy.blocks import in_blocks
        from symgrad.export.numpy.module import module_text

        return in_blocks(module_text(self.factored.plan), function, arrays, **options)

    def to_latex(self, **options: Any) -> str:
        """The document as LaTeX; see ``symgrad.render.to_tex``."""
        from symgrad.render import to_tex

        return str(to_tex(self, **options))

    def to_html(self) -> str:
        """The document as one self-contained web page."""
        from symgrad.render import to_html

        return str(to_html(self))

    def _repr_latex_(self) -> str:
        from symgrad.render import to_latex_block

        return str(to_latex_block(self))

    def _repr_html_(self) -> str:
        from symgrad.render import to_html_fragment

        return str(to_html_fragment(self))


def adjoint_names(model: Model) -> dict[str, str]:
    """For each tensor, the name under which its cotangent prints; it meets no name of the user's."""
    taken = set(model.program.tensors) | {i.name for i in model.letters} | {i.size for i in model.letters}
    found: dict[str, str] = {}
    for name in model.program.tensors:
        bar = f"{name[:50]}_bar"
        while bar in taken:
            bar += "_"
        taken.add(bar)
        found[name] = bar
    return found


def replay(goal_text: str, certificate_text: str) -> tuple[int, str]:
    """Run the checker: its exit code, and what it says."""
    checker = Path(__file__).parent.parent / "checker.py"
    with scratch_folder() as folder:
        files = [folder / "goal.json", folder / "certificate.json"]
        for file, text in zip(files, (goal_text, certificate_text), strict=True):
            file.write_text(text, encoding="utf-8", newline="")
        # Isolated: no environment variable and no folder of the user's reaches the checker.
        command = [sys.executable, "-I", str(checker), *map(str, files)]
        ran = subprocess.run(command, capture_output=True, check=False, encoding="utf-8", errors="replace")
    return ran.returncode, (ran.stdout or ran.stderr).strip()
