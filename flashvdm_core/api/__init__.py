"""The contract: what travels between the core and whoever uses it. Standard library and NumPy alone.

`tasks` go in, `events` come back; `settings` is the one table of what can be chosen, `errors` names what can go wrong, and
`wire` carries all of it between two processes.
"""
