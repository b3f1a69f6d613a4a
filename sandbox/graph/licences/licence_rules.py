"""Which service plans cannot be had together, which need others, and where none may be had.

Source: Entra, "Product names and service plan identifiers for licensing" (its tables of plans that cannot be assigned
at the same time) and "Identify and resolve license assignment problems for a group".
"""

from collections.abc import Iterable

EXCHANGE_S_ENTERPRISE = "efb87545-963c-4e0d-99df-69c6916d9eb0"
EXCHANGE_S_STANDARD = "9aaf7827-d63c-4b61-89c3-182f06f82e5c"
EXCHANGE_S_DESKLESS = "4a82b400-a79f-41a4-b4e2-e94f5787b113"
EXCHANGE_PLANS = frozenset({EXCHANGE_S_ENTERPRISE, EXCHANGE_S_STANDARD, EXCHANGE_S_DESKLESS})
SHAREPOINTENTERPRISE = "5dbe027f-2339-4123-9542-606e4d348a72"
SHAREPOINTSTANDARD = "c7699d2e-19aa-44de-8edf-1736da088ca1"
SHAREPOINTDESKLESS = "902b47e5-dcb2-4fdc-858b-c63a90a2bdb9"
SHAREPOINT_PLANS = frozenset({SHAREPOINTENTERPRISE, SHAREPOINTSTANDARD})
_MCOSTANDARD = "0feaeb32-d00e-4d66-bd5a-43b5b83db82c"
_TEAMS1 = "57ff2da0-773e-42df-b2af-ffb7a2317929"
_EXCLUSIVE = (
    EXCHANGE_PLANS | {"90927877-dcff-4af6-b346-2332c0b15bb7", "1126bef5-da20-4f07-b45e-ad25d2581aa8"},
    SHAREPOINT_PLANS | {SHAREPOINTDESKLESS, "a1f3d0a8-84c0-4ae0-bae4-685917b8ab48"},
    frozenset({_MCOSTANDARD, "afc06cb0-b4f4-4473-8286-d644f70d8faf", "70710b6b-3ab4-4a38-9f6d-9f169461650a"}),
    frozenset({"c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "2dc63b8a-df3d-448f-b683-8655877c9360"}),
)
_NEEDS: dict[str, frozenset[str]] = {
    "e95bec33-7c88-4a70-8e19-b10bd9d0c014": SHAREPOINT_PLANS | {SHAREPOINTDESKLESS},  # Office for the web
    "4828c8ec-dc2e-4779-b502-87ac9ce28ab7": frozenset({_MCOSTANDARD, _TEAMS1}),  # Teams Phone
    "8e0c0a52-6a6c-4d40-8370-dd62790dcd70": EXCHANGE_PLANS,  # Defender for Office 365 (Plan 2)
}
_EMBARGOED = frozenset({"CU", "IR", "KP", "SY"})


def exclusive(plans: Iterable[str]) -> list[str] | None:
    """Two plans that cannot be had together, if there are such."""
    on = set(plans)
    return next((pair for group in _EXCLUSIVE if len(pair := sorted(on & group)) > 1), None)


def dependent(plans: Iterable[str]) -> tuple[str, str] | None:
    """A plan without any of those it needs, and these, if there is such."""
    on = set(plans)
    for plan, needed in _NEEDS.items():
        if plan in on and not on & needed:
            return plan, ",".join(sorted(needed))
    return None


def prohibited(location: str | None) -> bool:
    """Is it a country where the services are not offered?"""
    return location in _EMBARGOED
