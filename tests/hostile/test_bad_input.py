"""The 72 bad inputs: each is answered in one line with its place and the right exit code, and leaves no trace.

Every case runs in the cage, which allows 1 GiB, 10 seconds of processor time and no privileges, and tells every file
that was written, every process that was started and every connection that was made.
"""

import hashlib
import json
import os
import re
import shutil
import socket
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

import symgrad.lang.authoring as sg
from symgrad import catalogue
from symgrad.calculus import derive
from symgrad.errors import SymgradError
from tests.importers.keras_archives import archive, called, dense, functional, layer, sequential, tensor

HEAD = "index n : N, d : D\nbatch n\ndata x[n, d], y[n]\nparameter w[d], b\n"
PLACE = re.compile(r"symgrad: error: (<stdin>|[^ ]+\.sg):\d+:\d+: \S")


@dataclass(frozen=True)
class Bad:
    """A bad input.

    Attributes:
        number: in the list of 72.
        word: that the message must hold.
        given: to ``prove -`` on standard input, or what makes files in a folder.
        arguments: of the command.
        codes: the exit codes that are right.
        placed: whether the message must name file, line and column.
    """

    number: int
    word: str
    given: Any = b""
    arguments: tuple[str, ...] = ("prove", "-", "--timeout", "8")
    codes: tuple[int, ...] = (2,)
    placed: bool = True
    limits: tuple[tuple[str, int], ...] = ()


def text(number, word, content, **options):
    return Bad(number, word, content if isinstance(content, bytes) else content.encode(), **options)


def formula(number, word, written, **options):
    return text(number, word, f"{HEAD}loss[n] = {written}\n", **options)


def after(number, word, statements, **options):
    return text(number, word, f"{HEAD}loss[n] = b * y[n]\n{statements}\n", **options)


TIMEOUT = ("prove", "-", "-q", "--timeout", "2")
LIMITED = "not finished within 2 seconds|the formulas grow too much"
"""Which limit is met first depends on how fast the machine is."""


def bomb(number, written):
    """What would take too long: the limit that was asked for holds, or the one on the work."""
    return formula(number, LIMITED, written, arguments=TIMEOUT, codes=(4,), placed=False)


def grows(number, written):
    """What would be multiplied out for minutes: a limit on the work holds, whatever the machine and its load."""
    return formula(
        number, "the formulas grow too much", written, arguments=("prove", "-", "-q"), codes=(4,), placed=False
    )


DOUBLED = "".join(f"a{k}[n] = a{k - 1}[n] * a{k - 1}[n] + a{k - 1}[n]\n" for k in range(1, 60))

