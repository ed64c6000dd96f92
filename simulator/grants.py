"""Merchants let a service provider's app act for theirs, people let an app know them: a code, then tokens.

SIM: the platform publishes no life of a code or a refresh token; a refreshed token ends at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from simulator.clock import DAY_SECONDS, Clock
from simulator.codes import Refusal
from simulator.records import Records

CODE_SECONDS = DAY_SECONDS
# Of the form by which a card is opened: its token is for the two calls that open one, and for nothing else.
CARD_SCOPE = "auth_ecard"
ACCESS_SECONDS = 15 * DAY_SECONDS
REFRESH_SECONDS = 30 * DAY_SECONDS
# The platform calls the token long-lived and its expires_in void; it ends with the authorisation.
APP_TOKEN_SECONDS = 365 * DAY_SECONDS
APP_REFRESH_SECONDS = 372 * DAY_SECONDS

Derive = Callable[..., str]


class _Tokens(Protocol):
    token: str
    refresh_token: str
    ended_tokens: list[str]
    ended_refresh_tokens: list[str]


T = TypeVar("T", bound=_Tokens)


@dataclass(slots=True)
class Grant:
    """One authorisation of one merchant app; `methods` is fixed when it is given. Unix seconds."""

    code: str
    provider_id: str
    app_id: str
    methods: list[str]
    started_at: float
    ends_at: float
    used: bool = False
    revoked: bool = False
    token: str = ""
    refresh_token: str = ""
    refresh_ends_at: float = 0.0
    ended_tokens: list[str] = field(default_factory=list)
    ended_refresh_tokens: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Login:
    """One person's consent that an app knows who they are. Unix seconds."""

    code: str
    app_id: str
    open_id: str
    scopes: list[str]
    started_at: float
    used: bool = False
    token: str = ""
    token_ends_at: float = 0.0
    refresh_token: str = ""
    refresh_ends_at: float = 0.0
    ended_tokens: list[str] = field(default_factory=list)
    ended_refresh_tokens: list[str] = field(default_factory=list)


class Grants:
    def __init__(self, records: Records, clock: Clock, derived: Derive) -> None:
        self._records, self._clock, self._derived = records, clock, derived
        self._by_code = records.take("grant", Grant)
        self._by_token: dict[str, Grant] = {}
        self._by_refresh: dict[str, Grant] = {}
        for grant in self._by_code.values():
            self._index(grant)

    def give(self, provider_id: str, app_id: str, methods: list[str], days: float) -> Grant:
        """The merchant says yes; the provider has a day to exchange the code."""
        now = self._clock.now()
        code = "P" + self._derived("app auth code", len(self._by_code))[:31]
        grant = Grant(code, provider_id, app_id, methods, now, now + days * DAY_SECONDS)
        self._by_code[code] = grant
        self._records.put("grant", code, grant)
        return grant

    def revoke(self, provider_id: str, app_id: str) -> int:
        """The merchant takes back every authorisation of this provider; how many there were."""
        ended = [
            grant
            for grant in self._by_code.values()
            if (grant.provider_id, grant.app_id, grant.revoked) == (provider_id, app_id, False)
        ]
        for grant in ended:
            grant.revoked = True
            self._records.put("grant", grant.code, grant)
        return len(ended)

    def exchange(self, provider_id: str, code: str) -> Grant:
        grant = self._by_code.get(code)
        if grant is None:
            raise Refusal("AUTH_CODE_NOT_EXIST")
        if grant.provider_id != provider_id:
            raise Refusal("APP_ID_NOT_CONSISTENT")
        if grant.used or grant.revoked or self._clock.now() > grant.started_at + CODE_SECONDS:
            raise Refusal("AUTH_CODE_NOT_VALID")
        grant.used = True
        return self._renewed(grant)

    def refresh(self, provider_id: str, refresh_token: str) -> Grant:
        grant = self._by_refresh.get(refresh_token)
        if grant is None:
            raise Refusal("REFRESH_TOKEN_NOT_EXIST")
        if grant.provider_id != provider_id:
            raise Refusal("APP_ID_NOT_CONSISTENT")
        if grant.revoked:
            raise Refusal("AUTH_TOKEN_NOT_FOUND")
        if refresh_token != grant.refresh_token:
            raise Refusal("REFRESH_TOKEN_NOT_VALID")
        if self._clock.now() > grant.refresh_ends_at:
            raise Refusal("REFRESH_TOKEN_TIME_OUT")
        return self._renewed(grant)

    def of_token(self, token: str) -> Grant | None:
        """Also for a token that ended; `holds` tells."""
        return self._by_token.get(token)

    def holds(self, grant: Grant, token: str) -> bool:
        return not grant.revoked and token == grant.token

    def stands(self, provider_id: str, app_id: str) -> bool:
        """Whether the provider holds any authorisation of this app that has not ended."""
        now = self._clock.now()
        return any(
            one.used and not one.revoked and now <= one.ends_at
            for one in self._by_code.values()
            if (one.provider_id, one.app_id) == (provider_id, app_id)
        )

    def _renewed(self, grant: Grant) -> Grant:
        _retire(grant)
        number = len(grant.ended_tokens)
        grant.token = "2026BB" + self._derived("app token", grant.code, number)[:34]
        grant.refresh_token = "2026BB" + self._derived("app refresh token", grant.code, number)[:34]
        grant.refresh_ends_at = self._clock.now() + APP_REFRESH_SECONDS
        self._index(grant)
        self._records.put("grant", grant.code, grant)
        return grant

    def _index(self, grant: Grant) -> None:
        _index(self._by_token, self._by_refresh, grant)


