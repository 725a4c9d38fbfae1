"""The verbs of Custom Labels, one module a noun: rules and state machines live here, once."""
