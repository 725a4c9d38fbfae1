"""What is kept: rows in a database, objects in buckets. It knows no rule of Custom Labels."""

from customlabels.store.database import Database, now
from customlabels.store.objects import Objects

__all__ = ["Database", "Objects", "now"]