FORMULAS = [
    text(1, "the batch letter is missing", ""),
    text(2, "the batch letter is missing", " \t \n\t"),
    formula(3, "U+0000", "b\0"),
    text(4, "UTF-8", HEAD.encode() + b"loss[n] = \xff\xfe\n"),
    formula(5, "unexpected __import__", "__import__('os').system('touch pwned')"),
    formula(6, "Symbol", "Symbol('x').diff.__func__.__globals__"),
    formula(7, "'.'", "y[n].real"),
    formula(8, "lambda", "lambda x: x"),
    formula(9, "for", "[c for c in x]"),
    formula(10, "f", 'f"{x}"'),
    formula(11, "';'", "b; w"),
    after(12, "expected", "a[n] = y[n] # z\na[n] = b +"),
    formula(13, "and", "b and y[n]"),
    formula(14, "if", "b if y[n] else b"),
    formula(15, "'='", "b == 1"),
    formula(16, "':'", "b := 1"),
    formula(17, "did you mean 2 * y", "2y[n]"),
    formula(18, "expected a literal rational number", "y[n]^-b"),
    formula(19, "'^'", "9^9^9"),
    formula(20, "16", "y[n]^1000000"),
    formula(20, "16", "y[n]^-17"),
    formula(21, "18 digits", "9" * 5000),
    formula(22, "unexpected e400", "1e400"),
    formula(22, "unexpected e", "1e-400"),
    formula(23, "undeclared name nan", "nan"),
    formula(23, "undeclared name inf", "inf"),
    formula(23, "unexpected j", "1j"),
    formula(24, "deep", "(" * 20_000),
    formula(25, "100,000", "-" * 100_000),
    formula(25, "unexpected '-'", "-" * 90_000 + "b"),
    formula(26, "100,000", "+".join(["y[n]"] * 50_000)),
    bomb(26, "+".join(f"{k}*b^2" for k in range(9000))),
    formula(27, "closed", "((y[n])"),
    formula(27, "closes nothing", "y[n])"),
    formula(28, "closed", "sum(d, w[d]"),
    formula(29, "division by zero", "1/0"),
    formula(29, "undecided", "1/(b - b)", codes=(3,), placed=False),
    formula(30, "logarithm", "log(0)"),
    formula(30, "logarithm", "log(-1)"),
    formula(31, "unknown function foo", "foo(b)"),
    formula(32, "tanh", "tanh(b, y[n])"),
    formula(32, "sum", "sum(b)"),
    formula(33, "q", "w[q]"),
    formula(34, "w", "sum(d, w[d] + w[d, d])"),
    formula(35, "d", "sum(d, w[d] * sum(d, w[d]))"),
    after(36, "d", "claim d(sum(d, w[d])) / d(w[d]) = 1"),
    formula(37, "w", "w[n]"),
    formula(38, "U+0430", "\u0430[n]"),
    formula(38, "U+202E", "b \u202e"),
    formula(38, "U+200B", "b\u200b"),
    formula(38, "U+200D", "b\u200d"),
    after(38, "U+2066", "title a\u2066b"),
    after(39, "64", "parameter " + "a" * 65),
    after(40, "sum is a word of the language", "parameter sum"),
    after(40, "N", "parameter N"),
    formula(41, r"\\", r"\input{/etc/passwd}"),
    after(41, r"\\", r"parameter x}\write18{id}{"),
    after(41, "'^'", "parameter ^^5cinput"),
    after(42, "'<'", "parameter <script>alert(1)</script>"),
    after(43, "warning: parameter q", "parameter q", codes=(0,), placed=False),
    formula(44, "d is left free", "w[d] * y[n]"),
    after(44, "n is left free", "objective = loss[n]"),
    *(text(45, f"unexpected {sign}", f"index n : {size}\n") for sign, size in (("0", "0"), ("'-'", "-1"))),
    text(45, "unexpected 9223372036854775808", f"index n : {2**63}\n"),
    formula(46, "unknown function floor", "floor(b)"),
    formula(46, "unknown function argmax", "argmax(d, w[d])"),
    grows(47, "*".join(f"(b + {k} * y[n])" for k in range(1, 60))),
    grows(47, "exp(" * 12 + "b + y[n]" + " * (b + y[n]^2) * (b + 2))" * 12),
    bomb(47, "*".join(["(b + y[n])"] * 8000)),
    bomb(47, "max(" * 60 + "b" + ", y[n])" * 60),
    bomb(47, "1/(1 + " * 49 + "b" + ")" * 49),
    text(
        *(47, LIMITED, f"{HEAD}a0[n] = b + y[n]\n{DOUBLED}loss[n] = a59[n]\n"),
        arguments=TIMEOUT,
        codes=(4,),
        placed=False,
    ),
    formula(
        *(47, "", "((b + y[n] + b * y[n] + b^2 + y[n]^2)^16 + b)^16"),
        arguments=("prove", "-", "-q", "--timeout", "8"),
        codes=(0, 4),
        placed=False,
    ),
]


def file(number, word, make, name="loss.sg", **options):
    return Bad(number, word, make, ("prove", name, "--timeout", "8"), **{"placed": False, **options})


def keras(number, word, make, **options):
    return Bad(number, word, make, ("audit", "m.keras", "--loss", "mse"), **{"placed": False, **options})


def unreadable(folder):
    (folder / "loss.sg").write_text(HEAD)
    (folder / "loss.sg").chmod(0)


def bound_socket(folder):
    here = os.open(".", os.O_RDONLY)
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("loss.sg")
    os.fchdir(here)
    os.close(here)


def stored(config, **options):
    return lambda folder: archive(folder / "m.keras", config, **options)


def members(*names):
    def make(folder):
        with zipfile.ZipFile(folder / "m.keras", "w") as made:
            for name in names:
                made.writestr(name, "{}")

    return make


def twice(folder):
    with pytest.warns(UserWarning, match="Duplicate name"):
        members("config.json", "config.json")(folder)


def truncated(folder):
    path = archive(folder / "m.keras", sequential(dense()))
    path.write_bytes(path.read_bytes()[:-60])


