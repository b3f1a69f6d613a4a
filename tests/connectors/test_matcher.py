"""The refusals that only their text tells apart."""

import pytest

from connectors import errors
from connectors.answers import Answer, failure
from connectors.errors import NameTaken, NotFound
from connectors.exchange_port import Done

SKU = "05e9a617-0261-4cee-bb44-138d3ef5d965"
TEXTS = [
    (
        "One or more added object references already exist for the following modified properties: 'members'.",
        errors.AlreadyMember,
    ),
    (f"Subscription with SKU {SKU} does not have any available licenses.", errors.NoLicenceLeft),
    (f"License {SKU} does not correspond to a valid company License.", errors.UnknownLicence),
    ("User does not have a corresponding license.", errors.NoSuchLicence),
    (
        "User license is inherited from a group membership and it cannot be removed directly from the user.",
        errors.InheritedLicence,
    ),
    ("License assignment cannot be done for user with invalid usage location.", errors.UsageLocationMissing),
    (
        f"License assignment failed because service plan {SKU} depends on the service plan(s) {SKU}",
        errors.LicenceConflict,
    ),
    (
        "A conflicting object with one or more of the specified property values is present in the directory.",
        errors.AlreadyAssigned,
    ),
    (
        "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects "
        "currently undergoing migration.",
        errors.ReadOnlyObject,
    ),
    ("Cannot Update a mail-enabled security groups and or distribution list.", errors.ReadOnlyObject),
    ("The group must have at least one owner, hence this owner cannot be removed.", errors.LastOwner),
    ("Invalid value specified for property 'department' of resource 'User'.", errors.Refused),
]


def refused(
    message: str, *, status: int = 400, code: str = "Request_BadRequest", details: list[dict[str, str]] | None = None
) -> errors.WireError:
    body = {"error": {"code": code, "message": message, "details": details or []}}
    return failure("POST /somewhere", Answer(status, {"request-id": "r-1"}, body, "c-1"))


@pytest.mark.parametrize(("message", "kind"), TEXTS)
def test_each_text_is_a_type_of_its_own(message: str, kind: type[errors.WireError]) -> None:
    error = refused(message)
    assert type(error) is kind
    assert not error.retryable
    assert error.certain


def test_an_error_carries_both_ids_and_what_was_answered() -> None:
    error = refused("User does not have a corresponding license.")
    assert (error.request_id, error.client_request_id, error.status, error.code) == (
        "r-1",
        "c-1",
        400,
        "Request_BadRequest",
    )
    assert error.cause == "NoSuchLicence"


@pytest.mark.parametrize(
    "details",
    [
        [{"code": "ObjectConflict", "message": "…", "target": "userPrincipalName"}],
        [
            {"code": "ObjectConflict", "message": "…", "target": "userPrincipalName"},
            {"code": "ConflictingObjects", "message": "…", "target": "User_6a7c0e36-0c4e-4b3c-8a50-0b6f1f9d1111"},
        ],
        [],
    ],
)
def test_a_taken_name_says_which_property_is_taken(details: list[dict[str, str]]) -> None:
    message = "Another object with the same value for property userPrincipalName already exists."
    error = refused(message, details=details)
    assert isinstance(error, NameTaken)
    assert error.properties == {"userPrincipalName"}


def test_an_address_in_use_is_told_apart_from_a_taken_name() -> None:
    details = [{"code": "ConflictingObjects", "message": "…", "target": "proxyAddresses"}]
    error = refused("Another object with the same value for property proxyAddresses already exists.", details=details)
    assert isinstance(error, NameTaken)
    assert error.properties == {"proxyAddresses"}


def test_a_404_says_which_resource_is_missing() -> None:
    text = "Resource 'abc' does not exist or one of its queried reference-property objects are not present."
    error = refused(text, status=404, code="Request_ResourceNotFound")
    assert isinstance(error, NotFound)
    assert error.resource == "abc"
    assert error.retryable


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (408, errors.Unavailable),
        (409, errors.Conflict),
        (429, errors.Throttled),
        (422, errors.Refused),
        (500, errors.Unavailable),
        (503, errors.Unavailable),
        (509, errors.Unavailable),
    ],
)
def test_the_status_decides_the_rest(status: int, kind: type[errors.WireError]) -> None:
    assert type(refused("…", status=status, code="x")) is kind


def test_a_scim_conflict_is_a_taken_name() -> None:
    body = {"schemas": [], "status": "409", "scimType": "uniqueness", "detail": "userName is taken"}
    assert isinstance(failure("POST /Users", Answer(409, {}, body, "c")), NameTaken)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0.249", 0.249), ("99999", 600.0), ("nonsense", 10.0), (None, 10.0)]
)
def test_retry_after_in_all_its_spellings(header: str | None, seconds: float) -> None:
    headers = {"retry-after": header} if header else {}
    error = failure("GET /users", Answer(429, headers, None, "c"))
    assert isinstance(error, errors.Throttled)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("code", "kind", "retried"),
    [
        ("ActiveDurationTooShort", errors.TooSoon, True),
        ("PendingRoleAssignmentRequest", errors.RequestPending, False),
        ("SubjectNotFound", errors.UnknownPrincipal, True),
        ("tooMany", errors.TooMany, False),
    ],
)
def test_some_refusals_are_told_apart_by_their_code(code: str, kind: type[errors.WireError], retried: bool) -> None:
    error = refused("Whatever it says.", code=code)
    assert type(error) is kind
    assert error.retryable is retried


@pytest.mark.parametrize(
    ("warning", "changed"),
    [
        ("The appropriate access control entry is already present on the object.", False),
        ("Can't remove the access control entry because the ACE isn't present.", False),
        ("The mailbox may take some minutes.", True),
    ],
)
def test_exchange_only_warns_where_there_was_nothing_to_change(warning: str, changed: bool) -> None:
    assert Done((warning,)).changed is changed
