"""Runs commands of an unmodified client, `openstack` or `neutron`, each in a process of its own, forked after the imports.

The clients take more than a second to import themselves for each command. This program does it once, then says `ready`
and reads a command a line, a JSON object with the words of the command and the file with the clouds. It answers with a
line: a JSON object with the exit status, the standard output and the standard error.

Lines come from standard input, or, if a name is given as second argument, from any number of connections at once to the
abstract Unix socket of that name. Either way the end of standard input ends the program.
"""

import collections
import collections.abc
import gc
import importlib
import importlib.metadata
import itertools
import json
import os
import select
import signal
import socket
import sys
import tempfile
import types
import warnings

SHELLS = {"openstack": "openstackclient.shell", "neutron": "neutronclient.shell"}
# Where the clients look for their commands, for the ways to authenticate and for formats, at each command.
PLUGINS = ("openstack.", "keystoneauth1.", "cliff.")


def be_as_in_2018():
    """Gives the clients of 2018 what they expect and Python 3.10 took away, and an empty `netifaces`: it would have to
    be compiled, and they ask it only whether this machine has IPv6, for clouds of virtual machines."""
    for name in collections.abc.__all__:
        if not hasattr(collections, name):
            setattr(collections, name, getattr(collections.abc, name))
    sys.modules.setdefault("netifaces", types.ModuleType("netifaces"))


def load(program):
    """Imports what the commands of the program import, and returns its shell."""
    be_as_in_2018()
    warnings.simplefilter("ignore")
    shell = importlib.import_module(SHELLS[program])
    plugins = (found.entry_points for found in importlib.metadata.distributions())
    for plugin in itertools.chain.from_iterable(plugins):
        if plugin.group.startswith(PLUGINS):
            try:
                plugin.load()
            except Exception:
                pass  # Kerberos and the like, which the clients do without too.
    command = sys.modules["cliff.command"]
    # It keeps what it read of all packages, and asks for it at each command.
    getattr(command, "_get_distributions_by_module", lambda: None)()
    sys.argv = [program]
    gc.freeze()
    return shell


def run(shell, request):
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if child == 0:
            os.dup2(stdout.fileno(), 1)
            os.dup2(stderr.fileno(), 2)
            os.environ["OS_CLIENT_CONFIG_FILE"] = request["clouds"]
            status = 1
            try:
                status = shell.main(request["words"])
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


def serve(shell, lines, answers):
    for line in lines:
        print(json.dumps(run(shell, json.loads(line))), file=answers, flush=True)


def listen(shell, name):
    """Each connection gets a process, which runs its commands one after the other."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        print("ready", flush=True)
        # Nobody waits for those processes.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                with connection, connection.makefile("rw") as stream:
                    serve(shell, stream, stream)
                os._exit(0)
            connection.close()


def main():
    program, *name = sys.argv[1:]
    shell = load(program)
    if name:
        listen(shell, name[0])
    else:
        print("ready", flush=True)
        serve(shell, sys.stdin, sys.stdout)


main()