def unpacks_to_200_mb(folder):
    with zipfile.ZipFile(folder / "m.keras", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("config.json", b" " * 200_000_000)


SYSTEM = {"module": "os", "class_name": "system", "config": {"command": "touch pwned"}, "registered_name": None}
EVAL = {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"}
PICKLE = b"cos\nsystem\n(S'touch pwned'\ntR."

FILES = [
    file(48, "no file|no such file|No such file", lambda _: None),
    file(49, "not a file", lambda folder: (folder / "loss.sg").mkdir()),
    file(50, "Permission denied", unreadable),
    file(51, "not a file", lambda folder: os.mkfifo(folder / "loss.sg")),
    file(51, "not a file", bound_socket),
    file(51, "not a file", lambda folder: (folder / "loss.sg").symlink_to("/dev/zero")),
    file(51, "not a file", lambda _: None, "/dev/zero"),
    keras(52, "not a .keras file", lambda folder: (folder / "m.keras").write_bytes(b"")),
    keras(53, "not a .keras file", lambda folder: (folder / "m.keras").write_text("import os; os.system('id')")),
    keras(54, "not a .keras file", truncated),
    keras(55, "holds no config.json", members("metadata.json")),
    keras(56, "holds a member twice", twice),
    keras(57, "is no part", members("config.json", "../../pwned")),
    keras(58, "more than 2 MiB", unpacks_to_200_mb),
    keras(59, "nested deeper", stored("[" * 100_000 + "]" * 100_000)),
    keras(60, "a key twice", stored('{"module": "keras", "module": "os"}')),
    keras(60, "NaN", stored('{"module": NaN}')),
    keras(60, "not JSON", stored("{}{}")),
    keras(61, "holds a program", stored(sequential(layer("Lambda", "bad", function={"class_name": "__lambda__"})))),
    keras(62, "'system' of 'os'", stored(sequential(SYSTEM))),
    keras(62, "not an activation", stored(sequential(dense(activation=EVAL)))),
    *(
        keras(63, f"'{kind}'", stored(sequential(layer(kind, "bad", **settings))))
        for kind, settings in (
            ("TFSMLayer", {"filepath": "/tmp/saved"}),
            ("TorchModuleWrapper", {"module_": "x"}),
            ("StringLookup", {"vocabulary": "/etc/passwd"}),
        )
    ),
    keras(64, "custom class", stored(sequential(dense() | {"registered_name": "evil>Dense"}))),
    keras(65, "'Conv2D'", stored(sequential(layer("Conv2D", "c", filters=3))), codes=(2, 3)),
    *(
        keras(66, "units is not a whole number", stored(sequential(dense(units=units))))
        for units in (0, -1, 10**9, 1.5, True, "3")
    ),
    keras(67, "the name '../../../x'", stored(sequential(dense(name="../../../x")))),
    keras(67, "the name '</math>", stored(sequential(dense(name="</math><script>")))),
    keras(67, "in a circle", stored(functional(called(dense(), tensor("dense"))))),
    keras(68, "not a .keras file", lambda folder: (folder / "m.keras").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))),
    keras(68, "not a .keras file", lambda folder: (folder / "m.keras").write_bytes(PICKLE)),
    Bad(68, ".keras", lambda folder: (folder / "m.h5").write_bytes(b"\x89HDF"), ("audit", "m.h5"), placed=False),
    Bad(68, ".keras", lambda folder: (folder / "m.pkl").write_bytes(PICKLE), ("audit", "m.pkl"), placed=False),
]


def output(number, word, make, folder="out", codes=(2,), **limits):
    """``prove NAME --to tex -o FOLDER`` in a folder that has been prepared."""
    command = ("prove", "ridge_regression", "--to", "tex", "-o", folder)
    return Bad(number, word, make, command, codes, placed=False, limits=tuple(limits.items()))


def read_only(folder):
    (folder / "out").mkdir(mode=0o555)


def held_by(kind):
    """The place of the file is taken."""

    def make(folder):
        (folder / "out").mkdir()
        place = folder / "out" / "ridge_regression.tex"
        if kind == "link":
            (folder / "mine").write_text("mine")
            place.symlink_to(folder / "mine")
        elif kind == "dangling link":
            place.symlink_to(folder / "nowhere")
        elif kind == "folder":
            place.mkdir()
        elif kind == "pipe":
            os.mkfifo(place)
        else:
            place.write_text("mine")

    return make


