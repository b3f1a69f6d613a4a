"""Names for employee ids: a lifecycle names its person by id only, and people look for names."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from ui.calls import Api, ApiError
from ui.shapes import Lifecycle

KNOWN = "names"
ONE_BY_ONE = 10


def with_names(api: Api, lifecycles: Sequence[Lifecycle]) -> list[Lifecycle]:
    """The same lifecycles with their people's names, as far as HR has told them.

    A few unknown ids are asked for one by one; of many, a page of people answers most, and the rest keeps its id until
    the list is drawn again.
    """
    known: dict[str, str] = st.session_state.setdefault(KNOWN, {})
    unknown = {found.employee_id for found in lifecycles if not found.name} - known.keys()
    try:
        if len(unknown) > ONE_BY_ONE:
            known |= {person.employee_id: person.name for person in api.people(limit=200).items}
        for employee_id in sorted(unknown - known.keys())[:ONE_BY_ONE]:
            known[employee_id] = _name(api, employee_id)
    except ApiError:
        return list(lifecycles)
    return [replace(found, name=found.name or known.get(found.employee_id, "")) for found in lifecycles]


def _name(api: Api, employee_id: str) -> str:
    """The name of exactly this person; empty where HR has not told one."""
    hits = api.people(q=employee_id).items
    return next((person.name for person in hits if person.employee_id == employee_id), "")
