"""The commands that administer users, clients and grants, on the storage of a server that runs and of one that does not."""

import base64
import json
import os
import pty
import re
import select
import stat
import subprocess
import termios
import time
from urllib.parse import urlencode

import pytest

from harness.gateway import Gateway, binary, environment, free_port, run
from harness.tokens import bearer
from harness.waiting import SCALE, eventually

PASSWORD = "correct horse battery"


def configuration(site, upstream):
    scopes = {"notes:read": "Read your notes", "notes:write": "Write notes as you", "notes:admin": {"description": "Administer notes", "restricted": True}}
    fixed = {"client_id": "fixed", "client_name": "Fixed", "client_secret": {"env": "FIXED_SECRET"}, "grant_types": ["client_credentials"], "scope": "notes:read"}
    return site.config(upstream, storage="sqlite:data/gatehouse.db", scopes=scopes, trusted_issuers=None, authorization_server={"clients": [fixed]},
                       logging={"access": "json", "audit": "data/audit.log"})


@pytest.fixture(scope="module")
def gateway(site, upstream, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), configuration(site, upstream), site.context, env={"FIXED_SECRET": "0123456789abcdef"})
    yield gateway
    gateway.stop()


@pytest.fixture
def name(unique):
    return "u" + unique


def command(gateway, *arguments, stdin=None):
    """The output of a command that must succeed; as JSON where it prints that."""
    done = gateway.command(*arguments, stdin=stdin)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def refused(gateway, *arguments, text="", stdin=None):
    done = gateway.command(*arguments, stdin=stdin)
    assert done.returncode == 1 and text in done.stderr, (done.returncode, done.stdout, done.stderr)
    return done.stderr


def add_user(gateway, name, *more):
    return command(gateway, "user", "add", name, "--password-file", "-", "--json", *more, stdin=PASSWORD + "\n")


def add_client(gateway, *more):
    return command(gateway, "client", "add", "--name", "Test", "--json", *more)


def ask_token(gateway, client, secret, **more):
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    form = urlencode({"grant_type": "client_credentials", "scope": "notes:read"} | more)
    return gateway.request("POST", "/oauth/token", {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}, form.encode())


def takes(gateway, token):
    return gateway.get("/notes/t", bearer(token)).status == 200


def soon(condition, what):
    """Within the two seconds that the contract gives."""
    begin = time.monotonic()
    eventually(condition, 5, what=what)
    assert time.monotonic() - begin < 2.5 * SCALE, f"{what} took {time.monotonic() - begin:.1f} s"


def audit(gateway, event, **members):
    lines = [json.loads(line) for line in (gateway.folder / "data/audit.log").read_text().splitlines()]
    return [line for line in lines if line["event"] == event and all(line.get(k) == v for k, v in members.items())]


# Users

def test_a_user_is_added_shown_listed_and_removed(gateway, name):
    added = add_user(gateway, name, "--email", "ada@a.example", "--name", "Ada Löve", "--scope", "notes:admin")
    assert added | {"created_at": 0} == {"name": name, "full_name": "Ada Löve", "email": "ada@a.example", "restricted_scopes": ["notes:admin"], "disabled": False, "created_at": 0}
    shown = command(gateway, "user", "show", name, "--json")
    assert shown["sessions"] == [] and shown["grants"] == [] and "password" not in json.dumps(shown)
    assert "Ada Löve" in command(gateway, "user", "show", name)
    assert [u for u in command(gateway, "user", "list", "--json") if u["name"] == name]
    assert name in command(gateway, "user", "list")
    refused(gateway, "user", "add", name, "--password-file", "-", stdin=PASSWORD, text="already")
    command(gateway, "user", "remove", name)
    refused(gateway, "user", "show", name, text="there is no user")
    assert len(audit(gateway, "user_added", user=name)) == len(audit(gateway, "user_removed", user=name)) == 1


@pytest.mark.parametrize("arguments, stdin, text", [
    (["a b"], PASSWORD, "can't be a user's name"), (["fixed"], PASSWORD, "id of a client"), (["ok", "--email", "nobody"], PASSWORD, "e-mail"),
    (["ok", "--scope", "notes:read"], PASSWORD, "not restricted"), (["ok", "--scope", "notes:admn"], PASSWORD, 'did you mean "notes:admin"'),
    (["ok"], "short", "at least 8"), (["ok"], "", "at least 8"), (["ok"], "x" * 1025, "at most 1024"), (["okokokok"], "OKokokok", "user's name")])
def test_who_can_not_be_a_user_is_refused(gateway, arguments, stdin, text):
    refused(gateway, "user", "add", *arguments, "--password-file", "-", stdin=stdin, text=text)
    assert not [u for u in command(gateway, "user", "list", "--json") if u["name"].startswith("ok")]


