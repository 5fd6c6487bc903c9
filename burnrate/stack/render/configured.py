"""What Prometheus, Loki and Alertmanager load, as burnrate.yml and this machine's settings say."""

from collections.abc import Mapping
from pathlib import Path

from burnrate.configuration import Configuration, ConfigurationError, load_configuration
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree, configured
from burnrate.slo.specification import load_all
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, make_directory


def read_configuration(checkout: Path, settings: Mapping[str, str]) -> Configuration:
    """Return a checkout's burnrate.yml with the user's settings in it.

    Raises:
        StackError: it cannot be read, or says something impossible.
    """
    try:
        return load_configuration(checkout, settings)
    except ConfigurationError as error:
        raise StackError(str(error)) from error


def variables_of(configuration: Configuration) -> dict[str, str]:
    """Return the variables by which docker-compose.yml passes a configuration on to the parts."""
    urls = configuration.urls
    return {
        "SERVICE_URL": urls.service,
        "INBOX_URL": urls.inbox,
        "GRAFANA_URL": urls.grafana,
        "PROMETHEUS_URL": urls.prometheus,
        "ALERTMANAGER_URL": urls.alertmanager,
        "IDENTITY_LABELS": ",".join(configuration.identity),
    }


def write_configured(layout: Layout, settings: Mapping[str, str]) -> None:
    """Write rules and routes below `layout.config`; what has no source any more is removed.

    A file that is there is written in place: a container that has it mounted sees what changed.

    Raises:
        StackError: burnrate.yml, a specification or a file of rules is wrong.
    """
    committed = read_configuration(layout.checkout, {})
    actual = read_configuration(layout.checkout, settings)
    tree = Tree(layout.checkout)
    try:
        services = load_all(tree.specs, actual) if any(tree.specs.glob("*.yml")) else []
        made = configured(tree, services, committed, actual)
    except SpecError as error:
        raise StackError(str(error)) from error
    wanted = {layout.config / path: text for path, text in made.items()}
    for path in [path for path in layout.config.rglob("*") if path.is_file()]:
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        for parent in reversed(path.relative_to(layout.state).parents[:-1]):
            make_directory(layout.state / parent, 0o755)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            path.chmod(0o644)
