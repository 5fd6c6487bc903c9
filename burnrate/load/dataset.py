"""What the load has made in the service, so that it can ask for it and take it away again."""

from collections import deque
from dataclasses import dataclass, field
from random import Random

# Enough for pages and searches to be worth something; a load that runs for days makes no more.
MOST_USERS = 200
MOST_POSTS = 2_000

_WORDS = (
    *("budget", "burn", "rate", "alert", "latency", "error", "window", "target", "page", "ticket"),
    *("trace", "metric", "log", "sample", "bucket", "quantile", "outage", "recovery", "deploy"),
    *("rollback", "saturation", "pool", "queue", "timeout", "retry", "cache"),
)


@dataclass(frozen=True)
class Post:
    """A post that the load created."""

    id: int
    author_id: int


@dataclass
class Dataset:
    """Users and posts that the load created and has not deleted; ids of nobody else's.

    Args:
        run: Tells this run's e-mail addresses from every other run's.
        random: Draws what is asked for and what is written.
    """

    run: str
    random: Random = field(default_factory=Random)
    users: deque[int] = field(default_factory=deque)
    posts: deque[Post] = field(default_factory=deque)
    _serial: int = 0

    @property
    def has_content(self) -> bool:
        """Whether there is something to read."""
        return bool(self.users and self.posts)

    def next_serial(self) -> int:
        """Return a number that was not returned before."""
        self._serial += 1
        return self._serial

    def sentence(self, words: int) -> str:
        """Return so many made-up words of the field."""
        return " ".join(self.random.choices(_WORDS, k=words))

    def word(self) -> str:
        """Return a word that is in many posts."""
        return self.random.choice(_WORDS)

    def any_user(self) -> int:
        """Return the id of any user that the load created; there must be one."""
        return self.random.choice(self.users)

    def any_post(self) -> int:
        """Return the id of any post that the load created; there must be one."""
        return self.random.choice(self.posts).id

    def forget_user(self, user_id: int) -> None:
        """Never draw a deleted user again, nor their posts."""
        self.users = deque(each for each in self.users if each != user_id)
        self.posts = deque(post for post in self.posts if post.author_id != user_id)

    def forget_post(self, post_id: int) -> None:
        """Never draw a deleted post again."""
        self.posts = deque(post for post in self.posts if post.id != post_id)
