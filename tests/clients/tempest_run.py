"""Runs the tests of Tempest that apply to Adit against a running server, by two workers, and says what came of each.

Takes a folder for its files, and the server's `clouds.yaml` in OS_CLIENT_CONFIG_FILE. What is not run, and why, stands in
`tempest_skips.txt` beside this file.
"""

import collections
import importlib
import io
import json
import os
import pathlib
import re
import signal
import sys
import unittest
import urllib.request
import warnings

import yaml

# How long it may take altogether.
LIMIT_SECS = 600
WORKERS = 2
MODULES = """
tempest.api.identity.admin.v3.test_application_credentials
tempest.api.identity.admin.v3.test_default_project_id
tempest.api.identity.admin.v3.test_domains
tempest.api.identity.admin.v3.test_domains_negative
tempest.api.identity.admin.v3.test_endpoints
tempest.api.identity.admin.v3.test_endpoints_negative
tempest.api.identity.admin.v3.test_list_projects
tempest.api.identity.admin.v3.test_list_users
tempest.api.identity.admin.v3.test_projects
tempest.api.identity.admin.v3.test_projects_negative
tempest.api.identity.admin.v3.test_regions
tempest.api.identity.admin.v3.test_roles
tempest.api.identity.admin.v3.test_services
tempest.api.identity.admin.v3.test_tokens
tempest.api.identity.admin.v3.test_users
tempest.api.identity.admin.v3.test_users_negative
tempest.api.identity.v3.test_api_discovery
tempest.api.identity.v3.test_application_credentials
tempest.api.identity.v3.test_catalog
tempest.api.identity.v3.test_domains
tempest.api.identity.v3.test_projects
tempest.api.identity.v3.test_tokens
tempest.api.identity.v3.test_users
tempest.api.network.admin.test_external_network_extension
tempest.api.network.admin.test_external_networks_negative
tempest.api.network.admin.test_floating_ips_admin_actions
tempest.api.network.admin.test_ports
tempest.api.network.admin.test_routers
tempest.api.network.admin.test_routers_negative
tempest.api.network.test_agent_management_negative
tempest.api.network.test_allowed_address_pair
tempest.api.network.test_extensions
tempest.api.network.test_extra_dhcp_options
tempest.api.network.test_floating_ips
tempest.api.network.test_floating_ips_negative
tempest.api.network.test_networks
tempest.api.network.test_networks_negative
tempest.api.network.test_ports
tempest.api.network.test_routers
tempest.api.network.test_routers_negative
tempest.api.network.test_security_groups
tempest.api.network.test_security_groups_negative
tempest.api.network.test_service_providers
tempest.api.network.test_subnetpools_extensions
tempest.api.network.test_tags
tempest.api.network.test_versions
neutron_tempest_plugin.vpnaas.api.test_vpnaas
""".split()

# The tests of extensions ask what is announced, not whether to wait.
DO_NOT_WAIT = "tempest.api.network.test_extensions"
waits = True

CONFIGURATION = """
[DEFAULT]
log_file = {folder}/tempest.log
[oslo_concurrency]
lock_path = {folder}/lock
[auth]
use_dynamic_credentials = true
create_isolated_networks = false
admin_username = {username}
admin_password = {password}
admin_project_name = {project_name}
admin_domain_name = Default
[identity]
uri_v3 = {auth_url}
auth_version = v3
region = RegionOne
[identity-feature-enabled]
api_v2 = false
application_credentials = true
[service_available]
nova = false
glance = false
cinder = false
swift = false
neutron = true
[network]
# No agent is there that could wire anything, so nothing becomes ACTIVE.
build_timeout = 6
build_interval = 1
public_network_id = {network}
floating_network_name = ext-net
project_networks_reachable = false
[network-feature-enabled]
ipv6 = true
api_extensions = {extensions}
"""