OUTPUTS = [
    output(69, "--force", held_by("file")),
    output(69, "not a regular file", held_by("link")),
    output(69, "not a regular file", held_by("dangling link")),
    output(69, "not a regular file", held_by("folder")),
    output(69, "not a regular file", held_by("pipe")),
    output(69, "Permission denied", read_only),
    output(69, "not a folder", lambda folder: (folder / "out").write_text("mine")),
    output(69, "not a folder|Not a directory", lambda folder: (folder / "out").write_text("mine"), "out/deeper"),
    output(69, "is no name for a folder", lambda _: None, "a\0b"),
    output(69, "too long", lambda _: None, "a" * 300),
    output(69, "File too large", lambda _: None, codes=(4,), file_size=1000),
    output(69, "Permission denied|Read-only|No such file|not a folder", lambda _: None, "/proc/out"),
]


def altered(edit):
    """``verify`` of the stored certificate of an entry after an edit of its text or of its value."""

    def make(folder):
        content = catalogue.find("logistic_regression").with_name("certificate.json").read_text()
        if edit.__code__.co_varnames[0] == "value":
            held = json.loads(content)
            edit(held)
            body = {name: part for name, part in held.items() if name != "sha256"}
            canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            held["sha256"] = hashlib.sha256(canonical.encode()).hexdigest()
            content = json.dumps(held, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
        else:
            content = edit(content)
        (folder / "c.json").write_text(content)

    return make


def certificate(word, edit, codes=(1, 2), goal="logistic_regression"):
    return Bad(71, word, altered(edit), ("verify", "c.json", "--goal", goal), codes, placed=False)


def with_step(change):
    def edit(value):
        change(value["steps"])

    return edit


CERTIFICATES = [
    certificate("malformed|refused|altered|not readable", lambda text: text[: len(text) // 2]),
    certificate("malformed|refused|altered|not readable", lambda _: ""),
    certificate("malformed|refused|altered|not readable", lambda _: "[" * 100_000 + "]" * 100_000),
    certificate("malformed|refused|altered|not readable", lambda text: text.replace('{"', '{"format":0,"', 1)),
    certificate("malformed|refused|altered|not readable", lambda text: text.replace("1", "1" * 1_000_000, 1)),
    certificate("malformed|refused|not readable", lambda value: value.update(format="sgc-999")),
    certificate("malformed|refused|not readable", lambda value: value.update(extra=[])),
    certificate("malformed|refused|not readable", lambda value: value.update(steps=[])),
    certificate("malformed|refused|not readable", lambda value: value["steps"].insert(0, ["no rule", [], []])),
    certificate("malformed|refused|not readable", lambda value: value["steps"].insert(0, {"rule": "axiom"})),
    certificate("malformed|refused|not readable", lambda value: value["steps"].reverse()),
    certificate("malformed|refused|not readable", lambda value: value["terms"].insert(0, ["number", "1/0"])),
    certificate("malformed|refused|not readable", lambda value: value["terms"].reverse()),
    certificate("refused", lambda text: text, goal="linear_regression"),
    certificate("refused", lambda text: text, goal="ridge_outside_mean"),
]

CASES = FORMULAS + FILES + OUTPUTS + CERTIFICATES
SHOWN = [f"{case.number}-{case.word[:24]}-{at}" for at, case in enumerate(CASES)]

CHECKER_ALONE = re.compile(
    r"(os\.(mkdir|remove|rmdir)|open|subprocess\.Popen) "
    r"(\('|)(/tmp/symgrad-|goal\.json|certificate\.json|[^ ]*/python)"
)
"""What the checker's own process needs: a folder of its own with two files, and a start."""


def digest(folder):
    """Everything about a folder and what lies in it, in one hash."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found.update(f"{path.relative_to(folder)} {status.st_mode} {status.st_mtime_ns}".encode())
        if path.is_symlink():
            found.update(bytes(path.readlink()))
        elif path.is_file():
            found.update(path.read_bytes() if os.access(path, os.R_OK) else b"")
    return found.hexdigest()


@pytest.mark.counted("hostile")
@pytest.mark.parametrize("case", CASES, ids=SHOWN)
def test_a_bad_input_is_refused_in_one_line_and_leaves_no_trace(caged, tmp_path, case):
    content = b""
    if callable(case.given):
        case.given(tmp_path)
    else:
        content = case.given
    before = digest(tmp_path)
    ran = caged(*case.arguments, stdin=content, **dict(case.limits))
    assert digest(tmp_path) == before
    assert ran.code in case.codes, ran
    said = ran.err if ran.code not in {1, 3} and case.number != 71 else ran.err + ran.out
    assert re.search(case.word, said) or case.word in said
    assert "Traceback" not in ran.err + ran.out
    if ran.code in {2, 4} and case.number != 71:
        first, *shown = ran.err.splitlines()
        assert first.startswith("symgrad: error: ")
        assert len(shown) == (2 if case.placed else 0), ran.err  # the line that is meant and a caret below it
        assert ran.out == ""
    if case.placed:
        assert PLACE.match(ran.err), ran.err
    foreign = [deed for deed in ran.deeds if not CHECKER_ALONE.match(deed)]
    if case.number != 69:  # there, writing is what is refused
        assert foreign == []
    assert ran.seconds <= 10
    assert ran.memory <= 2**30


def test_every_bad_input_of_the_list_is_tried_or_has_a_test_of_its_own():
    elsewhere = {70: "test_an_interrupt_leaves_nothing", 72: "test_an_odd_object_is_refused"}
    assert {case.number for case in CASES} | set(elsewhere) == set(range(1, 73))


n, d = sg.indices("n:N d:D")
x, y = sg.data("x[n,d] y[n]")
w, b = sg.parameters("w[d] b")


class Lying(tuple):
    def __eq__(self, other):
        return True

    __hash__ = tuple.__hash__


def cycle():
    made = []
    made.append(made)
    return made


def deep():
    made = b
    for _ in range(3000):
        made = sympy.sin(made, evaluate=False)
    return made


ODD = {
    "text that is a program": lambda: "__import__('os').system('touch pwned')",
    "text in a function": lambda: sg.softplus("__import__('os').system('touch pwned')"),
    "text as an index": lambda: w["__import__('os')"],
    "array of objects": lambda: np.array([y[n], b], dtype=object),
    "tuple that equals everything": lambda: Lying((1, 2)),
    "truth value": lambda: True,
    "truth value of SymPy": lambda: sympy.true,
    "truth value as exponent": lambda: b**True,
    "float exponent": lambda: b**0.1234567890123456,
    "huge exponent": lambda: b ** sympy.Integer(10**30),
    "cycle": cycle,
    "deep": deep,
    "NaN": lambda: sympy.nan,
    "NaN as a float": lambda: float("nan"),
    "NaN of NumPy": lambda: np.float64("nan"),
    "infinite float": lambda: float("inf"),
    "infinity": lambda: sympy.oo * b,
    "imaginary": lambda: sympy.I * b,
    "foreign function": lambda: sympy.Function("__import__('os').system('touch pwned')")(b),
    "foreign symbol": lambda: sympy.Symbol("__import__('os').system('touch pwned')"),
    "foreign tensor": lambda: sympy.IndexedBase("w")[d],
    "comparison": lambda: b < 1,
    "matrix": lambda: sympy.Matrix([b]),
    "integral": lambda: sympy.Integral(b, b),
    "nothing": lambda: None,
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD.keys())
def test_an_odd_object_is_refused(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def stated():
        model = sg.Model("odd", batch=n)
        model.loss = make()
        derive(model)

    with pytest.raises((SymgradError, TypeError)) as refused:
        stated()
    assert getattr(refused.value, "exit_code", 2) == 2
    assert list(tmp_path.iterdir()) == []


def test_the_cage_sees_what_it_is_there_to_see(caged, tmp_path):
    """Writing, starting a program and taking memory, by commands that are allowed to."""
    ran = caged("prove", "ridge_regression", "-o", "out")
    assert ran.code == 0
    assert any(deed.startswith("open out/") for deed in ran.deeds)
    assert any(deed.startswith("subprocess.Popen") for deed in ran.deeds)
    shutil.rmtree(tmp_path / "out")
    assert caged("prove", "ridge_regression", memory=2**20).code != 0
    assert caged("show", "ridge_regression").deeds == []


def test_the_cage_has_no_privileges(caged, tmp_path):
    (tmp_path / "loss.sg").write_text("")
    (tmp_path / "loss.sg").chmod(0)
    assert "Permission denied" in caged("prove", "loss.sg").err
    assert Path(tmp_path / "loss.sg").exists()
