"""Which service, document and date a path stands for."""

import pytest

from privacylab import paths
from privacylab.sources import layouts

OTA, PGA = "the data set of Open Terms Archive", "the Platform Governance Archive"
WAYBACK, PAGES, HOSTS = "captures of the Wayback Machine", "pages of web sites", "a file for each host and date"
TYPED, FOLDERS = "a folder for each service and document", "a folder for each service"
FILES, ALONE = "a file for each service and date", "one service"


def read(path, root="mine"):
    """Layout, service, document and date of a path."""
    place = layouts.place(path, root)
    return place.layout, place.service, place.document, place.date and place.date.value


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
def test_each_layout_has_an_example_that_it_alone_reads(layout):
    row = paths.rules("layouts")["layouts"][layout]
    assert read(row["example"]) == (layout, *row["stands_for"])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        # Open Terms Archive: any type of document, in any folder.
        ("Kites/Privacy Policy/2021-05-02T03-02-15Z.md", (OTA, "Kites", "Privacy Policy", "2021-05-02")),
        ("a/b/Kites.com/Privacy Policy/2021-05-02T03-02-15Z.html", (OTA, "Kites.com", "Privacy Policy", "2021-05-02")),
        ("Kites/Parent Organization Privacy Policy/2021-05-02T03-02-15Z.md",
         (OTA, "Kites", "Parent Organization Privacy Policy", "2021-05-02")),
        ("Privacy Policy/2021-05-02T03_02_15Z.md", (OTA, "mine", "Privacy Policy", "2021-05-02")),
        ("PGA/Kites Ltd/Data Policy/20140506_KitesLtd_DataPolicy.md", (PGA, "Kites Ltd", "Data Policy", "2014-05-06")),
        # Tools for the Wayback Machine.
        ("kites.com/20120314081530/privacy/index.html", (WAYBACK, "kites.com", "privacy", "2012-03-14")),
        ("out/kites.com/20120314081530/index.html", (WAYBACK, "kites.com", "home", "2012-03-14")),
        ("20120314081530/www.kites.com/legal/privacy.html", (WAYBACK, "kites.com", "legal/privacy", "2012-03-14")),
        ("20120314081530id_/kites.com/privacy.html", (WAYBACK, "kites.com", "privacy", "2012-03-14")),
        ("web.archive.org/web/20120314081530/http:/kites.com/privacy", (WAYBACK, "kites.com", "privacy", "2012-03-14")),
        ("kites.com/privacy/20120314081530.snapshot", (PAGES, "kites.com", "privacy", "2012-03-14")),
        ("kites.com/privacy/20120314081530/page.html", (WAYBACK, "kites.com", "privacy", "2012-03-14")),
        ("http%3A%2F%2Fkites.com%2Fprivacy_20120314081530.html", (PAGES, "kites.com", "privacy", "2012-03-14")),
        ("kites.com/20120314081530/privacy-2010-02-30.html", (WAYBACK, "kites.com", "privacy", "2012-03-14")),
        # Mirrors of web sites.
        ("kites.com/privacy.php?lang=en", (PAGES, "kites.com", "privacy", None)),
        ("kites.com:8080/index.html", (PAGES, "kites.com", "home", None)),
        ("kites.com/2018/06/03/privacy.html", (PAGES, "kites.com", "privacy", "2018-06-03")),
        ("kites.com/2018/06/03.html", (PAGES, "kites.com", "", "2018-06-03")),
        ("kites.com/2018-06-04/privacy.html", (PAGES, "kites.com", "privacy", "2018-06-04")),
        ("kites.com/privacy.html_20180525101112", (PAGES, "kites.com", "privacy", "2018-05-25")),
        ("kites.com/kites-1527206400.html", (PAGES, "kites.com", "", "2018-05-25")),
        # A file for a host.
        ("k/ki/kit/kites.com.md", (HOSTS, "kites.com", "", None)),
        ("toys/kites.com", (HOSTS, "kites.com", "", None)),
        ("www.kites.com_privacy_20120314.html", (HOSTS, "kites.com", "privacy", "2012-03-14")),
        ("105_kites.com.html", (HOSTS, "kites.com", "", None)),
        ("kites/kites.com-2018-05-25.html", (FOLDERS, "kites", "", "2018-05-25")),
        # Folders for services, and what folders besides say.
        ("policies/kites/2018-05-25.html", (FOLDERS, "kites", "", "2018-05-25")),
        ("kites/en/privacy-2018-05-25.html", (FOLDERS, "kites", "privacy", "2018-05-25")),
        ("kites/old versions/2018-05-25.html", (FOLDERS, "kites", "", "2018-05-25")),
        ("kites 2018-05-25/privacy.html", (FOLDERS, "kites", "privacy", "2018-05-25")),
        ("crawl-2018-05-25/kites/privacy.html", (FOLDERS, "kites", "privacy", "2018-05-25")),
        ("Studio 2015/privacy.html", (FOLDERS, "Studio 2015", "privacy", None)),
        ("kites/25/05/2018/privacy.html", (FOLDERS, "kites", "privacy", "2018-05-25")),
        ("kites/May/25/2018/privacy.html", (FOLDERS, "kites", "privacy", "2018-05-25")),
        ("kites/year=2018/month=05/day=25/privacy.html", (FOLDERS, "kites", "privacy", "2018-05-25")),
        ("kites/2018/May/25/privacy.html", (FOLDERS, "kites", "privacy", "2018-05-25")),
        ("kites/policy 2018/may/25.html", (FOLDERS, "kites", "policy", "2018-05-25")),
        ("kites/2018/privacy.html", (FOLDERS, "kites", "privacy", "2018")),
        ("kites/2018/kites-2018-05-25.html", (FOLDERS, "kites", "", "2018-05-25")),
        ("kites/kites_privacy_policy_2018-05-25.html", (FOLDERS, "kites", "privacy policy", "2018-05-25")),
        ("kites/privacy-1527206400000.html", (FOLDERS, "kites", "privacy", "2018-05-25")),
        ("kites/app-1527206400000.html", (FOLDERS, "kites", "app-1527206400000", None)),
        ("kites/privacy-policy/2018-05-25.html", (TYPED, "kites", "privacy-policy", "2018-05-25")),
        ("Legal & General/2018-05-25.html", (FOLDERS, "Legal & General", "", "2018-05-25")),
        # Files for services.
        ("2018/05/kites.html", (FILES, "kites", "", "2018-05")),
        ("privacy/kites-2018-05-25.html", (FILES, "kites", "", "2018-05-25")),
        ("KitesPrivacyPolicy-2018-05-25.html", (FILES, "Kites", "Privacy Policy", "2018-05-25")),
        ("Kites 2018-05-25.pdf.html", (FILES, "Kites", "", "2018-05-25")),
        # A source of one service.
        ("2018-05-25.html", (ALONE, "mine", "", "2018-05-25")),
        ("privacy policy/2018-05-25.html", (ALONE, "mine", "privacy policy", "2018-05-25")),
        ("terms-2018-05-25.html", (ALONE, "mine", "terms", "2018-05-25")),
    ],
)  # fmt: skip
def test_the_whole_path_tells_service_document_and_date(path, expected):
    assert read(path) == expected


def test_a_source_that_is_called_as_a_host_is_that_host():
    assert read("20120314081530/privacy/index.html", "kites.com") == (WAYBACK, "kites.com", "privacy", "2012-03-14")


@pytest.mark.parametrize(
    ("path", "is_other"),
    [
        ("Kites/Terms of Service/2021-05-02T03-02-15Z.md", True),
        ("Kites/Trackers Policy/2021-05-02T03-02-15Z.md", True),
        ("Kites/Privacy Policy/2021-05-02T03-02-15Z.md", False),
        ("Kites/Community Guidelines/20140506_Kites_CommunityGuidelines.md", True),
        ("kites/terms/2018-05-25.html", True),
        ("kites/terms/privacy-2018-05-25.html", False),
        ("kites/terms and privacy/2018-05-25.html", False),
        ("kites/cookies/2018-05-25.html", False),  # its text may tell
        ("kites.com/terms/2018-05-25.html", False),  # a part of an address may be anything
    ],
)
def test_only_a_folder_of_documents_says_that_they_are_no_policies(path, is_other):
    assert layouts.place(path, "mine").other == is_other
