"""`burnrate slo explain`, `test` and `backtest`: what becomes of a team's files."""

from pathlib import Path

import click

from burnrate.configuration import load_configuration
from burnrate.slo.explaining import explanation
from burnrate.slo.specification import load_files

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
