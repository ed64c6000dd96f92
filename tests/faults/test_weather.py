"""The plans of the storms: repeatable, and a handful of seeds leaves no kind of trouble out."""

from tests.faults.weather import GATEWAY, GROUPS, KINDS, MOVES, STRIKES, plan


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan(7) == plan(7)
    assert len({str(plan(seed)) for seed in range(50)}) == 50


def test_six_seeds_in_a_row_hold_every_kind_of_trouble_and_every_move() -> None:
    for first in (0, 12, 36):
        seen = {act.kind for seed in range(first, first + 6) for act in plan(seed).acts}
        assert seen == KINDS, KINDS - seen


def test_every_storm_strikes_a_slot_troubles_the_gateway_and_lets_the_operator_act() -> None:
    for seed in range(60):
        kinds = [act.kind for act in plan(seed).acts]
        for group in (STRIKES, GATEWAY, MOVES):
            assert set(kinds) & set(group), plan(seed)
        assert len(kinds) - kinds.count("cancel") == sum(n for _group, n in GROUPS)


def test_a_cancel_comes_last_and_only_in_some_storms() -> None:
    ends = [[act.kind for act in plan(seed).acts].index("cancel") for seed in (2, 5, 8)]
    assert ends == [9, 9, 9]
    assert "cancel" not in {act.kind for act in plan(3).acts}


def test_acts_stand_in_the_order_in_which_they_begin() -> None:
    for seed in range(30):
        shares = [act.share for act in plan(seed).acts]
        assert shares == sorted(shares)
