"""Pages for a browser: a template of this package, filled with text that is always escaped."""

from __future__ import annotations

from typing import Any

import jinja2

__all__ = ["render_page"]

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("bioplastic.commands"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render_page(template: str, **content: Any) -> str:
    """Return a page.

    Parameters
    ----------
    template : str
        Name of a file in ``templates/``.
    **content
        What it shows. Text may hold anything: in a page it is text.

    Examples
    --------
    >>> page = render_page("spikes.html", title="a <b>", picture="", rows=[], notes=[], units=[])
    >>> "<title>a &lt;b&gt;</title>" in page
    True
    """
    return _TEMPLATES.get_template(template).render(content)
