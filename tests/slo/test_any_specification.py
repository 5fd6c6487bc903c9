"""Whatever a team's file says: Prometheus loads the rules, and nothing in it is lost in silence."""

import logging
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from burnrate.configuration import load_configuration
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import rules
from burnrate.slo.specification import Service, load_files, quote
from tests.slo.specifications import openslo, short, sloth

_LOG: Final = logging.getLogger(__name__)
_SHIPPED = load_configuration()
# CI draws few, always the same. BURNRATE_SPECIFICATIONS=10000 draws others, by --hypothesis-seed;
# --log-cli-level=info shows how many were accepted.
_COUNT: Final = int(os.environ.get("BURNRATE_SPECIFICATIONS", "150"))
# So many files promtool gets at once.
_BATCH: Final = 200
_CAMELS: Final = {"pageAlert": "page_alert", "ticketAlert": "ticket_alert"}


# A second for each is more than they take on a busy machine.
@pytest.mark.timeout(300 + _COUNT)
def test_no_specification_gives_rules_that_promtool_refuses(tmp_path: Path) -> None:
    """Broken ones have one line with the file; accepted ones are kept as a whole."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    accepted: list[Path] = []
    drawn = 0

    # Without shrinking: promtool is asked about all of them afterwards, and names the file.
    @settings(
        max_examples=_COUNT,
        derandomize="BURNRATE_SPECIFICATIONS" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(sloth(), sloth(), openslo(), short()))
    def read(text: str) -> None:
        nonlocal drawn
        drawn += 1
        file = tmp_path / f"specification-{len(accepted)}.yaml"
        file.write_text(text)
        services = _services(file)
        if services is None:
            return
        made = rules(services)
        assert not list(_lost(_loaded(text), made)), text
        accepted.append(file.with_suffix(".rules"))
        accepted[-1].write_text(made)

    read()

    _LOG.info("%d drawn, %d accepted, the others refused by name", drawn, len(accepted))
    assert len(accepted) > _COUNT / 20
    for at in range(0, len(accepted), _BATCH):
        files = [str(each) for each in accepted[at : at + _BATCH]]
        done = subprocess.run(
            ["promtool", "check", "rules", *files], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def _services(file: Path) -> list[Service] | None:
    refusal = ""
    try:
        return load_files([file], _SHIPPED)
    except SpecError as error:
        refusal = str(error)
    assert refusal.startswith(f"{file}:")
    assert len(refusal.splitlines()) == 1, refusal
    return None


def _lost(document: dict[str, Any], made: str) -> Iterator[str]:
    """Yield what a file of Sloth's says and its rules do not."""
    if "objectives" in document:
        yield from _lost_of_short(document, made)
        return
    content = document.get("spec", document)
    if "slos" not in content:
        return
    loaded = [rule for group in _loaded(made)["groups"] for rule in group["rules"]]
    for slo in content["slos"]:
        own = [rule for rule in loaded if rule["labels"].get("slo") == slo["name"]]
        alerts = [rule for rule in own if "alert" in rule]
        for label, value in {**content["labels"], **slo["labels"]}.items():
            # Alerts may have another value, by the file; and records of a tier name it.
            records = [rule["labels"] for rule in own if "record" in rule]
            has = [each.get(label) == _text(value) for each in records]
            if not any(has) or not all(label in rule["labels"] for rule in alerts):
                yield f"{label}: {value}"
        yield from _lost_alerts(slo["alerting"], alerts)
        said = " ".join("".join(c if c.isprintable() else " " for c in slo["description"]).split())
        if said not in made:
            yield said


def _lost_of_short(document: dict[str, Any], made: str) -> Iterator[str]:
    """Yield what a short file says and its rules do not."""
    rules = [rule for group in _loaded(made)["groups"] for rule in group["rules"]]
    name = "slo:instance_events:total"
    counted = [each["expr"] for each in rules if each.get("record") == name]
    # What two terms share is read once, and taken from the first one's record.
    counted = [each for each in counted if name not in each]
    for label, value in document["where"].items():
        matcher = f'{label}="{quote(_text(value))}"'
        if not all(matcher in expr for expr in counted):
            yield matcher
    for objective, wanted in document["objectives"].items():
        names = {str(rule["labels"].get("slo", "")) for rule in rules}
        grouping = wanted.get("grouping") if isinstance(wanted, dict) else None
        many = len(grouping["values"]) + 1 if grouping else 1
        if sum(name.startswith(objective) for name in names) != many:
            yield objective
    for key in ("internal", "backend"):
        if key in document and not any(quote(document[key]) in expr for expr in counted):
            yield key


def _lost_alerts(alerting: Mapping[str, Any], alerts: list[dict[str, Any]]) -> Iterator[str]:
    parts = {_CAMELS.get(name, name): part for name, part in alerting.items()}
    for severity in ("page", "ticket"):
        part = parts[f"{severity}_alert"]
        labels = {**alerting["labels"], **part.get("labels", {})}
        word = _text(labels.get("severity", severity))
        found = [rule for rule in alerts if rule["labels"]["severity"] == word]
        if part.get("disable") is True:
            if word == severity and found:
                yield f"{severity} is disabled"
            continue
        for label, value in labels.items():
            if any(rule["labels"].get(label) != _text(value) for rule in found):
                yield f"{label}: {value}"
        burns = [rule for rule in found if rule["alert"].startswith(alerting["name"])]
        annotations = {**alerting["annotations"], **part.get("annotations", {})}
        for name, value in annotations.items():
            if any(rule["annotations"].get(name) != _text(value) for rule in burns):
                yield f"{name}: {value}"


def _loaded(text: str) -> Any:  # noqa: ANN401 - YAML
    # libyaml, where PyYAML has it: rules are long.
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
