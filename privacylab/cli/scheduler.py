"""The executor behind a scheduler of dask, which the user names by its address."""

import importlib.util
import logging
import re
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 15
"""Seconds in which a scheduler answers, and a worker is there."""


@contextmanager
def executor(address: str | None, n_workers: int | None) -> Iterator[Executor | None]:
    """What does jobs on the workers of a scheduler; None for no address.

    Raises:
        ValueError: ``n_workers`` is given too, the address is none, or no dask, scheduler or worker is there.
    """
    if address is None:
        yield None
        return
    if n_workers:
        raise ValueError("--workers and --scheduler exclude each other: give one")
    if not re.fullmatch(r"(?:tcp|tls|wss?)://[^/]+:\d+", address):
        raise ValueError(f"--scheduler {address} is not the address of a scheduler: write tcp://HOST:8786")
    if importlib.util.find_spec("distributed") is None:
        raise ValueError("--scheduler needs dask: pip install 'privacylab[dask]'")
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)  # the build says in a line what went wrong
    try:
        with _client(address) as client:
            yield client.get_executor(pure=False)
    finally:
        logging.disable(before)


def _client(address: str) -> "Client":
    from distributed import Client

    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except OSError:
        raise ValueError(f"no scheduler answers at {address}: start one with dask scheduler") from None
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        client.close()
        begin = f"dask worker {address} --nthreads 1 --nworkers -1"
        raise ValueError(f"the scheduler at {address} has no worker: start some with {begin}") from None
    return client
