"""What the user routes take and give."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.web.text import STORABLE

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), STORABLE
]
# Only a message can tell whether an address works; this rejects what certainly does not.
# 254 is the longest that SMTP carries (RFC 5321, 4.5.3.1.3).
Email = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", min_length=3, max_length=254),
    STORABLE,
]


class NewUser(BaseModel):
    """A user to create."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(examples=["Ada Lovelace"])
    email: Email = Field(examples=["ada@example.org"])


class UserChange(BaseModel):
    """What to change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _check_any(self) -> Self:
        if self.name is None and self.email is None:
            raise ValueError("Name at least one field to change")
        return self


class PostTitle(BaseModel):
    """A post as its author's page lists it."""

    id: int
    title: str
    created_at: datetime


class User(BaseModel):
    """A user."""

    id: int
    name: str
    email: str
    created_at: datetime


class UserWithPosts(User):
    """A user and their newest posts."""

    posts: list[PostTitle]
