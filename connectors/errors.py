"""What can go wrong on the wire, as types that decide between retry and attention.

::

    WireError
    ├── Unauthorized      401 even with a new token, or no token to be had     retried: heals when the secret does
    ├── Forbidden         403                                                  attention
    ├── NotFound          404                                                  retried: usual just after a create
    │   └── NoMailbox, NoDrive
    ├── Conflict          409                                                  retried: two writers at once
    ├── Throttled         429, or our own budget is spent                      retried after ``retry_after``
    ├── Unavailable       5xx, or no whole answer came                         retried
    └── Refused           any other 4xx                                        attention
        └── AlreadyMember, NameTaken, NoLicenceLeft …  told apart in connectors.matcher

The names are the words that administrators read as causes.
"""

# ruff: noqa: N818
from typing import ClassVar


class WireError(Exception):
    """A call that did not succeed: what was answered, and the two ids that find it again.

    ``sent`` is False only when the request never reached the other side.
    """

    retryable: ClassVar[bool] = False
    advice: ClassVar[str] = "Correct the step's input and retry it, or skip it."

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        client_request_id: str | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id
        self.client_request_id = client_request_id
        self.sent = sent

    @property
    def cause(self) -> str:
        """The stable word for this kind of trouble, e.g. ``NoLicenceLeft``."""
        return type(self).__name__

    @property
    def certain(self) -> bool:
        """True when the call is known to have changed nothing: it was refused outright, or never sent."""
        return True


class Unauthorized(WireError):
    """401 even with a fresh token, or the identity provider gave none."""

    advice = (
        "Check the client secret or certificate and the consent of the service principal; then it goes on by itself."
    )
    retryable = True


class Forbidden(WireError):
    """403: a permission is missing, the target is privileged, or the group is dynamic; bodies do not tell which."""

    advice = (
        "Check the permissions and directory roles of the service principal, and whether the target is privileged "
        "or the group dynamic; then retry."
    )


class NotFound(WireError):
    """404: gone, or not yet seen by the replica that answered. ``resource`` is the id it names, where it names one."""

    advice = "See in the tenant whether the object is still there; then retry, or skip the step."
    retryable = True
    resource: str | None = None


class NoMailbox(NotFound):
    """404: the person has no mailbox in the cloud, not yet or not any more."""

    advice = "See whether the person has an Exchange licence (a mailbox takes its time); then retry, or skip the step."


class NoDrive(NotFound):
    """404: the person has no OneDrive, not yet or not any more; an application cannot have one made."""

    advice = "Have the person sign in to OneDrive once or provision it; then retry, or skip the step."


class Conflict(WireError):
    """409: another write to the same object was under way."""

    advice = "See who else writes to this object; then retry."
    retryable = True


class Throttled(WireError):
    """Too fast: 429, or (``sent=False``) our own budget is spent. ``retry_after`` is in seconds."""

    advice = "It goes on by itself as soon as the tenant takes requests again."
    retryable = True
    retry_after: float = 10.0


class Unavailable(WireError):
    """5xx, a broken or missing answer, or no connection (``sent=False``). ``retry_after`` where the answer said so."""

    advice = "See whether the service is up and can be reached from here; then retry."
    retryable = True
    retry_after: float | None = None

    @property
    def certain(self) -> bool:
        """A write may have taken effect although the answer is lost or says otherwise."""
        return not self.sent


class Refused(WireError):
    """Any other 4xx: the request as it stands will never succeed."""


class AlreadyMember(Refused):
    """The member is in the group already."""


class NameTaken(Refused):
    """Another object holds one of the values; ``properties`` names them (``userPrincipalName``, ``proxyAddresses``)."""

    advice = "Free the name, or retry with another one."

    properties: frozenset[str] = frozenset()


class NoLicenceLeft(Refused):
    """The subscription has no free seat."""

    advice = "Buy or free a seat; then retry."


