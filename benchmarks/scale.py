"""How far several servers get, and what a load of many times theirs would need.

    python benchmarks/scale.py --database URL [--servers N,N,...] [--calls N] [--entries N] [--rest SECONDS]
                               [--json FILE]

URL is an empty PostgreSQL database on this machine, of a server that is no container's: its processes are watched. As
any user but root, with PostgreSQL's programs in the PATH and DIR a folder that is not there yet:

    initdb -D DIR -U postgres -A trust --locale=C
    pg_ctl -D DIR -w -o "-k DIR -c listen_addresses= -c max_connections=300" -l DIR/log start
    createdb -h DIR -U postgres scale            # and URL is postgresql://postgres@/scale?unix_sock=DIR/.s.PGSQL.5432
    pg_ctl -D DIR stop                           # afterwards

For each number of servers the program starts so many `customlabels serve` without workers and so many `customlabels
work`, each with a home of its own, on that database and on one S3 endpoint, which is another `customlabels serve`. It
asks the servers in turn, over connections that stay open, with requests that were signed beforehand: a list of
projects, a page of a dataset's images that is filtered by label (what a gallery shows), a tag (the smallest write), and
a picture for a running model; it imports a dataset for each worker at once, with tags in between; and it watches them
at rest, with no others and with the rows of 100 servers that are not there. Columns: calls a second, median and 95th
percentile of the latency, the processor milliseconds of a call by group of processes, and for how many milliseconds it
has the turn that writers take one after another.

The calls a second are those of this machine's cores, and of what else it does; the milliseconds depend on that far
less. They say how many cores a load needs, and whether servers get in each other's way: then they grow with the number
of servers. What they come to at 1, 10, 100 and 1000 times a load, and what ends first, is reckoned from those of the
most servers measured, and from the turns of the fewest; of a turn that was longer than its call computes, since the
machine had other work, only that time counts.
"""

from __future__ import annotations

import argparse
import base64
import json
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from contents import Prepared, client, complete, imported, picture, prepare, wait, wait_for_model
from customlabels.store import Database
from extrapolation import ONE, Costs, Needs, Spent, limits, needs
from load import Ask, beside, measure, serving, working
from machine import describe
from topology import CONNECTIONS, Site, answer, postmaster, turns

NEIGHBOURS, THEIR_MODELS = 100, 100
SETTLED = 100.0
"""Milliseconds a second of a server and all that it has, when it has nothing to do."""
TIMES = (1, 10, 100, 1000)
NO_WORKERS = {"CUSTOMLABELS_TRAINING_WORKERS": "0", "CUSTOMLABELS_DATA_WORKERS": "0"}
ONE_WORKER = {"CUSTOMLABELS_TRAINING_WORKERS": "0", "CUSTOMLABELS_DATA_WORKERS": "1"}
CALLS = {"lists": "list of projects", "pages": "page of images", "writes": "tag", "pictures": "picture"}
"""The names of calls in a load, and here."""
SILENT = "if servers told each other nothing"
IMPORTED, TAG_BETWEEN, REST, WITH_OTHERS = "image imported", "tag meanwhile", "second at rest", "second with 100 others"


@dataclass(frozen=True)
class Row:
    """Latencies and `turn` are in milliseconds; None where there are none."""

    servers: int
    what: str
    spent: Spent | None = None
    rate: float | None = None
    p50: float | None = None
    p95: float | None = None
    turn: float | None = None

    def cells(self) -> str:
        spent = ["" if self.spent is None else f"{each:.3f}" for each in self.spent or [None] * len(Spent._fields)]
        times = [_cell(self.rate, 0), _cell(self.p50, 1), _cell(self.p95, 1)]
        return f"| {self.servers} | {self.what} | {' | '.join([*times, *spent, _cell(self.turn, 3)])} |"