class Cloud:
    """What must be there before Tempest: its administrator, a network outside, and what the server announces."""

    def __init__(self):
        clouds = yaml.safe_load(pathlib.Path(os.environ["OS_CLIENT_CONFIG_FILE"]).read_text())
        self.auth = clouds["clouds"]["adit-admin"]["auth"]
        self.token = None
        domain = {"name": "Default"}
        user = {"name": self.auth["username"], "password": self.auth["password"], "domain": domain}
        project = {"name": self.auth["project_name"], "domain": domain}
        answer, headers = self.ask(
            f"{self.auth['auth_url']}/auth/tokens",
            {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}},
        )
        self.token = headers["X-Subject-Token"]
        networking = next(service for service in answer["token"]["catalog"] if service["type"] == "network")
        self.url = networking["endpoints"][0]["url"] + "/v2.0"

    def ask(self, url, body=None):
        headers = {"Content-Type": "application/json", **({"X-Auth-Token": self.token} if self.token else {})}
        request = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers)
        with urllib.request.urlopen(request) as response:
            return json.load(response), response.headers

    def network(self):
        network = {"name": "ext-net", "router:external": True}
        network = self.ask(f"{self.url}/networks", {"network": network})[0]["network"]["id"]
        subnet = {"network_id": network, "ip_version": 4, "cidr": "172.24.4.0/22", "enable_dhcp": False}
        self.ask(f"{self.url}/subnets", {"subnet": subnet})
        return network

    def extensions(self):
        listed = self.ask(f"{self.url}/extensions")[0]["extensions"]
        return ", ".join(extension["alias"] for extension in listed)


def configure(folder):
    """Tempest reads its configuration when it is imported."""
    cloud = Cloud()
    text = CONFIGURATION.format(folder=folder, network=cloud.network(), extensions=cloud.extensions(), **cloud.auth)
    (folder / "lock").mkdir()
    (folder / "tempest.conf").write_text(text)
    os.environ["TEMPEST_CONFIG_DIR"] = str(folder)
    os.environ["TEMPEST_CONFIG"] = "tempest.conf"


def do_not_wait():
    """Tempest waits until interfaces of routers are ACTIVE, unless routers are distributed. Here nobody wires them."""
    from tempest.common import utils

    announced = utils.is_extension_enabled
    utils.is_extension_enabled = lambda name, service: (name == "dvr" and waits) or announced(name, service)


def classes():
    for name in MODULES:
        # Tempest would write what stops this program to its own log.
        sys.excepthook = sys.__excepthook__
        module = importlib.import_module(name)
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, unittest.TestCase) and one.__module__ == name:
                yield one


def skips():
    lines = pathlib.Path(__file__).with_name("tempest_skips.txt").read_text().splitlines()
    return [re.compile(line.split()[0]) for line in lines if line.strip() and not line.startswith("#")]


def suites(skipped):
    """A suite for each class, without the tests that are not to be run."""
    for one in classes():
        tests = unittest.defaultTestLoader.loadTestsFromTestCase(one)
        kept = [test for test in tests if not any(skip.search(test.id()) for skip in skipped)]
        if kept:
            yield unittest.TestSuite(kept)


def work(suite, answers):
    """Runs a suite and writes a line with what came of it."""
    global waits
    waits = DO_NOT_WAIT not in next(iter(suite)).id()
    result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0).run(suite)
    said = {
        "run": result.testsRun - len(result.skipped),
        "skipped": [reason for _, reason in result.skipped],
        "failed": [(test.id(), trace) for test, trace in [*result.failures, *result.errors]],
    }
    print(json.dumps(said), file=answers, flush=True)


def main():
    warnings.simplefilter("ignore")
    signal.alarm(LIMIT_SECS)
    folder = pathlib.Path(sys.argv[1])
    configure(folder)
    do_not_wait()
    everything = list(suites(skips()))
    pipes = []
    for worker in range(WORKERS):
        reader, writer = os.pipe()
        if os.fork() == 0:
            signal.alarm(LIMIT_SECS)
            os.close(reader)
            with os.fdopen(writer, "w") as answers:
                for suite in everything[worker::WORKERS]:
                    work(suite, answers)
            os._exit(0)
        os.close(writer)
        pipes.append(os.fdopen(reader))
    said = [json.loads(line) for pipe in pipes for line in pipe]
    whole = len(said) == len(everything)
    for one in said:
        for test, trace in one["failed"]:
            print(f"FAILED {test}\n{trace}")
    for reason, times in sorted(collections.Counter(reason for one in said for reason in one["skipped"]).items()):
        print(f"{times} not run by Tempest itself: {reason}")
    failed = sum(len(one["failed"]) for one in said)
    print(f"{sum(one['run'] for one in said)} tests run, {failed} failed")
    sys.exit(0 if whole and not failed else 1)


main()
