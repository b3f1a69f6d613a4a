"""One uploaded record: matched by ``externalId``, then created, changed, disabled or skipped, and told as a log row."""

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.graph import directory
from sandbox.graph.errors import GraphError
from sandbox.graph.people.users import check_upn
from sandbox.graph.provisioning.inbound import CLEARABLE, mapped
from sandbox.graph.schema import check_user
from sandbox.store import Doc, Store


class Refusal(Exception):  # noqa: N818 - it becomes a row of a log
    """The record fails, with what the log says of it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass
class Outcome:
    """What became of a record."""

    data: Doc
    action: str = "other"
    status: str = "success"
    code: str | None = None
    reason: str | None = None
    object_id: str | None = None
    target_name: str = ""
    modified: list[Doc] = field(default_factory=list)
    manager: str | None = None
    manager_step: Doc | None = None

    @property
    def source_id(self) -> str:
        """The record's id at its source."""
        return str(self.data.get("externalId") or "")

    @property
    def exported(self) -> bool:
        """Was anything written?"""
        return self.status in ("success", "warning") and self.action != "other"

    def note_manager(self, resolved: bool, changed: bool) -> None:
        """Tell whether the manager was found; one who is not there leaves a warning."""
        status = "success" if resolved else "warning"
        found = (
            "resolved" if resolved else "not found in the target: it is set once the manager's record is provisioned"
        )
        self.manager_step = _step("EntryReferenceResolution", "referenceResolution", status,
                                  f"The reference 'manager' to '{self.manager}' was {found}")  # fmt: skip
        if changed and self.action == "other":
            self.action, self.status, self.code, self.reason = "update", "success", None, None
        if not resolved and self.status == "success":
            self.status, self.code = "warning", "UnresolvedReference"
            self.reason = f"The manager '{self.manager}' could not be found in the target."

    def document(self) -> Doc:
        """The part of a log row that tells of this record."""
        name = str(self.data.get("displayName") or self.data.get("userName") or self.source_id)
        failed = self.code is not None
        error = {
            "errorCode": self.code,
            "reason": self.reason,
            "additionalDetails": None,
            "errorCategory": "nonServiceFailure" if self.status == "failure" else "success",
            "recommendedAction": None,
        }
        return {
            "provisioningAction": self.action,
            "provisioningStatusInfo": {"status": self.status, "errorInformation": error if failed else None},
            "provisioningSteps": self._steps(name),
            "modifiedProperties": self.modified,
            "sourceIdentity": {"identityType": "User", "id": self.source_id, "displayName": name, "details": {}},
            "targetIdentity": {
                "identityType": "User", "id": self.object_id or "", "displayName": self.target_name, "details": {},
            },
        }  # fmt: skip

    def _steps(self, name: str) -> list[Doc]:
        matched = self.object_id is not None and self.action != "create"
        found = "was found" if matched else "was not found"
        steps = [
            _step("EntryImport", "import", "success", f"Received User '{self.source_id}' from API"),
            _step("EntrySynchronizationScoping", "scoping", "success", f"User '{name}' is in scope"),
            _step("EntrySynchronizationMatching", "matching", "success",
                  f"User '{self.source_id}' {found} in Microsoft Entra ID by employeeId"),
        ]  # fmt: skip
        verb = {"create": "created", "update": "updated", "disable": "disabled"}.get(self.action, "left as it is")
        status = "success" if self.status == "warning" else self.status
        steps.append(_step("EntryExport", "export", status, self.reason or f"User '{name}' was {verb}"))
        return [*steps, self.manager_step] if self.manager_step else steps


def _step(name: str, kind: str, status: str, description: str) -> Doc:
    return {
        "name": name, "provisioningStepType": kind, "status": status, "description": description, "details": {},
    }  # fmt: skip


