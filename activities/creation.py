"""How an account comes to be: by Graph, or by a SCIM target whose provisioning then makes the directory object.

Names come from the reserved list, in its order. A taken name is passed over only once its holder was seen and is
somebody else: until then the holder may be our own account, made by an attempt whose answer was lost.
"""

import secrets
import string
from collections.abc import Mapping, Sequence
from typing import Any

from activities.failures import StepError
from connectors.errors import NameTaken
from connectors.graph import GraphClient
from connectors.graph_models import User
from connectors.scim import ScimClient, ScimUser, belongs_to, scim_user
from domain.runsheet import Outcome, StepCall

_EXTENSIONS = "onPremisesExtensionAttributes"
_UPN = "userPrincipalName"
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#%+-=_")


class Creation:
    """One account to be made in the directory. ``settle``: seconds between two looks for what is not visible yet."""

    def __init__(self, call: StepCall, graph: GraphClient, settle: float) -> None:
        self._employee_id = call.employee_id
        self._attributes: dict[str, Any] = call.input.get("attributes", {})
        self._enabled = bool(call.input.get("enabled", True))
        self._upns: Sequence[str] = call.input.get("upns") or call.facts.get("upns") or ()
        self._graph = graph
        self._settle = settle

    async def look(self) -> Outcome | None:
        """The person's account under one of the reserved names, if it is there."""
        for upn in self._upns:
            holder = await self._graph.user_by_upn(upn)
            if holder and self.is_ours(holder):
                return _outcome(holder.id, holder.user_principal_name, "observed")
        return None

    async def make(self) -> Outcome:
        """The account, made under the first reserved name that is free."""
        for upn in self._upns:
            try:
                user = await self._graph.create_user(self._body(upn))
            except NameTaken as taken:
                holder = await self._holder(upn, taken)
                if holder and self.is_ours(holder):
                    return _outcome(holder.id, holder.user_principal_name, "observed")
            else:
                return _outcome(user.id, upn, "acknowledged")
        raise self._no_name_left()

    def is_ours(self, user: User) -> bool:
        """True for an account that bears the person's employee id, where the input says it stands."""
        return user.carries_id(self._employee_id, self._extension)

    @property
    def _extension(self) -> str | None:
        """The extension attribute that holds an id too long for ``employeeId``."""
        extensions: Mapping[str, str] = self._attributes.get(_EXTENSIONS) or {}
        return next((name for name, value in extensions.items() if value == self._employee_id), None)

    async def _holder(self, upn: str, taken: NameTaken) -> User | None:
        """Who holds the name: None if only an address of somebody's is in the way, for ours would hold the UPN."""
        holder = await self._graph.user_by_upn(upn)
        if holder is None and (_UPN in taken.properties or not taken.properties):
            raise self._not_yet_seen(f"The name {upn} is taken, but who holds it cannot be read yet.")
        return holder

    def _body(self, upn: str) -> dict[str, Any]:
        given = {name: value for name, value in self._attributes.items() if value is not None}
        return {
            "mailNickname": upn.partition("@")[0],
            **given,
            "userPrincipalName": upn,
            "accountEnabled": self._enabled,
            "passwordProfile": new_password(),
        }

    def _not_yet_seen(self, message: str) -> StepError:
        return StepError("NotYetSeen", message, retryable=True, delay=self._settle, benign=True)

    def _no_name_left(self) -> StepError:
        return StepError(
            "NamesTaken",
            f"None of the reserved names is free ({', '.join(self._upns) or 'none was reserved'}). "
            "Retry with other names in the input's list upns.",
        )


class ScimCreation(Creation):
    """One person to be made at the SCIM target, and the directory object that its provisioning makes of them.

    What SCIM cannot carry is the next step's.
    """

    def __init__(self, call: StepCall, graph: GraphClient, scim: ScimClient, settle: float) -> None:
        super().__init__(call, graph, settle)
        self._scim = scim

    async def look(self) -> Outcome | None:
        """None: whether the person is at the target is asked before every write anyway."""
        return None

    async def make(self) -> Outcome:
        """The directory object of the person, who is made at the target unless they are there."""
        if not await self._at_target():
            raise self._no_name_left()
        users = await self._graph.users_by_employee_id(self._employee_id, self._extension)
        if not users:
            raise self._not_yet_seen("The person is at the SCIM target; the directory does not show the account yet.")
        if len(users) > 1:
            raise _ambiguous(self._employee_id, users)
        return _outcome(users[0].id, users[0].user_principal_name, "observed")

    async def _at_target(self) -> bool:
        for upn in self._upns:
            holder = await self._scim.user_by_name(upn) or await self._create(upn)
            if belongs_to(holder, self._employee_id):
                return True
        return False

    async def _create(self, upn: str) -> ScimUser:
        user = scim_user(upn, self._employee_id, self._attributes, enabled=self._enabled)
        try:
            return await self._scim.create_user(user)
        except NameTaken as taken:
            holder = await self._scim.user_by_name(upn)
            if holder is None:
                raise self._not_yet_seen(f"The userName {upn} is taken, but its holder cannot be read yet.") from taken
            return holder


def new_password() -> dict[str, Any]:
    """A password nobody knows: made here, sent once, kept nowhere."""
    letters = [secrets.choice(kind) for kind in _CLASSES]
    letters += [secrets.choice("".join(_CLASSES)) for _ in range(28)]
    secrets.SystemRandom().shuffle(letters)
    return {"password": "".join(letters), "forceChangePasswordNextSignIn": True}


def _ambiguous(employee_id: str, users: Sequence[User]) -> StepError:
    found = ", ".join(user.id for user in users)
    return StepError(
        "Ambiguous",
        f"{len(users)} accounts bear the employee id {employee_id} ({found}). Clear it on the wrong ones; then retry.",
    )


def _outcome(object_id: str, upn: str, grade: str) -> Outcome:
    return Outcome.model_validate(
        {
            "evidence": {"object_id": object_id},
            "grade": grade,
            "facts": {"object_id": object_id, "upn": upn, "created": True},
        }
    )
