"""Settings written into a file that people keep by hand."""

import stat
from pathlib import Path

from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from burnrate.notify.env_file import set_variables

NAMES = ("NOTIFY", "NOTIFY_NTFY_URL", "NGINX_PORT", "MY_NOTIFY")
VALUE = st.from_regex(r"[A-Za-z0-9:/._,-]{0,12}", fullmatch=True)
LINE = st.one_of(
    st.just(""),
    st.from_regex(r"#[ A-Z=a-z]{0,12}", fullmatch=True),
    st.tuples(st.sampled_from(["", "export ", "  "]), st.sampled_from(NAMES), VALUE).map(
        lambda parts: f"{parts[0]}{parts[1]}={parts[2]}"
    ),
)


@given(
    lines=st.lists(LINE, max_size=8),
    end=st.sampled_from(["", "\n"]),
    values=st.dictionaries(st.sampled_from(NAMES), VALUE, min_size=1),
)
def test_what_is_set_is_read_back_and_all_else_stays(
    tmp_path_factory: object, lines: list[str], end: str, values: dict[str, str]
) -> None:
    """Whatever the file had before, also twice."""
    path = Path(tmp_path_factory.mktemp("env")) / ".env"  # type: ignore[attr-defined]
    path.write_text("\n".join(lines) + end)
    before = dotenv_values(path)
    set_variables(path, values)
    assert dotenv_values(path) == {**before, **values}
    comments = [line for line in lines if line.startswith("#")]
    assert [line for line in path.read_text().splitlines() if line.startswith("#")] == comments


def test_a_new_file_is_for_its_owner_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    """An address of a topic is a secret of sorts."""
    path = tmp_path / ".env"
    set_variables(path, {"A": "1"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    set_variables(path, {"A": "2"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.read_text() == "A=2\n"
