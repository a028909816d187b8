"""Compares the sandbox with the spec, by requests that schemathesis generates.

Each dialect gets every check. A request that fits the spec may be rejected only for
the state of the account, or for a rule that OpenAPI cannot state; docs/operations.md
lists both. A request that does not fit may be accepted only for an open enum.

Usage: schemathesis.py SANDBOX, where SANDBOX is the sandbox's program.
"""

import base64
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys

SPEC = pathlib.Path("openapi/bundled.json")
OUTPUT = pathlib.Path("target/schemathesis")
DIALECTS = ["documented", "observed", "mixed"]
# What the sandbox says where only the state of the account decides.
STATE = re.compile(
    r"no [a-z ]+ has this id"
    r"|the inbox has no such conversation"
    r"|another contact has this address"
    r"|the contact has a channel of this type"
    r"|is in another inbox"
    r"|is not a member of"
    r"|must be at least 15 minutes ahead"
    r"|toll-free"
    r"|can be sent messages"
    r"|of this team has at most"
    r"|has a conversation with"
)
# What OpenAPI 3.0 cannot state.
UNSTATED = re.compile(
    r"members: its names are phone numbers"
    r"|must be on a quarter of an hour"
    r"|must be phone numbers, or objects with a phone number"
    r"|a group has at least two members"
    r"|nothing to send"
)
# What does not fit the spec, but is accepted: a value of an open enum.
OPEN = re.compile(r"Invalid enum value")


def start(sandbox, dialect):
    """Starts a sandbox, and returns it with its URL and its authorization."""
    command = [sandbox, "--port", "0", "--dialect", dialect, "--rate-limit", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    greeting = ""
    for line in process.stdout:
        greeting += line
        if key := re.search(r"Authorization: (\S+ [^']+)'", greeting):
            url = re.search(r"http://\S+", greeting)
            return process, url.group(), key.group(1)
    raise SystemExit(f"the sandbox did not start: {greeting}")


def run(sandbox, dialect):
    """Runs schemathesis, and yields the operation, check, problem and answer of each failure."""
    process, url, authorization = start(sandbox, dialect)
    folder = OUTPUT / dialect
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    program = pathlib.Path(sys.executable).absolute().parent / "st"
    options = "--checks all --seed 1 --max-examples 20 --continue-on-failure --no-color"
    options += " --phases examples,coverage,fuzzing --generation-database none"
    command = [program, "run", SPEC.absolute(), "--url", url, "--header", f"Authorization: {authorization}"]
    command += [*options.split(), "--report", "ndjson", "--report-dir", folder.absolute()]
    try:
        with (folder / "output.txt").open("w") as output:
            subprocess.run(command, stdout=output, stderr=output, cwd=folder, timeout=900)
    finally:
        process.terminate()
        process.wait()
    for line in next(folder.glob("*.ndjson")).open():
        event = json.loads(line)
        recorder = event.get("ScenarioFinished", {}).get("recorder") or {}
        for case, checks in recorder.get("checks", {}).items():
            for check in checks:
                if check["status"] == "failure":
                    failure = check["failure_info"]["failure"]
                    answer = recorder["interactions"][case]["response"]
                    yield recorder["label"], check["name"], failure["message"], text(answer)


def text(answer):
    content = (answer or {}).get("content") or {}
    return base64.b64decode(content.get("$base64", "")).decode(errors="replace")


def kind(check, problem, answer):
    """Says why a failure is accepted, or None."""
    if check == "positive_data_acceptance":
        body = json.loads(answer)
        message = body.get("message") or body.get("error") or ""
        parts = message.split("; ")
        if all(STATE.search(part) for part in parts):
            return "rejected for the state of the account"
        if all(STATE.search(part) or UNSTATED.search(part) for part in parts):
            return "rejected for a rule that OpenAPI cannot state"
    if check == "negative_data_rejection" and OPEN.search(problem):
        return "accepted as a value of an open enum"
    return None


def main(sandbox):
    problems = set()
    for dialect in DIALECTS:
        counts = collections.defaultdict(set)
        for operation, check, problem, answer in run(sandbox, dialect):
            reason = kind(check, problem, answer)
            if reason is None:
                problems.add(f"{dialect}: {operation}: {check}: {problem[-200:]}: {answer[:200]}")
            else:
                counts[reason].add(operation)
        for reason, operations in sorted(counts.items()):
            print(f"{dialect}: {len(operations)} operations: {reason}")
    print("\n".join(sorted(problems)), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
