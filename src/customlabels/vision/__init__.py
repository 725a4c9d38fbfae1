"""The learning library, usable alone: it knows no HTTP and no database. Serving needs no torch, training does."""
