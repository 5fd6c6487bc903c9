"""Alloy's configuration, read by its syntax and compared with its reference.

Nothing here runs Alloy: what it makes of the files is tried where there is a binary of it.
"""

from pathlib import Path

import pytest

from tests.alloy.documentation import documented, documented_version, pinned_version
from tests.alloy.faults import faults
from tests.alloy.reading import AlloySyntaxError, Body, read
from tests.servers.processes import ROOT

_PIPELINE = ROOT / "alloy/pipeline.alloy"
_SOURCES = sorted(set((ROOT / "alloy").glob("*.alloy")) - {_PIPELINE})
_POD = """
discovery.kubernetes "pods" {
  role = "pod"
}

loki.source.kubernetes "pods" {
  targets    = discovery.kubernetes.pods.targets
  forward_to = [loki.write.loki.receiver]
}

loki.write "loki" {
  endpoint {
    url                = "http://loki" + sys.env("A")
    max_backoff_period = "1m30s"
  }
}
"""


def _joined(*texts: str) -> Body:
    """Return what is read as one, as Alloy reads the files of a folder."""
    bodies = [read(text) for text in texts]
    return Body(
        {name: value for body in bodies for name, value in body.attributes.items()},
        [block for body in bodies for block in body.blocks],
    )


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: path.stem)
def test_each_source_and_the_pipeline_are_as_documented(source: Path) -> None:
    """Components, blocks, arguments, their types, and what refers to what."""
    assert faults(_joined(source.read_text(), _PIPELINE.read_text()), documented()) == []


def test_it_is_the_reference_of_the_version_that_runs() -> None:
    """After a new pin: `python -m tests.alloy.documentation CHECKOUT`."""
    assert documented_version() == pinned_version()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", []),
        ("loki.source.kubernetes", "loki.source.pods", ["loki.source.pods: no such component"]),
        ('role = "pod"', 'rolle = "pod"', ["no argument rolle", "role is missing"]),
        ('role = "pod"', "role = true", ["role is no string"]),
        ('"pod"\n', '"pod"\n  selector {}\n', ["discovery.kubernetes: no block selector"]),
        ('"pod"\n', '"pod"\n selectors {\n role = ""\n labels = ""\n }\n', ["no argument labels"]),
        ("pods.targets", "pods.output", ["targets is no list(map(string))"]),
        ("pods.targets", "pod.targets", ["targets is no list(map(string))"]),
        ("[loki.write.loki.receiver]", "loki.write.loki.receiver", ["is no list(LogsReceiver)"]),
        ("[loki.write.loki.receiver]", "discovery.kubernetes.pods.targets", ["is no list(LogsRec"]),
        ('"1m30s"', '"1 minute"', ["max_backoff_period is no duration"]),
        ("    url  ", "    uri  ", ["no argument uri", "url is missing"]),
        ('sys.env("A")', 'sys.environment("A")', ["url is no string"]),
        ('kubernetes "pods"', 'kubernetes "pod"', ["targets is no list(map(string))"]),
        (
            "discovery.kubernetes.pods.targets",
            '[{a = "__meta_kubernetes_pods_name"}]',
            ["no target has __meta_kubernetes_pods_name"],
        ),
        ('loki.write "loki" {\n', 'loki.write "loki" {}\nloki.write "loki" {\n', ["stands twice"]),
    ],
)  # fmt: skip
def test_what_is_not_documented_is_a_fault(old: str, new: str, said: list[str]) -> None:
    """Each by its name."""
    assert old in _POD

    found = faults(read(_POD.replace(old, new, 1)), documented())

    assert len(found) == len(said)
    assert all(part in line for part, line in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1 b = 2\n", "line 1: expected newline and found 'b'"),
        ("a = 1\na = 2\n", "line 2: expected a once"),
        ('a "b" {\n  c = 1\n', "line 3: expected } and found ''"),
        ("a = [\n  1,\n  2\n]\n", "line 3: expected ,"),
        ('a = {b = "c" d = "e"}\n', "line 1: expected , and found 'd'"),
        ('a = "b\n', "line 1: '\"' stands in no configuration"),
        ("a = b.\n", "line 1: expected name"),
        ("a {\n}}\n", "line 2: expected end and found '}'"),
        ("# a\n", "line 1: '#' stands in no configuration"),
    ],
)
def test_what_is_no_alloy_is_refused_with_its_line(text: str, said: str) -> None:
    """As `alloy fmt` would."""
    with pytest.raises(AlloySyntaxError) as caught:
        read(text)
    assert said in str(caught.value)
