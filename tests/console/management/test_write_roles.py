from console.management.commands.write_roles import PAGE, page
from merchants.roles import ALL_CAPABILITIES, CAPABILITIES, Role


def test_the_page_about_roles_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: manage.py write_roles"


def test_it_names_each_capability_once_and_who_has_it() -> None:
    rows = [line.strip("|\n").split("|") for line in page().splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in row] for row in rows]
    told = {capability.strip("`"): granted for _words, capability, *granted in cells}
    assert told.keys() == ALL_CAPABILITIES and len(rows) == len(told)
    for capability, granted in told.items():
        assert granted == ["yes" if capability in CAPABILITIES[role] else "" for role in Role.values]
