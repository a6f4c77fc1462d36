"""The load beside which the benchmark learns has something to learn about everything."""

from __future__ import annotations

from eitp_server.bandit.choice import Experiment
from eitp_server.bandit.learning import learn
from eitp_server.bandit.policy_table import CellPolicy
from eitp_server.interventions.policy import Policy
from eitp_server.interventions.policy import Settings as PolicySettings
from eitp_server.lab.bench.disturbance import outdated
from eitp_server.lab.bench.filled import NOW_US, DecideOptions

OPTIONS = DecideOptions(cells=60, arms=4)


def restarted(policy: Policy) -> Policy:
    """Return the policy after a restart, of which nothing was asked yet."""
    again = Policy(PolicySettings(experiment=Experiment(key=b"bench")))
    again.load(policy.dump())
    return again


def test_the_first_lesson_of_the_load_computes_the_choices_of_every_cell() -> None:
    policy = restarted(outdated(OPTIONS, NOW_US))
    document = learn(policy.lesson({}, NOW_US))
    assert document is not None
    known = [CellPolicy.from_line(line) for _, line in document["cells"]]
    sets = [arms for policy in known for arms in policy.choices]
    assert len(document["cells"]) > OPTIONS.cells
    assert [len(arms) for arms in sets] == [OPTIONS.arms] * OPTIONS.cells

    policy.install(document)
    assert learn(policy.lesson({}, NOW_US)) is None
