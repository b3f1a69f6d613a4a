"""The seeded company: of a believable shape, and the same for the same seed."""

from collections import Counter
from typing import Any

import httpx
import pytest

from sandbox.seed_catalogue import SPE_E3, SPE_F1
from sandbox.seed_people import DEPARTMENTS, REPORTS, employees
from sandbox.store import Doc

SIZES = [60, 200, 2000]


@pytest.fixture(params=SIZES)
def company(request: pytest.FixtureRequest) -> list[Doc]:
    return employees(request.param)


def _levels(company: list[Doc]) -> list[int]:
    above = {one["id"]: one["_manager"] for one in company}

    def level(key: str) -> int:
        return 0 if above[key] is None else 1 + level(above[key])

    return [level(one["id"]) for one in company]


def test_the_same_seed_gives_the_same_company_and_another_seed_another() -> None:
    assert employees(80) == employees(80)
    assert employees(80, 2) == employees(80, 2) != employees(80)
    assert [one["employeeId"] for one in employees(3)] == ["P00001", "P00002", "P00003"]


def test_a_larger_company_has_the_same_people_and_more() -> None:
    assert [one["id"] for one in employees(200)][:60] == [one["id"] for one in employees(60)]


def test_names_and_ids_are_nobody_elses(company: list[Doc]) -> None:
    for name in ("id", "userPrincipalName", "employeeId", "mailNickname"):
        assert len({one[name] for one in company}) == len(company)


def test_every_department_has_people_and_a_head(company: list[Doc]) -> None:
    sizes = Counter(one["department"] for one in company if one["department"])
    assert set(sizes) == set(DEPARTMENTS)
    assert min(sizes.values()) >= 3
    top = company[0]["id"]
    assert {one["department"] for one in company if one["_manager"] == top} == set(DEPARTMENTS)
    assert sizes["Engineering"] > sizes["Human Resources"]


def test_managers_form_a_tree_of_sensible_depth_and_spans(company: list[Doc]) -> None:
    spans = Counter(one["_manager"] for one in company if one["_manager"])
    assert max(spans.values()) <= max(REPORTS, len(DEPARTMENTS))
    assert 2 <= max(_levels(company)) <= 6
    manages = {one["id"]: one for one in company}
    assert all(
        manages[one["_manager"]]["department"] in (one["department"], None) for one in company if one["_manager"]
    )


def test_titles_fit_the_level(company: list[Doc]) -> None:
    managing = {one["_manager"] for one in company}
    for one in company[1:]:
        senior = any(word in one["jobTitle"] for word in ("Head", "Manager", "Lead"))
        if one["id"] in managing:
            assert senior, one["jobTitle"]
        if one["employeeType"] == "Intern":
            assert one["jobTitle"].endswith("Intern")


def test_offices_lie_in_several_countries_and_time_zones(company: list[Doc]) -> None:
    assert len({one["usageLocation"] for one in company}) >= 4
    assert len({one["_time_zone"] for one in company}) >= 4
    assert all(one["city"] == one["officeLocation"] and one["preferredLanguage"] for one in company)


def test_contractors_and_interns_have_a_last_day_and_manage_nobody(company: list[Doc]) -> None:
    kinds = Counter(one["employeeType"] for one in company)
    assert 0 < kinds["Intern"] < kinds["Contractor"] < kinds["Employee"] / 4
    managing = {one["_manager"] for one in company}
    for one in company:
        assert (one["employeeType"] != "Employee") is bool(one.get("employeeLeaveDateTime"))
        assert one["employeeType"] == "Employee" or one["id"] not in managing


def test_licences_are_direct_for_all_and_by_group_for_many(company: list[Doc]) -> None:
    direct = Counter(
        state["skuId"] for one in company for state in one["licenseAssignmentStates"] if not state["assignedByGroup"]
    )
    by_group = sum(any(state["assignedByGroup"] for state in one["licenseAssignmentStates"]) for one in company)
    assert direct[SPE_E3] > 0.9 * len(company)
    assert direct[SPE_F1] > 0
    assert len(company) / 2 < by_group < len(company)


def test_three_are_privileged_five_synced(graph: httpx.Client) -> None:
    assignments = graph.get("/v1.0/roleManagement/directory/roleAssignments").json()["value"]
    people: dict[str, Any] = {
        one["id"]: one
        for one in graph.get("/v1.0/users?$top=999&$select=id,department,onPremisesSyncEnabled").json()["value"]
    }
    held = {a["principalId"] for a in assignments if people.get(a["principalId"], {}).get("department") == "IT"}
    assert len(held) >= 3
    assert sum(bool(one["onPremisesSyncEnabled"]) for one in people.values()) >= 5


def test_the_groups_members_are_those_of_the_departments(graph: httpx.Client) -> None:
    group = graph.get("/v1.0/groups?$filter=displayName eq 'Finance'").json()["value"][0]["id"]
    members = graph.get(f"/v1.0/groups/{group}/members?$top=999&$select=id,department,employeeId").json()["value"]
    assert sum(member["department"] == "Finance" for member in members) >= 8
