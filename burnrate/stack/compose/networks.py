"""Networks of a compose file: what of this machine's addresses they take."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _attachments(value: object) -> object:
    if isinstance(value, list):
        return {name: {} for name in value}
    if isinstance(value, dict):
        return {name: each or {} for name, each in value.items()}
    return value


def _named(value: object) -> object:
    return {} if value is None else value


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Attachment(_Model):
    """How a service is in a network."""

    ipv4_address: str | None = None


class AddressPool(_Model):
    """Addresses that a network is given, and those of them that are assigned."""

    subnet: str | None = None
    ip_range: str | None = None


class AddressManagement(_Model):
    """A network's addresses."""

    config: list[AddressPool] = []


class Network(_Model):
    """A network between services."""

    ipam: AddressManagement = AddressManagement()


Attachments = Annotated[dict[str, Attachment], BeforeValidator(_attachments)]
Networks = dict[str, Annotated[Network, BeforeValidator(_named)]]
