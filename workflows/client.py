"""How every process talks to Temporal: one plugin, one way to connect."""

from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.plugin import SimplePlugin

JML_PLUGIN = SimplePlugin("jml", data_converter=pydantic_data_converter)


async def connect(address: str, *, lazy: bool = False, **options: Any) -> Client:
    """A client of the cluster at ``address``; TLS, namespace and keys come from Temporal's own environment settings.

    ``lazy`` connects on the first call, so that a process can start while Temporal is away. Raises ``RuntimeError``
    (when connecting) or ``RPCError`` (when calling) if the cluster cannot be reached.
    """
    config = ClientConfig.load_client_connect_config()
    config["target_host"] = address
    return await Client.connect(**config, plugins=[JML_PLUGIN], lazy=lazy, **options)
