"""States, kinds and causes as people read them: the one dictionary of the console."""

import re
from dataclasses import dataclass
from typing import Any

from ui.shapes import Lifecycle, Step


@dataclass(frozen=True)
class Look:
    """A word with the icon (Material Symbols) and the colour it always stands with."""

    word: str
    icon: str
    colour: str = "gray"

    def chip(self) -> dict[str, str]:
        """As components draw it."""
        return {"word": self.word, "icon": self.icon, "colour": self.colour}


STEP_STATES = {
    "waiting": Look("Waiting", "hourglass_empty"),
    "running": Look("Running", "progress_activity", "blue"),
    "done": Look("Done", "check_circle", "green"),
    "skipped": Look("Skipped", "skip_next"),
    "attention": Look("Needs you", "error", "orange"),
    "undone": Look("Undone", "undo", "violet"),
}
STATUSES = {
    "scheduled": Look("Scheduled", "calendar_clock"),
    "awaiting_approval": Look("Awaiting approval", "how_to_reg", "violet"),
    "running": Look("Running", "progress_activity", "blue"),
    "attention": Look("Needs you", "error", "orange"),
    "held": Look("On hold", "pause_circle", "yellow"),
    "retained": Look("Retained", "inventory_2", "blue"),
    "completed": Look("Completed", "check_circle", "green"),
    "cancelled": Look("Cancelled", "block"),
    "superseded": Look("Superseded", "fast_forward"),
}
KINDS = {
    "joiner": Look("Joiner", "person_add"),
    "mover": Look("Mover", "swap_horiz"),
    "leaver": Look("Leaver", "person_remove"),
}
SOURCES = {
    "direct": Look("Direct", "person"),
    "rule": Look("By rule", "check_circle", "green"),
    "dynamic": Look("Dynamic", "bolt", "violet"),
    "by group": Look("By group", "group", "blue"),
    "synced": Look("Synced", "sync"),
}
LEGS = {
    "plan": "Plan",
    "containment": "Containment",
    "account": "Account",
    "groups": "Groups",
    "licences": "Licences",
    "privileges": "Privileges",
    "verify": "Read back",
    "notice": "Tell people",
    "second_look": "Second look",
    "restore": "Give back",
    "deletion": "Delete the account",
}
EVENTS = {
    "new-hire": "New hire",
    "update": "Update",
    "termination": "Termination",
    "leave": "Leave of absence",
    "return": "Return",
    "rescind": "Rescind",
}
EMPLOYEE_TYPES = {"employee": "Employee", "contractor": "Contractor", "intern": "Intern"}
TERMINATION_KINDS = {
    "voluntary": "Voluntary",
    "involuntary": "Involuntary",
    "retirement": "Retirement",
    "death": "Death",
    "end_of_contract": "End of contract",
}
GRADES = {
    "observed": "Read back from the tenant",
    "acknowledged": "The tenant acknowledged it",
    "attested": "A person attested it",
    "waived": "Left out on purpose",
}


@dataclass(frozen=True)
class Advice:
    """What happened, and what to do about it."""

    happened: str
    to_do: str


