"""What every format is read into: Sloth's, with the places in the file that its parts come from."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_snake
from pydantic_core import ErrorDetails

from burnrate.slo.errors import SpecError
from burnrate.slo.specification.formats.yaml_documents import Document
from burnrate.slo.specification.settings import ServiceSettings
from burnrate.slo.specification.sloth import ServiceSpec

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Specification:
    """One document, read.

    Attributes:
        own_path: Makes from a path of Sloth's format, `slos[0].objective`, the document's own.
        period_days: By the SLO's name, for formats that say it.
        notes: What the document says that is not needed, and why.
        implied: The settings that follow from the document, where it says where events are counted.
        is_job_assumed: Whether the job in them is only what one is usually called.
    """

    document: Document
    spec: ServiceSpec
    own_path: Callable[[str], str] = str
    period_days: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    implied: ServiceSettings | None = None
    is_job_assumed: bool = False

    @contextmanager
    def located(self) -> Iterator[None]:
        """Give what the block raises about this specification its own path and the line.

        Raises:
            SpecError: that.
        """
        try:
            yield
        except SpecError as error:
            if error.file != self.document.file or error.line is not None:
                raise
            path = self.own_path(error.path)
            raise self.document.error(path, error.reason, error.lines_below) from error


def parsed(
    document: Document,
    model: type[M],
    content: object = None,
    own_path: Callable[[str], str] = str,
) -> M:
    """Return a document as a model.

    Args:
        document: The document.
        model: The model.
        content: What to read in place of the document's content, if it was changed before.
        own_path: Makes the document's own path from one of the model.

    Raises:
        SpecError: it does not fit.
    """
    try:
        return model.model_validate(document.content if content is None else content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = _reason(first["msg"], first)
        raise document.error(own_path(_path(first["loc"])), reason) from error


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if part == "[key]":
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _reason(message: str, error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return _unknown(str(error["loc"][-1]))
    given = error["input"]
    shown = f", not {given!r}" if isinstance(given, str | int | float) else ""
    message = message.removeprefix("Value error, ")
    return " ".join(f"{message[:1].lower()}{message[1:]}{shown}".split())


def _unknown(key: str) -> str:
    # A resource of Kubernetes has other spellings; Sloth drops them in silence.
    hint = f": write {to_snake(key)}" if key.isidentifier() and to_snake(key) != key else ""
    return f"is no key of this format{hint}"
