"""Reads a staticfiles.json as a Django site does, and prints the URL of each path.

    django_reads_manifest.py FOLDER [PATH]...
"""

import hashlib
import json
import sys
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.storage import FileSystemStorage

folder, *paths = sys.argv[1:]
settings.configure(DEBUG=False)
storage = ManifestStaticFilesStorage(
    location="nowhere",
    base_url="https://cdn.example.org/static/",
    manifest_storage=FileSystemStorage(location=folder),
)
assert storage.manifest_strict, "a path that isn't in the manifest is an error"

manifest = json.loads(Path(folder, "staticfiles.json").read_text("utf-8"))
pairs = json.dumps(sorted(manifest["paths"].items())).encode()
expected = hashlib.md5(pairs).hexdigest()[:12]
assert storage.manifest_hash == expected, f"the hash is {storage.manifest_hash}, not {expected}"
assert storage.hashed_files == manifest["paths"]

for path in paths:
    print(storage.url(path))
