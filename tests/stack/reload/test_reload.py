"""A reload: all that is asked for, or nothing."""

import pytest

from burnrate.stack.errors import StackError
from burnrate.stack.reload import Reload
from tests.stack.reload.fake_host import FakeHost


def _run(host: FakeHost, *parts: str, is_forced: bool = True) -> list[str]:
    said: list[str] = []
    Reload(host, said.append).run(parts, is_forced=is_forced)
    return said


def test_each_part_loads_in_its_own_way() -> None:
    """By a signal, by itself, or by a restart; each line says which."""
    host = FakeHost(
        {
            "prometheus": ["rules/a.yml"],
            "grafana": ["dashboards/a.json"],
            "tempo": ["tempo.yml"],
            "alertmanager": ["secrets/chat_url"],
            "own-part": ["a.yml"],
        }
    )
    assert _run(host) == [
        "prometheus: rules/a.yml: loaded",
        "grafana: dashboards/a.json: read without a reload",
        "tempo: tempo.yml: restarting, since it reads them at its start alone",
        "alertmanager: secrets/chat_url: read without a reload",
        "own-part: a.yml: restarting, since it reads them at its start alone",
    ]
    assert host.done == ["signal prometheus", "restart tempo", "restart own-part"]


def test_a_part_checks_the_candidate_with_its_own_arguments() -> None:
    """And its own program, with the candidate's folder in place of the one in use."""
    host = FakeHost({"nginx": ["nginx.conf"], "prometheus": []})
    _run(host)
    folder = "/etc/burnrate/next"
    assert host.commands["nginx"] == ["nginx", "-c", f"{folder}/main.conf", "port=1", "-t"]
    assert host.commands["prometheus"][-1] == f"{folder}/prometheus.yml"


def test_one_refusal_keeps_all_as_it_is() -> None:
    """Each part's reason is told, and no other part has loaded anything."""
    host = FakeHost(
        {"alertmanager": ["alertmanager.yml"], "nginx": ["nginx.conf"], "loki": ["loki.yml"]},
        refusals={"nginx": 'nginx: [emerg] 1#1: unknown directive "x" in /etc/burnrate/next/n:1'},
    )
    with pytest.raises(StackError) as refused:
        _run(host)
    assert str(refused.value) == (
        'nginx refuses its files: unknown directive "x" in n:1; nothing is changed'
    )
    assert (host.done, host.in_place) == ([], set())


@pytest.mark.parametrize("part", ["alertmanager", "alloy"])
def test_what_a_part_does_not_load_is_put_back_everywhere(part: str) -> None:
    """Its own check has passed, and still it says no; what others loaded is undone too."""
    host = FakeHost(
        {"nginx": ["nginx.conf"], part: ["a.yml"], "grafana": ["provisioning/a.yml"]},
        refuses_to_load={part},
        logs={part: ["level=info msg=x", 'level=error msg="no" err="port 1 is taken"']},
    )
    with pytest.raises(StackError, match=f"{part} has not loaded its files: port 1 is taken"):
        _run(host)
    assert host.in_place == set()
    assert host.done == ["signal nginx", f"signal {part}", "signal nginx", f"signal {part}"]
    assert host.last_load_ok[part] == 1


def test_a_part_that_says_nothing_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nginx goes on with its old workers."""
    monkeypatch.setattr("burnrate.stack.reload.reload._LOAD_SECONDS", 0)
    host = FakeHost({"nginx": ["nginx.conf"]}, refuses_to_load={"nginx"})
    host.logs["nginx"] = ["2026/11/28 10:51:45 [emerg] 7#7: bind() to 0.0.0.0:80 failed (13)"]
    with pytest.raises(StackError, match=r"nginx has not loaded its files: bind\(\) to 0"):
        _run(host)
    assert host.in_place == set()


def test_a_part_that_does_not_come_back_gets_its_old_files() -> None:
    """And is restarted with them."""
    host = FakeHost({"tempo": ["tempo.yml"]}, unhealthy={"tempo"})
    with pytest.raises(StackError, match="tempo is not healthy"):
        _run(host)
    assert (host.in_place, host.done) == (set(), ["restart tempo", "restart tempo"])


def test_what_is_in_place_is_loaded_even_if_nothing_changed() -> None:
    """`docker compose up` may have put it there without telling the part; a start need not."""
    changes: dict[str, list[str]] = {"prometheus": [], "tempo": []}
    host = FakeHost(changes)
    assert _run(host) == ["prometheus: nothing changed: loaded"]
    host = FakeHost(changes)
    assert _run(host, "tempo") == ["nothing changed"]
    assert _run(host, is_forced=False) == []
    assert host.done == []


def test_a_stopped_part_gets_its_files_for_its_next_start() -> None:
    """It is not started for that."""
    host = FakeHost({"nginx": ["nginx.conf"]}, stopped={"nginx"})
    assert _run(host) == ["nginx: nginx.conf: read at its start, it does not run"]
    assert (host.in_place, host.done) == ({"nginx"}, [])


def test_parts_with_other_arguments_are_named() -> None:
    """No reload changes those."""
    host = FakeHost({"prometheus": []}, changed_arguments=frozenset({"inbox", "grafana"}))
    line = "grafana, inbox: arguments or variables changed: make up restarts with them"
    assert _run(host)[-1] == line
    assert _run(host, "prometheus") == ["prometheus: nothing changed: loaded"]


def test_what_postgresql_takes_over_only_at_a_start_is_named() -> None:
    """But not what is an argument here: it complains of that each time."""
    host = FakeHost({"postgres": ["postgresql.conf"]})
    host.logs["postgres"] = [
        f'LOG:  parameter "{name}" cannot be changed without restarting the server'
        for name in ("port", "max_connections")
    ]
    assert _run(host) == [
        (
            "postgres: postgresql.conf: loaded, but for max_connections: "
            "burnrate stack restart postgres"
        )
    ]


def test_many_names_are_cut() -> None:
    """A changed address is in each file of rules."""
    host = FakeHost({"prometheus": ["a", "b", "c", "d", "e"]})
    assert _run(host) == ["prometheus: a, b, c and 2 more: loaded"]


def test_service_is_renewed_by_a_signal() -> None:
    """It has new workers then, and no restart."""
    host, said = FakeHost({"api": []}), list[str]()
    assert Reload(host, said.append).renew("api")
    assert (host.done, said) == (
        ["signal api"],
        ["api: restarted, one program after the other"],
    )


def test_part_that_cannot_renew_itself_or_does_not_run_is_left_alone() -> None:
    """It is for the caller to restart it."""
    host = FakeHost({"api": [], "tempo": []}, stopped={"api"})
    assert not Reload(host, print).renew("api")
    assert not Reload(host, print).renew("tempo")
    assert host.done == []


def test_refused_program_is_told_with_its_reason() -> None:
    """The old one serves on, whatever else it has logged."""
    host = FakeHost({"api": []}, refuses_to_load={"api"}, in_place={"api"})
    host.logs["api"] = [
        '{"level": "error", "message": "POST /users 500"}',
        '{"level": "error", "message": "the program is not renewed", "reason": "SyntaxError: x"}',
    ]
    with pytest.raises(StackError, match=r"^api serves on as it was: SyntaxError: x$"):
        Reload(host, print).renew("api")
