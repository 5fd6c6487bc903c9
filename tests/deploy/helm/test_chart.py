"""The Helm chart: what it renders is what Kubernetes and prometheus-operator take."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from burnrate.configuration import load_configuration
from burnrate.export import chart_files
from burnrate.export.commands import export
from burnrate.export.exporting import configured
from burnrate.export.services import services
from burnrate.export.values import parsed
from burnrate.slo.detection import detections
from burnrate.slo.generator import stale, unit_tests
from tests.deploy.helm import tools
from tests.deploy.helm.charts import CHART, VALUES, Resource, helm, of_kind, rendered, template
from tests.deploy.helm.fields import unknown_fields
from tests.servers.processes import ROOT

_OPERATOR = "monitoring.coreos.com/"
_MINIMAL = CHART / "ci/minimal-values.yaml"
_EVERYTHING = CHART / "ci/everything-values.yaml"
# Of a ledger's terms: it changes with what they select.
_DIGEST = re.compile(r"-[0-9a-f]{8}\b")


def test_its_version_is_the_packages() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert (chart["version"], chart["appVersion"]) == (version, version)


def test_its_rules_are_what_the_export_writes(tmp_path: Path) -> None:
    """`burnrate slo generate` would change nothing; what stands elsewhere is copied by it."""
    configuration = load_configuration(ROOT)
    assert stale(chart_files(ROOT, configuration), ROOT) == []
    shutil.copytree(CHART / "slo", tmp_path / "deploy/helm/burnrate/slo")
    gone = tmp_path / "deploy/helm/burnrate/files/exported/rules/slo-gone.yml"
    gone.parent.mkdir(parents=True)
    gone.touch()
    (gone.parents[1] / ".burnrate-export").write_text("rules/slo-gone.yml\n")
    made = chart_files(tmp_path, configuration)
    assert [path for path, text in made.items() if text is None] == [gone]
    assert chart_files(tmp_path / "elsewhere", configuration) == {}
    for name in ("kubernetes.alloy", "pipeline.alloy"):
        copied = CHART / "files/exported/alloy" / name
        assert copied.read_bytes() == (ROOT / "alloy" / name).read_bytes()


def test_nothing_in_it_is_a_symbolic_link() -> None:
    """An archive of the repository, or a checkout on Windows, has a text in its place."""
    assert [path for path in CHART.rglob("*") if path.is_symlink()] == []


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_helm_finds_nothing_to_complain_about(values: Path) -> None:
    done = helm("lint", "--strict", "--quiet", str(CHART), "-f", str(values))
    assert done.returncode == 0, done.stdout + done.stderr
    assert rendered(values)


def test_kubernetes_takes_all_resources(tmp_path: Path) -> None:
    """By its own schemas, without a field that it does not know; of all files of values."""
    assert len(VALUES) == 5
    native = [each for each in _all() if not each["apiVersion"].startswith(_OPERATOR)]
    kinds = {each["kind"] for each in native}
    assert kinds == {
        "ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy",
        "PersistentVolumeClaim", "PodDisruptionBudget", "Service",
    }  # fmt: skip
    broken = json.loads(json.dumps(next(each for each in native if each["kind"] == "Deployment")))
    broken["spec"]["template"]["spec"]["terminationGracePeriod"] = 1
    for name, resources, is_right in (("right", native, True), ("broken", [broken], False)):
        path = tmp_path / f"{name}.yaml"
        path.write_text("---\n".join(json.dumps(each) + "\n" for each in resources))
        command = [*tools.kubernetes_validate(), "--strict", "-k", "1.37", "--quiet", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == is_right, done.stdout + done.stderr


def test_the_operator_takes_its_resources() -> None:
    """By the models of its types, and without fields that its API would drop."""
    folder = tools.models()
    found = [each for each in _all() if each["apiVersion"].startswith(_OPERATOR)]
    assert {each["kind"] for each in found} == {
        "AlertmanagerConfig",
        "PrometheusRule",
        "ServiceMonitor",
    }
    monitor = json.loads(json.dumps(next(e for e in found if e["kind"] == "ServiceMonitor")))
    monitor["spec"]["endpoints"][0] |= {"intervall": "5s", "scrapeTimeout": "4 s"}

    assert _complaints(folder, found) == []
    assert [
        field for each in found for field in unknown_fields(folder / "node_modules", each)
    ] == []
    assert unknown_fields(folder / "node_modules", monitor) == [
        "ServiceMonitor.spec.endpoints.intervall"
    ]
    (complaint,) = _complaints(folder, [monitor])
    assert "scrapeTimeout" in complaint


def test_its_rules_are_the_generators(tmp_path: Path) -> None:
    """With the release's values in their place, and promtool takes them."""
    _export(
        "prometheus-operator",
        tmp_path,
        CHART / "slo",
        "namespace=prod,job=prod/api,alertmanager_job=am,inbox_secret=burnrate-inbox",
        "inbox=http://rel-burnrate-inbox.prod.svc:8090,inbox_page=https://inbox.example.org",
        "grafana=https://grafana.example.org",
    )
    files = [path.read_text() for path in tmp_path.glob("[ar]*.yaml")]
    wanted = [yaml.load(text, Loader=yaml.CSafeLoader) for text in files]
    for kind in ("PrometheusRule", "AlertmanagerConfig"):
        made = [_comparable(each["spec"]) for each in of_kind(_EVERYTHING, kind)]
        assert made
        assert sorted(made) == sorted(_comparable(e["spec"]) for e in wanted if e["kind"] == kind)

    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    paths = []
    for each in of_kind(_MINIMAL, "PrometheusRule"):
        paths.append(tmp_path / f"{each['metadata']['name']}.json")
        paths[-1].write_text(json.dumps(each["spec"]))
    done = subprocess.run(["promtool", "check", "rules", *paths], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_promtools_tests_pass_on_its_rules(tmp_path: Path) -> None:
    """What pages within minutes, on the rules inside the resources."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    values = parsed(["namespace=prod,job=api"])
    configuration = configured("prometheus", values, load_configuration())
    (service,) = services([CHART / "slo"], values, configuration)
    rules = {each["metadata"]["name"]: each["spec"] for each in of_kind(_MINIMAL, "PrometheusRule")}
    slo = next(each for each in service.slos if each.name == "availability")
    (tmp_path / "rules.json").write_text(json.dumps(rules["rel-burnrate-slo-api-availability"]))
    test = tmp_path / "fast.yml"
    made = yaml.safe_load(unit_tests(slo, detections(slo), "rules.json")["fast"])
    # The first of them, an outage: the generator's own tests run all.
    test.write_text(json.dumps({**made, "tests": made["tests"][:1]}))
    done = subprocess.run(
        ["promtool", "test", "rules", test], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_package_holds_all_that_is_rendered(tmp_path: Path) -> None:
    """What it renders is the same as from the checkout."""
    done = helm("package", str(CHART), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (package,) = tmp_path.glob("*.tgz")
    assert template(_EVERYTHING, chart=package).stdout == template(_EVERYTHING).stdout


def _all() -> list[Resource]:
    """Return the resources of all files of values, each once."""
    texts = (json.dumps(each) for values in VALUES for each in rendered(values))
    return [json.loads(text) for text in dict.fromkeys(texts)]


def _export(target: str, out: Path, slo: Path, *given: str) -> None:
    values = [part for each in given for part in ("--set", each)]
    done = CliRunner().invoke(export, ["--to", target, "--slo", str(slo), *values, str(out)])
    assert done.exit_code == 0, done.output


def _comparable(spec: object) -> str:
    return _DIGEST.sub("", json.dumps(spec, sort_keys=True))


def _complaints(folder: Path, resources: list[Resource]) -> list[str]:
    done = subprocess.run(
        ["node", "models.mjs"],
        cwd=folder, input=json.dumps(resources), capture_output=True, text=True, check=True,
    )  # fmt: skip
    complaints: list[str] = json.loads(done.stdout)
    return complaints
