"""Which charsets a document may have, and how its bytes become text.

The server of a document names its charset, and Python knows codecs that are not made for bytes of
strangers: `idna` and `undefined` raise whatever the error handler is, `punycode` takes minutes for
a megabyte, others unfold or transform. So the names are those that browsers know, and no others.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from api.backends.time_slices import TimeSlices

DEFAULT_CHARSET: Final = "utf-8"

# https://encoding.spec.whatwg.org/#names-and-labels, without `replacement` and `x-user-defined`;
# the codec that is Python's for each. Labels that differ only in `_` and `-` are written once.
_LABELS: Final = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 l2 latin2",
    "iso8859-3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 l3 latin3",
    "iso8859-4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 l4 latin4",
    "iso8859-5": "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595",
    "iso8859-6": "arabic asmo-708 csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i"
    " iso-ir-127 iso8859-6 iso88596",
    "iso8859-7": "csisolatingreek ecma-118 elot-928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7"
    " iso88597 sun-eu-greek",
    "iso8859-8": "csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e"
    " iso-8859-8-i iso-ir-138 iso8859-8 iso88598 logical visual",
    "iso8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 l9",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "cskoi8r koi koi8 koi8-r",
    "koi8-u": "koi8-ru koi8-u",
    "mac-roman": "csmacintosh mac macintosh x-mac-roman",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251",
    "cp1252": "ansi-x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100"
    " iso8859-1 iso88591 l1 latin1 us-ascii windows-1252 x-cp1252",
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 l5 latin5 windows-1254"
    " x-cp1254",
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb18030 gb2312 gbk iso-ir-58 x-gbk",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "euc-jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "iso2022-jp": "csiso2022jp iso-2022-jp",
    "cp932": "csshiftjis ms932 ms-kanji shift-jis sjis windows-31j x-sjis",
    "cp949": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks-c-5601-1987 ks-c-5601-1989 ksc5601"
    " windows-949",
    "utf-16-be": "unicodefffe utf-16be",
    "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
}
_CODECS: Final = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
# https://encoding.spec.whatwg.org/#bom-sniff: the bytes know better than the header.
_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
}
# RFC 9110, section 8.3.1. The email package's parser takes a time that grows with the square.
_PARAMETER: Final = re.compile(r";[ \t]*charset[ \t]*=[ \t]*\"?([^\s;\"]{1,64})", re.IGNORECASE)
_LONGEST_CONTENT_TYPE: Final = 1_000
# What is decoded in one time slice: the slowest charset takes a few milliseconds for it.
_PIECE_BYTES: Final = 16_384


def charset_of(content_type: str) -> str | None:
    """Return the codec of a document whose answer has this `Content-Type`; None if none fits."""
    named = _PARAMETER.search(content_type[:_LONGEST_CONTENT_TYPE])
    if named is None:
        return DEFAULT_CHARSET
    return _CODECS.get(named.group(1).lower().replace("_", "-"))


def read_text(file: BinaryIO, charset: str, longest: int, slices: TimeSlices) -> str:
    """Return the first `longest` characters of a file; what is no text becomes U+FFFD.

    Args:
        file: Open for reading, at its start.
        charset: From `charset_of`.
        longest: Characters; what comes after them is not read.
        slices: Of the computation that this is a part of.

    Raises:
        OutOfTime: the time is over.
    """
    return "".join(_pieces(file, charset, longest, slices))[:longest]


def _pieces(file: BinaryIO, charset: str, longest: int, slices: TimeSlices) -> Iterator[str]:
    decoder: codecs.IncrementalDecoder | None = None
    length = 0
    while length <= longest:
        with slices.slice():
            piece = file.read(_PIECE_BYTES)
            if decoder is None:
                mark, charset = _marked(piece, charset)
                piece = piece[len(mark) :]
                decoder = codecs.getincrementaldecoder(charset)(errors="replace")
            text = decoder.decode(piece, final=not piece)
        yield text
        length += len(text)
        if not piece:
            return


def _marked(start: bytes, charset: str) -> tuple[bytes, str]:
    found = (item for item in _MARKS.items() if start.startswith(item[0]))
    return next(found, (b"", charset))
