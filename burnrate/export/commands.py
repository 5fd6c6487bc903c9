"""`burnrate export`: the command, its options and what it prints."""

from pathlib import Path

import click

from burnrate.cli import command_errors
from burnrate.configuration import ConfigurationError, load_configuration
from burnrate.export.errors import ExportError
from burnrate.export.exporting import CHART_VALUES, TARGETS, Target, configured, exported
from burnrate.export.folder import filled
from burnrate.export.services import services
from burnrate.export.values import Values, parsed
from burnrate.slo.errors import SpecError

_SPECIFICATIONS = Path("prometheus/slo")


@click.command()
@click.option("--to", "target", type=click.Choice(TARGETS), required=True, help="Who reads it.")
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="NAME=VALUE,...",
    help="Values: cluster, namespace, job, inbox, grafana and others (docs/export.md).",
)
@click.option(
    "--slo",
    "paths",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A specification or a folder of them; by default prometheus/slo.",
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Where burnrate.yml may be; by default the working directory.",
)
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def export(
    target: Target, given: tuple[str, ...], paths: tuple[Path, ...], root: Path, out: Path
) -> None:
    """Write what a Prometheus, Loki or Grafana of your own needs into the folder OUT.

    Rules of the SLOs and their causes, routes, runbooks or dashboards: nothing of the stack's own
    parts. What a former export wrote there and this one does not is removed.
    """
    with command_errors(ExportError, SpecError, ConfigurationError):
        values = _values(target, given)
        configuration = configured(target, values, load_configuration(root))
        found = paths or ((root / _SPECIFICATIONS,) if (root / _SPECIFICATIONS).is_dir() else ())
        if not found and target != "grafana":
            raise ExportError(f"--slo: is needed; there is no {root / _SPECIFICATIONS}")
        made_of = services(found, values, configuration)
        made = exported(target, made_of, values, configuration)
        changed = filled(out, made.files)
    for service in made_of:
        for note in service.notes:
            click.echo(f"{service.source}: {note}", err=True)
    for note in made.notes:
        click.echo(note, err=True)
    for line in changed:
        click.echo(line)
    if not changed:
        click.echo("nothing has changed")


def _values(target: Target, given: tuple[str, ...]) -> Values:
    if target == "helm" and given:
        raise ExportError("--to helm: takes no --set; the chart's own values say it")
    return CHART_VALUES if target == "helm" else parsed(given)
