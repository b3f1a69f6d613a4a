"""What the page about a real tenant tells people to do fits the code."""

import json
import re
from typing import get_args

from connectors.permissions import Feature
from sandbox.seed_apps import API_ROLES
from settings import Settings, variable
from tests.tenant import ROOT

PAGE = (ROOT / "docs" / "real-tenant.md").read_text("utf-8")


def test_the_roles_of_our_api_are_those_that_it_asks_for() -> None:
    given = json.loads((ROOT / "deploy" / "app-roles.json").read_text("utf-8"))
    assert {one["value"]: tuple(one["allowedMemberTypes"]) for one in given} == API_ROLES


def test_every_variable_that_is_named_is_a_setting() -> None:
    known = {variable(name) for name in Settings.model_fields}
    assert set(re.findall(r"JML_[A-Z_]+", PAGE)) <= known


def test_what_a_company_may_do_without_is_spelled_as_the_setting_takes_it() -> None:
    words = [word for group in re.findall(r"JML_WITHOUT=([\w,]+)", PAGE) for word in group.split(",")]
    assert words
    assert set(words) <= set(get_args(Feature))
    for word in get_args(Feature):
        assert word in str(Settings(without=word).without)
