"""A service provider in the house, with two merchants that let it in and a message written for both."""

import uuid

from merchants.models import Merchant, User
from merchants.roles import Role
from merchants.staff import add_person
from messaging.models import JointSend
from messaging.sends import joint
from tests import build, build_provider
from tests.browser.acts import AS_THE_HOUSE_HASHES
from tests.browser.scenes import Scenes

PROVIDER = "zhoumin"


def provider_of(scenes: Scenes) -> Merchant:
    if PROVIDER not in scenes.house.logins:
        with AS_THE_HOUSE_HASHES:
            person, password = add_person(username=PROVIDER, display_name="周敏")
        made = build_provider.provider()
        build.seat(person, made.merchant, Role.OWNER)
        clients = [build_provider.client_of(made, name) for name in ("三味书屋", "便利每日")]
        content = joint.JointContent(
            name="双十一返场",
            library_code=build_provider.LIBRARY_CODE,
            kind="one_time",
            values={word: "满 20 减 6" for word in clients[0].template.keywords},
            page="pages/index",
        )
        joint.draft(
            provider=made.merchant,
            by=person,
            form_token=uuid.uuid4(),
            content=content,
            choices=[joint.Choice(one.app, one.list) for one in clients],
        )
        scenes.house.logins[PROVIDER] = password
    return User.objects.get(username=PROVIDER).seats.get().merchant


def merchants(scenes: Scenes) -> str:
    return f"/m/{provider_of(scenes).slug}/merchants/"


def writing(scenes: Scenes) -> str:
    return f"{merchants(scenes)}sends/new/?template={build_provider.LIBRARY_CODE}:one_time"


def checking(scenes: Scenes) -> str:
    row = JointSend.objects.for_merchant(provider_of(scenes)).latest("pk")
    return f"{merchants(scenes)}sends/{row.pk}/"
