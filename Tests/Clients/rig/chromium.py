"""Headless Chromium, and the client's own web server that it is sent back to."""

import http.server
import os
import shutil
import ssl
import threading

from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from harness.certificates import fingerprint
from harness.waiting import SCALE

from .browser import query_of


def program(*names):
    """The first of these programs that is installed."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    assert found, f"none of {names} is installed: Scripts/install-packages browser"
    return found


class Chromium:
    """One process for many tests; `fresh()` forgets everything. `client.test` leads to the client's web server."""

    def __init__(self, folder, trusted, client_port):
        options = webdriver.ChromeOptions()
        options.binary_location = program("chromium", "chromium-browser", "google-chrome")
        for argument in ("headless=new", "disable-gpu", "disable-dev-shm-usage", "no-first-run", "no-proxy-server", "disable-background-networking",
                         # As trusted as any: with mere tolerance for errors some fields and caches are not used.
                         f"ignore-certificate-errors-spki-list={','.join(map(fingerprint, trusted))}",
                         f"host-resolver-rules=MAP client.test:443 127.0.0.1:{client_port}", f"user-data-dir={folder}"):
            options.add_argument("--" + argument)
        if os.getuid() == 0:
            options.add_argument("--no-sandbox")  # it refuses to run as root with one
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
        self.driver.set_page_load_timeout(20 * SCALE)

    def quit(self):
        self.driver.quit()

    def fresh(self, javascript=True, width=1280, height=900, phone=False, dark=False):
        """As a new browser: no cookies, no page."""
        self.driver.get("about:blank")
        self.tell("Network.clearBrowserCookies")
        self.tell("Network.clearBrowserCache")
        self.tell("Emulation.setScriptExecutionDisabled", value=not javascript)
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)
        self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.driver.get_log("browser")
        return self

    def tell(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def open(self, url):
        self.driver.get(url)

    @property
    def url(self):
        return self.driver.current_url

    @property
    def title(self):
        return self.driver.title

    @property
    def text(self):
        return " ".join(self.find("body").text.split()).replace("\u2019", "'")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def wait(self, condition, what, timeout=10):
        # While the next page comes, looking at the last one fails in many ways: stale, not there, of another document.
        patient = WebDriverWait(self.driver, timeout * SCALE, 0.05, (WebDriverException,))
        try:
            return patient.until(lambda _: (value := condition()) and self.is_complete and value)
        except TimeoutException:
            raise AssertionError(f"{what}; at {self.url}: {self.title}") from None

    @property
    def is_complete(self):
        """Whether all of the page is there; the title comes before the body."""
        return self.driver.execute_script("return document.readyState") == "complete"

    def button(self, value):
        return self.find(f"button[value={value}]")

    # What a person does

    def sign_in(self, user, password=None):
        name = self.find("input[name=username]")
        name.clear()
        name.send_keys(user.name)
        self.find("input[name=password]").send_keys(password or user.password)
        self.button("sign-in").click()

    def console(self):
        """What the browser complained about: blocked by the policy, not found, broken."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


class ClientSite:
    """The client's web server at `https://client.test`: it keeps what came to its callback."""

    def __init__(self, site):
        self.callbacks, self.referrers = [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = b"<!doctype html><title>Notes Web</title><h1>Back at Notes Web</h1>"
                if self.path.startswith("/callback?"):
                    outer.callbacks.append(query_of(self.path))
                    outer.referrers.append(self.headers.get("referer"))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.certificate, key = site.authority.issue("client", "client.test")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
