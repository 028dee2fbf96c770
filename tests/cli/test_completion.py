import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_asks_symgrad(symgrad, shell):
    ran = symgrad("completion", shell)
    assert ran.code == 0
    assert f"_SYMGRAD_COMPLETE={shell}_complete" in ran.out
    answer = json.loads(symgrad("completion", shell, "--json").out)
    assert answer["script"].strip() == ran.out.strip()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("symgrad pro", "prove"),
        ("symgrad prove --stand", "--standalone"),
        ("symgrad prove logistic_regression --to htm", "html"),
        ("symgrad prove logistic_regression_prob", "logistic_regression_probability"),
        ("symgrad show logistic_regression_prob", "logistic_regression_probability"),
    ],
)
def test_commands_options_choices_and_names_are_completed(words, offered):
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1), "_SYMGRAD_COMPLETE": "bash_complete"}
    ran = subprocess.run(
        [sys.executable, "-m", "symgrad"],
        cwd=ROOT,
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"plain,{offered}" in ran.stdout.split()
