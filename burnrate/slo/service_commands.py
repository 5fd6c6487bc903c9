"""`burnrate slo explain`, `test` and `backtest`: what becomes of a team's files."""

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent

import click

from burnrate.cli import CommandError, command_errors
from burnrate.configuration import Configuration, ConfigurationError, load_configuration
from burnrate.http_client import NoAnswer
from burnrate.slo.backtest import History, Replayed, Span, as_json, replay, report
from burnrate.slo.errors import SpecError, error_as_json
from burnrate.slo.explaining import explanation
from burnrate.slo.specification import load_files
from burnrate.slo.trial import PromtoolMissing, Verdict, tried

# They divide the shortest window, so that evaluations are whole.
_STEPS = ("15", "30", "60")

# What became of each SLO, by its service and its name.
_Replays = dict[tuple[str, str], Replayed]

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
ROOT = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Where burnrate.yml may be; by default the working directory.",
)


@click.command()
@FILES
@ROOT
def explain(files: tuple[Path, ...], root: Path) -> None:
    """Print what the alerts of FILES find and when, at which traffic, and what they cost."""
    click.echo(explanation(load_files(files, load_configuration(root))), nl=False)


@click.command("test")
@FILES
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder for the rules and their tests; without it they are not kept.",
)
@ROOT
def try_rules(files: tuple[Path, ...], output: Path | None, root: Path) -> None:
    """Write promtool's tests of FILES and run them: exit 1 if one fails.

    Each tier must see failures in time and their end too, and a healthy service must be silent.
    """
    services = load_files(files, load_configuration(root))
    failed = 0
    with ExitStack() as stack:
        stack.enter_context(command_errors(PromtoolMissing))
        folder = output or Path(stack.enter_context(TemporaryDirectory(prefix="burnrate-")))
        for verdict in tried(services, folder):
            failed += bool(verdict.failure)
            click.echo(f"{_word(verdict)}: {verdict.what}")
            if verdict.failure:
                click.echo(indent(verdict.failure, "  "), err=True)
    if failed:
        raise CommandError(f"{failed} of promtool's checks failed")


def _word(verdict: Verdict) -> str:
    if verdict.failure is None:
        return "not tested, since it is not known which series an event moves"
    return "FAILED" if verdict.failure else "ok"


@click.command()
@FILES
@click.option("--prometheus", required=True, help="Its address; NAME:PASSWORD@ before the host.")
@click.option(
    "--days",
    type=click.IntRange(1, 400),
    default=30,
    show_default=True,
    help="How many days are run through.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="When the days end, in UTC; by default now.",
)
@click.option(
    "--step",
    type=click.Choice(_STEPS),
    default=_STEPS[0],
    show_default=True,
    help="Seconds from one evaluation to the next; the rules have 15.",
)
@click.option(
    "--against",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The specification as it was: what was is shown beside what would be.",
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON: times in seconds, each alert.")
@ROOT
def backtest(
    files: tuple[Path, ...],
    prometheus: str,
    days: int,
    until: datetime | None,
    step: str,
    against: tuple[Path, ...],
    root: Path,
    *,
    is_json: bool,
) -> None:
    """Print the alerts that FILES would have sent, over what a Prometheus holds.

    Also the course of the budget. Three days before are read as well, so that windows are full.
    """
    span = _span(days, until, int(step))
    new, old = _Replays(), _Replays()
    trouble: Exception | None = None
    try:
        configuration = load_configuration(root)
        with History(prometheus, int(step)) as history:
            new = _replayed(files, configuration, history, span)
            old = _replayed(against, configuration, history, span) if against else _Replays()
    except (SpecError, ConfigurationError, NoAnswer) as error:
        trouble = error
    else:
        if not any(each.measured_seconds for each in new.values()):
            trouble = CommandError(f"{history.url} holds nothing that these SLOs count")
    if is_json:
        click.echo(json.dumps(_document(new, old, trouble), indent=2))
    else:
        _show(new, old, is_compared=bool(against))
    if trouble is not None:
        raise CommandError(str(trouble)) from trouble


def _span(days: int, until: datetime | None, step: int) -> Span:
    now = datetime.now(UTC)
    end = now if until is None else until.replace(tzinfo=UTC)
    if end > now:
        raise click.BadParameter("it is in the future (it is UTC)", param_hint="--until")
    span = Span.of(days, end.timestamp(), step)
    if span.begin < 0:
        raise click.BadParameter("the days would begin before 1970", param_hint="--until")
    return span


def _document(new: _Replays, old: _Replays, trouble: Exception | None) -> dict[str, object]:
    return {
        "ok": trouble is None,
        "errors": [] if trouble is None else [error_as_json(trouble)],
        "new": [as_json(each) for each in new.values()],
        "old": [as_json(each) for each in old.values()],
    }


def _show(new: _Replays, old: _Replays, *, is_compared: bool) -> None:
    for key, each in new.items():
        click.echo(report(each, old.get(key)))
        if is_compared and key not in old:
            click.echo("It is new: nothing to compare it with.\n")
    for key in old:
        if key not in new:
            click.echo(f"{' '.join(key)} is gone.")


def _replayed(
    files: tuple[Path, ...], configuration: Configuration, history: History, span: Span
) -> _Replays:
    return {
        (service.title, slo.name): replay(service, slo, history, span)
        for service in load_files(files, configuration)
        for slo in service.slos
    }
