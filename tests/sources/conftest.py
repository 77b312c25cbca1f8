"""An archive laid out as ToSBack2 is, and a bundle of it."""

import archives
import pytest


@pytest.fixture(scope="module")
def tosback2(tmp_path_factory):
    """Two branches, four policies; terms, an index and a deletion beside them."""
    root = tmp_path_factory.mktemp("git") / "tosback2"
    boats, kites = "crawl/boats.example/Privacy Policy.txt", "crawl_reviewed/kites.example/Kites Privacy Notice.txt"
    archives.commit(
        root, {boats: archives.page(), "crawl/boats.example/Terms.txt": "x", "index.xml": "x"}, "2013-02-03"
    )
    archives.commit(root, {boats: archives.page(archives.HARBOR), kites: archives.page()}, "2014-05-06")
    archives.git(root, "checkout", "--quiet", "-b", "rules", "HEAD~1")
    archives.commit(root, {"crawl/boats.example/Data Use Policy.txt": archives.page(archives.GDPR)}, "2013-07-08")
    archives.git(root, "checkout", "--quiet", "main")
    archives.commit(root, {boats: None}, "2015-01-01")
    return root


@pytest.fixture(scope="module")
def bundle(tosback2):
    path = tosback2.parent / "all.bundle"
    archives.git(tosback2, "bundle", "create", "--quiet", str(path), "--all")
    return path