@dataclass(frozen=True)
class Sizes:
    """How much is asked for: calls of each kind, images of each dataset imported, seconds to watch at rest."""

    calls: int
    entries: int
    rest: float


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True, metavar="URL")
    parser.add_argument("--servers", type=_numbers, default=[1, 2, 4], metavar="N,N,...")
    parser.add_argument("--calls", type=int, default=2000, metavar="N", help="calls in each measurement")
    parser.add_argument("--entries", type=int, default=20_000, metavar="N", help="images of each dataset imported")
    parser.add_argument("--rest", type=float, default=15.0, metavar="SECONDS", help="how long to watch them at rest")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all figures there")
    args = parser.parse_args(argv)
    sizes = Sizes(args.calls, args.entries, args.rest)
    database = Database(args.database)
    watched = postmaster(database)
    print(f"{describe()}, load {', '.join(f'{load:.1f}' for load in psutil.getloadavg())}\n", flush=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "store", NO_WORKERS) as store:
        settings = {
            "CUSTOMLABELS_DATABASE_URL": args.database,
            "CUSTOMLABELS_S3_ENDPOINT": f"http://127.0.0.1:{store.port}",
            "CUSTOMLABELS_S3_ACCESS_KEY": store.key.access_key,
            "CUSTOMLABELS_S3_SECRET_KEY": store.key.secret_key,
            "CUSTOMLABELS_MAX_PROJECTS": "0",
        }
        with serving(Path(folder) / "first", settings) as first:
            empty = _size(database)
            prepared = prepare(first, database, args.entries)
            size = (_size(database) - empty) / args.entries
        print(f"| servers | what | a second | p50 ms | p95 ms | CPU ms: {' | '.join(Spent._fields)} | turn ms |")
        print("| --- " * 11 + "|", flush=True)
        for count in args.servers:
            with ExitStack() as stack:
                homes = [Path(folder) / f"{count}-{number}" for number in range(count)]
                servers = [stack.enter_context(serving(h, settings | NO_WORKERS, first.key)) for h in homes]
                places = [home.with_suffix(".work") for home in homes]
                workers = [stack.enter_context(working(place, settings | ONE_WORKER)) for place in places]
                site = Site(servers, workers, store.process, database, watched)
                for row in _measure(site, prepared, sizes):
                    print(row.cells(), flush=True)
                    rows.append(row)
                memory = site.megabytes()
                connections = answer(
                    database, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                )
                held = f"{memory[0]:.0f} MB of its own, a unit {memory[1]:.0f}; all have {connections} connections"
                print(f"| {count} | a server's process has {held} |{' |' * 9}", flush=True)
    costs = _costs(rows, memory[1], size)
    print(f"\nAn image with one label takes {size:.0f} bytes in the database.\n")
    found = {f"{times}x": needs(costs, ONE.times(times)) for times in TIMES}
    without = {f"{times}x, {SILENT}": needs(costs.silent(), ONE.times(times)) for times in TIMES}
    found |= {times: each for times, each in without.items() if found[times.partition(",")[0]] is None}
    _tell(costs, found)
    if args.json:
        kept: dict[str, Any] = {"machine": describe(), "groups": Spent._fields, "rows": [asdict(row) for row in rows]}
        kept |= {"costs": asdict(costs), "limits": limits(costs)}
        kept["needs"] = {times: None if each is None else asdict(each) for times, each in found.items()}
        args.json.write_text(json.dumps(kept, indent=1) + "\n")
    database.close()


def _tell(costs: Costs, found: dict[str, Needs | None]) -> None:
    """What loads need, and how far each limit is away."""
    print(f"1x: {', '.join(f'{value:g} {name}' for name, value in vars(ONE).items())} (rates a second)\n")
    groups = " | ".join(Spent._fields)
    print(
        f"| load | servers | workers | cores: {groups} | turn held | connections | models GB a server | database GB |"
    )
    print("| --- " * 12 + "|")
    for times, each in found.items():
        if each is None:
            print(f"| {times} | no number of servers is enough |{' |' * 10}")
            continue
        cores = " | ".join(f"{group:.2f}" for group in each.cores)
        shared = f"{each.turn:.1%} | {each.connections} | {each.gigabytes:.1f} | {each.database_gigabytes:.2f}"
        print(f"| {times} | {each.servers} | {each.workers} | {cores} | {shared} |")
    print("\n| what ends | at |\n| --- | --- |")
    for what, last in sorted(limits(costs).items(), key=lambda item: item[1]):
        print(f"| {what} | {last:g}x |")


def _costs(rows: Sequence[Row], unit_megabytes: float, entry_bytes: float) -> Costs:
    """Of the most servers that were measured; turns of the fewest.

    A turn is no longer than its call computes, where nothing else does: what was seen beyond that is other work of the
    machine.
    """
    most, fewest = max(row.servers for row in rows), min(row.servers for row in rows)

    def spent(what: str, servers: int = most) -> Spent:
        return next(r.spent for r in rows if (r.servers, r.what) == (servers, what) and r.spent is not None)

    def turn(what: str) -> float:
        seen = next(r.turn for r in rows if (r.servers, r.what) == (fewest, what) and r.turn is not None)
        return min(seen, sum(spent(what, fewest)))

    rest, others = spent(REST), spent(WITH_OTHERS)
    news = [
        max(0.0, theirs - ours) / (most * NEIGHBOURS * THEIR_MODELS) for theirs, ours in zip(others, rest, strict=True)
    ]
    alone = Spent(*news)
    return Costs(
        # A server has nothing to do with an import; what it spends meanwhile is for the tags.
        calls={name: spent(what) for name, what in CALLS.items()} | {"entries": spent(IMPORTED)._replace(server=0.0)},
        rest=Spent(*(each / most for each in rest)),
        neighbour=Spent(alone.server, 0.0, 0.0, alone.database, 0.0),  # nobody else reads what others have
        write_turn=turn(CALLS["writes"]),
        entry_turn=turn(IMPORTED),
        unit_megabytes=unit_megabytes,
        entry_bytes=entry_bytes,
    )


