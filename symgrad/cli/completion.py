"""``symgrad completion``."""

from __future__ import annotations

import click

from symgrad.cli.manner import Manner, common, put

INTO = {"bash": "~/.bashrc", "zsh": "~/.zshrc", "fish": "~/.config/fish/completions/symgrad.fish"}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(INTO)))
@common
def command(manner: Manner, shell: str) -> int:
    """Print the completion script of a shell.

    \b
    bash:  symgrad completion bash >> ~/.bashrc
    zsh:   symgrad completion zsh  >> ~/.zshrc
    fish:  symgrad completion fish >  ~/.config/fish/completions/symgrad.fish
    """  # noqa: D301  (click reads the backspace as: keep these lines)
    from click.shell_completion import get_completion_class

    from symgrad.cli.entry import symgrad

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click has no completion for {shell}")
    shell_complete = kind(symgrad, {}, "symgrad", "_SYMGRAD_COMPLETE")
    script = shell_complete.source_template % shell_complete.source_vars()  # source() would run bash to ask its version
    if manner.json:
        manner.give({"schema": 1, "shell": shell, "file": INTO[shell], "script": script})
    else:
        put(script + "\n")
    return 0