def test_a_password_comes_from_a_file(gateway, name):
    (gateway.folder / "pw").write_text(PASSWORD + "\nmore\n")
    command(gateway, "user", "add", name, "--password-file", "pw")
    command(gateway, "user", "password", name, "--password-file", "pw")
    refused(gateway, "user", "password", name, "--password-file", "no-such-file", text="no-such-file")
    refused(gateway, "user", "password", name + "x", "--password-file", "pw", text="there is no user")


class Terminal:
    """A command with a terminal of its own."""

    def __init__(self, folder, *arguments):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(str(binary()), [str(binary()), *arguments], environment())
        self.shown = ""

    def expect(self, text, timeout=20):
        end = time.monotonic() + timeout * SCALE
        while text not in self.shown:
            assert time.monotonic() < end, f"no {text!r} in {self.shown!r}"
            if select.select([self.descriptor], [], [], 0.2)[0]:
                try:
                    self.shown += os.read(self.descriptor, 4096).decode()
                except OSError:
                    break
        assert text in self.shown, self.shown

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def end(self):
        try:
            while chunk := os.read(self.descriptor, 4096):
                self.shown += chunk.decode()
        except OSError:
            pass
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_a_password_is_typed_twice_and_never_shown(gateway, name):
    terminal = Terminal(gateway.folder, "user", "add", name, "--config", "gateway.json")
    for prompt in ("Password: ", "Again: "):
        terminal.expect(prompt)
        terminal.type(PASSWORD + "\n")
    assert terminal.end() == 0, terminal.shown
    assert PASSWORD not in terminal.shown and name in terminal.shown
    terminal = Terminal(gateway.folder, "user", "password", name, "--config", "gateway.json")
    terminal.expect("Password: ")
    terminal.type(PASSWORD + "\n")
    terminal.expect("Again: ")
    terminal.type("something else\n")
    assert terminal.end() == 1 and "differ" in terminal.shown


def test_interrupting_a_password_leaves_a_terminal_that_shows_what_is_typed(gateway, name):
    terminal = Terminal(gateway.folder, "user", "add", name, "--config", "gateway.json")
    terminal.expect("Password: ")
    assert not termios.tcgetattr(terminal.descriptor)[3] & termios.ECHO
    # The process holds its terminal open until it has put it back.
    terminal.type("secret\x03")
    terminal.expect("cancelled")
    assert termios.tcgetattr(terminal.descriptor)[3] & termios.ECHO
    assert terminal.end() == 1 and "secret" not in terminal.shown
    refused(gateway, "user", "show", name)


def test_without_a_terminal_a_password_file_is_asked_for(gateway, name):
    done = subprocess.run([str(binary()), "user", "add", name, "--config", "gateway.json"], cwd=gateway.folder, env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          start_new_session=True, timeout=30)
    assert done.returncode == 1 and "--password-file" in done.stderr


def test_a_disabled_user_is_out_within_two_seconds(gateway, name):
    add_user(gateway, name)
    token = gateway.issue_token(name)
    assert takes(gateway, token)
    command(gateway, "user", "disable", name)
    soon(lambda: not takes(gateway, token), "refusing a disabled user's token")
    refused(gateway, "token", "issue", "--user", name, "--scope", "notes:read", text="disabled")
    command(gateway, "user", "enable", name)
    assert takes(gateway, gateway.issue_token(name))
    assert not takes(gateway, token), "what had ended came back"


def test_a_removed_user_is_out_within_two_seconds(gateway, name):
    add_user(gateway, name)
    token = gateway.issue_token(name)
    assert takes(gateway, token)
    command(gateway, "user", "remove", name)
    soon(lambda: not takes(gateway, token), "refusing a removed user's token")


# Clients

def test_a_client_that_is_added_gets_tokens_at_once(gateway, name):
    client = add_client(gateway, "--client-id", name, "--scope", "notes:read")
    assert client["client_id"] == name and client["grant_types"] == ["client_credentials"] and client["token_endpoint_auth_method"] == "client_secret_basic"
    assert len(base64.urlsafe_b64decode(client["client_secret"] + "=")) == 32 and client["client_secret_expires_at"] == 0
    answer = ask_token(gateway, name, client["client_secret"])
    assert answer.status == 200, answer
    assert takes(gateway, json.loads(answer.text)["access_token"])
    for path in (gateway.folder / "data").iterdir():
        assert client["client_secret"].encode() not in path.read_bytes(), f"the secret stands in {path.name}"
    assert client["client_secret"] not in json.dumps(command(gateway, "client", "show", name, "--json")) + command(gateway, "client", "list")


