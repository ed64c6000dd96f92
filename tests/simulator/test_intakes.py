"""Who stands at which place of which seed, however an app's people came together."""

import asyncio
from pathlib import Path

from simulator.disk import Disk
from simulator.limits import Limits
from simulator.people import open_id_at, open_ids
from simulator.store import App, Person, Settings, Store
from tests.simulator.town import APP_ID, TEN, keys

OTHER_ID = "2021000000000002"


def _store(path: Path, *app_ids: str) -> tuple[Store, list[App]]:
    store = Store(Disk(path), seed=1, speed=0)
    for app_id in app_ids:
        store.save_app(App(app_id, Settings(industry="rental"), keys(), Limits()))
    return store, list(store.apps.values())


def _join(store: Store, app: App, seed: int, positions: range) -> None:
    for position in positions:
        store.join(app, open_id_at(app.app_id, seed, position), seed=seed, position=position, at=TEN)
    store.save_intakes()


def test_people_of_several_seeds_keep_their_places_over_a_restart(tmp_path: Path) -> None:
    store, [app] = _store(tmp_path / "store.db", APP_ID)
    _join(store, app, 7, range(3))
    _join(store, app, 2**62, range(2))
    _join(store, app, 7, range(3, 5))
    expected = [(7, 0), (7, 1), (7, 2), (2**62, 0), (2**62, 1), (7, 3), (7, 4)]
    assert [app.place_of(one) for one in app.people] == expected
    _close(store)

    store, [app] = _store(tmp_path / "store.db")

    assert [app.place_of(one) for one in app.people] == expected
    assert list(app.people)[:3] == list(open_ids(APP_ID, 7, 3))
    _close(store)


def test_the_same_place_of_the_same_seed_is_the_same_person_everywhere(tmp_path: Path) -> None:
    store, [here, there] = _store(tmp_path / "store.db", APP_ID, OTHER_ID)
    _join(store, here, 7, range(3))
    _join(store, there, 7, range(2))
    _join(store, there, 8, range(3))
    first, _, third = here.people

    assert store.everywhere(here, first) == [(here, first), (there, open_id_at(OTHER_ID, 7, 0))]
    assert store.everywhere(here, third) == [(here, third)]
    assert here.identity_of(first) == there.identity_of(open_id_at(OTHER_ID, 7, 0))
    _close(store)


def test_a_person_from_a_store_without_places_is_only_who_they_are(tmp_path: Path) -> None:
    store, [app] = _store(tmp_path / "store.db", APP_ID)
    store.save_person(app, "old-friend", Person(0, TEN, TEN))
    _join(store, app, 7, range(1))

    assert app.place_of("old-friend") is None
    assert (app.identity_of("old-friend"), store.everywhere(app, "old-friend")) == (
        "old-friend",
        [(app, "old-friend")],
    )
    assert app.place_of(open_id_at(APP_ID, 7, 0)) == (7, 0)
    _close(store)


def _close(store: Store) -> None:
    asyncio.run(store.disk.close())
