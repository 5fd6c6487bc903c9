"""What the document routes take and give."""

from typing import Annotated, Self

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    UrlConstraints,
    model_validator,
)

from api.documents.job import MAX_CHARACTERS
from api.web.text import STORABLE

SentText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CHARACTERS), STORABLE]

# As long as pydantic's own HttpUrl may be, and what browsers have always taken.
DocumentUrl = Annotated[AnyHttpUrl, UrlConstraints(max_length=2_083)]


class Document(BaseModel):
    """A text, or the address of one."""

    model_config = ConfigDict(extra="forbid")

    text: SentText | None = Field(default=None, examples=["An error budget is spent, not saved."])
    url: DocumentUrl | None = Field(default=None, examples=["https://example.org/"])

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.text is None) == (self.url is None):
            raise ValueError("Give either text or url")
        return self


class Keyword(BaseModel):
    """A word that says what the document is about."""

    word: str
    count: int


class Analysis(BaseModel):
    """What the words of a document say about it."""

    characters: int
    words: int
    unique_words: int
    sentences: int
    average_word_length: float
    average_sentence_length: float
    reading_ease: float = Field(description="Flesch: 100 is very easy, 0 very hard")
    reading_grade: float = Field(description="Flesch-Kincaid: years of school")
    reading_seconds: int = Field(description="At 240 words a minute")
    keywords: list[Keyword]
