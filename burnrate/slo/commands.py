"""`burnrate slo ...`: the commands, their options and what they print."""

import json
from pathlib import Path

import click

from burnrate.cli import CommandError, CommandGroup
from burnrate.configuration import ConfigurationError, load_configuration
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree, generated, stale, write
from burnrate.slo.specification import Service, load_all

_ROOT = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="The checkout; by default the working directory.",
)


@click.group(cls=CommandGroup, failures=[SpecError, ConfigurationError])
def slo() -> None:
    """Generate rules, their tests and a table of detection times from prometheus/slo/."""


@slo.command()
@click.option("--check", is_flag=True, help="Write nothing; show a diff and exit 1 if stale.")
@_ROOT
def generate(root: Path, *, check: bool) -> None:
    """Write the rules, their tests, the inhibition and the table of detection times."""
    tree, configuration = Tree(root), load_configuration(root)
    made = generated(tree, load_all(tree.specs, configuration), configuration)
    if check:
        difference = stale(made, root)
        if difference:
            click.echo("".join(difference), nl=False)
            raise CommandError("generated files are stale: run burnrate slo generate")
        return
    for path in write(made):
        click.echo(f"{'wrote' if path.exists() else 'removed'} {path.relative_to(root)}")


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


def _as_json(service: Service) -> dict[str, object]:
    slos = [{"name": each.name, "objective_percent": each.spec.objective} for each in service.slos]
    return {"service": service.name, "slos": slos}
