"""What the layers promise: imports point down, trusted code stands alone and stays small, nothing heavy loads early."""

import ast
import io
import resource
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "symgrad"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "derivations" not in path.parts)

LAYERS = {
    "errors": 0,
    "scratch": 0,
    "kernel": 1,
    "checker": 1,
    "lang": 2,
    "models": 2,
    "oracles": 3,
    "render": 4,
    "export.numpy": 4,
    "importers": 4,
    "tensorflow": 5,
    "calculus": 5,
    "audit": 6,
    "export.coq": 6,
    "catalogue": 7,
    "cli": 8,
    "__main__": 9,
}
"""How high each part stands; an import may only point to the same part, or to a lower one."""

HEAVY = ("sympy", "numpy", "flint", "tensorflow", "keras", "lark", "rich", "jinja2", "latex2mathml", "matplotlib")


def part(path):
    """The part of the house that a source file belongs to; where a derivation is exported to is a part of its own."""
    return part_of(["symgrad", *path.relative_to(PACKAGE).with_suffix("").parts])


def part_of(names):
    """The part of a module, by the names of its path."""
    return ".".join(names[1:3]) if names[1] == "export" else names[1]


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path):
    """Every module that a file imports, wherever in it, with the line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "symgrad":
            yield from ((f"symgrad.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ".", node.lineno


def code_lines(path):
    """Lines that are neither blank nor comment nor docstring."""
    text = path.read_text(encoding="utf-8")
    documented = set()
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for statement in body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    documented.update(range(statement.lineno, statement.end_lineno + 1))
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - documented)


def test_code_lines_counts_neither_docstrings_nor_comments_nor_blanks(tmp_path):
    sample = tmp_path / "sample.py"
    sample.write_text(
        '"""Doc\nstring."""\n\n# comment\nX = """\na\n"""\n\n\ndef f():\n    """Doc."""\n    return 1  # why\n'
    )
    assert code_lines(sample) == 5


def test_every_part_of_the_package_has_a_layer():
    assert {part(path) for path in SOURCES} - {"__init__", "export.__init__"} <= set(LAYERS)


def test_imports_point_down():
    upward = []
    for path in SOURCES:
        if part(path) not in LAYERS:  # the package's front names every layer, and loads none before it is used
            continue
        for module, line in imported(path):
            names = module.split(".")
            if names[0] != "symgrad" or len(names) == 1 or part_of(names) not in LAYERS:
                continue
            here, there = part(path), part_of(names)
            if here != there and LAYERS[there] >= LAYERS[here] and {here, there} != {"lang", "models"}:
                upward.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert upward == []


def test_relative_imports_do_not_occur():
    relative = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def trusted():
    """The kernel's files, and every file of symgrad that they import, directly or not."""
    found, todo = set(), sorted((PACKAGE / "kernel").glob("*.py"))
    while todo:
        path = todo.pop()
        found.add(path)
        for module, _ in imported(path):
            file = ROOT.joinpath(*module.split(".")).with_suffix(".py")
            if file.is_file() and file not in found:
                todo.append(file)
    return sorted(found)


def test_the_kernel_imports_only_the_standard_library_and_itself():
    foreign = [
        f"{path.name}:{line} imports {module}"
        for path in trusted()
        for module, line in imported(path)
        if not module.startswith(("symgrad.kernel", "symgrad.errors"))
        and module.split(".")[0] not in sys.stdlib_module_names
    ]
    assert foreign == []


def test_the_kernel_has_at_most_700_code_lines_with_everything_it_imports():
    counted = {path.relative_to(PACKAGE).as_posix(): code_lines(path) for path in trusted()}
    assert sum(counted.values()) <= 700, counted


def test_the_checker_imports_only_the_standard_library():
    foreign = [m for m, _ in imported(PACKAGE / "checker.py") if m.split(".")[0] not in sys.stdlib_module_names]
    assert foreign == []


def test_the_checker_has_at_most_850_code_lines():
    assert code_lines(PACKAGE / "checker.py") <= 850


def test_nothing_of_symgrad_imports_the_checker():
    """It is run in a process of its own; an import would share memory with what it judges."""
    assert [path.name for path in SOURCES if any(m == "symgrad.checker" for m, _ in imported(path))] == []


def test_no_module_is_named_like_a_function_in_it():
    doubled = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and node.name == path.stem
    ]
    assert doubled == []


FORBIDDEN_CALLS = {
    *("eval", "exec", "compile", "sympify", "parse_expr", "parse_latex", "lambdify", "__import__"),
    *("system", "popen", "unsafe_load"),
}
FORBIDDEN_NAMES = {"eval", "exec", "__builtins__", "builtins"}
FORBIDDEN_OPTIONS = {"shell", "allow_pickle", "enable_unsafe_deserialization"}
FORBIDDEN_MODULES = {"builtins", "pickle", "marshal", "shelve", "yaml", "dill", "cloudpickle"}


