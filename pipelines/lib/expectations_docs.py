"""Data Docs: the outcome of a run as pages that open without a network."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, Final

_SITE: Final = "local_site"  # the one that every ephemeral context begins with
# The pages of Great Expectations name scripts and styles on public servers: opening the health
# report of a company should tell nobody, and must work where there is no network.
_REMOTE: Final = re.compile(
    r"<script[^>]*\bsrc=\"https?://[^>]*>\s*</script>|<link[^>]*\bhref=\"https?://[^>]*>"
    r"|<img[^>]*\bsrc=\"https?://[^>]*>"
)
_STYLE: Final = """<style>
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}
td,th{border:1px solid #d8dbe2;padding:.4rem .6rem;text-align:left;vertical-align:top}
a{color:#2456b3}
.d-none,body>footer{display:none}
.fa-check-circle:before{content:"\\2713";color:#1a7f37}
.fa-times:before{content:"\\2717";color:#b42318}
.fa-exclamation-triangle:before{content:"!";color:#b42318}
</style>"""
_INDEX: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>Otvet: data docs</title>{style}</head><body><h1>Data docs</h1><ul>{links}</ul></body></html>
"""


def write_docs(context: Any, folder: Path) -> Path:
    """Write the pages of a context's runs to `folder`, in place of those that are there.

    Returns:
        The index page of all sites beside `folder`.
    """
    temporary = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    context.update_data_docs_site(
        site_name=_SITE,
        site_config={
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(temporary),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    context.build_data_docs(site_names=[_SITE])
    for page in temporary.rglob("*.html"):
        _make_local(page)
    # The walkthrough's animations are most of the size, and nothing here opens it.
    for picture in temporary.rglob("*.gif"):
        picture.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    return _write_index(folder.parent)


def _make_local(page: Path) -> None:
    content = _REMOTE.sub("", page.read_text(encoding="utf-8"))
    page.write_text(content.replace("</head>", f"{_STYLE}</head>", 1), encoding="utf-8")


def _write_index(folder: Path) -> Path:
    sites = sorted(
        item.name
        for item in folder.iterdir()
        if (item / "index.html").is_file() and not item.name.startswith(".")
    )
    links = "".join(f'<li><a href="{name}/index.html">{name}</a></li>' for name in sites)
    index = folder / "index.html"
    index.write_text(_INDEX.format(style=_STYLE, links=links), encoding="utf-8")
    return index
