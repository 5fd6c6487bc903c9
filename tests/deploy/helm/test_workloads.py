"""The chart's pods, and what it refuses."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from alerting.inbox.settings import Settings
from alerting.inbox.web import Hosts
from api.settings import load_settings
from burnrate.export import identified
from tests.deploy.helm.charts import CHART, VALUES, of_kind, parsed, rendered, template
from tests.servers.processes import ROOT

_MINIMAL = CHART / "ci/minimal-values.yaml"
_EVERYTHING = CHART / "ci/everything-values.yaml"
_FIXED = CHART / "ci/service-only-values.yaml"


def _pods(values: Path) -> list[dict[str, Any]]:
    return [each["spec"]["template"]["spec"] for each in of_kind(values, "Deployment")]


def _environment(pod: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in pod["containers"][0]["env"]}


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_pods_are_restricted(values: Path) -> None:
    """As Pod Security Standards' profile of that name wants them.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    assert _pods(values)
    for pod in _pods(values):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        kinds = {kind for volume in pod["volumes"] for kind in volume.keys() - {"name"}}
        assert kinds <= {"emptyDir", "secret", "persistentVolumeClaim"}
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is True
            assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_no_secret_is_in_a_release(values: Path) -> None:
    """Only names of secrets that exist; their values come as files."""
    assert not any(each["kind"] == "Secret" for each in rendered(values))
    for pod in _pods(values):
        for name, value in _environment(pod).items():
            if re.search("PASSWORD|TOKEN|WEBHOOK_URL|HEARTBEAT", name):
                assert name.endswith("_FILE")
                assert value.startswith("/etc/burnrate/")


