"""`eitp-server lab`: the server's maths over files."""

from __future__ import annotations

import typer

from eitp_server.cli import (
    adjust,
    bench,
    compare_rules,
    contagion,
    contagion_stream,
    draw,
    evaluate,
    evi,
    evi_stream,
    false_alarms,
    model,
    ope,
    planted,
    simulate_policy,
    transfer,
)

app = typer.Typer(no_args_is_help=True, help="The same maths over files, and benchmarks.")
app.add_typer(bench.app, name="bench")
app.command("adjust")(adjust.adjust_difference)
app.command("draw")(draw.draw)
app.command("evaluate")(evaluate.evaluate)
app.command("evi")(evi.measure_volatility)
app.command("evi-stream")(evi_stream.make_states)
app.command("false-alarms")(false_alarms.measure_false_alarms)
app.command("compare-rules")(compare_rules.compare_rules)
app.command("contagion")(contagion.contagion)
app.command("contagion-stream")(contagion_stream.draw_stream)
app.command("contagion-trial")(contagion_stream.measure_trial)
app.command("model")(model.show_model)
app.command("ope")(ope.evaluate_policy)
app.command("planted")(planted.measure_planted)
app.command("simulate-policy")(simulate_policy.simulate_policy)
app.command("transfer")(transfer.measure_transfer)
app.command("transfer-coverage")(transfer.measure_coverage)
