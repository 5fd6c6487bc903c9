"""What the fault routes take and give."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# A fault ends by itself if its drill does not end it.
LONGEST_SECONDS = 600

Method = Literal["GET", "POST", "PATCH", "DELETE"]
Kind = Literal["exception", "unavailable", "latency"]


class Injection(BaseModel):
    """A fault in a normal route of every worker, for a share of its requests and a limited time."""

    model_config = ConfigDict(extra="forbid")

    method: Method = "GET"
    route: Annotated[str, Field(pattern=r"^/[a-z_{}/]*$", max_length=100)] = Field(
        examples=["/posts"], description="The route's template"
    )
    kind: Kind = Field(
        "exception",
        description="exception: 500 with a stack in the log; unavailable: 503; latency: late",
    )
    ratio: float = Field(1.0, gt=0, le=1)
    seconds: float = Field(60, gt=0, le=LONGEST_SECONDS)
    delay_seconds: float = Field(0.5, ge=0, le=30, description="For latency")


class ActiveInjection(Injection):
    """An injection with its end."""

    expires_at: float = Field(description="Seconds since the epoch")


class Injections(BaseModel):
    """All that is injected now."""

    items: list[ActiveInjection]


class Done(BaseModel):
    """What was done, in the worker that answers."""

    fault: str
    seconds: float
    pid: int


class Hold(BaseModel):
    """Connections to take from a pool and keep."""

    model_config = ConfigDict(extra="forbid")

    pool: Literal["postgres", "redis"] = "postgres"
    connections: int = Field(1, ge=1, le=100)
    seconds: float = Field(5, gt=0, le=120)


class Burn(BaseModel):
    """Work to put into the executor."""

    model_config = ConfigDict(extra="forbid")

    tasks: int = Field(1, ge=1, le=200)
    seconds: float = Field(1, gt=0, le=30, description="For each task")

    @model_validator(mode="after")
    def _check_total(self) -> Self:
        if self.tasks * self.seconds > LONGEST_SECONDS:
            raise ValueError(f"tasks x seconds must not exceed {LONGEST_SECONDS}")
        return self
