"""Runs commands of the unmodified `openstack` client, each in a process of its own, forked after the imports.

The client takes more than a second to import itself for each command. This program does it once, and then reads a
command a line from standard input, a JSON list of arguments, and answers with a line: a JSON object with the exit
status, the standard output and the standard error.
"""

import importlib.metadata
import json
import os
import sys
import tempfile

from openstackclient import shell

PLUGINS = ("openstack.cli", "openstack.common", "openstack.identity.v3", "openstack.network.v2", "openstack.neutronclient.v2")


def run(arguments):
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if child == 0:
            os.dup2(stdout.fileno(), 1)
            os.dup2(stderr.fileno(), 2)
            status = 1
            try:
                status = shell.main(arguments)
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 1
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status or 0)
        _, status = os.waitpid(child, 0)
        texts = []
        for stream in (stdout, stderr):
            stream.seek(0)
            texts.append(stream.read().decode())
        return {"status": os.waitstatus_to_exitcode(status), "stdout": texts[0], "stderr": texts[1]}


def main():
    for group in PLUGINS:
        for plugin in importlib.metadata.entry_points(group=group):
            plugin.load()
    sys.argv[0] = "openstack"
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


main()
