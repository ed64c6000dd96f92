"""A service provider with merchants that let it work for them, each with a template and a list."""

from dataclasses import dataclass
from typing import Any

from membership.models import Customer, PeopleList
from merchants import providers
from merchants.models import Merchant, MiniProgram, ProviderApp, User
from messaging.models import SubscriptionTemplate
from tests import build, build_messaging

LIBRARY_CODE = "LIB-RETURN"


@dataclass(eq=False)
class Provider:
    """`merchant` is the provider; `operator` works there."""

    merchant: Merchant
    app: ProviderApp
    operator: User


@dataclass(eq=False)
class Client:
    merchant: Merchant
    app: MiniProgram
    template: SubscriptionTemplate
    people: list[Customer]
    list: PeopleList


def provider(name: str = "云帆服务商") -> Provider:
    owner = build.merchant(name=name)
    app = build.provider_app(owner)
    operator = build.user(display_name="周敏")
    build.seat(operator, owner)
    return Provider(merchant=owner, app=app, operator=operator)


def authorise(at: Provider, merchant: Merchant, by: User | None = None) -> None:
    providers.grant(merchant=merchant, provider_app_id=at.app.app_id, by=by or build.user())


def client_of(at: Provider, name: str, *, people: int = 3, **template: Any) -> Client:
    """A merchant that the provider works for: `people` of its list hold one unit each."""
    merchant = build.merchant(name=name)
    app = build.mini_program(merchant)
    chosen = build_messaging.template(app, library_code=LIBRARY_CODE, **template)
    persons = build_messaging.people(app, people)
    build_messaging.consents(chosen, persons)
    to = build_messaging.people_list(app, persons)
    authorise(at, merchant)
    return Client(merchant=merchant, app=app, template=chosen, people=persons, list=to)
