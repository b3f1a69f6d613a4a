"""Policies: reading, refusing with file, line and field, conditions, the hash."""

from pathlib import Path
from typing import Any

import pytest

from domain.policy import Condition, Policy, PolicyError

DEFAULT = Path(__file__).resolve().parents[2] / "policies" / "default.yaml"

SMALLEST = """\
naming: {domain: practice.example}
defaults: {country: GB}
notices:
  sender: a@practice.example
  attention_to: [b@practice.example]
  joiner: {subject: s, text: t}
  mover: {subject: s, text: t}
  leaver: {subject: s, text: t}
rules:
  - name: office
    reason: mail
    give: [{licence: SPE_E3}]
"""


def written(folder: Path, text: str) -> Path:
    """A policy file with this text."""
    file = folder / "policy.yaml"
    file.write_text(text, "utf-8")
    return file


def refusal(folder: Path, text: str) -> list[str]:
    """The lines with which such a policy is refused, without the folder."""
    with pytest.raises(PolicyError) as refused:
        Policy.load(written(folder, text))
    return [line.replace(f"{folder}/", "") for line in str(refused.value).splitlines()]


def test_the_default_policy_is_valid_in_both_profiles() -> None:
    practice, production = Policy.load(DEFAULT, "practice"), Policy.load(DEFAULT)
    assert practice.timings.settle_seconds == 2
    assert practice.timings.second_look_seconds == 5
    assert practice.timings.mover_overlap_seconds == 0
    assert production.timings.settle_seconds == 30
    assert production.timings.second_look_seconds == 600
    assert practice.timings.prepare_days == production.timings.prepare_days == 7


