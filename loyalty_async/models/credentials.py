"""What a client proves its identity with; secrets never show in a `repr`.

Source: Capillary's pages "Basic authentication" and "OAuth".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.fields import mapping

__all__ = ["Basic", "OAuth", "Token"]


def _require_secret(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise InvalidArgument(f"{type(instance).__name__}.{attribute.name} must be a non-empty, printable text")


@attrs.frozen
class Basic:
    """A till and its password, in clear; the MD5 that the API asks for is made here."""

    till: str = attrs.field(repr=False, validator=_require_secret)
    password: str = attrs.field(repr=False, validator=_require_secret)


@attrs.frozen(kw_only=True)
class OAuth:
    """Key and secret of an API client; tokens are fetched, shared and renewed by the client."""

    key: str = attrs.field(repr=False, validator=_require_secret)
    secret: str = attrs.field(repr=False, validator=_require_secret)


@attrs.frozen(kw_only=True)
class Token:
    """An access token and how long it lives, in seconds (`POST /v3/oauth/token/generate`, field `data`)."""

    access_token: str = attrs.field(repr=False)
    ttl_seconds: int
    extra: Mapping[str, Any] = mapping()
