"""Who may do what: users, their keys, and the policies that allow or deny."""
