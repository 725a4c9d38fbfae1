"""One module a file format, each with `recognise(path)`, `read(path)` and `write(dataset, path)`.

`write` returns what the format could not hold, a problem each; nothing is left out in silence.
"""
