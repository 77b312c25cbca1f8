"""Kernels under nbval talk through files, not ports: the notebooks' tests need no network, not even the loopback."""

from jupyter_client.connect import ConnectionFileMixin

ConnectionFileMixin.transport.default_value = "ipc"
