"""What the post routes take and give."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.web.pagination import MAX_ID
from api.web.text import STORABLE

Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), STORABLE
]
# PostgreSQL's search vector ends at 1 MB; this stays below it in any script.
Body = Annotated[str, StringConstraints(min_length=1, max_length=20_000), STORABLE]


class NewPost(BaseModel):
    """A post to create."""

    model_config = ConfigDict(extra="forbid")

    author_id: int = Field(strict=True, ge=1, le=MAX_ID, examples=[1])
    title: Title = Field(examples=["On burn rates"])
    body: Body = Field(examples=["An error budget is spent, not saved."])


class PostChange(BaseModel):
    """What to change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    body: Body | None = None

    @model_validator(mode="after")
    def _check_any(self) -> Self:
        if self.title is None and self.body is None:
            raise ValueError("Name at least one field to change")
        return self


class Post(BaseModel):
    """A post."""

    id: int
    author_id: int
    title: str
    body: str
    created_at: datetime
    updated_at: datetime


class FoundPost(Post):
    """A post that matched a search."""

    rank: float = Field(description="How well it matches; comparable within one search only")
