"""What is shown of a text that does not fit, and to whom."""

from console.messaging.sends.misfits import cut, misfit

LONG = "x" * 50 + "yz"


def test_who_may_not_see_people_gets_the_field_and_the_length_alone() -> None:
    for sees, shown in ((True, ("x" * 50, "yz")), (False, ("", ""))):
        one = cut("Name", LONG, may_see_people=sees)
        assert (one.field, one.characters, one.is_over) == ("Name", 52, True)
        assert (one.kept, one.over) == shown
        (two,) = misfit(["Name", "Thing"], [LONG, "fits"], may_see_people=sees).cuts
        assert two == one


def test_what_fits_is_no_misfit_and_the_whole_is_told_only_where_each_part_fits() -> None:
    assert not misfit(["Name"], ["x" * 50], may_see_people=True).cuts
    assert misfit(["Name"], ["x" * 50], may_see_people=True).together == 0
    many = [f"Field {n}" for n in range(60)]
    assert misfit(many, ["x" * 50] * 60, may_see_people=True).together > 2_048
    assert misfit(many, [LONG] * 60, may_see_people=True).together == 0
