"""Claims are looked up soon, then ever more rarely; proofs are renewed in time; nobody pushes in."""

from __future__ import annotations

import itertools
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from proven.apps import Domain
from proven.domains._agenda import Agenda, Claim, Failure, Pace, Step
from proven.wire.ids import ApplicationId

A, B = ApplicationId("a" * 32), ApplicationId("b" * 32)
LIFETIME = 1_000_000
PACE = Pace(first_retry=1_000, last_retry=60_000, apart=100, soon=10, jitter=0.1)
FAILED = Failure("no_record", "none")
START = 5_000


def agenda(seed: int = 0) -> Agenda:
    return Agenda(
        lifetime=LIFETIME, reserved=lambda name: name.endswith(".own"), random=Random(seed), pace=PACE
    )


def following(plan: Agenda) -> tuple[int, tuple[Step, Claim]]:
    """The next step, and when it is due."""
    while True:
        at = plan.next_at()
        assert at is not None
        if taken := plan.take(at):
            return at, taken


def test_a_claim_is_looked_up_soon_and_then_ever_more_rarely() -> None:
    plan = agenda()
    plan.put(A, [Domain("a.example")], START)
    times = []
    for _ in range(12):
        at, (step, claim) = following(plan)
        assert (step, claim) == (Step.LOOK_UP, Claim(A, "a.example"))
        plan.done(claim, at, FAILED)
        times.append(at)
    assert START <= times[0] <= START + PACE.soon
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(900 * 2**n <= gap <= 1_100 * 2**n for n, gap in enumerate(gaps[:6]))
    assert all(gap <= 66_000 for gap in gaps)
    looking = plan.looking(A, "a.example")
    assert looking is not None
    assert (looking.attempts, looking.failure) == (12, FAILED)


def test_a_proof_is_renewed_from_its_middle_and_lapses_when_it_has_expired() -> None:
    plan = agenda()
    until = START + LIFETIME
    plan.put(A, [Domain("a.example", until)], START)
    at, (step, claim) = following(plan)
    assert step is Step.LOOK_UP
    assert START + 0.4 * LIFETIME <= at <= START + LIFETIME / 2
    while step is Step.LOOK_UP:
        assert at < until
        plan.done(claim, at, FAILED)
        at, (step, claim) = following(plan)
    assert (at, step) == (until, Step.LAPSE)
    plan.put(A, [Domain("a.example")], at)
    plan.done(claim, at)
    at, (step, _) = following(plan)
    assert step is Step.LOOK_UP
    assert at <= until + PACE.apart + PACE.soon


def test_a_renewed_proof_is_left_alone_until_its_middle() -> None:
    plan = agenda()
    plan.put(A, [Domain("a.example")], START)
    at, (_, claim) = following(plan)
    plan.put(A, [Domain("a.example", at + LIFETIME)], at)
    plan.done(claim, at)
    plan.put(A, [Domain("a.example", at + LIFETIME)], at)
    later, _ = following(plan)
    assert later >= at + 0.4 * LIFETIME


def test_a_lapse_that_could_not_be_recorded_is_tried_again_at_intervals() -> None:
    plan = agenda()
    plan.put(A, [Domain("a.example", START)], START)
    at, (step, claim) = following(plan)
    assert step is Step.LAPSE
    plan.done(claim, at, Failure("unavailable", "later"))
    again, (step, _) = following(plan)
    assert step is Step.LAPSE
    assert again >= at + 900


def test_a_domain_that_is_proved_by_another_is_not_looked_up_before_that_proof_ends() -> None:
    plan = agenda()
    until = START + LIFETIME
    plan.put(A, [Domain("a.example", until)], START)
    plan.put(B, [Domain("a.example")], START)
    at, (_, claim) = following(plan)
    assert claim.application == A
    looking = plan.looking(B, "a.example")
    assert looking is not None
    assert looking.failure is not None
    assert looking.failure.code == "taken"
    plan.put(A, [], at)
    woken, (step, claim) = following(plan)
    assert (step, claim.application) == (Step.LOOK_UP, B)
    assert woken <= at + PACE.soon


