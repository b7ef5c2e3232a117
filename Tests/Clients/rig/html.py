"""Just enough HTML: what a person could see, and the forms they could send."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Control:
    tag: str
    attributes: dict
    pieces: list = field(default_factory=list)

    @property
    def text(self):
        """What is written on a button."""
        return " ".join("".join(self.pieces).split())

    @property
    def name(self):
        return self.attributes.get("name")

    @property
    def value(self):
        return self.attributes.get("value") or ("on" if self.kind == "checkbox" else "")

    @property
    def kind(self):
        return self.attributes.get("type", "submit" if self.tag == "button" else "text")

    @property
    def is_ticked(self):
        return "checked" in self.attributes


@dataclass
class Form:
    attributes: dict
    base: str
    controls: list = field(default_factory=list)

    @property
    def action(self):
        return urljoin(self.base, self.attributes.get("action", ""))

    @property
    def method(self):
        return self.attributes.get("method", "get").lower()

    def named(self, name):
        return [c for c in self.controls if c.name == name]

    def boxes(self):
        return {c.value: c for c in self.controls if c.kind == "checkbox"}

    def button(self, value):
        """The button with that value, or the only one."""
        buttons = [c for c in self.controls if c.kind == "submit"]
        found = [b for b in buttons if value is None or b.value == value]
        assert found and (value is not None or len(found) == 1), f"no one button {value!r} in {buttons}"
        return found[0]

    def data(self, button=None, untick=(), **typed):
        """What a browser would send: (name, value) pairs in order."""
        pressed = self.button(button)
        pairs = []
        for control in self.controls:
            if not control.name or "disabled" in control.attributes:
                continue
            if control.kind == "submit":
                if control is pressed:
                    pairs.append((control.name, control.value))
            elif control.kind == "checkbox":
                if control.is_ticked and control.value not in untick:
                    pairs.append((control.name, control.value))
            else:
                pairs.append((control.name, typed.get(control.name, control.value)))
        missing = set(typed) - {c.name for c in self.controls}
        assert not missing, f"no fields {missing} in the form"
        return pairs


class Document(HTMLParser):
    """A parsed page. `elements` is every start tag with its attributes, in order."""

    def __init__(self, text, base):
        super().__init__(convert_charrefs=True)
        self.base, self.forms, self.elements, self.pieces = base, [], [], []
        self.open, self.form, self.button, self.title = [], None, None, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"an attribute comes twice in <{tag}>"
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "form":
            assert self.form is None, "a form within a form"
            self.form = Form(attributes, self.base)
            self.forms.append(self.form)
        elif tag in ("input", "button") and self.form:
            self.form.controls.append(Control(tag, attributes))
            self.button = self.form.controls[-1] if tag == "button" else None

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        if tag == "button":
            self.button = None
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if self.open and self.open[-1] == "title":
            self.title += data
        elif not {"script", "style"} & set(self.open):
            self.pieces.append(data)
        if self.button:
            self.button.pieces.append(data)

    @property
    def text(self):
        """What is written on the page, spaces folded, typographic quotes made plain."""
        return " ".join("".join(self.pieces).split()).replace("\u2019", "'").replace("\u00a0", " ")

    def all(self, tag, **wanted):
        return [a for t, a in self.elements if t == tag and all(a.get(k) == v for k, v in wanted.items())]

    def form_with(self, name=None, button=None):
        """The one form that has a field of that name, or a button of that value."""
        found = [f for f in self.forms if (name is None or f.named(name))
                 and (button is None or any(c.kind == "submit" and c.value == button for c in f.controls))]
        assert len(found) == 1, f"{len(found)} forms with {name or button}: {self.title!r} {self.text[:300]!r}"
        return found[0]

    def has(self, name=None, button=None):
        return any((name is None or f.named(name)) and (button is None or any(
            c.kind == "submit" and c.value == button for c in f.controls)) for f in self.forms)
