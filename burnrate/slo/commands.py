"""`burnrate slo ...`: the commands, their options and what they print."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from burnrate.cli import CommandError, CommandGroup
from burnrate.configuration import ConfigurationError, load_configuration
from burnrate.export import chart_files
from burnrate.http_client import NoAnswer
from burnrate.pinned import PinError, is_repository, laid_together
from burnrate.slo.checking import Checked, checked
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree, generated, leftovers, rule_files, rules, stale, write
from burnrate.slo.live import looked_up
from burnrate.slo.service_commands import backtest, explain, try_rules
from burnrate.slo.specification import Service, load_all, load_files

_ROOT = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Where burnrate.yml may be, and the checkout; by default the working directory.",
)
_FILES = click.argument("files", nargs=-1, type=click.Path(path_type=Path))


@click.group(cls=CommandGroup, failures=[SpecError, ConfigurationError, NoAnswer, PinError])
def slo() -> None:
    """Generate rules, their tests and a table of detection times from prometheus/slo/.

    Or rules alone from anyone's FILES: Sloth's, its resources of Kubernetes, OpenSLO's.
    """


slo.add_command(explain)
slo.add_command(try_rules)
slo.add_command(backtest)


@slo.command()
@_FILES
@click.option("-o", "--output", help="For FILES: the folder of the rules; - is stdout.")
@click.option("--check", is_flag=True, help="Write nothing; show a diff and exit 1 if stale.")
@_ROOT
def generate(files: tuple[Path, ...], output: str | None, root: Path, *, check: bool) -> None:
    """Write the rules, their tests, the inhibition and the table of detection times.

    Those of the Helm chart as well. In a team's repository, all of that is laid out in .burnrate.
    With FILES (or folders of them), write only rules, and those to --output.
    """
    if bool(files) != (output is not None):
        raise click.UsageError("FILES and --output belong together")
    configuration = load_configuration(root)
    if output is not None:
        services = load_files(files, configuration)
        _tell(services)
        if output == "-":
            click.echo(rules(services), nl=False)
            return
        base = Path(output)
        made = _alone(base, services)
    elif is_repository(root):
        click.echo(f"{laid_together(root)} is up to date")
        return
    else:
        base, tree = root, Tree(root)
        services = load_all(tree.specs, configuration)
        _tell(services)
        made = {**generated(tree, services, configuration), **chart_files(root, configuration)}
    if check:
        difference = stale(made, base)
        if difference:
            click.echo("".join(difference), nl=False)
            raise CommandError("generated files are stale: run burnrate slo generate")
        return
    for path in write(made):
        click.echo(f"{'wrote' if path.exists() else 'removed'} {path.relative_to(base)}")


@slo.command("check")
@_FILES
@click.option("--json", "is_json", is_flag=True, help="Print JSON: services, notes and errors.")
@click.option(
    "--prometheus",
    help="Also ask this Prometheus what would make an SLO empty; NAME:PASSWORD@ before the host.",
)
@_ROOT
def check_files(
    files: tuple[Path, ...], root: Path, prometheus: str | None, *, is_json: bool
) -> None:
    """Check FILES (or folders of them) without writing anything; exit 1 if one is refused.

    Without FILES, those of the checkout.
    """
    found = Checked([], [])
    try:
        configuration = load_configuration(root)
        found = checked(files or (Tree(root).specs,), configuration, is_stack=not files)
        if prometheus is not None:
            found = replace(found, findings=looked_up(prometheus, found.services))
    except (ConfigurationError, NoAnswer) as error:
        found = replace(found, errors=[*found.errors, error])
    if is_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        _show(found)
    if not found.is_ok:
        raise SystemExit(1)


@slo.command()
@click.option("--json", "is_json", is_flag=True, help="Print JSON, with each SLO's objective.")
@_ROOT
def validate(root: Path, *, is_json: bool) -> None:
    """Check the specifications and their settings without writing anything; list the services."""
    services = load_all(Tree(root).specs, load_configuration(root))
    if is_json:
        click.echo(json.dumps([_as_json(service) for service in services], indent=2))
        return
    for service in services:
        click.echo(f"{service.name}: {len(service.slos)} SLOs")


def _alone(folder: Path, services: Sequence[Service]) -> dict[Path, str | None]:
    made: dict[Path, str | None] = {
        folder / name: text for name, text in rule_files(services).items()
    }
    left = leftovers(folder, list(made), services)
    for path, source in left.others:
        click.echo(f"{path}: left as it is: {source}, its source, is not read now", err=True)
    return {**made, **dict.fromkeys(left.gone)}


def _show(found: Checked) -> None:
    for service in found.services:
        click.echo(f"{service.title}: {len(service.slos)} SLOs")
    _tell(found.services)
    for error in found.errors:
        click.echo(f"burnrate: {error}", file=sys.stderr)
    for finding in found.findings:
        click.echo(f"burnrate: {finding}", file=sys.stderr)


def _tell(services: Sequence[Service]) -> None:
    for service in services:
        for note in service.notes:
            click.echo(f"{service.source}: {note}", err=True)


def _as_json(service: Service) -> dict[str, object]:
    slos = [{"name": each.name, "objective_percent": each.spec.objective} for each in service.slos]
    return {"service": service.name, "slos": slos}
