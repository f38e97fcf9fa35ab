"""Divides `max-parallel` and the slots of engines among the repositories of a run."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.running.open_engine import EngineChoice
from gitcoord.cli.running.run_options import slots


class RunShare(msgspec.Struct, frozen=True, kw_only=True):
    """The maximum number of attempts at once in a repository, and its SSH hosts in the form of `--hosts`."""

    most: int
    hosts: str = ""


def run_shares(
    members: Mapping[str, Context], choice: EngineChoice, wanted: str | None, planned: int
) -> dict[str, RunShare]:
    """Returns the share of each repository; each gets at least one attempt at a time.

    `wanted` is `--max-parallel`, `planned` the plan's number. Raises `usage` (exit 2).
    """
    number = slots(wanted, planned)
    hosts = {name: _hosts(context, choice) for name, context in members.items()}
    shares = {}
    for index, (name, context) in enumerate(members.items()):
        own = _engine_slots(context, choice, hosts[name])
        total = min(own or number or planned, number or own or planned)
        peers = [peer for peer in members if hosts[peer] == hosts[name]]
        shares[name] = RunShare(
            most=max(1, total // len(members) + (index < total % len(members))),
            hosts=deal_hosts(hosts[name], len(peers))[peers.index(name)] if hosts[name] else "",
        )
    return shares


def deal_hosts(hosts: Sequence[tuple[str, int]], count: int) -> list[str]:
    """Divides the slots of hosts among `count` runs; returns the hosts of each run, as `build1:2,build2:0`.

    Each run gets at least one slot. It knows all hosts, and uses a host without a slot for it only while the
    others do not answer.
    """
    places = [name for name, number in hosts for _ in range(number)]
    places += (places * count)[: max(0, count - len(places))]
    dealt = [Counter(places[index::count]) for index in range(count)]
    return [
        ",".join(f"{name}:{own[name]}" for name, _ in sorted(hosts, key=lambda host: -own[host[0]]))
        for own in dealt
    ]


def _hosts(context: Context, choice: EngineChoice) -> tuple[tuple[str, int], ...]:
    """Returns the hosts of a repository's engine with their slots; none unless it is `ssh`."""
    if choice.engine_of(context.settings.run.engine) != "ssh":
        return ()
    from gitcoord.engines.ssh import read_hosts

    known = read_hosts(choice.hosts or context.settings.engines.ssh.hosts)
    return tuple((host.name, host.slots) for host in known)


def _engine_slots(context: Context, choice: EngineChoice, hosts: Sequence[tuple[str, int]]) -> int | None:
    """Returns the number of attempts that a repository's engine runs at once; None if nothing limits it."""
    if hosts:
        return sum(number for _, number in hosts)
    table = getattr(context.settings.engines, choice.engine_of(context.settings.run.engine), None)
    return getattr(table, "slots", 0) or None