def test_readiness_of_the_service_does_not_ask_postgresql() -> None:
    """Or every pod would leave the Service at once; a pod that leaves is told of before it ends."""
    service, inbox = sorted(_pods(_EVERYTHING), key=lambda pod: pod["containers"][0]["name"])
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        assert service["containers"][0][name]["httpGet"]["path"] == "/health/live"
    assert inbox["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    wait = service["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    # gunicorn gives requests 25 s (api/settings.py).
    assert service["terminationGracePeriodSeconds"] >= wait + 25 + 5


def test_the_inbox_is_one_and_keeps_its_store() -> None:
    """Never two at once on one SQLite file; its claim outlives the release."""
    (inbox,) = (
        each
        for each in of_kind(_MINIMAL, "Deployment")
        if each["metadata"]["name"].endswith("inbox")
    )
    assert (inbox["spec"]["replicas"], inbox["spec"]["strategy"]) == (1, {"type": "Recreate"})
    (claim,) = of_kind(_MINIMAL, "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert of_kind(CHART / "ci/inbox-only-values.yaml", "PersistentVolumeClaim") == []
    environment = _environment(inbox["spec"]["template"]["spec"])
    assert environment["INBOX_IDENTITY_LABELS"] == "namespace,service"


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_programs_take_the_settings_of_their_pods(
    values: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is required is there, and Alertmanager comes under a name that the inbox knows."""
    (tmp_path / "secret").write_text("secret of some length")
    for pod in _pods(values):
        environment = _environment(pod)
        for name, value in environment.items():
            is_secret = name.endswith("_FILE") and "URL" not in name
            monkeypatch.setenv(name, str(tmp_path / "secret") if is_secret else value)
        if "API_BIND" in environment:
            settings = load_settings()
            assert settings.share(settings.database.pool_max) >= 1
            continue
        monkeypatch.setenv("INBOX_DATABASE_PATH", str(tmp_path / "inbox.sqlite3"))
        assert Settings().identity == ("namespace", "service")
        hosts = Hosts(environment["INBOX_ALLOWED_HOSTS"])
        for each in of_kind(values, "AlertmanagerConfig"):
            address = each["spec"]["receivers"][0]["webhookConfigs"][0]["url"]
            assert hosts.has(urlsplit(address).netloc)
        for each in of_kind(values, "Ingress"):
            assert hosts.has(each["spec"]["rules"][0]["host"])


@pytest.mark.parametrize(
    ("values", "pods", "pool"),
    [(_MINIMAL, 6 + 1, 14), (_EVERYTHING, 12 + 1, 27), (_FIXED, 3 + 1, 25)],
    ids=lambda each: each.stem if isinstance(each, Path) else None,
)
def test_all_pods_together_leave_postgresql_room(values: Path, pods: int, pool: int) -> None:
    """While a new version rolls out too, and each worker has one connection at least."""
    pod = next(each for each in _pods(values) if each["containers"][0]["name"] == "api")
    environment = _environment(pod)
    assert int(environment["DATABASE_POOL_MAX"]) == pool
    limit, reserved = (400, 40) if values == _EVERYTHING else (120, 20)
    assert limit - reserved - pods < pods * pool <= limit - reserved
    assert int(environment["DATABASE_POOL_MIN"]) <= pool


def test_metrics_keep_their_names() -> None:
    """The operator's own labels do not stand in the place of ours."""
    for monitor in of_kind(_MINIMAL, "ServiceMonitor"):
        (endpoint,) = monitor["spec"]["endpoints"]
        copied, dropped = endpoint["metricRelabelings"]
        assert (copied["sourceLabels"], copied["targetLabel"]) == (
            ["exported_endpoint"],
            "endpoint",
        )
        assert dropped == {"action": "labeldrop", "regex": "exported_endpoint"}
        assert {each["targetLabel"] for each in endpoint["relabelings"]} == {"job", "service"}
        selected = monitor["spec"]["selector"]["matchLabels"].items()
        services = of_kind(_MINIMAL, "Service")
        assert sum(selected <= each["metadata"]["labels"].items() for each in services) == 1


def test_dashboards_tell_namespaces_apart() -> None:
    """The shipped ones for the identity of the rules, with the label of Grafana's sidecar."""
    found = of_kind(_MINIMAL, "ConfigMap")
    assert len(found) == 6
    for each in found:
        ((name, text),) = each["data"].items()
        file = ROOT / "grafana/dashboards" / name.removeprefix("burnrate-")
        identity = ("namespace", "service")
        assert json.loads(text) == identified(json.loads(file.read_text()), identity)
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
    overview = next(each["data"] for each in found if "burnrate-overview.json" in each["data"])
    variables = json.loads(overview["burnrate-overview.json"])["templating"]["list"]
    assert {"namespace", "service"} <= {each["name"] for each in variables}


def test_lines_go_the_same_way_to_loki() -> None:
    """Alloy's pipeline, with the cluster's Loki at its end; rules ask for the service's streams."""
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind(_EVERYTHING, "ConfigMap")}
    alloy = maps["rel-burnrate-alloy"]
    assert "http://loki.logs.svc:3100/loki/api/v1/push" in alloy["pipeline.alloy"]
    assert "http://loki:3100" not in alloy["pipeline.alloy"]
    assert "loki.process.lines.receiver" in alloy["kubernetes.alloy"]
    (rules,) = maps["rel-burnrate-log-rules"].values()
    (group,) = parsed(rules)[0]["groups"]
    selected = '{service="api", namespace=~"|prod"'
    assert all(selected in rule["expr"] for rule in group["rules"])


def test_alloy_finds_the_pods() -> None:
    """By their label, and calls their lines' service as rules and dashboards do."""
    selected = re.search(r'label = "(.+?)=(.+?)"', (ROOT / "alloy/kubernetes.alloy").read_text())
    assert selected is not None
    deployments = of_kind(_EVERYTHING, "Deployment")
    names = []
    for each in deployments:
        labels = each["spec"]["template"]["metadata"]["labels"]
        assert labels[selected[1]] == selected[2]
        names.append(labels["app.kubernetes.io/name"])
    assert sorted(names) == ["api", "inbox"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("service.database.existingSecret=", "service.database.existingSecret: a secret"),
        ("inbox.existingSecret=", "inbox.existingSecret: a secret"),
        ("links.grafana=", "links.grafana: Grafana's address"),
        ("service.name=shop", "files/exported has no rules of a service shop"),
        ("inbox.ingress.enabled=true", "put a login before it"),
        ("service.autoscaling.maxReplicas=60", "less than one for each of 2 workers"),
        ("service.replica=3", "additional properties 'replica' not allowed"),
        ('rules.alertmanagerJob=a"b', "does not match pattern"),
    ],
)
def test_what_cannot_work_is_refused_by_name(given: str, reason: str) -> None:
    done = template(_MINIMAL, "--set", given)
    assert done.returncode != 0
    assert reason in done.stderr
