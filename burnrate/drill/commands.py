"""`burnrate drill`."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from burnrate.cli import command_errors
from burnrate.console import INTERRUPTED, Number, say
from burnrate.drill import output
from burnrate.drill.catalogue import DRILLS
from burnrate.drill.definition import Drill
from burnrate.drill.drill_target import Target, find_target
from burnrate.drill.errors import DrillError, Refused, UndoFailed
from burnrate.drill.output import LiveScreen
from burnrate.drill.result import Result
from burnrate.drill.runner import DRILL_RATE, Runner
from burnrate.drill.running_stack import RunningStack
from burnrate.http_client import NoAnswer
from burnrate.load import LoadFailed
from burnrate.stack import StackError

# What one drill leaves behind, such as a page of a consequence, may take a while to resolve.
_RESOLUTION_SECONDS = 900.0
_RESOLUTION_LOOK_SECONDS = 5.0


def _complete(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    return [name for name in DRILLS if name.startswith(begun)]


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=_complete)
@click.option(
    "--all", "is_all", is_flag=True, help="Run every drill that this stack can, one by one."
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option("--list", "is_list", is_flag=True, help="List the drills.")
@click.option(
    "--report",
    "report_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a report in Markdown to this file.",
)
@click.option(
    "--rate",
    type=Number(5, 100),
    default=DRILL_RATE,
    show_default=True,
    help="Requests a second.",
)
def drill(
    names: Sequence[str],
    rate: float,
    report_path: Path | None,
    *,
    is_all: bool,
    is_json: bool,
    is_list: bool,
) -> None:
    """Break the running stack on purpose and see whether its alert arrives and resolves.

    Needs a stack whose faults are switched on (FAULTS_ENABLED=true). The fault is always undone,
    on Ctrl-C too. The timeline goes to stderr, the result to stdout. The exit code is 0 only if the
    expected alert, and no other page, arrived and resolved.
    """
    if is_list:
        _list(is_json=is_json)
        return
    drills = _chosen(names, is_all=is_all)
    results: list[Result] = []
    try:
        with _failures_in_one_line():
            _hold_all(drills, rate, results, is_all=is_all)
    finally:
        # Also of what was held before an interrupt: all of them take an hour.
        if results:
            _show(results, report_path, is_all=is_all, is_json=is_json)
    held = [result for result in results if result.skipped is None]
    sys.exit(0 if held and all(result.has_passed for result in held) else 1)


def _list(*, is_json: bool) -> None:
    if is_json:
        drills = [{"name": each.name, "summary": each.summary} for each in DRILLS.values()]
        click.echo(json.dumps(drills, indent=2))
        return
    for each in DRILLS.values():
        click.echo(f"{each.name:<18} {each.summary}")


@contextmanager
def _failures_in_one_line() -> Iterator[None]:
    try:
        with command_errors(DrillError, NoAnswer, LoadFailed, StackError):
            yield
    except KeyboardInterrupt:
        say("interrupted; the fault is undone", err=True)
        sys.exit(INTERRUPTED)


def _chosen(names: Sequence[str], *, is_all: bool) -> list[Drill]:
    if is_all and names:
        raise click.UsageError("either names or --all")
    if not is_all and not names:
        raise click.UsageError(f"which one? {', '.join(DRILLS)}; or --all")
    if unknown := [name for name in names if name not in DRILLS]:
        raise click.UsageError(f"no drill {', '.join(unknown)}; there are {', '.join(DRILLS)}")
    return list(DRILLS.values()) if is_all else [DRILLS[name] for name in names]


def _hold_all(drills: Sequence[Drill], rate: float, results: list[Result], *, is_all: bool) -> None:
    """Hold drills one after the other, and append what came of each."""
    screen = LiveScreen()
    stack = RunningStack.find(screen.say)
    stack.check()
    for each in drills:
        try:
            target = find_target(each, stack)
        except Refused as refused:
            if not is_all:
                raise Refused(f"{each.name}: {refused}") from refused
            screen.say(f"{each.name}: skipped: {refused}")
            results.append(Result(each.name, each.summary, skipped=str(refused)))
            continue
        if results:
            _wait_until_resolved(each, target, stack, screen)
        try:
            results.append(Runner(each, target, stack, screen, rate).run())
        except (DrillError, NoAnswer, LoadFailed, StackError) as error:
            # Nothing is held while the fault of another drill is on.
            if len(drills) == 1 or isinstance(error, UndoFailed):
                raise
            results.append(Result(each.name, each.summary, problem=str(error)))
        screen.say(f"{each.name}: {results[-1].verdict}")
        screen.say("")


def _wait_until_resolved(
    each: Drill, target: Target, stack: RunningStack, screen: LiveScreen
) -> None:
    """Wait for what the drill before may have left of this one's alert; then it is refused."""
    deadline = time.monotonic() + _RESOLUTION_SECONDS
    is_said = False
    while target.rule is not None and time.monotonic() < deadline:
        labels = [alert.labels for alert in stack.prometheus.alerts()]
        labels += [episode.labels for episode in stack.inbox.episodes({"state": "firing"})]
        if not any(target.expected.matches(each_of) for each_of in labels):
            return
        if not is_said:
            screen.say(f"{each.name}: waiting for {target.expected} of the drill before to resolve")
            is_said = True
        time.sleep(_RESOLUTION_LOOK_SECONDS)


def _show(
    results: Sequence[Result], report_path: Path | None, *, is_all: bool, is_json: bool
) -> None:
    if report_path is not None:
        report_path.write_text(output.markdown(results), encoding="utf-8")
        click.echo(f"report: {report_path}", err=True)
    if is_json:
        documents = [output.as_json(result) for result in results]
        click.echo(
            json.dumps(documents if is_all or len(documents) > 1 else documents[0], indent=2)
        )
    elif is_all:
        click.echo(output.markdown(results), nl=False)
    else:
        click.echo("\n".join(output.text(result) for result in results))
