"""Settings of the documentation site; `make docs` builds it, and a warning is an error."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import matplotlib
from sphinx.application import Sphinx
from sphinx_gallery.scrapers import figure_rst

import bioplastic
from bioplastic.plotting import save_figure

matplotlib.use("Agg")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from _pages import api, neurons, rules, systems  # noqa: E402  the folder was unknown above

project = "bioplastic"
copyright = "the bioplastic developers, BSD-3-Clause"
author = "the bioplastic developers"
release = version = bioplastic.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = [
    "_build",
    "_pages",
    "gallery/*",
    "gallery_made/*.ipynb",
    "made/systems_table.md",
    "systems/*",
]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# numpydoc links attributes by their bare names, which several classes share: weights_
suppress_warnings = ["config.cache", "ref.python"]

default_role = "py:obj"
autodoc_typehints = "none"  # numpydoc's own tables say the types
autodoc_member_order = "bysource"
autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def save_pictures(block, block_vars, gallery_conf):  # type: ignore[no-untyped-def]
    """Save the figures that a block of a gallery script has named; they belong to no window."""
    known = block_vars.setdefault("pictures_saved", set())
    paths = []
    for value in list(block_vars["example_globals"].values()):
        figure = getattr(value, "figure", None) if hasattr(value, "get_figure") else None
        if figure is not None and id(figure) not in known:
            known.add(id(figure))
            paths.append(next(block_vars["image_path_iterator"]))
            save_figure(figure, paths[-1], dpi=150)
    return figure_rst(paths, gallery_conf["src_dir"])


sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "gallery_made",
    "filename_pattern": r"/plot_",
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1e9,
    "abort_on_example_error": True,
    "image_scrapers": (save_pictures,),
}

html_theme = "pydata_sphinx_theme"
html_title = "bioplastic"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navbar_align": "left",
    "show_nav_level": 1,
    "navigation_depth": 3,
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "logo": {"text": "bioplastic"},
}
html_context = {"default_mode": "light"}


def escape_underscores(app, what, name, obj, options, lines):  # type: ignore[no-untyped-def]
    """Keep ``shape (n_trials_, 3)`` from being read as a link."""
    lines[:] = [re.sub(r"(?<=\w)_(?=[,)])", r"\\_", line) if "`" not in line else line
                for line in lines]  # fmt: skip


def setup(app: Sphinx) -> None:
    """Write the pages that come from the code before any is read."""
    app.connect("autodoc-process-docstring", escape_underscores, priority=400)
    made = HERE / "made"
    for page in (rules, neurons, systems, api):
        page.write(made, HERE)
