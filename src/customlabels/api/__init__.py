"""HTTP only: it knows no torch and no SQL."""
