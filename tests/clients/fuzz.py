"""Sends a server what its /openapi.json allows, and what it does not, for a while, as one of its users.

    fuzz.py CLOUDS CLOUD SECONDS TAG...

Fails when an answer is a failure of the server's or has not the form that is described for it. Fails as well when the
user's token is worth nothing in the end, for then nothing was tried out.
"""

import pathlib
import subprocess
import sys

import requests
import yaml

CHECKS = "not_a_server_error,response_schema_conformance"


def log_in(auth):
    domain = {"name": "Default"}
    user = {"name": auth["username"], "password": auth["password"], "domain": domain}
    body = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": auth["project_name"], "domain": domain}},
        }
    }
    answer = requests.post(auth["auth_url"] + "/auth/tokens", json=body, timeout=30)
    answer.raise_for_status()
    return answer.headers["X-Subject-Token"]


def main(clouds, cloud, seconds, *tags):
    auth = yaml.safe_load(pathlib.Path(clouds).read_text())["clouds"][cloud]["auth"]
    token = log_in(auth)
    server = auth["auth_url"].removesuffix("/identity/v3")
    here = pathlib.Path(__file__).parent
    command = [sys.executable, "-m", "schemathesis.cli"]
    command += ["--config-file", here / "schemathesis.toml", "run", server + "/openapi.json"]
    command += ["--header", "X-Auth-Token: " + token, "--checks", CHECKS, "--max-time", seconds]
    command += ["--request-timeout", "30", "--suppress-health-check", "all", "--warnings", "off", "--no-color"]
    for tag in tags:
        command += ["--include-tag", tag]
    outcome = subprocess.run(command, check=False).returncode
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    answer = requests.get(auth["auth_url"] + "/auth/tokens", headers=headers, timeout=30)
    if answer.status_code != 200:
        sys.exit(f"the token is worth nothing any more: {answer.status_code} {answer.text}")
    sys.exit(outcome)


main(*sys.argv[1:])
