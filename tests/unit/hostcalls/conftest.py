from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from proven.packages.manifest import HandlerEntry, HandlerKind, HandlerOptions
from proven.runtime.host import CallContext
from proven.wire.ids import ApplicationId, IdentityId, PackageId

MakeContext = Callable[..., CallContext]


@pytest.fixture
async def make_context() -> AsyncIterator[MakeContext]:
    """Contexts as the runtime makes them; their endings run when the test ends."""
    contexts: list[CallContext] = []

    def make(
        *, application: str = "a" * 32, identity: str | None = None, allowed_origins: tuple[str, ...] = ()
    ) -> CallContext:
        options = HandlerOptions(allowed_origins=allowed_origins)
        context = CallContext(
            application_id=ApplicationId(application),
            package_id=PackageId("0" * 64),
            invocation=len(contexts) + 1,
            handler=HandlerEntry("app.ts#test", "app.ts", "test", HandlerKind.RPC, options),
            identity=IdentityId(identity) if identity else None,
        )
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        await end(context)


async def end(context: CallContext) -> None:
    """What the runtime does when an invocation ends."""
    while context._endings:
        await context._endings.pop()()
