"""What a start of the demo has to wait for."""

import os
from pathlib import Path

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from console.demo.running import LOGINS, has_every_migration, stages


def address(dbname: str) -> str:
    place = connection.settings_dict
    return make_conninfo(host=place["HOST"], user=place["USER"], dbname=dbname)


def started(var: Path, database_url: str) -> list[tuple[list[str], list[str]]]:
    """Steps and processes of each stage."""
    env = {**os.environ, "DATABASE_URL": database_url}
    found = stages(env, var, port=1, simulator_port=2)
    return [([step.name for step in one.steps], [each.name for each in one.processes]) for one in found]


CONSOLE = ["web", "engine", "default", "beat", "shops"]
FIRST_THE_STORY = [(["seed_demo"], ["simulator"]), ([], CONSOLE)]


@pytest.mark.django_db
def test_a_first_start_tells_the_story_before_anybody_can_look(tmp_path: Path) -> None:
    assert started(tmp_path, address(connection.settings_dict["NAME"])) == FIRST_THE_STORY


@pytest.mark.django_db
def test_with_the_story_told_and_every_table_there_all_start_at_once(tmp_path: Path) -> None:
    (tmp_path / LOGINS).write_text("[]")
    database_url = address(connection.settings_dict["NAME"])
    assert started(tmp_path, database_url) == [(["seed_demo"], ["simulator", *CONSOLE])]


@pytest.mark.django_db
def test_a_database_that_lacks_a_table_or_does_not_answer_comes_first(tmp_path: Path) -> None:
    (tmp_path / LOGINS).write_text("[]")
    assert not has_every_migration(address("postgres"))
    assert not has_every_migration(address("nobody_made_this"))
    assert started(tmp_path, address("postgres")) == FIRST_THE_STORY
