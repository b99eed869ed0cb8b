"""A Keystone for tests: made, filled with its first administrator, and served on a free port of loopback.

Takes a folder for its files and the administrator's password, says `up URL` when it listens, and serves until its
standard input ends, so that it cannot outlive the test.
"""

import os
import pathlib
import sys
import threading
import warnings
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

warnings.simplefilter("ignore")

from keystone.cmd import manage as keystone_manage  # noqa: E402

CONFIGURATION = """
[DEFAULT]
log_file = {folder}/keystone.log
[database]
connection = sqlite:///{folder}/keystone.db
[fernet_tokens]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
[identity]
# The tests' passwords guard nothing.
password_hash_rounds = 4
"""


def manage(configuration, *arguments):
    """Runs `keystone-manage` in a process of its own, since it can be configured once only. It is imported before, once."""
    child = os.fork()
    if child == 0:
        sys.argv = ["keystone-manage", "--config-file", configuration, *arguments]
        status = 1
        try:
            status = keystone_manage.main() or 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit(f"keystone-manage {arguments[0]} failed")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self):
        """Without asking who 127.0.0.1 is."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address
        self.setup_environ()


def main(folder, password):
    folder = pathlib.Path(folder)
    configuration = folder / "keystone.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder))
    server = Server(("127.0.0.1", 0), Quiet)
    url = f"http://127.0.0.1:{server.server_port}/v3"
    user, group = (["--keystone-user", str(os.getuid())], ["--keystone-group", str(os.getgid())])
    manage(str(configuration), "db_sync")
    for repository in ("fernet", "credential"):
        (folder / repository).mkdir(mode=0o700)
        manage(str(configuration), f"{repository}_setup", *user, *group)
    urls = [word for kind in ("admin", "internal", "public") for word in (f"--bootstrap-{kind}-url", url)]
    manage(str(configuration), "bootstrap", "--bootstrap-password", password, "--bootstrap-region-id", "RegionOne", *urls)

    os.environ["OS_KEYSTONE_CONFIG_FILES"] = str(configuration)
    sys.argv = ["keystone"]
    from keystone.server.wsgi import initialize_public_application

    server.set_app(initialize_public_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"up {url}", flush=True)
    sys.stdin.read()


main(*sys.argv[1:])
