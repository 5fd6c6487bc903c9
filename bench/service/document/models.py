"""Users and posts, as SQLAlchemy and pydantic are told of them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import DateTime, FetchedValue, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """What all tables share."""


class User(Base):
    """A row of `users`."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), FetchedValue())
    posts: Mapped[list["Post"]] = relationship(
        back_populates="author", order_by="Post.id.desc()", passive_deletes="all"
    )


class Post(Base):
    """A row of `posts`; what the search reads is not in it."""

    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), FetchedValue())
    author: Mapped[User] = relationship(back_populates="posts")


class NewUser(BaseModel):
    """A user to create."""

    name: str
    email: str


class UserChange(BaseModel):
    """What to change of a user."""

    name: str


class NewPost(BaseModel):
    """A post to create."""

    author_id: int
    title: str
    body: str


class PostChange(BaseModel):
    """What to change of a post."""

    title: str


class Document(BaseModel):
    """A text to analyse."""

    text: str


class PostTitle(BaseModel):
    """A post as its author's page lists it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    created_at: datetime


class UserOnly(BaseModel):
    """A user."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    email: str
    created_at: datetime


class UserWithPosts(UserOnly):
    """A user and their posts."""

    posts: list[PostTitle]
