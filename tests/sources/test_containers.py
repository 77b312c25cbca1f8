"""What a file says of itself: when and where it was saved, and that it is a repository."""

import io
import tarfile

import archives
import pytest
from archives import opened, seen

SAVED = {
    "singlefile": "<!--\n Page saved with SingleFile \n url: https://kites.org/privacy \n"
    " saved date: Wed Mar 20 2019 08:15:30 GMT+0000 (Coordinated Universal Time)\n-->",
    "httrack": "<!-- Mirrored from kites.org/privacy.html by HTTrack Website Copier/3.x [XR&CO'2014], "
    "Wed, 20 Mar 2019 08:15:30 GMT -->",
}


@pytest.mark.parametrize("header", SAVED.values(), ids=SAVED)
def test_a_saved_page_tells_its_date_where_its_name_does_not(header, tmp_path):
    page = archives.page().replace("<html>", f"<html> {header}")
    archives.write(tmp_path / "mine", {"kites.org/privacy.html": page, "kites.org/2020-01-02.html": page})
    assert sorted(row[2] for row in seen(opened(tmp_path / "mine", tmp_path))) == ["2019-03-20", "2020-01-02"]


@pytest.mark.parametrize("inner", ["mine/.git/", "mine.git/"])
def test_a_repository_in_a_tar_is_one_row_and_the_rest_is_read(inner, tmp_path):
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as archive:
        for name in (f"{inner}HEAD", f"{inner}config", f"{inner}objects/ab/cd", "kites.org/2019-03-20.html"):
            member = tarfile.TarInfo(name)
            member.size = len(archives.page().encode())
            archive.addfile(member, io.BytesIO(archives.page().encode()))
    reasons = [(entry.reason, entry.detail) for entry in opened(tmp_path / "all.tar.gz", tmp_path).entries()]
    assert sorted(reason or "" for reason, _ in reasons) == ["", "unreadable_kind"]
    assert "build its folder by itself" in str(reasons)
