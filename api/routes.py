"""Who may what: the one table of routes, roles and size limits, decided before a body is looked at."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

REQUESTS_PER_SECOND = 100
MIB = 1024 * 1024


class Role(StrEnum):
    """The app roles of our API, as they stand in a token's ``roles`` claim."""

    OPERATOR = "Hr.Operator"
    ADMIN = "Iam.Admin"
    APPROVER = "Iam.Approver"
    AUDITOR = "Iam.Auditor"
    SUBMIT = "Events.Submit"


NOBODY_SPECIAL: frozenset[Role] = frozenset()
HR = frozenset({Role.OPERATOR, Role.SUBMIT})
ADMIN = frozenset({Role.ADMIN})
APPROVER = frozenset({Role.APPROVER})
READERS = frozenset({Role.OPERATOR, Role.ADMIN, Role.APPROVER, Role.AUDITOR})
LEDGER = frozenset({Role.ADMIN, Role.AUDITOR})
AUDITOR = frozenset({Role.AUDITOR})


@dataclass(frozen=True)
class Rule:
    """One route: any of ``roles`` lets in; ``open`` needs no caller; ``signed`` takes a webhook signature instead."""

    method: str
    template: str
    roles: frozenset[Role] = NOBODY_SPECIAL
    open: bool = False
    signed: bool = False
    most_bytes: int = MIB
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the template once; a placeholder stands for one segment of the path."""
        parts = re.split(r"\{[a-z_]+\}", self.template)
        object.__setattr__(self, "pattern", re.compile(r"[^/]+".join(map(re.escape, parts))))

    @property
    def takes_body(self) -> bool:
        """Whether the request's body means anything."""
        return self.method == "POST"


def _rules() -> Iterable[Rule]:
    for path in ("/health/live", "/health/ready", "/metrics", "/openapi.json"):
        yield Rule("GET", path, open=True)
    for event in ("new-hire", "update", "termination", "rescind", "leave", "return"):
        yield Rule("POST", f"/hr/{event}", HR, signed=True)
    yield Rule("GET", "/lifecycles", READERS)
    yield Rule("GET", "/lifecycles/{lifecycle_id}", READERS)
    yield Rule("POST", "/lifecycles/retry", ADMIN)
    for verb in ("retry", "skip", "cancel", "hold", "release", "expedite", "postpone"):
        yield Rule("POST", f"/lifecycles/{{lifecycle_id}}/{verb}", ADMIN)
    for verb in ("approve", "reject"):
        yield Rule("POST", f"/lifecycles/{{lifecycle_id}}/{verb}", APPROVER)
    yield Rule("GET", "/people", READERS)
    yield Rule("GET", "/people/{employee_id}", READERS)
    yield Rule("GET", "/graph/users", ADMIN)
    yield Rule("GET", "/graph/groups", ADMIN)
    yield Rule("GET", "/audit/events", LEDGER)
    yield Rule("GET", "/audit/verify", LEDGER)
    yield Rule("GET", "/audit/export", AUDITOR)


RULES: tuple[Rule, ...] = tuple(_rules())


def rules_of(path: str) -> list[Rule]:
    """The rules whose template fits ``path``, one a method; none means that nothing is there."""
    return [rule for rule in RULES if rule.pattern.fullmatch(path)]
