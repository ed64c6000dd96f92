"""A merchant with a mini program, a template and people who consented."""

from types import SimpleNamespace

import pytest

from tests import build, build_messaging


@pytest.fixture
def shop(db: None) -> SimpleNamespace:
    """`people` are forty; the first thirty hold one unit each."""
    owner = build.merchant()
    app = build.mini_program(owner)
    chosen = build_messaging.template(app)
    people = build_messaging.people(app, 40)
    build_messaging.consents(chosen, people[:30])
    to = build_messaging.people_list(app, people)
    return SimpleNamespace(
        merchant=owner,
        app=app,
        template=chosen,
        people=people,
        list=to,
        operator=build.user(display_name="李想"),
    )
