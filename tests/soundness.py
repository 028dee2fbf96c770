"""The figures of the campaigns. Tests add what they counted; run as a script, this file makes one table of it.

SYMGRAD_CAMPAIGN=1 SYMGRAD_FIGURES=folder python -m pytest ...
python tests/soundness.py folder docs/soundness.md
"""

import datetime
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FULL = bool(os.environ.get("SYMGRAD_CAMPAIGN"))
"""Whether the campaigns run at full length, as ``make test-soundness`` has it."""


def length(short, full):
    """How much to try: little in ``make test``, all of it in a campaign."""
    return full if FULL else short


def record(campaign, key, **counted):
    """Add figures of one test: numbers, which are summed (``largest_...``: the largest), or lists of names.

    What is recorded again under the same key replaces what was there, so that a campaign may run in pieces.
    """
    folder = os.environ.get("SYMGRAD_FIGURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        line = {"key": key, "on": datetime.date.today().isoformat(), **counted}
        with (Path(folder) / f"{campaign}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def gathered(folder):
    """What all tests of each campaign counted together, and on which days."""
    totals, days = defaultdict(dict), set()
    for path in sorted(Path(folder).glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for line in {line["key"]: line for line in lines}.values():
            days.add(line.pop("on"))
            line.pop("key")
            total = totals[path.stem]
            for name, value in line.items():
                old = total.get(name)
                total[name] = value if old is None else _joined(name, old, value)
    return totals, sorted(days)


def _joined(name, old, value):
    if isinstance(old, dict):
        return old | value
    return max(old, value) if name.startswith("largest_") else old + value


@dataclass(frozen=True)
class Row:
    """A line of the table: what was counted in which campaign, the goal, the figure as text, and whether that is it."""

    campaign: str
    what: str
    goal: str
    figure: Callable[[Any], str]
    reached: Callable[[Any], bool]


def zero_of(bad, least, of="tried"):
    """Figure and test of: none of at least so many."""
    return (
        lambda t: f"{_count(t.get(bad, 0))} of {t.get(of, 0):,}",
        lambda t: not _count(t.get(bad, 0)) and t.get(of, 0) >= least,
    )


def _count(value):
    return len(value) if isinstance(value, list) else value


def part_of(some, most, of="tried"):
    """Figure and test of: at most this part."""
    return (
        lambda t: f"{_count(t.get(some, 0)) / t[of]:.1%} of {t[of]:,}",
        lambda t: _count(t.get(some, 0)) <= most * t[of],
    )


def judged(judge, key, of):
    """Figure and test of: all of at least a hundred."""
    return (
        lambda t: f"{t['judges'][judge][key]} of {t['judges'][judge][of]}",
        lambda t: t["judges"][judge][key] == t["judges"][judge][of] >= 100,
    )


def by_coq():
    """What Coq says of closed forms that goals state: all good ones accepted, all bad ones rejected."""

    def counted(t):
        told = t.get("judges", {}).get("Coq", {})
        return [told.get(key, 0) for key in ("good_accepted", "good", "bad_rejected", "bad")]

    return (
        lambda t: "{} of {} accepted, {} of {} rejected".format(*counted(t)),
        lambda t: counted(t)[0] == counted(t)[1] > 0 and counted(t)[2] == counted(t)[3] > 0,
    )


def baselines():
    """The part of the bad certificates that each checker rejects that knows nothing."""

    def shares(t):
        names = ("always accept", "always reject", "parse only")
        return [t["judges"][name]["bad_rejected"] / t["judges"][name]["bad"] for name in names]

    return (
        lambda t: " / ".join(f"{share:.0%}" for share in shares(t)),
        lambda t: (shares(t)[0], shares(t)[1], shares(t)[2] <= 0.15) == (0, 1, True),
    )


def killed(least, part):
    """Figure and test of: at least so many changes, this part of them noticed, and the others explained."""
    return (
        lambda t: f"{t['tried'] - len(t['survived'])} of {t['tried']} noticed, {len(t['unlisted'])} unexplained",
        lambda t: t["tried"] >= least and t["tried"] - len(t["survived"]) >= part * t["tried"] and not t["unlisted"],
    )


def at_least(name, least):
    return lambda t: f"{t.get(name, 0):,}", lambda t: t.get(name, 0) >= least


def coverage():
    return (
        lambda t: f"{t['covered']} of {t['lines']} lines and branches",
        lambda t: t["covered"] == t["lines"],
    )


ROWS = (
    Row(
        "arena",
        "good certificates that the checker accepts",
        "all of >= 100",
        *judged("symgrad's checker", "good_accepted", "good"),
    ),
    Row(
        "arena",
        "bad certificates that the checker rejects",
        "all of >= 100",
        *judged("symgrad's checker", "bad_rejected", "bad"),
    ),
    Row("arena", "bad ones rejected by: accept always, reject always, parse only", "0% / 100% / <= 15%", *baselines()),
    Row("arena", "good goals that Coq accepts, and ones with a wrong closed form that it rejects", "all", *by_coq()),
    Row("wrong_claims", "wrong claims that are proved", "0 of >= 5,000", *zero_of("proved", 5000)),
    Row(
        "wrong_claims",
        "operators that make them",
        ">= 15",
        lambda t: str(len(set(t["operators"]))),
        lambda t: len(set(t["operators"])) >= 15,
    ),
    Row(
        "wrong_claims",
        "wrong claims left undecided (the others are refuted)",
        "counted apart",
        *part_of("undecided", 1),
    ),
    Row("wrong_claims", "those of them left undecided by time", "counted apart", *part_of("out_of_time", 1)),
    Row("wrong_claims_blind", "wrong claims proved by a prover that looks at no numbers", "0", *zero_of("proved", 1)),
    Row(
        "wrong_claims_blind",
        "those of them whose proof was cut off by time",
        "counted apart",
        *part_of("out_of_time", 1),
    ),
    Row("random_losses", "random losses with a formula that is false", "0 of >= 3,000", *zero_of("false", 3000)),
    Row("random_losses", "random losses left undecided", "<= 2%", *part_of("undecided", 0.02)),
    Row(
        "random_losses",
        "comparisons of theirs in exact rationals, and in balls",
        "counted apart",
        lambda t: f"{t.get('exactly', 0):,} and {t.get('balls', 0):,}",
        lambda t: t.get("exactly", 0) > 0,
    ),
    Row("printing", "terms that are printed, read, and the same", ">= 10,000", *at_least("terms", 10_000)),
    Row(
        "printing",
        "different looks in LaTeX of random terms, none for two values",
        ">= 10,000",
        *at_least("looks", 10_000),
    ),
    Row("coverage", "kernel and checker covered by their tests", "all", *coverage()),
    Row("kernel_guards", "guards of the kernel removed", "100%, or redundant", *killed(40, 0)),
    Row("checker_guards", "guards of the checker removed", "100%, or redundant", *killed(70, 0)),
    Row("kernel_unsound", "unsound edits of the kernel by hand", "100%", *killed(20, 1)),
    Row("checker_unsound", "unsound edits of the checker by hand", "100%", *killed(20, 1)),
    Row("kernel_others", "small changes of the kernel", ">= 95% of >= 400", *killed(400, 0.95)),
    Row("checker_others", "small changes of the checker", ">= 95% of >= 400", *killed(400, 0.95)),
    Row(
        "power", "wrong gradients that pass the numeric check", "0 of >= 1,000", *zero_of("wrong_passed", 1000, "wrong")
    ),
    Row("power", "true gradients called wrong", "0 of >= 2,000", *zero_of("disagree", 2000, "true")),
    Row("power", "true gradients on which it is inconclusive", "<= 5%", *part_of("inconclusive", 0.05, "true")),
    Row(
        "power",
        "largest error over bound of a true one",
        "< 1",
        lambda t: f"{t['largest_error_over_bound']:.2f}",
        lambda t: t["largest_error_over_bound"] < 1,
    ),
    Row("imported", "imported random functions whose formulas disagree with their tape", "0", *zero_of("disagree", 1)),
    Row("hostile", "hostile inputs that do anything but end with a line of error", "0 of 72", *zero_of("wrong", 72)),
    Row("determinism", "artefacts that differ between two settings", "0", *zero_of("different", 1)),
    Row("faults", "faults after which something is left behind", "0", *zero_of("wrong", 1)),
    Row(
        "reach",
        "losses of the corpus that are proved",
        ">= 95% of >= 60",
        lambda t: f"{t['proved']} of {t['tried']}",
        lambda t: t["tried"] >= 60 and t["proved"] >= 0.95 * t["tried"],
    ),
    Row("coq", "formulas that Coq rejects", "0", *zero_of("rejected", 1)),
    Row(
        "coq",
        "wrong closed forms that Coq was given, in files that it accepts only if each is refused",
        ">= 200",
        lambda t: f"{t.get('wrong', 0):,}",
        lambda t: t.get("wrong", 0) >= 200 and not t["rejected"],
    ),
)
"""Every figure that is asked for; a campaign that left none is said to have left none."""

PAGE = """# Soundness, measured

What was tried to make symgrad say something false, and what came of it. `make test-soundness` runs all of it and writes
this page; `make test` runs a small part of each. The campaigns stand in `tests/`, under the names below.

{table}

{days}
{notes}"""


def table(totals):
    """The rows as a table of Markdown, and whether every goal was reached."""
    lines, fine = [("campaign", "what", "goal", "figure", "reached")], True
    for row in ROWS:
        counted = totals.get(row.campaign)
        reached = counted is not None and row.reached(counted)
        fine &= reached
        figure = "not run" if counted is None else row.figure(counted)
        lines.append((row.campaign.replace("_", " "), row.what, row.goal, figure, "yes" if reached else "no"))
    widths = [max(len(line[k]) for line in lines) for k in range(5)]
    text = [
        "| " + " | ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([text[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *text[1:]]), fine


def notes(totals):
    """What the figures count, by name."""
    told = []
    for campaign, field, title in (
        ("power", "wrong_passed", "Wrong gradients that passed"),
        ("reach", "open", "Losses of the corpus that stay open, with what is left of them"),
    ):
        found = totals.get(campaign, {}).get(field, [])
        told += [f"\n{title}:\n", *[f"- {name}" for name in found]] if found else []
    survivors = [name for campaign in totals for name in totals[campaign].get("survived", [])]
    if survivors:
        told.append("\nChanges of kernel and checker that no test noticed; `tests/mutation/survivors.txt` says why:\n")
        told += [f"- `{name}`" for name in survivors]
    return "\n".join(told) + "\n" if told else ""


def main(folder, page):
    """Print the table, and write it with what it is about."""
    totals, days = gathered(folder)
    shown, fine = table(totals)
    when = (
        f"Measured on {days[0]}" + (f" to {days[-1]}." if len(days) > 1 else ".") if days else "Nothing was measured."
    )
    Path(page).parent.mkdir(exist_ok=True)
    Path(page).write_text(PAGE.format(table=shown, days=when, notes=notes(totals)), encoding="utf-8")
    sys.stdout.write(shown + "\n")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