def _measure(site: Site, prepared: Prepared, sizes: Sizes) -> Iterator[Row]:
    content = picture(0)[1]
    image = {"Bytes": base64.b64encode(content).decode()}
    wait_for_model(site.servers, prepared.model, content)
    wait(partial(_settled, site))
    rest = _at_rest(site, REST, sizes.rest)
    yield rest
    with site.neighbours(NEIGHBOURS, THEIR_MODELS, prepared.model):
        yield _at_rest(site, WITH_OTHERS, sizes.rest)
    page: dict[str, object] = {"DatasetArn": prepared.dataset, "ContainsLabels": ["red"], "MaxResults": 50}
    asked: dict[str, object] = {"ProjectVersionArn": prepared.model, "Image": image}
    tag = site.asking("TagResource", [{"ResourceArn": prepared.model, "Tags": {f"k{n}": f"{n}"}} for n in range(50)])
    yield _row(
        site, rest, CALLS["lists"], sizes.calls, site.asking("DescribeProjects", [{"ProjectNames": ["scale", "model"]}])
    )
    yield _row(site, rest, CALLS["pages"], sizes.calls, site.asking("ListDatasetEntries", [page]))
    yield _row(site, rest, CALLS["writes"], sizes.calls // 2, tag, _turn(site, tag, sizes.calls // 4))
    yield _row(site, rest, CALLS["pictures"], sizes.calls // 4, site.asking("DetectCustomLabels", [asked]))
    yield from _import(site, rest, sizes.entries, tag)


def _settled(site: Site) -> bool:
    """Whether nothing is left to be done, be it a job or the start of a process."""
    before = site.spent()
    time.sleep(1.0)
    return (
        sum(site.since(before)) < SETTLED * len(site.servers)
        and answer(site.database, "SELECT count(*) FROM jobs") == 0
    )


def _at_rest(site: Site, what: str, seconds: float) -> Row:
    """A second of all servers and workers that nobody asks anything."""
    time.sleep(2.0)  # what they have just heard of
    before, began = site.spent(), time.perf_counter()
    time.sleep(seconds)
    spent, wall = site.since(before), time.perf_counter() - began
    return Row(len(site.servers), what, Spent(*(each / wall for each in spent)))


def _row(site: Site, rest: Row, what: str, count: int, ask: Ask, turn: float | None = None) -> Row:
    before = site.spent()
    found = measure(ask, CONNECTIONS, count)
    p50, p95 = _quantiles(found.latencies)
    spent = _each(site.since(before), rest, found.wall, count)
    return Row(len(site.servers), what, spent, count / found.wall, p50, p95, turn)


def _each(spent: Spent, rest: Row, wall: float, count: int) -> Spent:
    """Milliseconds of each of `count` things, without those that servers take at rest in the same time."""
    return Spent(*((each - wall * idle) / count for each, idle in zip(spent, rest.spent or (), strict=True)))


def _turn(site: Site, ask: Ask, count: int) -> float:
    """For how many milliseconds a call has the turn, while nobody else wants it."""
    with turns(site.database, 0.003) as held:
        found = measure(ask, 1, count)
    return 1000 * held.share * found.wall / count


def _import(site: Site, rest: Row, entries: int, tag: Ask) -> Iterator[Row]:
    """A dataset for each worker at once, with a tag now and then; the figures are of an image."""
    clients = [client(server, "rekognition") for server in site.servers]
    names = [f"import-{time.time_ns()}-{number}" for number in range(len(clients))]
    projects = [each.create_project(ProjectName=n)["ProjectArn"] for each, n in zip(clients, names, strict=True)]
    before, began = site.spent(), time.perf_counter()
    with turns(site.database, 0.02) as held, _now_and_then(tag) as latencies:
        for each, project in zip(clients, projects, strict=True):
            imported(each, project)
        wait(partial(complete, site.database))
        wall = time.perf_counter() - began
    count = entries * len(projects)
    spent, turn = _each(site.since(before), rest, wall, count), 1000 * held.share * wall / count
    yield Row(len(site.servers), IMPORTED, spent, count / wall, turn=turn)
    p50, p95 = _quantiles(latencies)
    yield Row(len(site.servers), TAG_BETWEEN, p50=p50, p95=p95)


@contextmanager
def _now_and_then(ask: Ask) -> Iterator[list[float]]:
    """Asks twice a second, if it can, and gives the latencies in seconds."""
    latencies: list[float] = []

    def work(stop: threading.Event) -> None:
        while not stop.wait(0.5):
            began = time.perf_counter()
            ask(len(latencies))
            latencies.append(time.perf_counter() - began)

    with beside(work):
        yield latencies


def _quantiles(latencies: Sequence[float]) -> tuple[float | None, float | None]:
    if not latencies:
        return None, None
    p50, p95 = np.quantile(latencies, (0.5, 0.95))
    return 1000 * float(p50), 1000 * float(p95)


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _size(database: Database) -> int:
    """Bytes of a database on the disk."""
    return answer(database, "SELECT pg_database_size(current_database())")


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
