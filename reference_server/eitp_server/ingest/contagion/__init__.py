"""Contagion beside the tick: minutes of regions, windows of them, and what spreads in each.

In the order of the data: `levels` says what each region does in a minute, `window` puts a day of
minutes together, `analysis` looks for what spreads in it, `runner` again and again, and `reader`
follows.
"""
