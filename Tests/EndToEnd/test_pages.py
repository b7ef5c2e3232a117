"""CONTRACT §6: what an operator can change about the pages. What users do on them is in Tests/Clients."""

import json
import re
from html import unescape
from urllib.parse import urljoin

import pytest

from harness.gateway import run, write_config
from harness.waiting import eventually

LOGIN = "{{<layout}}{{$title}}Hereinspaziert{{/title}}{{$main}}<h1>Anmelden</h1><form method=\"post\" action=\"{{site.base}}/login\">{{>fields}}</form>{{/main}}{{/layout}}"


def with_pages(site, upstream, **pages):
    config = site.config(upstream)
    config["authorization_server"] = {**config.get("authorization_server", {}), "pages": pages}
    return config


def page(gateway, path="/oauth/login"):
    response = gateway.get(path, [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")])
    return response.status, response.body.decode()


def test_the_name_of_the_service(start, site, upstream):
    gateway = start(with_pages(site, upstream, product_name="Notes & <Co>"))
    status, html = page(gateway)
    assert status == 200 and "<title>" in html and "Notes &amp; &lt;Co&gt;" in html and "Gatehouse</p>" not in html


def test_templates_of_a_folder(start, site, upstream, tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "login.mustache").write_text(LOGIN)
    (folder / "gatehouse.css").write_text("h1 { color: teal }")
    (folder / "README").write_text("means nothing {{#")
    gateway = start(with_pages(site, upstream, template_folder=str(folder)))
    status, html = page(gateway)
    assert status == 200 and "<h1>Anmelden</h1>" in html and 'name="csrf"' in html
    style = unescape(re.search(r'<link rel="stylesheet" href="([^"]*)"', html)[1])
    response = gateway.get(urljoin("/", style))
    assert response.body == b"h1 { color: teal }" and "immutable" in response.get("cache-control")
    # A changed template counts without a restart, and one with a fault is reported and changes nothing.
    (folder / "login.mustache").write_text(LOGIN.replace("Anmelden", "Guten Tag"))
    eventually(lambda: "Guten Tag" in page(gateway)[1], 8, what="the changed template")
    (folder / "login.mustache").write_text("{{#state}}")
    eventually(lambda: "login.mustache, line 1: a section is not closed" in gateway.stderr(), 8, what="the fault in the log")
    assert "Guten Tag" in page(gateway)[1]


@pytest.mark.parametrize("text, complaint", [
    ("<p>\n{{#client}}{{/user}}", "line 2: a section is closed by another name"),
    ("<p>\n{{{client.name}}}", "line 2: {{{…: values can only be written with {{ }}"),
    ("{{&client.name}}", "values can only be written with {{ }}"),
])
def test_check_finds_faults_in_templates(site, upstream, tmp_path, text, complaint):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "consent.mustache").write_text(text)
    write_config(tmp_path, with_pages(site, upstream, template_folder="pages"))
    done = run("check", "--json", cwd=tmp_path)
    assert done.returncode == 1
    error = json.loads(done.stdout)["errors"][0]
    assert complaint in error["problem"] and "consent.mustache" in error["problem"], error
    assert error["pointer"] == "/authorization_server/pages/template_folder"


def test_a_folder_that_is_not_there(site, upstream, tmp_path):
    write_config(tmp_path, with_pages(site, upstream, template_folder="nowhere"))
    done = run("check", cwd=tmp_path)
    assert done.returncode == 1 and "nowhere: No such file or directory" in done.stdout + done.stderr