def dangers(syntax):
    """Calls and imports through which a text could become a program."""
    for node in ast.walk(syntax):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = node.func.value.id if _is_plain_attribute(node.func) else ""
            strict = any(k.arg == "strict" and getattr(k.value, "value", None) is True for k in node.keywords)
            trained = name == "compile" and any(k.arg == "optimizer" for k in node.keywords)  # a Keras model's method
            if name in FORBIDDEN_CALLS and owner != "re" and not (name == "sympify" and strict) and not trained:
                yield f"line {node.lineno} calls {name}"
            unsafe = [k.arg for k in node.keywords if k.arg in FORBIDDEN_OPTIONS and not _is_false(k.value)]
            if unsafe or any(k.arg == "safe_mode" and not _is_true(k.value) for k in node.keywords):
                yield f"line {node.lineno} lifts a protection"
            if isinstance(node.func, ast.Attribute) and name == "load_model":
                yield f"line {node.lineno} loads a stored Keras model"
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            yield f"line {node.lineno} names {node.id}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in FORBIDDEN_MODULES:
                    yield f"line {node.lineno} imports {alias.name}"
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {alias.name for alias in node.names}
            if node.module.split(".")[0] in FORBIDDEN_MODULES or names & FORBIDDEN_CALLS:
                yield f"line {node.lineno} imports from {node.module}"
            if "load_model" in names and not node.module.startswith("symgrad."):
                yield f"line {node.lineno} imports load_model"


def _is_false(value):
    return isinstance(value, ast.Constant) and value.value is False


def _is_true(value):
    return isinstance(value, ast.Constant) and value.value is True


def _is_plain_attribute(function):
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)


def test_no_text_is_ever_run_as_a_program():
    found = [f"{path.relative_to(ROOT)} {danger}" for path in SOURCES for danger in dangers(tree(path))]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "eval(text)",
        "builtins.exec(text)",
        "sympy.sympify(text)",
        "sympy.sympify(text, strict=False)",
        "from sympy import sympify",
        "from sympy.parsing.sympy_parser import parse_expr",
        "import pickle",
        "from yaml import load",
        "keras.models.load_model(path)",
        "from keras.models import load_model",
        "__import__('os')",
        "map(eval, texts)",
        "sympy.lambdify(x, text)",
        "os.system(text)",
        "subprocess.run(text, shell=True)",
        "numpy.load(path, allow_pickle=True)",
        "numpy.load(path, allow_pickle=allowed)",
        "layer_from(config, safe_mode=False)",
        "import builtins",
    ],
)
def test_a_way_to_run_text_is_noticed(source):
    assert list(dangers(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "re.compile(text)",
        "sympy.sympify(x, strict=True)",
        "model.evaluate(x)",
        "numpy.load(path, allow_pickle=False)",
        "model.compile(loss=loss, optimizer=optimizer)",
    ],
)
def test_what_only_looks_like_one_is_not(source):
    """A strict ``sympify`` refuses text."""
    assert list(dangers(ast.parse(source))) == []


def test_symgrad_has_no_assert_statement():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def loaded_by(*arguments):
    """The heavy libraries that a fresh interpreter has loaded after running ``arguments``."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, cwd=ROOT, check=True
    )
    modules = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}
    return {module.split(".")[0] for module in modules} & {*HEAVY, "click"}


def test_importing_symgrad_loads_no_library():
    assert loaded_by("-c", "import symgrad") == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["prove", "--help"], ["completion", "bash"]])
def test_asking_for_help_loads_click_and_nothing_else(arguments):
    assert loaded_by("-m", "symgrad", *arguments) == {"click"}


def test_help_takes_at_most_ten_times_a_bare_start_of_the_interpreter():
    def children():
        """Seconds of processor that children took: other processes do not count."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def fastest(*arguments):
        taken = []
        for _ in range(7):
            begun = children()
            subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            taken.append(children() - begun)
        return min(taken)

    assert fastest("-m", "symgrad", "--help") <= 10 * fastest("-c", "pass")


def test_every_public_name_can_be_loaded_and_comes_from_where_the_type_checker_is_told():
    import symgrad

    for name in symgrad.__all__:
        assert getattr(symgrad, name) is not None
    assert symgrad.__all__ == list(symgrad._HOME)
    told = {
        alias.name: node.module
        for guard in tree(PACKAGE / "__init__.py").body
        if isinstance(guard, ast.If)
        for node in guard.body
        for alias in node.names
    }
    assert told == symgrad._HOME


def test_an_unknown_public_name_is_an_attribute_error():
    import symgrad

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = symgrad.nonsense
