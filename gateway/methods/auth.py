"""A provider's right to act for a merchant's app: a code becomes a token, an old token a new one."""

from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.methods import Answered, Request, Response


class AuthorisedApp(Answered):
    """One of the apps of a batch authorisation."""

    app_auth_token: str
    app_refresh_token: str
    auth_app_id: str
    expires_in: str | None = None
    re_expires_in: int | None = None
    user_id: str | None = None


class OpenAuthTokenAppResponse(Response):
    """The platform calls `expires_in` void: the token is long-lived. `re_expires_in` is in seconds."""

    app_auth_token: str
    app_refresh_token: str
    auth_app_id: str
    expires_in: str | None = None
    re_expires_in: int | None = None
    tokens: tuple[AuthorisedApp, ...] = ()
    user_id: str | None = None


class OpenAuthTokenApp(Request[OpenAuthTokenAppResponse]):
    """Called by the provider's app for itself. A code works once, for a day."""

    method = "alipay.open.auth.token.app"
    response_type = OpenAuthTokenAppResponse

    grant_type: Literal["authorization_code", "refresh_token"]
    code: str | None = Field(None, min_length=1, max_length=100)
    refresh_token: str | None = Field(None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _what_the_type_needs(self) -> Self:
        given = {"authorization_code": self.code, "refresh_token": self.refresh_token}
        if given.pop(self.grant_type) is None or any(given.values()):
            raise ValueError("authorization_code takes a code and nothing else, refresh_token a token.")
        return self
