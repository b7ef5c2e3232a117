"""A browser without a screen: cookies, forms and redirects within the server's origin. It stops at the client's door."""

import re
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from .html import Document


def query_of(url):
    """The parameters of a URL; each may come once only."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert len(pairs) == len(dict(pairs)), f"a parameter comes twice in {url}"
    return dict(pairs)


class Page:
    """One answer. `redirect` is where it leads, if to another origin than the server's; then there is no more to see."""

    def __init__(self, response, redirect=None, trail=()):
        self.response, self.redirect, self.trail = response, redirect, trail
        self.status, self.headers, self.url = response.status_code, response.headers, response.url
        is_html = response.headers.get("content-type", "").startswith("text/html")
        self.document = Document(response.text, response.url) if is_html else None

    @property
    def parameters(self):
        """What the client is told, by the query of the redirect."""
        assert self.redirect, f"no redirect to the client but {self.status}: {self.text[:400]}"
        return query_of(self.redirect)

    @property
    def text(self):
        return self.document.text if self.document else self.response.text

    @property
    def is_sign_in(self):
        return bool(self.document and self.document.has(name="password"))

    @property
    def is_consent(self):
        return bool(self.document and self.document.has(button="allow"))


class Browser:
    """`navigates`: sends what browsers send (`Sec-Fetch-*`), and so is led back to the client by a page, not by 303."""

    def __init__(self, server, navigates=False):
        self.server, self.navigates = server, navigates
        self.session = server.session()
        self.session.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        self.session.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) Testing/1.0"

    @property
    def cookies(self):
        return {cookie.name: cookie.value for cookie in self.session.cookies}

    @property
    def session_cookie(self):
        return self.cookies.get("__Host-gatehouse-session")

    @property
    def is_signed_in(self):
        """Whether the account page opens."""
        return not self.open(self.server.path("account")).is_sign_in

    def open(self, url, site="cross-site", **options):
        """Goes to an address, relative to the server's origin."""
        headers = self._headers(site) | options.pop("headers", {})
        return self._walk(self.session.get(urljoin(self.server.issuer, url), headers=headers, allow_redirects=False,
                                           timeout=60, **options))

    def send(self, form, button=None, untick=(), headers=None, **typed):
        """Presses a button of a form on the page."""
        data = form.data(button, untick, **typed)
        return self.post(form.action, data, headers)

    def post(self, url, data, headers=None):
        own = self._headers("same-origin") | {"Origin": self.server.issuer}
        merged = {k: v for k, v in (own | (headers or {})).items() if v is not None}
        return self._walk(self.session.post(urljoin(self.server.issuer, url), data=data, headers=merged,
                                            allow_redirects=False, timeout=60))

    def _headers(self, site):
        if not self.navigates:
            return {}
        return {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}

    def _walk(self, response):
        trail = [response]
        for _ in range(8):
            target = None
            if response.status_code in (301, 302, 303, 307, 308):
                # RFC 9700 §4.12: with 307 or 308 a browser would send the password on to the client.
                assert response.status_code in (302, 303), f"{response.status_code} from {response.url}"
                target = urljoin(response.url, response.headers["location"])
            elif refresh := re.search(r'<meta http-equiv="refresh" content="0;\s*url=([^"]*)"', response.text, re.I):
                target = urljoin(response.url, unescape(refresh[1]))
            if target is None:
                return Page(response, trail=trail)
            if not self._is_own(target):
                return Page(response, redirect=target, trail=trail)
            response = self.session.get(target, headers=self._headers("same-origin"), allow_redirects=False, timeout=60)
            trail.append(response)
        raise AssertionError(f"redirects without end: {[r.url for r in trail]}")

    def _is_own(self, url):
        return url.startswith(self.server.issuer + "/")

    # What a person does

    def sign_in(self, page, user, password=None):
        """Fills in the sign-in page."""
        form = page.document.form_with(name="password")
        return self.send(form, "sign-in", username=user.name, password=password or user.password)

    def allow(self, page, untick=()):
        return self.send(page.document.form_with(button="allow"), "allow", untick=untick)

    def deny(self, page):
        return self.send(page.document.form_with(button="deny"), "deny")

    def go(self, url, user, untick=()):
        """From an authorization request to the client's door: signs in if asked, allows if asked."""
        page = self.open(url)
        if page.is_sign_in:
            page = self.sign_in(page, user)
            assert not page.is_sign_in, f"{user.name} could not sign in: {page.status} {page.text[:300]}"
        if page.is_consent:
            page = self.allow(page, untick)
        return page

    def sign_in_as(self, user):
        """Signs in without any client having asked. Returns itself."""
        page = self.open(self.server.path("account"))
        if page.is_sign_in:
            page = self.sign_in(page, user)
        assert page.status == 200 and not page.is_sign_in and self.session_cookie, f"{page.status} {page.text[:300]}"
        return self