CAUSES = {
    "Forbidden": Advice(
        "Microsoft refuses: the platform may not change this.",
        "Give the platform the permission or role it lacks, then retry. A dynamic group or a privileged person may "
        "be the reason too; if somebody changes it by hand, skip.",
    ),
    "Unauthorized": Advice(
        "Microsoft does not take the platform's credentials.",
        "Renew its secret or certificate and look at its consent; then it goes on by itself.",
    ),
    "NoLicenceLeft": Advice("No seat of this licence is free.", "Buy or free a seat, then retry."),
    "UnknownLicence": Advice(
        "The tenant has no such licence.", "Retry with a licence the tenant has, or correct the policy."
    ),
    "InheritedLicence": Advice(
        "The licence comes from a group, so it can only go with the group.",
        "Take the person out of that group, then retry.",
    ),
    "LicenceConflict": Advice(
        "The licence contains a service that the person has from another licence.", "Retry with the other one disabled."
    ),
    "UsageLocationMissing": Advice(
        "The account has no country, and no licence can be given without.", "Have HR send the country, then retry."
    ),
    "PersonUnknown": Advice(
        "The tenant knows nobody with this employee id.",
        "Check the id with HR. If the account exists under another id, correct it in Entra, then retry. If there is "
        "nothing to do, cancel.",
    ),
    "HasLeft": Advice(
        "This person has left: the account is only kept until it is deleted.",
        "Ask HR whether the change was meant. If the person comes back, HR sends a new hire; else cancel.",
    ),
    "Protected": Advice(
        "The policy protects this account: the platform never touches it.",
        "Take it off the policy's list and retry, or change it by hand and cancel.",
    ),
    "Throttled": Advice("Microsoft asked for patience until ours ran out.", "Retry when fewer lifecycles are running."),
    "Unavailable": Advice("Microsoft did not answer until patience ran out.", "Retry once the service is well again."),
    "NotYetSeen": Advice(
        "What was written cannot be read back yet.",
        "Look at the account in Entra. If another administrator or a synchronisation undid it, mend that, then retry.",
    ),
    "NameTaken": Advice("Every name that the rules allow is taken.", "Retry with another name."),
    "ReadOnlyObject": Advice(
        "Microsoft refuses: this object is synced from the on-premises directory, so it can only be changed there.",
        "Change it in Active Directory, then retry. Or skip it.",
    ),
    "LastOwner": Advice("The person is the last owner of the group.", "Give the group another owner, then retry."),
    "LegalHold": Advice("The person is under legal hold: the account is not deleted.", "Lift the hold, then retry."),
}


def status_look(status: str) -> Look:
    """A lifecycle's state; one the console does not know is shown by its own name."""
    return STATUSES.get(status, Look(plain(status), "help"))


def state_look(state: str) -> Look:
    """A step's state."""
    return STEP_STATES.get(state, Look(plain(state), "help"))


def kind_look(kind: str) -> Look:
    """Joiner, mover or leaver: an icon, never a colour."""
    return KINDS.get(kind, Look(plain(kind) or "Lifecycle", "sync_alt"))


def source_look(source: str) -> Look:
    """Where a grant comes from."""
    return SOURCES.get(source.replace("_", " "), Look(plain(source) or "Direct", "person"))


def advice(step: Step) -> Advice:
    """What a parked step's cause means; the error's own words where the cause is not in the dictionary."""
    known = CAUSES.get(step.cause)
    if known:
        return known
    happened = step.last_error.split("\n")[0] or plain(step.cause) or "This step could not be carried out."
    return Advice(happened, "Mend the cause, then retry. If it is not needed, skip it.")


def literal(words: str) -> str:
    """Words from elsewhere for where Streamlit reads Markdown: a name stays a name and never becomes a link."""
    return re.sub(r"([\\`*_{}\[\]()<>#$~|:!@])", r"\\\1", words)


def plain(name: str) -> str:
    """``second_look`` and ``secondLook`` as ``Second look``."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").replace(".", " ").replace("-", " ").strip()
    return spaced[:1].upper() + (spaced[1:].lower() if spaced != spaced.upper() else spaced[1:])


def leg_title(leg: str) -> str:
    """The purpose of a leg."""
    return LEGS.get(leg, plain(leg))


def waits(lifecycle: Lifecycle) -> str:
    """Whom it waits for, where another lifecycle of the person works first."""
    first = lifecycle.waiting_for.partition(":")[0]
    return f"waits for this person's {kind_look(first).word.lower()}" if first else ""


def first_name(lifecycle: Lifecycle) -> str:
    """How a sentence calls the person."""
    return lifecycle.name.split(" ")[0] if lifecycle.name else lifecycle.employee_id


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 step``, ``3 steps``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(values: Any, most: int = 3) -> str:
    """``Finance, Sales and 2 more``."""
    names = [str(value) for value in values or ()]
    shown, rest = names[:most], len(names) - most
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