def test_the_default_policy_gives_each_department_its_group() -> None:
    policy = Policy.load(DEFAULT, "practice")

    def groups(department: str) -> set[str | None]:
        person = {"department": department, "employee_type": "employee"}
        return {give.group for rule in policy.rules if rule.when.holds(person) for give in rule.give} - {None}

    assert groups("Finance") == {"Finance"}
    assert groups("Product Marketing") == groups("Sales") == {"Sales"}
    assert groups("Product Engineering") == groups("Manufacturing") == {"Engineering"}
    assert groups("IT") == {"IT"}
    assert groups("Human Resources") == set()


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    policy = Policy.load(written(tmp_path, SMALLEST))
    assert policy.authority == "graph"
    assert policy.defaults.employee_type == "employee"
    assert policy.timings.leaver_hour.hour == 17
    assert policy.retention.days == 30


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("country: GB", "country: UK"), "policy.yaml:2: defaults.country: 'UK' is not an ISO 3166-1 alpha-2"),
        (("domain: practice.example", "domain: nowhere"), "policy.yaml:1: naming.domain: String should match"),
        (("sender: a@practice.example", "sender: nobody"), "policy.yaml:4: notices.sender: String should match"),
        (("reason: mail", "because: mail"), "policy.yaml:11: rules[0].because: Extra inputs are not permitted"),
        (("[{licence: SPE_E3}]", "[]"), "policy.yaml:12: rules[0].give: Tuple should have at least 1 item"),
        (("licence: SPE_E3", "licence: SPE_E3, group: X"), "policy.yaml:12: rules[0].give[0]: give exactly one of"),
        (("licence: SPE_E3", "group: X, through_group: Y"), "policy.yaml:12: rules[0].give[0]: disabled_plans and"),
        (("rules:", "retention: {days: -1}\nrules:"), "policy.yaml:9: retention.days: Input should be greater"),
        (("rules:", "protected: [x]\nrules:"), "policy.yaml:9: protected[0]: String should match"),
        (("name: office", "name: ''"), "policy.yaml:10: rules[0].name: String should have at least 1 character"),
    ],
)
def test_a_mistake_is_named_by_file_line_and_field(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    lines = refusal(tmp_path, SMALLEST.replace(*change))
    assert any(line.startswith(expected) for line in lines), lines


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path, SMALLEST.replace("naming: {domain: practice.example}", "")) == [
        "policy.yaml:2: naming: Field required"
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = SMALLEST.replace("country: GB", "country: UK").replace("sender: a@practice.example", "sender: x")
    assert [line.split(":")[1] for line in refusal(tmp_path, text)] == ["2", "4"]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{title: {matches: '['}}", "rules[0].when.title.matches: '[' is no regular expression"),
        ("{title: {equals: a, in: [b]}}", "rules[0].when.title: give exactly one of equals, in, matches"),
        ("{salary: high}", "rules[0].when.salary: Extra inputs are not permitted"),
        ("{any: []}", "rules[0].when.any: Tuple should have at least 1 item"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(tmp_path: Path, when: str, expected: str) -> None:
    lines = refusal(tmp_path, SMALLEST.replace("reason: mail", f"reason: mail\n    when: {when}"))
    assert any(line.startswith(f"policy.yaml:12: {expected}") for line in lines), lines


def test_a_rule_may_stand_once_only(tmp_path: Path) -> None:
    twice = SMALLEST + "  - {name: office, reason: again, give: [{group: Sales}]}\n"
    assert refusal(tmp_path, twice) == ["policy.yaml:9: rules: office: a rule's name may stand once only"]


def test_a_key_that_stands_twice_hides_nothing(tmp_path: Path) -> None:
    assert refusal(tmp_path, SMALLEST + "rules: []\n") == ["policy.yaml:13: rules: stands here twice"]


@pytest.mark.parametrize(
    ("text", "line"), [("rules: [", "1"), ("a: b: c", "1"), ("", "1"), ("!!python/object:os.system x", "1")]
)
def test_what_is_no_yaml_is_told_by_its_line(tmp_path: Path, text: str, line: str) -> None:
    assert refusal(tmp_path, text)[0].split(":")[1] == line


def test_a_list_is_no_policy(tmp_path: Path) -> None:
    assert refusal(tmp_path, "- a\n- b\n")[0].startswith("policy.yaml:1: policy: ")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        Policy.load(tmp_path / "none.yaml")


def test_a_mistake_in_the_practice_section_is_told_by_its_own_line(tmp_path: Path) -> None:
    file = written(tmp_path, SMALLEST + "practice:\n  timings:\n    settle_seconds: -2\n")
    with pytest.raises(PolicyError, match=r"policy.yaml:15: timings.settle_seconds: Input should be greater"):
        Policy.load(file, "practice")


def test_the_hash_follows_the_content_and_nothing_else(tmp_path: Path) -> None:
    first = Policy.load(written(tmp_path, SMALLEST)).hash
    commented = Policy.load(written(tmp_path, "# who gets what\n" + SMALLEST)).hash
    changed = Policy.load(written(tmp_path, SMALLEST.replace("SPE_E3", "SPE_E5"))).hash
    assert first == commented != changed
    assert len(first) == 64


def test_protected_accounts_come_from_the_file_and_from_elsewhere(tmp_path: Path) -> None:
    mine, yours = "aaaaaaaa-0000-4000-8000-000000000001", "AAAAAAAA-0000-4000-8000-000000000002"
    file = written(tmp_path, SMALLEST + f"protected: [{mine}]\n")
    policy = Policy.load(file, "production", [yours])
    assert policy.protects(mine.upper())
    assert policy.protects(yours.lower())
    assert not policy.protects("aaaaaaaa-0000-4000-8000-000000000003")
    assert policy.hash == Policy.load(file).hash


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({}, True),
        ({"department": "finance"}, True),
        ({"department": " Finance "}, True),
        ({"department": ["Sales", "FINANCE"]}, True),
        ({"department": {"in": ["Sales"]}}, False),
        ({"title": {"matches": "dir|vice"}}, True),
        ({"title": {"matches": "^rector"}}, False),
        ({"office": "Zürich"}, False),
        ({"department": "Finance", "country": "US"}, False),
        ({"all": [{"department": "Finance"}, {"country": "GB"}]}, True),
        ({"any": [{"department": "Sales"}, {"country": "GB"}]}, True),
        ({"any": [{"department": "Sales"}, {"country": "US"}]}, False),
        ({"not": {"employee_type": ["intern", "contractor"]}}, True),
        ({"not": {"department": "Finance"}}, False),
        ({"company": "Fabrikam", "not": {"any": [{"title": "CEO"}, {"country": "DE"}]}}, True),
    ],
)
def test_conditions_look_at_a_person(when: dict[str, Any], holds: bool) -> None:
    person = {
        "department": "Finance",
        "title": "Director",
        "country": "GB",
        "employee_type": "employee",
        "company": "Fabrikam",
        "office": None,
    }
    assert Condition.model_validate(when).holds(person) is holds