def test_what_is_given_up_is_not_looked_up() -> None:
    plan = agenda()
    plan.put(A, [Domain("a.example"), Domain("b.example")], START)
    plan.put(A, [], START)
    assert plan.next_at() is None
    assert plan.looking(A, "a.example") is None


def test_reserved_domains_are_never_looked_up_and_end_with_their_proof() -> None:
    plan = agenda()
    plan.put(A, [Domain("a.own"), Domain("b.own", START + 50)], START)
    at, (step, claim) = following(plan)
    assert (at, step, claim.domain) == (START + 50, Step.LAPSE, "b.own")
    plan.put(A, [Domain("a.own"), Domain("b.own")], at)
    plan.done(claim, at)
    assert plan.next_at() is None
    looking = plan.looking(A, "a.own")
    assert looking is not None
    assert looking.failure is not None
    assert looking.failure.code == "reserved"


def test_renewals_go_first_and_claims_of_one_application_one_by_one() -> None:
    plan = agenda()
    plan.put(A, [Domain(f"n{each}.example") for each in range(8)], START)
    plan.put(B, [Domain("b.example", START + LIFETIME // 4)], START)
    now = START + PACE.soon
    assert plan.take(now) == (Step.LOOK_UP, Claim(B, "b.example"))
    first = plan.take(now)
    assert first is not None
    assert first[1].application == A
    assert plan.take(now) is None
    assert plan.take(now + 10 * PACE.apart) is None
    plan.done(first[1], now + 10 * PACE.apart, FAILED)
    second = plan.take(now + 12 * PACE.apart)
    assert second is not None
    assert second[1] != first[1]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "take", "fail", "prove"]),
            st.sampled_from([A, B]),
            st.lists(st.sampled_from(["a.example", "b.example", "c.own"]), unique=True, max_size=3),
            st.integers(0, 50_000),
        ),
        max_size=60,
    ),
    st.integers(0, 3),
)
def test_whatever_happens_nothing_is_given_out_twice_and_nothing_is_forgotten(
    events: list[tuple[str, ApplicationId, list[str], int]], seed: int
) -> None:
    plan, now = agenda(seed), START
    claims: dict[ApplicationId, dict[str, int | None]] = {A: {}, B: {}}
    out: list[tuple[Step, Claim]] = []

    def tell(application: ApplicationId) -> None:
        plan.put(application, [Domain(*each) for each in claims[application].items()], now)

    for event, application, domains, later in events:
        now += later
        if event == "put":
            claims[application] = {name: claims[application].get(name) for name in domains}
            tell(application)
        elif event == "take" and (taken := plan.take(now)):
            step, claim = taken
            known = claims[claim.application]
            assert claim.domain in known
            held = known[claim.domain]
            assert (step is Step.LAPSE) == (held is not None and held <= now)
            if step is Step.LOOK_UP:
                other = claims[B if claim.application == A else A].get(claim.domain)
                assert other is None
                assert not claim.domain.endswith(".own")
                assert all(
                    each.application != claim.application for kind, each in out if kind is Step.LOOK_UP
                )
            out.append(taken)
        elif event in ("fail", "prove") and out:
            step, claim = out.pop(0)
            if event == "prove" and claim.domain in claims[claim.application]:
                claims[claim.application][claim.domain] = now + LIFETIME if step is Step.LOOK_UP else None
                tell(claim.application)
                plan.done(claim, now)
            else:
                plan.done(claim, now, FAILED)
    busy = {claim for _, claim in out}
    for application, known in claims.items():
        for name, held in known.items():
            looking = plan.looking(application, name)
            assert looking is not None
            if Claim(application, name) not in busy and (held is not None or not name.endswith(".own")):
                assert looking.next_at is not None
