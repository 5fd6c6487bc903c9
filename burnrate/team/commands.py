"""`burnrate new` and `burnrate upgrade`: the commands, their options and what they print."""

import shlex
from pathlib import Path

import click

from burnrate.cli import command_errors
from burnrate.configuration import ConfigurationError
from burnrate.console import say
from burnrate.pinned import PIN, PinError, find_repository, installed_version
from burnrate.service import ServiceError
from burnrate.slo.errors import SpecError
from burnrate.team.errors import TeamError
from burnrate.team.founding import First, founded
from burnrate.team.plan import lines
from burnrate.team.upgrading import planned

# Unlike a failure, and a wrong option.
_CHANGES = 3
_FAILURES = (TeamError, PinError, ServiceError, SpecError, ConfigurationError)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--service", "name", help="Its first service; burnrate service add adds more.")
@click.option("--job", help="The scrape job that counts; by default the service's name.")
@click.option("--target", "targets", multiple=True, help="HOST:PORT of its metrics; repeatable.")
@click.option("--team", help="The label `team` of all its alerts.")
def new(
    folder: Path, name: str | None, job: str | None, targets: tuple[str, ...], team: str | None
) -> None:
    """Write a repository of a team's own into DIR, which pins this release.

    Settings, objectives, targets, and a Compose file that includes the stack. DIR is empty or not
    there yet; all of it is written, or nothing.
    """
    if name is None and (job or targets or team):
        raise click.UsageError("--job, --target and --team belong to --service")
    with command_errors(*_FAILURES):
        files = founded(folder, None if name is None else First(name, job, targets, team))
    for path in files:
        say(f"wrote {folder / path}")
    say(f"{PIN} pins burnrate {installed_version()}")
    say("next:")
    say(f"  cd {shlex.quote(str(folder))}")
    if name is None:
        say("  burnrate service add NAME --target HOST:PORT")
    say("  burnrate stack up")
    say("  git init, and commit all of it")


@click.command()
@click.option(
    "--plan", "is_plan", is_flag=True, help="Print what would change, and change nothing."
)
@click.option("--to", required=True, help="A version, or the path of a wheel or a checkout.")
@click.option("--verbose", "-v", "is_verbose", is_flag=True, help="Print old and new values.")
def upgrade(to: str, *, is_plan: bool, is_verbose: bool) -> None:
    """Print what another release changes for this repository: rules, dashboards, routes, settings.

    Exit code 3 if anything changes, 0 if nothing does.
    """
    if not is_plan:
        raise click.UsageError(
            f"--plan is needed; the upgrade itself is the version in {PIN}, pip install, and "
            "burnrate stack up"
        )
    with command_errors(*_FAILURES):
        repository = find_repository(Path.cwd())
        if repository is None:
            raise TeamError(f"{Path.cwd()} is in no repository of a team's: burnrate new makes one")
        found = planned(repository, to)
    for line in lines(found.found, found.replaced, is_verbose=is_verbose):
        click.echo(line)
    if not found.found.is_empty or found.replaced:
        raise SystemExit(_CHANGES)
