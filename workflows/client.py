"""How every process talks to Temporal: one plugin, one way to connect."""

import dataclasses
import logging
from collections.abc import Sequence
from typing import Any

from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DefaultFailureConverterWithEncodedAttributes
from temporalio.envconfig import ClientConfig
from temporalio.plugin import SimplePlugin
from temporalio.service import RPCError, RPCStatusCode

from workflows.codec import EncryptingCodec
from workflows.contract import SEARCH_ATTRIBUTES

_NOT_OURS_TO_DO = {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}
log = logging.getLogger(__name__)


def jml_plugin(payload_keys: Sequence[str] = ()) -> SimplePlugin:
    """What API, worker, tests and replays share: pydantic payloads, encrypted when there are keys."""
    converter = pydantic_data_converter
    if payload_keys:
        converter = dataclasses.replace(
            converter,
            payload_codec=EncryptingCodec(payload_keys),
            failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
        )
    return SimplePlugin("jml", data_converter=converter)


async def connect(address: str, *, payload_keys: Sequence[str] = (), lazy: bool = False, **options: Any) -> Client:
    """A client of the cluster at ``address``; TLS, namespace and keys come from Temporal's own environment settings.

    ``lazy`` connects on the first call, so that a process can start while Temporal is away. Raises ``RuntimeError``
    (when connecting) or ``RPCError`` (when calling) if the cluster cannot be reached.
    """
    config = ClientConfig.load_client_connect_config()
    config["target_host"] = address
    return await Client.connect(**config, plugins=[jml_plugin(payload_keys)], lazy=lazy, **options)


async def register_search_attributes(client: Client) -> None:
    """Make sure the cluster knows our search attributes: without one of them every workflow task would fail.

    Where the caller may not (Temporal Cloud has them registered by its own command) that is a warning with their names;
    everything else that goes wrong is raised as ``RPCError``.
    """
    try:
        await _register_missing(client)
    except RPCError as error:
        if error.status not in _NOT_OURS_TO_DO:
            raise
        names = ", ".join(key.name for key in SEARCH_ATTRIBUTES)
        log.warning(
            "the cluster does not let us register search attributes in namespace %s (%s); see that it knows %s",
            *(client.namespace, error.message, names),
        )


async def _register_missing(client: Client) -> None:
    operator, namespace = client.operator_service, client.namespace
    known = await operator.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    missing = {key.name: key.indexed_value_type for key in SEARCH_ATTRIBUTES if key.name not in known.custom_attributes}
    if missing:
        request = AddSearchAttributesRequest(namespace=namespace)
        for name, kind in missing.items():
            request.search_attributes[name] = kind.value  # type: ignore[assignment]
        await operator.add_search_attributes(request)
        log.info("search attributes registered: %s", ", ".join(sorted(missing)))
