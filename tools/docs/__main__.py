"""Renews every page."""

from tools.docs.pages import DOCS, PAGES

for name, renewed in PAGES.items():
    page = DOCS / name
    page.write_text(renewed(page.read_text("utf-8")), "utf-8")
