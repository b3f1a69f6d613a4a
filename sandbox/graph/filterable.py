"""Which properties of users take which ``$filter`` operators, and which of them only as an advanced query.

Source: Microsoft Graph, "Advanced query capabilities on Microsoft Entra ID objects", the table of filterable
properties. What it lists as default works without header and count; all else needs them.
"""

from sandbox.graph.errors import GraphError, unsupported_query
from sandbox.graph.odata import Filter
from sandbox.graph.schema import Resource

_ADVANCED_ONLY = (
    "companyName employeeType mobilePhone officeLocation onPremisesExtensionAttributes onPremisesImmutableId "
    "onPremisesLastSyncDateTime onPremisesSamAccountName passwordPolicies postalCode preferredLanguage "
    "showInAddressList streetAddress"
)
ADVANCED_ONLY = {"user": frozenset(_ADVANCED_ONLY.split())}
"""Properties that take no operator at all without header and count."""
_NULLABLE = (
    "city companyName country department displayName employeeId givenName jobTitle mailNickname mobilePhone "
    "officeLocation onPremisesSecurityIdentifier passwordPolicies postalCode preferredLanguage proxyAddresses "
    "state streetAddress surname userType"
)
_NULLABLE_ADVANCED = {"user": frozenset(_NULLABLE.split())}
_MISSING = (
    "Operator '{}' is not supported because the required parameters might be missing. Try adding $count=true query "
    "parameter and ConsistencyLevel:eventual header. Refer to https://aka.ms/graph-docs/advanced-queries for more "
    "information"
)


def check(clause: Filter, resource: Resource, advanced: bool) -> None:
    """Refuse a filter that the index does not answer, or not without header and count."""
    needing = ADVANCED_ONLY.get(resource.name, frozenset[str]())
    for name, operator, null in clause.uses:
        if name in resource.unfilterable and name not in needing:
            raise _unsupported(name, resource)
        if advanced:
            continue
        if operator in ("endswith", "not"):
            raise unsupported_query(_MISSING.format("endsWith" if operator == "endswith" else operator))
        if operator == "ne":
            raise unsupported_query("Filter operator 'NotEqualsMatch' is not supported.")
        if name in needing or operator == "$count" or (null and name in _NULLABLE_ADVANCED.get(resource.name, ())):
            raise _unsupported(name, resource)


def _unsupported(name: str, resource: Resource) -> GraphError:
    return unsupported_query(
        f"Unsupported or invalid query filter clause specified for property '{name}' of resource '{resource.title}'."
    )
