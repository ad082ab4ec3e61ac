"""What a column of a log is, and how it becomes a level.

`names` knows metrics and axes by their names, `chance` the chance levels of benchmarks, `log` is
the one table that every reader of `skillphysics.io` gives, and `levels` makes curves of it.
"""
