"""Which charsets are read, and that reading one never costs much."""

import codecs
import encodings.aliases
import io

import pytest

from api.backends.time_slices import OutOfTime, TimeSlices
from api.documents.charsets import _CODECS, charset_of, read_text

PATIENCE_SECONDS = 600
MEGABYTE = 1_000_000


def _read(content: bytes, charset: str, longest: int = 200_000) -> str:
    return read_text(io.BytesIO(content), charset, longest, TimeSlices(PATIENCE_SECONDS))


@pytest.mark.parametrize(
    ("content_type", "codec"),
    [
        ("text/plain", "utf-8"),
        ("text/html; charset=UTF-8", "utf-8"),
        ('text/html;charset="utf8"', "utf-8"),
        ("text/html; boundary=x; charset = Shift_JIS", "cp932"),
        ("text/html; charset=iso-8859-1", "cp1252"),
        ("text/html; charset=ISO-8859-2; x=y", "iso8859-2"),
        ("text/html; charset=GB2312", "gb18030"),
        ("text/html; charset=", "utf-8"),
        ("text/html; charset=klingon", None),
        ("text/html; charset=" + "x" * 60_000, None),
        ("text/html" + ";" * 60_000, "utf-8"),
        ("text/html" + ';a="' * 20_000, "utf-8"),
    ],
)
def test_charset_is_one_that_browsers_know(content_type: str, codec: str | None) -> None:
    """Under any of its names, and however the header is written."""
    assert charset_of(content_type) == codec


@pytest.mark.parametrize(
    "name",
    ["idna", "punycode", "undefined", "utf-7", "raw_unicode_escape", "unicode_escape", "rot13",
     "base64", "hex", "quopri", "uu", "zlib", "bz2", "mbcs", "utf-32", "hz", "utf-8-sig"],
)  # fmt: skip
def test_other_codecs_of_python_are_no_charsets(name: str) -> None:
    """They raise, unfold, transform, or take minutes."""
    assert charset_of(f"text/plain; charset={name}") is None


def test_each_codec_is_for_text_and_replaces_what_is_none() -> None:
    """None raises, whatever the bytes are."""
    for codec in set(_CODECS.values()):
        assert codecs.lookup(codec)._is_text_encoding
        for unit in (b"\xff", b"\x81", b"\x1b$B\xff", b"\xd8\xd8", b"\x00", b"\x80\xe0"):
            assert isinstance(_read(unit * 1_001, codec), str)


def test_no_name_leads_to_a_codec_that_is_not_for_text() -> None:
    """Python's own aliases, one by one."""
    for name in {*encodings.aliases.aliases, *encodings.aliases.aliases.values()}:
        charset = charset_of(f"text/plain; charset={name}")
        assert charset is None or charset in _CODECS.values()


@pytest.mark.parametrize("codec", sorted(set(_CODECS.values())))
@pytest.mark.parametrize("unit", [b"\xff", b"\x81", b"\x1b$B", b"\xd8\xd8"])
def test_no_bytes_of_the_largest_size_take_long(codec: str, unit: bytes) -> None:
    """A decoder that is quadratic would outlast pytest's patience."""
    _read(unit * (MEGABYTE // len(unit)), codec)


def test_characters_are_whole_however_the_file_is_cut() -> None:
    """A character may lie across two pieces."""
    text = "x" + "\u20ac\U0001f525" * 30_000
    for charset, codec in (("utf-8", "utf-8"), ("utf-16-le", "utf-16-le"), ("gb18030",) * 2):
        assert _read(text.encode(codec), charset) == text


def test_only_the_first_characters_are_read() -> None:
    """What nobody looks at is not decoded."""
    file = io.BytesIO(b"x" * MEGABYTE)
    assert read_text(file, "utf-8", 10, TimeSlices(PATIENCE_SECONDS)) == "x" * 10
    assert file.tell() < MEGABYTE / 10


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-be", "utf-16-le"])
def test_byte_order_mark_wins(codec: str) -> None:
    """It is no part of the text, and right where the header is wrong."""
    assert _read(("\ufeff" + "burn").encode(codec), "cp1252") == "burn"


def test_empty_file_is_no_text() -> None:
    """Nothing comes of nothing."""
    assert _read(b"", "utf-8") == ""


def test_reading_ends_when_its_time_is_over() -> None:
    """It is part of the computation, not before it."""
    with pytest.raises(OutOfTime):
        read_text(io.BytesIO(b"x"), "utf-8", 10, TimeSlices(0))
