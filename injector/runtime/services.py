"""Runs services side by side until one fails or the awaited event occurs."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Service(Protocol):
    """Something that runs until it is cancelled."""

    @property
    def name(self) -> str: ...

    async def run(self) -> None: ...


async def alongside(services: Iterable[Service], until: Awaitable[T]) -> T:
    """Run services until `until` returns; a failing service ends it with its exception."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_guard(service), name=service.name) for service in services]
        try:
            return await until
        finally:
            for task in tasks:
                task.cancel()


async def _guard(service: Service) -> None:
    await service.run()
    raise RuntimeError(f"service {service.name} ended by itself")
