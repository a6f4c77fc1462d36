"""The language models beside the tick: who is worth a call, within which budget, and what was said.

An answer comes back through the log as an input of its session, so a replay never calls a model.
"""
