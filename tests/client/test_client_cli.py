"""The command line: what it prints, what it advises, and how it ends."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from client.script import FOREIGN, Failure, cursor, intervention, packet
from eitp.cli import app
from eitp.recording import read
from eitp.v1.capability_service_pb2 import GetCapabilitiesResponse
from eitp.v1.common_pb2 import DURABILITY_DISK
from eitp.v1.emotion_service_pb2 import GetStateResponse
from eitp.v1.evidence_pb2 import SIGNAL_ID_RESPONSE_LATENCY, Evidence
from eitp.v1.intervention_service_pb2 import ReportOutcomeResponse
from eitp.v1.outcome_pb2 import OUTCOME_KIND_CONVERSION
from eitp.v1.packet_pb2 import Packet
from eitp.v1.state_pb2 import EMOTION_LABEL_FRUSTRATION, EmotionalState, Estimate
from google.protobuf.duration_pb2 import Duration
from grpc import StatusCode
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from client.script import Script
    from typer.testing import Result

    Command = Callable[..., Awaitable["Ended"]]

KEY = "eitp_sk_cli"
SESSION_ID = "ses_0123456789abcdef01234567"
CALM = """recording,person,t_ms,kind,x,y
one,ann,0,move,1,1
one,ann,400,move,5,5
one,ann,900,click,5,5
two,bob,0,move,1,1
"""

FRUSTRATED = Packet(
    session_id="session-1",
    sequence=12,
    label=EMOTION_LABEL_FRUSTRATION,
    confidence=0.81,
    state=EmotionalState(
        valence=Estimate(value=-0.6, uncertainty=0.1), arousal=Estimate(value=0.7, uncertainty=0.2)
    ),
    evidence=[
        Evidence(
            signal=SIGNAL_ID_RESPONSE_LATENCY,
            value=2400,
            baseline=310,
            weight=1.5,
            rule_version="latency/1",
        )
    ],
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it printed."""

    exit_code: int | None
    stdout: str
    stderr: str


def offline(*arguments: str) -> Result:
    """Run a command that needs no server."""
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def command(address: str) -> Command:
    """Runs a command against the scripted server, in a process of its own as a person would."""

    async def run(*arguments: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "eitp", *arguments),
            env=os.environ | {"EITP_SERVER": address, "EITP_KEY": KEY, "COLUMNS": "120"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        stdout, stderr = await process.communicate()
        return Ended(process.returncode, stdout.decode(), stderr.decode())

    return run


@pytest.fixture
def calm(tmp_path: Path) -> Path:
    """A file of two short recordings."""
    file = tmp_path / "calm.csv"
    file.write_text(CALM)
    return file


async def test_replay_sends_each_recording_as_a_session_and_sums_up(
    command: Command, script: Script, calm: Path
) -> None:
    result = await command("replay", str(calm), "--speed", "max", "--sessions", "1")
    assert result.exit_code == 0
    visitors = [request.visitor_id for request in script.requests["OpenSession"]]
    assert visitors == ["ann", "bob"]
    assert [request.session_id for request in script.requests["CloseSession"]] == [
        "session-1",
        "session-2",
    ]
    rows = dict(line.rsplit(maxsplit=1) for line in result.stdout.splitlines() if line.strip())
    assert (rows["recordings"], rows["batches"], rows["events"]) == ("2", "3", "4")
    assert (rows["applied"], rows["refused"]) == ("3", "0")
    assert set(script.credentials("IngestStream")) == {f"Bearer {KEY}"}


async def test_replay_without_files_plays_the_bundled_set_and_says_it_is_synthetic(
    command: Command, script: Script
) -> None:
    result = await command("replay", "--speed", "max")
    assert result.exit_code == 0
    assert "synthetic" in result.stderr
    assert len(script.requests["OpenSession"]) == 12


def test_replay_at_no_speed_is_wrong_usage(calm: Path) -> None:
    result = offline("replay", str(calm), "--speed", "0")
    assert result.exit_code == 2
    assert "number above 0, or max" in result.stderr


async def test_a_broken_recording_is_told_before_anything_is_sent(
    command: Command, script: Script, calm: Path
) -> None:
    calm.write_text(CALM + "two,bob,soon,move,1,1\n")
    result = await command("replay", str(calm))
    assert result.exit_code == 2
    assert "line 6, column t_ms" in result.stderr
    assert not script.requests["OpenSession"]


async def test_watch_prints_a_line_per_packet_and_where_to_go_on(
    command: Command, script: Script
) -> None:
    script.feed = [packet(1), packet(2)]
    script.feed[0].packet.CopyFrom(FRUSTRATED)
    result = await command("watch", "packets", "--count", "2")
    assert result.exit_code == 0
    first, _ = result.stdout.splitlines()
    assert "frustration 0.81" in first
    assert "response latency 2,400 ms (usual 310 ms)" in first
    assert f"--cursor {base64.b64encode(cursor(2)).decode()}" in result.stderr


async def test_watch_prints_session_ids_that_state_takes(command: Command, script: Script) -> None:
    script.feed = [packet(1)]
    script.feed[0].packet.session_id = SESSION_ID
    packets = await command("watch", "packets", "--count", "1")
    script.feed = [intervention(1)]
    script.feed[0].intervention.session_id = SESSION_ID
    interventions = await command("watch", "interventions", "--count", "1")
    assert SESSION_ID in packets.stdout.split()
    assert SESSION_ID in interventions.stdout.split()


async def test_a_watch_out_of_reach_says_soon_what_it_tries_to_reach() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "eitp", "watch", "packets", "--server", "127.0.0.1:1"),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    try:
        async with asyncio.timeout(30):
            line = await process.stderr.readline()
    finally:
        process.terminate()
        await process.wait()
    assert line.decode() == "trying to connect to 127.0.0.1:1 …\n"


