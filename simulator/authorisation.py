"""Whether a provider's app may act for a merchant's by a token, and whether an app may act at all."""

from simulator.codes import Refusal
from simulator.store import NOT_A_MINI_PROGRAM, OFFLINE, ONLINE, App, Store


def authorised(store: Store, caller: App, token: str, method: str) -> App:
    """The merchant's app that the token of `caller` opens for this method, wherever in the call it stood."""
    grant = store.grants.of_token(token)
    if grant is None or not store.grants.holds(grant, token):
        raise Refusal("aop.invalid-app-auth-token")
    if grant.provider_id != caller.app_id:
        raise Refusal("invalid-auth-relations")
    if caller.settings.state != ONLINE:
        raise Refusal("isv.invalid-app-state")
    if store.clock.now() > grant.ends_at:
        raise Refusal("aop.app-auth-token-time-out")
    if method not in grant.methods:
        raise Refusal("aop.invalid-app-auth-token-no-api")
    app = store.apps[grant.app_id]
    if method in app.settings.no_permission:
        raise Refusal("aop.no-product-reg-by-partner")
    return app


def check_state(app: App, *, mini_program: bool = False) -> None:
    """An app that is offline may do nothing, one that is no mini program nothing that takes one."""
    state = app.settings.state
    if state == OFFLINE or (mini_program and state == NOT_A_MINI_PROGRAM):
        raise Refusal("isv.invalid-app-state")
