"""Self-hosted Custom Labels."""
