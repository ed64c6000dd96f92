"""Tokens: a provider's for a merchant's app, an app's for a person, and who that person is."""

from simulator.clock import beijing
from simulator.codes import Done, Refusal
from simulator.grants import ACCESS_SECONDS, APP_REFRESH_SECONDS, APP_TOKEN_SECONDS, REFRESH_SECONDS, Grant
from simulator.methods.call import Call, Method, inside
from simulator.people import masked_name
from simulator.store import PROVIDER

BY_CODE, BY_REFRESH = "authorization_code", "refresh_token"
USER_SCOPE = "auth_user"
_TIME = "%Y-%m-%d %H:%M:%S"


def app_token(call: Call) -> Done:
    biz = call.biz("isv.illegal-json", "isv.illegal-json")
    if call.caller.settings.kind != PROVIDER:
        raise Refusal("APP_NOT_ISV")
    grants, provider_id = call.store.grants, call.caller.app_id
    if biz.get("grant_type") == BY_CODE:
        grant = grants.exchange(provider_id, _text(biz.get("code")))
    elif biz.get("grant_type") == BY_REFRESH:
        grant = grants.refresh(provider_id, _text(biz.get("refresh_token")))
    else:
        raise Refusal("GRANT_TYPE_INVALID")
    fields = _as_token(call, grant)
    return Done({**fields, "tokens": [fields]})


def _as_token(call: Call, grant: Grant) -> dict[str, object]:
    return {
        "app_auth_token": grant.token,
        "app_refresh_token": grant.refresh_token,
        "auth_app_id": grant.app_id,
        "expires_in": APP_TOKEN_SECONDS,
        "re_expires_in": APP_REFRESH_SECONDS,
        "user_id": call.store.apps[grant.app_id].pid,
    }


def app_token_facts(call: Call) -> Done:
    biz = call.biz("isv.illegal-json", "isv.illegal-json")
    if call.caller.settings.kind != PROVIDER:
        raise Refusal("APP_NOT_ISV")
    token, now = biz.get("app_auth_token"), call.store.clock.now()
    if not token or not isinstance(token, str):
        raise Refusal("ILLEGAL_PARAM", "app_auth_token 不能为空")
    grant = call.store.grants.of_token(token)
    if grant is None:
        raise Refusal("AUTH_TOKEN_NOT_EXISTED")
    if grant.provider_id != call.caller.app_id:
        raise Refusal("AUTH_TOKEN_NOT_CONSISTENT")
    valid = call.store.grants.holds(grant, token) and now <= grant.ends_at
    return Done(
        {
            "user_id": call.store.apps[grant.app_id].pid,
            "auth_app_id": grant.app_id,
            "expires_in": max(0, int(grant.ends_at - now)),
            "auth_methods": grant.methods,
            "auth_start": beijing(grant.started_at).strftime(_TIME),
            "auth_end": beijing(grant.ends_at).strftime(_TIME),
            "status": "valid" if valid else "invalid",
            "is_by_app_auth": True,
        }
    )


def user_token(call: Call) -> Done:
    """Its parameters stand beside biz_content, not in it."""
    params, logins, app_id = call.params, call.store.logins, call.app.app_id
    if params.get("grant_type") == BY_CODE:
        login = logins.exchange(app_id, params.get("code", ""))
    elif params.get("grant_type") == BY_REFRESH:
        login = logins.refresh(app_id, params.get("refresh_token", ""))
    else:
        raise Refusal("isv.grant-type-invalid")
    fields: dict[str, object] = {
        "access_token": login.token,
        "expires_in": ACCESS_SECONDS,
        "refresh_token": login.refresh_token,
        "re_expires_in": REFRESH_SECONDS,
        "open_id": login.open_id,
        "auth_start": beijing(login.started_at).strftime(_TIME),
    }
    user_id = call.app.user_id_of(login.open_id)
    return Done({**fields, "user_id": user_id} if user_id else fields)


def user_facts(call: Call) -> Done:
    login = call.store.logins.admitted(call.app.app_id, call.params.get("auth_token", ""))
    if USER_SCOPE not in login.scopes:
        raise Refusal("isv.insufficient-user-permissions")
    fields: dict[str, object] = {
        "open_id": login.open_id,
        "nick_name": masked_name(call.app.identity_of(login.open_id)),
    }
    user_id = call.app.user_id_of(login.open_id)
    return Done({**fields, "user_id": user_id} if user_id else fields)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_TOKEN = ("app_auth_token", "app_refresh_token", "auth_app_id", "expires_in", "re_expires_in", "user_id")
METHODS = {
    "alipay.open.auth.token.app": Method(
        app_token,
        takes=("grant_type", "code", "refresh_token"),
        gives=(*_TOKEN, *inside("tokens[]", *_TOKEN)),
        refuses=(
            "isv.illegal-json",
            "APP_NOT_ISV",
            "GRANT_TYPE_INVALID",
            "AUTH_CODE_NOT_EXIST",
            "APP_ID_NOT_CONSISTENT",
            "AUTH_CODE_NOT_VALID",
            "AUTH_TOKEN_NOT_FOUND",
            "REFRESH_TOKEN_NOT_EXIST",
            "REFRESH_TOKEN_NOT_VALID",
            "REFRESH_TOKEN_TIME_OUT",
        ),
        of_provider=True,
    ),
    "alipay.open.auth.token.app.query": Method(
        app_token_facts,
        takes=("app_auth_token",),
        gives=(
            "user_id",
            "auth_app_id",
            "expires_in",
            "auth_methods[]",
            "auth_start",
            "auth_end",
            "status",
            "is_by_app_auth",
        ),
        refuses=(
            "isv.illegal-json",
            "APP_NOT_ISV",
            "ILLEGAL_PARAM",
            "AUTH_TOKEN_NOT_EXISTED",
            "AUTH_TOKEN_NOT_CONSISTENT",
            "SYSTEM_ERROR",
        ),
        of_provider=True,
    ),
    "alipay.system.oauth.token": Method(
        user_token,
        takes=("grant_type", "code", "refresh_token"),
        gives=(
            "access_token",
            "expires_in",
            "refresh_token",
            "re_expires_in",
            "open_id",
            "auth_start",
            "user_id",
        ),
        refuses=(
            "isv.grant-type-invalid",
            "isv.code-invalid",
            "isv.unmatched-app-id",
            "isv.refresh-token-invalid",
            "isv.refreshed-token-invalid",
            "isv.refresh-token-time-out",
            "isp.unknow-error",
        ),
        outside=True,
    ),
    "alipay.user.info.share": Method(
        user_facts,
        takes=("auth_token",),
        gives=("open_id", "nick_name", "user_id"),
        refuses=(
            "aop.invalid-auth-token",
            "aop.auth-token-time-out",
            "isv.insufficient-user-permissions",
        ),
        outside=True,
    ),
}