class UnknownLicence(Refused):
    """The tenant has no subscription of this SKU."""

    advice = "Subscribe to the licence or correct the policy; then retry with the right SKU, or skip the step."


class NoSuchLicence(Refused):
    """The user does not have the licence that was to be removed."""


class InheritedLicence(Refused):
    """The licence comes from a group and cannot be removed from the user directly."""

    advice = "Remove the user from the group that gives it."


class UsageLocationMissing(Refused):
    """The user has no usage location, or the replica that answered has not seen it yet."""

    advice = "Set the user's usage location; then retry."


class LicenceConflict(Refused):
    """Service plans depend on, or exclude, each other."""

    advice = "Correct which service plans are switched off; then retry."


class AlreadyAssigned(Refused):
    """The role assignment exists already."""


class ReadOnlyObject(Refused):
    """The object is mastered elsewhere: synchronised from on premises, or mail-enabled and so Exchange's."""

    advice = "Change it where it is mastered (on premises, or in Exchange); then skip the step."


class LastOwner(Refused):
    """The last owner of a group or holder of a role cannot be taken away."""

    advice = "Name another owner or holder first; then retry."


class NotAssigned(Refused):
    """There is no such role assignment or eligibility to change or end."""


class TooSoon(Refused):
    """A role that was activated less than five minutes ago cannot be ended yet."""

    retryable = True
    advice = "Retry five minutes after the activation, or delete the role assignment itself."


class RequestPending(Refused):
    """A request for the same role waits for its approval."""

    advice = "Have the request approved, denied or cancelled; then retry."


class UnknownPrincipal(Refused):
    """The principal of a role request is not there, or the replica that answered has not seen it yet."""

    retryable = True
    advice = "See in the tenant whether the principal is there; then retry, or skip the step."


class DefaultMethod(Refused):
    """The default authentication method cannot be deleted while others are there."""

    advice = "Delete the other methods first, or change the default; then retry."


class NoSuchAssignment(Refused):
    """The app role assignment is not this principal's own: a group has it, or it went meanwhile."""

    advice = "Take the person out of the group that has the role."


class ChangedMeanwhile(Refused):
    """412: somebody else has changed it since it was read."""

    advice = "Retry: it is read again first."


class NotOrganiser(Refused):
    """Only who organises a meeting can cancel it."""


class NobodyToInvite(Refused):
    """The recipient is not in the tenant, and an application cannot invite new guests."""

    advice = "Name somebody who has an account in the tenant; then retry."


class NoMember(Refused):
    """Who was to be taken out of a distribution group is not in it."""


class AlreadyGranted(Refused):
    """The person has rights on the folder already."""


class NotGranted(Refused):
    """The person has no rights on the folder."""


class UnknownCommand(Refused):
    """Exchange does not know the cmdlet, or not with these parameters."""


class ReadOnlyAttribute(Refused):
    """A SCIM attribute that only the service may write, or that cannot change once it is set (``mutability``)."""

    advice = "Take the attribute out of what is sent; then retry."


class TooMany(Refused):
    """A SCIM filter finds more than the service is willing to give (``tooMany``)."""

    advice = "Ask with a narrower filter."


class AmbiguousMatch(Refused):
    """More than one user of the directory has the record's employee id, so provisioning knows none of them."""

    advice = "See which account is the person's and clear the employee id of the others; then retry."


class Locked(Refused):
    """A management lock forbids the change in Azure."""

    advice = "Remove the lock from the resource or its group; then retry."


class OperationFailed(Refused):
    """Azure accepted the request, and its operation then failed; ``code`` is the operation's."""

    advice = "See the operation's error in Azure and mend its cause; then retry."


class StillRunning(WireError):
    """Azure's operation was not done when the time was up; ``address`` is where it can be asked for."""

    advice = "It may still end by itself: look again later."
    retryable = True

    def __init__(self, message: str, *, address: str) -> None:
        super().__init__(message)
        self.address = address
