"""What a column of a log is, and how it becomes a level.

`names` knows metrics and axes by their names, `chance` the chance levels of benchmarks. `log` is
the one table that every reader of `skillphysics.io` gives. `choices` takes tasks and metrics of it,
`scales` knows or asks where they begin and end, `levels` makes curves of them, and `describe` says
what was understood.
"""