class Processing:
    """Carries one record out. Nothing is raised: what goes wrong is the outcome."""

    def __init__(self, store: Store, data: Doc) -> None:
        self._store, self._data = store, data
        key = data.get("externalId")
        self._matches = store.find("users", "employeeId", str(key)) if key else []

    @property
    def disables(self) -> bool:
        """Will it disable somebody who is enabled now?"""
        one = self._matches[0] if len(self._matches) == 1 else None
        return one is not None and bool(one.get("accountEnabled")) and not _active(self._data)

    def carried_out(self) -> Outcome:
        """Create, change, disable or skip."""
        outcome = Outcome(self._data)
        try:
            self._write(outcome)
        except Refusal as refusal:
            outcome.status, outcome.code, outcome.reason = "failure", refusal.code, refusal.reason
        except GraphError as error:
            outcome.status, outcome.code, outcome.reason = "failure", _code(error), error.message
        return outcome

    def _write(self, outcome: Outcome) -> None:
        if not self._data.get("externalId"):
            raise Refusal("JoiningPropertyValueMissing", "The record has no externalId, which it is matched by.")
        if len(self._matches) > 1:
            raise Refusal(
                "DuplicateTargetEntries",
                f"More than one user has the employeeId '{outcome.source_id}', so the record cannot be matched.",
            )
        values = mapped({**self._data, "active": _active(self._data)})
        outcome.manager = values.pop("manager")
        if not self._matches:
            self._create(outcome, values)
        else:
            self._change(outcome, values, self._matches[0])

    def _create(self, outcome: Outcome, values: Doc) -> None:
        outcome.action = "create"
        if not values["accountEnabled"]:
            outcome.action, outcome.status, outcome.manager = "other", "skipped", None
            outcome.code = "RedundantSoftDelete"
            outcome.reason = "The user is not active, and there is nobody to disable in the target."
            return
        if not values["userPrincipalName"]:
            raise Refusal("InvalidUserPrincipalName", "The record has no userName to make a sign-in name of.")
        present = {name: value for name, value in values.items() if value is not None}
        self._check(present, None)
        made = directory.new_user(self._store, present)
        self._tell(outcome, made, {}, present)

    def _change(self, outcome: Outcome, values: Doc, before: Doc) -> None:
        outcome.action = "update"
        outcome.object_id, outcome.target_name = before["id"], str(before.get("displayName") or "")
        present = {name: value for name, value in values.items() if value is not None and value != []}
        if self._store.settings.provisioning_clears_values:
            present |= {name: values[name] for name in CLEARABLE if values[name] in (None, [])}
        changed = {n: v for n, v in present.items() if (before.get(n) or None) != (v or None)}
        if not changed:
            outcome.action, outcome.status, outcome.code = "other", "skipped", "RedundantExport"
            outcome.reason = "The user was not updated, because all of the record is there already."
            return
        if before.get("onPremisesSyncEnabled"):
            raise Refusal("AzureActiveDirectoryForbidden", directory.SYNCED)
        self._check(changed, before)
        if changed.get("accountEnabled") is False:
            outcome.action = "disable"
        directory.save_user(self._store, {**before, **changed})
        self._tell(outcome, before, before, changed)

    def _check(self, values: Doc, before: Doc | None) -> None:
        """What the directory refuses; a sign-in name that somebody else has is not made another."""
        if "userPrincipalName" in values:
            check_upn(values["userPrincipalName"])
            if directory.name_holder(self._store, values["userPrincipalName"], before["id"] if before else None):
                raise Refusal(
                    "AzureActiveDirectoryDuplicateUserPrincipalName",
                    f"Another user has the userPrincipalName '{values['userPrincipalName']}' already.",
                )
        check_user(values)

    def _tell(self, outcome: Outcome, user: Doc, before: Doc, values: Doc) -> None:
        outcome.object_id, outcome.target_name = user["id"], str(values.get("displayName") or user.get("displayName"))
        outcome.modified = [
            {"displayName": name, "oldValue": _text(before.get(name)), "newValue": _text(value)}
            for name, value in sorted(values.items())
        ]


def set_manager(store: Store, object_id: str, manager: str) -> tuple[bool, bool]:
    """Set somebody's manager by employee id: was the manager found, and did anything change?"""
    user, found = store.get("users", object_id), store.find("users", "employeeId", manager)
    if user is None:
        return True, False
    if len(found) != 1:
        return False, False
    if user.get("_manager") == found[0]["id"]:
        return True, False
    directory.save_user(store, {**user, "_manager": found[0]["id"]})
    return True, True


def _active(data: Doc) -> bool:
    """``active`` as real sources send it, a text included; without it a person is active."""
    value: Any = data.get("active", True)
    return value.lower() != "false" if isinstance(value, str) else value is not False


def _code(error: GraphError) -> str:
    """The log's name of a refusal by the directory."""
    target = next((detail.get("target") for detail in error.details if detail.get("target")), None)
    return (
        f"AzureActiveDirectoryInvalid{target[0].upper()}{target[1:]}" if target else "AzureActiveDirectoryInvalidValue"
    )


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