class Logins:
    def __init__(self, records: Records, clock: Clock, derived: Derive) -> None:
        self._records, self._clock, self._derived = records, clock, derived
        self._by_code = records.take("login", Login)
        self._by_token: dict[str, Login] = {}
        self._by_refresh: dict[str, Login] = {}
        for login in self._by_code.values():
            self._index(login)

    def give(self, app_id: str, open_id: str, scopes: list[str]) -> Login:
        """The person agrees in the mini program, which gets the code."""
        code = self._derived("user auth code", len(self._by_code))[:32]
        login = Login(code, app_id, open_id, scopes, self._clock.now())
        self._by_code[code] = login
        self._records.put("login", code, login)
        return login

    def exchange(self, app_id: str, code: str) -> Login:
        login = self._by_code.get(code)
        if login is None:
            raise Refusal("isv.code-invalid")
        if login.app_id != app_id:
            raise Refusal("isv.unmatched-app-id")
        if login.used or self._clock.now() > login.started_at + CODE_SECONDS:
            raise Refusal("isv.code-invalid")
        login.used = True
        return self._renewed(login)

    def refresh(self, app_id: str, refresh_token: str) -> Login:
        login = self._by_refresh.get(refresh_token)
        if login is None:
            raise Refusal("isv.refresh-token-invalid")
        if login.app_id != app_id:
            raise Refusal("isv.unmatched-app-id")
        if refresh_token != login.refresh_token:
            raise Refusal("isv.refreshed-token-invalid")
        if self._clock.now() > login.refresh_ends_at:
            raise Refusal("isv.refresh-token-time-out")
        return self._renewed(login)

    def admitted(self, app_id: str, token: str, *, opens_card: bool = False) -> Login:
        """The person behind an access token of this app, or a Refusal."""
        login = self._by_token.get(token)
        if login is None or login.app_id != app_id or token != login.token:
            raise Refusal("aop.invalid-auth-token")
        if CARD_SCOPE in login.scopes and not opens_card:
            raise Refusal("aop.invalid-auth-token")
        if self._clock.now() > login.token_ends_at:
            raise Refusal("aop.auth-token-time-out")
        return login

    def _renewed(self, login: Login) -> Login:
        _retire(login)
        number, now = len(login.ended_tokens), self._clock.now()
        login.token = "authusrB" + self._derived("access token", login.code, number)[:32]
        login.refresh_token = "authusrB" + self._derived("refresh token", login.code, number)[:32]
        login.token_ends_at, login.refresh_ends_at = now + ACCESS_SECONDS, now + REFRESH_SECONDS
        self._index(login)
        self._records.put("login", login.code, login)
        return login

    def _index(self, login: Login) -> None:
        _index(self._by_token, self._by_refresh, login)


def _retire(holder: _Tokens) -> None:
    if holder.token:
        holder.ended_tokens.append(holder.token)
        holder.ended_refresh_tokens.append(holder.refresh_token)


def _index(by_token: dict[str, T], by_refresh: dict[str, T], holder: T) -> None:
    """Ended tokens stay known, so that a refusal can tell an old one from an invented one."""
    if holder.token:
        by_token.update(dict.fromkeys([*holder.ended_tokens, holder.token], holder))
        by_refresh.update(dict.fromkeys([*holder.ended_refresh_tokens, holder.refresh_token], holder))
