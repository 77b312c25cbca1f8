"""The public archives of policies."""

ARCHIVES = {
    "tosback2": "https://github.com/tosdr/tosback2.git",
    "ota": "https://github.com/OpenTermsArchive/contrib-versions.git",
    "through-time": "https://github.com/workmanjack/privacy-policies-through-time.git",
}
"""The address of each archive that ``fetch`` clones."""
