"""The rows of entries and of the labels they use: written, found, taken out, moved. Numbers are kept in `counting`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select, text, update

from customlabels.manifest.entry import Entry
from customlabels.manifest.lines import write_line
from customlabels.service import counting
from customlabels.service.counting import AT_ONCE, Tally
from customlabels.store.tables import dataset_labels, entries, entry_labels


def write(
    connection: Connection, dataset_id: int, placed: Iterable[tuple[int, Entry]], ids: dict[str, int], counts: Tally
) -> None:
    """Insert entries at positions that are free.

    `ids` are those of the dataset's labels by name; new ones are added to it, and the entries to `counts`.
    """
    rows, uses = [], []
    for position, entry in placed:
        labels = counting.labels_of(entry)
        counting.declare(connection, dataset_id, labels, ids)
        counts.add(entry, labels)
        rows.append(
            {
                "dataset_id": dataset_id,
                "position": position,
                "source_ref": entry.source_ref,
                "labeled": entry.is_labeled,
                "errors": entry.has_errors,
                "line": write_line(entry, findings="cl-errors"),
            }
        )
        boxed = {box.label for box in entry.boxes or ()}
        uses += [
            {"dataset_id": dataset_id, "label_id": ids[name], "position": position, "boxed": name in boxed}
            for name in entry.all_labels
        ]
    if rows:
        connection.execute(insert(entries), rows)
    if uses:
        connection.execute(insert(entry_labels), uses)


def positions_of(connection: Connection, dataset_id: int, source_refs: Sequence[str]) -> Mapping[str, int]:
    """The positions of those of the images that are in the dataset."""
    found: dict[str, int] = {}
    for start in range(0, len(source_refs), AT_ONCE):
        some = entries.c.source_ref.in_(source_refs[start : start + AT_ONCE])
        query = select(entries.c.source_ref, entries.c.position).where(entries.c.dataset_id == dataset_id, some)
        found.update({row.source_ref: row.position for row in connection.execute(query)})
    return found


def remove(connection: Connection, dataset_id: int, positions: Sequence[int]) -> None:
    """Delete the entries at some positions."""
    for start in range(0, len(positions), AT_ONCE):
        for table in (entry_labels, entries):
            some = table.c.position.in_(positions[start : start + AT_ONCE])
            connection.execute(delete(table).where(table.c.dataset_id == dataset_id, some))


def move(connection: Connection, source: int, target: int, positions: Sequence[int]) -> None:
    """Give entries to a dataset that has no entry at their positions, with the labels of the other one."""
    known = counting.label_ids(connection, source)
    ids: dict[str, int] = counting.label_ids(connection, target)
    counting.declare(connection, target, known, ids)
    old, new = dataset_labels.alias(), dataset_labels.alias()
    counterpart = (
        select(new.c.id)
        .join(old, old.c.name == new.c.name)
        .where(new.c.dataset_id == target, old.c.id == entry_labels.c.label_id)
        .scalar_subquery()
    )
    for start in range(0, len(positions), AT_ONCE):
        some = positions[start : start + AT_ONCE]
        mine = (entry_labels.c.dataset_id == source) & entry_labels.c.position.in_(some)
        connection.execute(update(entry_labels).where(mine).values(dataset_id=target, label_id=counterpart))
        mine = (entries.c.dataset_id == source) & entries.c.position.in_(some)
        connection.execute(update(entries).where(mine).values(dataset_id=target))


def remove_first(connection: Connection, dataset_id: int, number: int) -> bool:
    """Delete up to so many entries, or the labels where no entry is left. Returns whether something may be left."""
    first = select(entries.c.position).where(entries.c.dataset_id == dataset_id).order_by(entries.c.position)
    positions = connection.execute(first.limit(number)).scalars().all()
    if not positions:
        connection.execute(delete(dataset_labels).where(dataset_labels.c.dataset_id == dataset_id))
        return False
    for table in (entry_labels, entries):
        up_to = table.c.position <= positions[-1]
        connection.execute(delete(table).where(table.c.dataset_id == dataset_id, up_to))
    return True


def analyze(connection: Connection) -> None:
    """Have PostgreSQL look at what was just written in bulk: knowing nothing of it, it searches slowly."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ANALYZE {entries.name}, {entry_labels.name}"))
