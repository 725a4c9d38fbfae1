"""Example sets to try the project on: where they come from, and how they are brought to this machine."""
