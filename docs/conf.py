"""How Sphinx builds the documentation."""

from importlib.metadata import version as installed_version

from sphinx.util.inspect import TypeAliasForwardRef  # pyright: ignore[reportMissingImports]

project = "skillphysics"
author = "The skillphysics maintainers"
version = release = installed_version("skillphysics")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    # Copies MathJax beside the pages, so that reading them needs no network.
    "sphinx-mathjax-offline",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

html_theme = "sphinx_book_theme"
html_title = "skillphysics"
html_copy_source = False
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["layout.css"]
# The sidebar holds the search field; the header would hold a second one.
html_theme_options = {
    "show_toc_level": 2,
    "use_download_button": False,
    "navbar_persistent": [],
}

myst_enable_extensions = ["dollarmath", "deflist"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_show_tb = True
# A long training prints its progress there.
nb_output_stderr = "remove"
# Markdown that a cell shows may hold tables.
nb_render_markdown_format = "gfm"
# No widget is shown; by default pages would load its scripts from elsewhere.
nb_ipywidgets_js = {}

# Attributes of a dataclass are listed once, in its docstring.
napoleon_use_ivar = True

autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False
# Quoted annotations keep these names; else signatures spell out what they stand for.
autodoc_type_aliases = {name: name for name in ("ArrayLike", "OptimizerLike")}
# In a union, Sphinx shows the repr.
TypeAliasForwardRef.__repr__ = lambda self: self.name
autodoc_member_order = "bysource"
autodoc_default_options = {"no-value": True, "show-inheritance": True}
# Single backticks in docstrings are names and small formulas.
default_role = "code"
# Names of methods without their class fit beside the page.
toc_object_entries_show_parents = "hide"
