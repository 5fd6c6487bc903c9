"""Who may come in at the door."""

import bcrypt
import pytest
import yaml

from burnrate.stack.errors import StackError
from burnrate.stack.secrets import people


def test_a_first_start_lets_one_name_in() -> None:
    """With a token of its own, which no other start makes."""
    first, second = people.read_people(people.new_people()), people.read_people(people.new_people())
    assert first.keys() == second.keys() == {"operator"}
    assert first != second
    assert len(first["operator"]) >= 43


def test_the_others_stay_as_they_are() -> None:
    """Whoever comes or goes; who comes back has another token."""
    first = people.new_people()
    both = people.with_person(first, "ada@example.org")
    assert people.without_person(both, "ada@example.org") == first
    again = people.with_person(first, "ada@example.org")
    assert again != both
    assert again.startswith(first)


@pytest.mark.parametrize(
    "name", ["", "a b", "a;b", 'a"b', "a:b", "-a", "a\nb", "x" * 65, people.MACHINE]
)
def test_what_would_be_another_thing_to_nginx_is_no_name(name: str) -> None:
    """Names stand in its files; the machine's own is taken."""
    with pytest.raises(StackError, match="cannot be a name"):
        people.with_person(people.new_people(), name)


def test_nobody_locks_everybody_out() -> None:
    """The last name stays, a name is there once."""
    with pytest.raises(StackError, match="last one"):
        people.without_person("ada t\n", "ada")
    with pytest.raises(StackError, match="none of those"):
        people.without_person("ada t\n", "eve")
    with pytest.raises(StackError, match="already"):
        people.with_person("ada t\n", "ada")


def test_each_program_gets_the_form_that_it_reads() -> None:
    """Nginx' map, its file of passwords, and the links."""
    text = "ada t\neve u\n"
    assert people.cookies(text) == '"~^t$" "ada";\n"~^u$" "eve";\n'
    assert people.links(text, "http://localhost:8090").splitlines()[1] == (
        "eve http://localhost:8090/-/door/login?token=u"
    )
    names = [line.partition(":")[0] for line in people.passwords(text, "m").splitlines()]
    assert names == ["ada", "eve", "burnrate"]
    assert people.authorization("m") == 'default "Basic YnVybnJhdGU6bQ==";\n'
    assert people.grafana_header("abc") == "proxy_set_header abc $door_user;\n"


def test_prometheus_and_alertmanager_get_a_hash_of_the_machines_password() -> None:
    """The same at each start, so that nothing seems changed; another for another password."""
    (entry,) = yaml.safe_load(people.web_config("m"))["basic_auth_users"].items()
    name, hashed = entry
    assert name == people.MACHINE
    assert bcrypt.checkpw(b"m", hashed.encode())
    assert not bcrypt.checkpw(b"n", hashed.encode())
    assert people.web_config("m") == people.web_config("m")
    assert people.web_config("m").split("$")[-1][:22] != people.web_config("n").split("$")[-1][:22]
