"""Labelled images as data: the one entry type, and the file formats it is read from and written to."""