async def test_watch_goes_on_at_a_cursor_and_prints_json(command: Command, script: Script) -> None:
    script.feed = [intervention(1), intervention(2)]
    place = base64.b64encode(cursor(1)).decode()
    result = await command("watch", "interventions", "--cursor", place, "--count", "1", "--json")
    line = json.loads(result.stdout)
    assert line["item"] == {"interventionId": "i-2"}
    assert base64.b64decode(line["cursor"]) == cursor(2)


async def test_watch_refuses_what_is_no_cursor(command: Command) -> None:
    result = await command("watch", "packets", "--cursor", "?")
    assert result.exit_code == 2
    assert "Copy it from an earlier watch" in result.stderr


async def test_state_shows_every_dimension_and_admits_what_is_unknown(
    command: Command, script: Script
) -> None:
    script.answers["GetState"].append(GetStateResponse(packet=FRUSTRATED))
    result = await command("state", "session-1")
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "-0.60 ± 0.10" in rows["valence"]
    assert "unknown" in rows["interest"]
    assert "+1.5 logits, latency/1" in rows["evidence"]


async def test_state_prints_json_for_programs(command: Command, script: Script) -> None:
    script.answers["GetState"].append(GetStateResponse(packet=FRUSTRATED))
    result = await command("state", "session-1", "--json")
    assert json.loads(result.stdout)["label"] == "EMOTION_LABEL_FRUSTRATION"


async def test_an_outcome_is_sent_with_its_exact_value(command: Command, script: Script) -> None:
    result = await command(
        *("send-outcome", "session-1", "conversion"),
        *("--value", "129.90", "--currency", "EUR", "--outcome-id", "order-17"),
    )
    assert (result.exit_code, result.stdout) == (0, "taken, but no decision was credited\n")
    assert "Check the id" in result.stderr
    outcome = script.requests["ReportOutcome"][0].outcome
    assert (outcome.kind, outcome.value_micros) == (OUTCOME_KIND_CONVERSION, 129_900_000)
    assert (outcome.session_id, outcome.currency, outcome.outcome_id) == (
        "session-1",
        "EUR",
        "order-17",
    )


async def test_an_outcome_that_was_known_says_so(command: Command, script: Script) -> None:
    answer = ReportOutcomeResponse(decision_id="d-1", duplicate=True)
    script.answers["ReportOutcome"].append(answer)
    result = await command("send-outcome", "session-1", "lead")
    assert result.stdout == "known already, credited to decision d-1\n"
    assert result.stderr == ""


def test_a_value_that_is_no_amount_is_wrong_usage() -> None:
    result = offline("send-outcome", "session-1", "lead", "--value", "much")
    assert (result.exit_code, "as 129.90" in result.stderr) == (2, True)


async def test_capabilities_are_shown_without_a_key(command: Command, script: Script) -> None:
    answer = GetCapabilitiesResponse()
    answer.capabilities.server.name = "eitp-reference"
    answer.capabilities.durability = DURABILITY_DISK
    answer.capabilities.limits.max_batches_per_message = 256
    answer.capabilities.limits.heartbeat_interval.CopyFrom(Duration(seconds=5))
    script.answers["GetCapabilities"].append(answer)
    result = await command("capabilities")
    assert result.exit_code == 0
    rows = dict(re.split(r"  +", line.rstrip(), maxsplit=1) for line in result.stdout.splitlines())
    assert rows["server"].startswith("eitp-reference")
    assert (rows["durability"], rows["heartbeat interval"]) == ("DISK", "5 s")
    assert rows["max batches per message"] == "256"
    assert script.credentials("GetCapabilities") == [""]


async def test_a_refusal_ends_with_1_and_says_what_to_do(command: Command, script: Script) -> None:
    script.answers["GetState"].append(FOREIGN)
    result = await command("state", "session-1")
    assert result.exit_code == 1
    assert "SCOPE_MISSING" in result.stderr
    assert "Use a secret key that has the scope" in result.stderr


async def test_a_fault_of_the_server_ends_with_1(command: Command, script: Script) -> None:
    script.answers["GetState"].append(Failure(code=StatusCode.INTERNAL, reason="INTERNAL"))
    result = await command("state", "session-1")
    assert (result.exit_code, "its log says more" in result.stderr) == (1, True)


async def test_a_server_that_is_not_there_ends_with_3(command: Command) -> None:
    result = await command("capabilities", "--server", "127.0.0.1:1", "--timeout", "0.2")
    assert result.exit_code == 3
    assert "eitp-server demo" in result.stderr


def test_convert_writes_recordings_and_says_how_many(eitp_data: Path, tmp_path: Path) -> None:
    target = tmp_path / "stress.csv"
    result = offline(
        "convert", "stress-pointclick", str(eitp_data / "stress-pointclick"), str(target)
    )
    assert result.exit_code == 0
    assert "106 recordings of 53 people" in result.stdout
    assert next(read(target)).person == "p01"


def test_convert_of_a_folder_that_is_not_the_data_is_wrong_usage(tmp_path: Path) -> None:
    result = offline("convert", "stress-pointclick", str(tmp_path), str(tmp_path / "out.csv"))
    assert result.exit_code == 2


@pytest.mark.parametrize(
    "command",
    [["replay"], ["watch", "packets"], ["watch", "interventions"], ["state"], ["send-outcome"]],
    ids=" ".join,
)
def test_every_command_explains_itself_with_an_example(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "120"})
    assert f"eitp {' '.join(command)}" in result.stdout
    assert "EITP_KEY" in result.stdout
