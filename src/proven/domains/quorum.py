"""Believe what enough independent resolvers say."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from proven.domains.resolver import (
    DisagreementError,
    NoRecordError,
    ResolutionError,
    Resolver,
    TextRecords,
    UnreachableError,
    UnsignedError,
)


class Quorum:
    """Several resolvers, by what people call them, as one. All are asked at once, and

    1. a record counts if at least `agreement` of them have it,
    2. that there is none counts if at least `agreement` of them say so,
    3. with `signed`, only what a resolver authenticated by DNSSEC counts as its answer.

    So nobody forges a record who does not have `agreement` resolvers say it; who controls the network can
    keep answers away, and no more.
    """

    def __init__(self, resolvers: Mapping[str, Resolver], *, agreement: int, signed: bool = False) -> None:
        if not 1 <= agreement <= len(resolvers):
            raise ValueError(f"{len(resolvers)} resolvers cannot agree as {agreement}")
        self._resolvers = dict(resolvers)
        self._agreement = agreement
        self._signed = signed

    async def text(self, name: str) -> TextRecords:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._ask(each, name)) for each in self._resolvers]
        outcomes = [task.result() for task in tasks]
        answers = [each for each in outcomes if isinstance(each, TextRecords)]
        counts = Counter(value for each in answers for value in dict.fromkeys(each.values))
        agreed = tuple(value for value, count in counts.items() if count >= self._agreement)
        if agreed:
            return TextRecords(agreed, all(each.authenticated for each in answers))
        raise self._refusal(name, len(answers), [e for e in outcomes if isinstance(e, ResolutionError)])

    async def close(self) -> None:
        for resolver in self._resolvers.values():
            await resolver.close()

    def _refusal(self, name: str, answers: int, errors: list[ResolutionError]) -> ResolutionError:
        """Why too few say the same."""
        absent = [each for each in errors if isinstance(each, NoRecordError)]
        unsigned = [each for each in errors if isinstance(each, UnsignedError)]
        if len(absent) >= self._agreement:
            return absent[0]
        if unsigned:
            return UnsignedError(f"the records of {name} are not signed (DNSSEC), as this node requires")
        if answers + len(absent) < self._agreement:
            said = "; ".join(str(each) for each in errors if each not in absent)
            return UnreachableError(f"too few resolvers answer: {said}")
        return DisagreementError(
            f"resolvers say different things about {name}; a new record takes a while to be seen everywhere"
        )

    async def _ask(self, called: str, name: str) -> TextRecords | ResolutionError:
        try:
            found = await self._resolvers[called].text(name)
        except NoRecordError as error:
            return error
        except ResolutionError as error:
            return type(error)(f"{called}: {error}")
        if self._signed and not found.authenticated:
            return UnsignedError(f"{called}: not authenticated")
        return found
