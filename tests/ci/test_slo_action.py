"""The action `.github/actions/slo`: what it writes into a job's summary, and when it fails."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.servers.checkout import ROOT

_ACTION = ROOT / ".github/actions/slo"
_SPEC = """\
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(answers_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(answers_total[{{.window}}]))
"""


@dataclass(frozen=True)
class Job:
    """A job in a repository of its own."""

    folder: Path

    def git(self, *arguments: str) -> str:
        """Run git in the repository."""
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        command = ["git", *identity, *arguments]
        done = subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self) -> str:
        """Commit all files; return the commit's name."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")
        return self.git("rev-parse", "HEAD")

    def run(self, **inputs: str) -> tuple["subprocess.CompletedProcess[str]", str]:
        """Run the action's script; return what became of it, and the summary."""
        return self._run([sys.executable, str(_ACTION / "summary.py")], {"FILES": "slos", **inputs})

    def step(
        self, inputs: Mapping[str, str], tools: Path
    ) -> tuple["subprocess.CompletedProcess[str]", str]:
        """Run the action's step; `tools` are found before other programs."""
        (step,) = yaml.safe_load((_ACTION / "action.yml").read_text())["runs"]["steps"]
        given = {f"${{{{ inputs.{name} }}}}": value for name, value in inputs.items()}
        given["${{ github.action_path }}"] = str(_ACTION)
        variables = {name: given[value] for name, value in step["env"].items()}
        variables["RUNNER_TEMP"] = str(self.folder.parent)
        variables["PATH"] = f"{tools}:{os.environ['PATH']}"
        # What `shell: bash` is there.
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
        return self._run(command, variables)

    def _run(
        self, command: Sequence[str], variables: Mapping[str, str]
    ) -> tuple["subprocess.CompletedProcess[str]", str]:
        summary = self.folder.parent / "summary.md"
        summary.write_text("")
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **variables, "GITHUB_STEP_SUMMARY": str(summary)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done, summary.read_text()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A repository with one specification."""
    made = Job(tmp_path / "repository")
    (made.folder / "slos").mkdir(parents=True)
    (made.folder / "slos/shop.yml").write_text(_SPEC)
    made.git("init", "--quiet")
    return made


def test_what_changes_since_the_base_is_shown(job: Job) -> None:
    """The difference of the rules, not of the file; a first SLO is new as a whole."""
    before = job.commit()
    (job.folder / "slos/shop.yml").write_text(_SPEC.replace("99.9", "99.5"))

    done, summary = job.run(BASE=before)
    same, unchanged = job.run(BASE=before, FILES="slos/none.yml slos")

    assert done.returncode == 0, done.stderr
    assert "| shop | availability | 99.5 % in 30 days | ErrorBudgetBurnFast (page)" in summary
    assert "-    expr: vector(0.999)\n+    expr: vector(0.995)" in summary
    assert "- alerts link to no runbook" in summary
    # A file that is not there is refused, before anything is compared.
    assert same.returncode == 1
    assert "none.yml" in unchanged


def test_a_refused_file_has_an_annotation_and_fails(job: Job) -> None:
    """At its line."""
    (job.folder / "slos/shop.yml").write_text(_SPEC.replace("99.9", "20"))

    done, summary = job.run()

    assert done.returncode == 1
    assert done.stdout.startswith("::error file=slos/shop.yml,line=5::slos[0].objective: ")
    assert "**refused**: `slos/shop.yml:5`" in summary


def test_stale_rules_fail_and_are_shown(job: Job) -> None:
    """Where they are committed; fresh ones do not."""
    burnrate = str(Path(sys.executable).with_name("burnrate"))
    command = [burnrate, "slo", "generate", "slos", "-o", "rules"]
    subprocess.run(command, cwd=job.folder, check=True, capture_output=True)
    fresh, said = job.run(RULES="rules")
    (job.folder / "slos/shop.yml").write_text(_SPEC.replace("99.9", "99.5"))
    stale, shown = job.run(RULES="rules")

    assert fresh.returncode == 0
    assert "are as they should be" in said
    assert stale.returncode == 1
    assert "+    expr: vector(0.995)" in shown
    assert "::error::rules are stale: burnrate slo generate slos --output rules" in stale.stdout


def test_the_step_runs_as_a_runner_runs_it(job: Job) -> None:
    """In an environment of its own, which gets the action's Burnrate; then the script compares."""
    before = job.commit()
    (job.folder / "slos/shop.yml").write_text(_SPEC.replace("99.9", "99.5"))
    job.commit()
    tools, installed = job.folder.parent / "tools", job.folder.parent / "installed"
    tools.mkdir()
    # Without a network: the environment is this one, and pip says what it would install.
    (tools / "python3").write_text(
        f"""#!/bin/bash -e
[ "$1 $2" = "-m venv" ]
mkdir -p "$3/bin"
ln -s "{Path(sys.executable).parent}"/{{python,burnrate}} "$3/bin"
printf '#!/bin/bash\necho "$@" > "{installed}"\n' > "$3/bin/pip"
chmod +x "$3/bin/pip"
"""
    )
    (tools / "python3").chmod(0o755)

    done, summary = job.step({"files": "slos", "base": before, "root": ".", "rules": ""}, tools)

    assert done.returncode == 0, done.stderr
    assert installed.read_text() == f"install --quiet {_ACTION}/../../..[slo]\n"
    assert "-    expr: vector(0.999)\n+    expr: vector(0.995)" in summary


def test_a_base_that_is_not_fetched_is_said(job: Job) -> None:
    """A shallow clone has no commit before."""
    job.commit()

    done, summary = job.run(BASE="0" * 40)

    assert done.returncode == 0
    assert "Nothing to compare with" in summary


def test_the_action_hands_over_its_inputs() -> None:
    """As variables, never inside a script, where they would be code."""
    described = yaml.safe_load((_ACTION / "action.yml").read_text())
    (step,) = described["runs"]["steps"]

    assert set(described["inputs"]) == {"files", "root", "rules", "base"}
    assert {f"${{{{ inputs.{name} }}}}" for name in described["inputs"]} < set(step["env"].values())
    assert "${{" not in step["run"]
