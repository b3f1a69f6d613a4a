"""The record of everything that was done, append-only and chained, and the projections that lists come from."""

from ledger.ledger import Ledger
from ledger.migration import DatabaseUnusableError
from ledger.models import (
    Entry,
    LifecyclePatch,
    LifecycleView,
    Page,
    ParkedStep,
    PersonPatch,
    PersonRow,
    Problem,
    Record,
    StepPatch,
    StepView,
    Verification,
)
from ledger.names import NoNameLeft
from ledger.paging import BadPageToken

__all__ = [
    "BadPageToken",
    "DatabaseUnusableError",
    "Entry",
    "Ledger",
    "LifecyclePatch",
    "LifecycleView",
    "NoNameLeft",
    "Page",
    "ParkedStep",
    "PersonPatch",
    "PersonRow",
    "Problem",
    "Record",
    "StepPatch",
    "StepView",
    "Verification",
]
