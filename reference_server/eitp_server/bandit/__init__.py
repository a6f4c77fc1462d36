"""Which intervention to choose, and whether choosing helped.

Pure: arrays in, arrays out, no clock, no chance, no I/O. The modules, in the order of the data's
way through them:

- Choice: `selection` finds how probably each arm is best, `policy_table` keeps how probably each is
  chosen, `choice` chooses by a `draw` (a hash, see `digest`), and `decision` is the record of it.
- Learning: `tally` counts what came of it, with a queue of `open_decisions`, and hands out a
  `frame` of its columns; `delay` allows for late outcomes, `discount` fades old ones, `pooling` and
  `scope` lend a cell its relatives' counts, `learning` makes the next policy, and `learnt` takes it
  to the server in portions. `lines` is how text lies in a snapshot.
- Proof: `study` folds each `trial`, a decision whose window has closed, into an `arm_study` with
  its `evidence` and `guardrail`, once for each of its `visitors`; `pseudo_outcome`, `e_process` and
  `confidence_sequence` give the `lift`; `sample_ratio`, `propensity_audit` and `outcome_loss` check
  the experiment itself; `verdict` says what may be concluded.
- Patterns: `node` names the places that findings are about, `promotion` asks what is proven, with
  `strata` against unlike places and `discovery` against false finds; `pattern` is the life of a
  finding, `pool` the evidence of several tenants, `injection` the effect of telling a model.
- Judging a log: `off_policy` estimates what another policy would have earned, `covariate` narrows
  the bounds of an experiment that is over.
"""