def test_another_secret_replaces_the_one_before(gateway, name):
    old = add_client(gateway, "--client-id", name, "--scope", "notes:read")["client_secret"]
    new = command(gateway, "client", "rotate-secret", name, "--json")["client_secret"]
    assert ask_token(gateway, name, old).status == 401
    assert ask_token(gateway, name, new).status == 200
    assert audit(gateway, "client_secret_rotated", client_id=name)


def test_a_removed_client_is_out_within_two_seconds(gateway, name):
    secret = add_client(gateway, "--client-id", name, "--scope", "notes:read")["client_secret"]
    token = json.loads(ask_token(gateway, name, secret).text)["access_token"]
    assert takes(gateway, token)
    command(gateway, "client", "remove", name)
    assert ask_token(gateway, name, secret).status == 401
    soon(lambda: not takes(gateway, token), "refusing a removed client's token")
    refused(gateway, "client", "remove", name, text="there is no client")


def test_a_document_that_is_printed_can_stand_in_a_configuration(gateway, name, site, tmp_path):
    clients = [add_client(gateway, "--client-id", name + "1", "--scope", "notes:read openid", "--required-scope", "notes:read", "--redirect-uri", "https://app.example/cb", "--redirect-uri",
                          "com.example.app:/cb", "--grant-type", "authorization_code", "--grant-type", "refresh_token", "--post-logout-redirect-uri", "https://app.example/"),
               add_client(gateway, "--client-id", name + "2", "--public", "--redirect-uri", "http://127.0.0.1/cb", "--scope", "notes:read", "--id-token-alg", "ES256"),
               add_client(gateway, "--client-id", name + "3", "--introspect", "--auth-method", "client_secret_post")]
    config = gateway.config | {"authorization_server": {"clients": clients}, "storage": "sqlite:other.db"}
    (tmp_path / "gateway.json").write_text(json.dumps(config))
    done = run("check", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    listed = json.loads(run("client", "list", "--json", cwd=tmp_path).stdout)
    assert [c["client_id"] for c in listed] == [c["client_id"] for c in clients]


@pytest.mark.parametrize("options, text", [
    (["--redirect-uri", "https://a/cb#x", "--scope", "notes:read"], "--redirect-uri: "), (["--redirect-uri", "http://a.example/cb", "--scope", "notes:read"], "--redirect-uri: "),
    (["--redirect-uri", "javascript:alert(1)", "--scope", "notes:read"], "--redirect-uri: "), (["--public", "--scope", "notes:read"], "--redirect-uri"),
    (["--scope", "notes:raed"], 'did you mean "notes:read"'), ([], "--scope: "), (["--scope", "notes:read", "--grant-type", "implicit"], "--grant-type: "),
    (["--scope", "notes:read", "--grant-type", "authorization_code"], "no redirect_uris"), (["--client-id", "fixed", "--scope", "notes:read"], "already"),
    (["--client-id", "https://app.example/", "--scope", "notes:read"], "--client-id: "), (["--public", "--introspect", "--redirect-uri", "https://a/cb", "--scope", "notes:read"], "--introspect: ")])
def test_what_can_not_be_a_client_is_refused(gateway, options, text):
    before = command(gateway, "client", "list")
    refused(gateway, "client", "add", "--name", "Test", *options, text=text)
    assert command(gateway, "client", "list") == before


def test_clients_of_the_configuration_are_shown_and_not_changed(gateway):
    assert re.search(r"^fixed .*configuration$", command(gateway, "client", "list"), re.MULTILINE)
    assert command(gateway, "client", "show", "fixed", "--json")["client_name"] == "Fixed"
    for action in ("remove", "rotate-secret"):
        refused(gateway, "client", action, "fixed", text="configuration")
    assert ask_token(gateway, "fixed", "0123456789abcdef").status == 200


def test_check_finds_what_serving_would_fail_on(gateway):
    """The secret of a client that can't be read, and an id that is taken in the storage."""
    done = run("check", cwd=gateway.folder)
    assert done.returncode == 1 and "/authorization_server/clients/0/client_secret" in done.stdout and "FIXED_SECRET" in done.stdout
    add_client(gateway, "--client-id", "twice", "--scope", "notes:read")
    twice = {"client_id": "twice", "token_endpoint_auth_method": "none", "redirect_uris": ["https://a/cb"], "scope": "notes:read"}
    (gateway.folder / "twice.json").write_text(json.dumps(gateway.config | {"authorization_server": {"clients": [twice]}}))
    done = run("check", "twice.json", cwd=gateway.folder)
    assert done.returncode == 1 and "/authorization_server/clients/0/client_id" in done.stdout
    done = run("serve", "twice.json", cwd=gateway.folder)
    assert done.returncode == 1 and "twice" in done.stderr and "listening on" not in done.stdout


def test_a_client_of_the_configuration_can_not_have_a_users_name(gateway, name):
    """RFC 9068 §5: the client's own tokens have its id as `sub`."""
    add_user(gateway, name)
    namesake = {"client_id": name, "token_endpoint_auth_method": "none", "redirect_uris": ["https://a/cb"], "scope": "notes:read"}
    (gateway.folder / "namesake.json").write_text(json.dumps(gateway.config | {"authorization_server": {"clients": [namesake]}}))
    done = run("check", "namesake.json", cwd=gateway.folder)
    assert done.returncode == 1 and "/authorization_server/clients/0/client_id" in done.stdout and "user" in done.stdout
    done = run("serve", "namesake.json", cwd=gateway.folder)
    assert done.returncode == 1 and name in done.stderr and "listening on" not in done.stdout


# Grants

def test_a_revoked_grant_is_out_within_two_seconds(gateway, name):
    token, other = gateway.issue_token(name), gateway.issue_token(name, "notes:read", "--client", "other")
    assert takes(gateway, token) and takes(gateway, other)
    grants = command(gateway, "grant", "list", "--user", name, "--json")
    assert {(g["client_id"], g["scope"]) for g in grants} == {("gatehouse", "notes:read"), ("other", "notes:read")}
    mine = next(g for g in grants if g["client_id"] == "gatehouse")
    assert mine["id"] in command(gateway, "grant", "list", "--user", name, "--client", "gatehouse")
    assert "revoked" in command(gateway, "grant", "revoke", mine["id"])
    soon(lambda: not takes(gateway, token), "refusing a revoked grant's token")
    assert takes(gateway, other)
    refused(gateway, "grant", "revoke", mine["id"], text="there is no grant")
    assert len(command(gateway, "grant", "revoke", "--user", name, "--json")) == 1
    soon(lambda: not takes(gateway, other), "refusing the tokens of a user's grants")
    assert len(audit(gateway, "grant_revoked", user=name)) == 2


# Setting up

def test_init_makes_a_gateway_that_works(upstream, tmp_path):
    port = free_port()
    done = run("init", "--upstream", upstream.url + "/v2", "--issuer", f"https://localhost:{port}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    config = json.loads(re.sub(r"^\s*//.*$", "", (tmp_path / "gateway.json").read_text(), flags=re.MULTILINE))
    assert config["issuer"] == f"https://localhost:{port}"
    text = (tmp_path / "gateway.json").read_text().replace("127.0.0.1:9901", f"127.0.0.1:{free_port()}")
    (tmp_path / "gateway.json").write_text(text)
    check = run("check", cwd=tmp_path)
    assert check.returncode == 0 and "warning" not in check.stdout, check.stdout
    process = subprocess.Popen([str(binary()), "serve"], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("listening on ")
        # The line to paste that it printed; the gateway's command is the one under test.
        line = next(line.strip() for line in done.stdout.splitlines() if line.strip().startswith("curl "))
        answer = subprocess.run(["bash", "-c", f"gatehouse() {{ '{binary()}' \"$@\"; }}; {line}"], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=30)
        assert answer.stdout.split()[1] == "200", answer.stdout + answer.stderr
        assert upstream.only("/v2/").get("x-user-name") == "admin"
    finally:
        process.terminate()
        process.communicate(timeout=15)
    again = run("init", "--upstream", upstream.url, cwd=tmp_path)
    assert again.returncode == 1 and "there already" in again.stderr


def test_init_says_what_it_made_as_json(tmp_path):
    done = run("init", "--upstream", "http://127.0.0.1:9000", "--user", "ada", "--json", cwd=tmp_path)
    made = json.loads(done.stdout)
    assert made["user"] == "ada" and len(made["password"]) >= 16 and made["client"]["client_id"]
    assert json.loads(run("user", "list", "--json", cwd=tmp_path).stdout)[0]["name"] == "ada"
    assert len(json.loads(run("key", "list", "--json", cwd=tmp_path).stdout)) == 2


@pytest.mark.parametrize("options", [["--upstream", "nothing"], ["--upstream", "http://a", "--issuer", "http://gw.example"], ["--upstream", "http://a", "--user", "a b"]])
def test_init_makes_nothing_of_what_can_not_be(tmp_path, options):
    done = run("init", *options, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr
    assert list(tmp_path.iterdir()) == []


def test_commands_say_where_there_is_nothing_to_administer(site, tmp_path):
    url = "http://127.0.0.1:9000"
    for config, text in ((site.config(url), "no authorization_server"), (site.config(url, authorization_server={}, trusted_issuers=None), "memory:")):
        (tmp_path / "gateway.json").write_text(json.dumps(config))
        for arguments in (["user", "list"], ["client", "list"], ["grant", "list"]):
            done = run(*arguments, cwd=tmp_path)
            assert done.returncode == 1 and text in done.stderr, (arguments, done.stderr)
