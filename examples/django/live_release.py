"""Serves whatever release is the current one, without a new deploy of the site.

Copy this file into a Django project. Its settings:

    STORAGES = {
        "staticfiles": {
            "BACKEND": "live_release.LiveReleaseStorage",
            "OPTIONS": {
                "base_url": "https://cdn.example.org/static/",     # the target's public_url
                "state": "/srv/hunt/bucket.releases",              # a folder, or a function from name to bytes
                "levels": ["open"],                                # which levels templates may name; all, if left out
            },
        },
    }

`{% static "puzzle/gears.png" %}` then gives the URL in the current release. The root of the releases is read every
`max_age` seconds. A root with a lower number than one that was seen is refused: it's an old copy. If anything can't be
read, the last good release stays. A path that the release doesn't have is an error, as it is with Django's own storage.

For releases in a bucket, give a function, for instance with boto3, whose client has credentials that may read the
private bucket named by `state` in assetsync.toml, and nothing else:

    def read(name):
        return boto3.client("s3").get_object(Bucket="hunt-releases", Key=f"prod/{name}")["Body"].read()
"""

import gzip
import json
import logging
import pathlib
import threading
import time
import urllib.parse

from django.contrib.staticfiles.storage import StaticFilesStorage

log = logging.getLogger(__name__)


class LiveRelease:
    """The current release: from logical path to object key."""

    def __init__(self, read, levels=None, max_age=10):
        self._read = read
        self._levels = levels
        self._max_age = max_age
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._seq = 0
        self._manifest = None
        self._keys = {}

    def keys(self):
        """Looks for a new release now and then; others go on with the old one meanwhile."""
        if time.monotonic() - self._looked >= self._max_age and self._lock.acquire(blocking=not self._keys):
            try:
                if time.monotonic() - self._looked >= self._max_age:
                    self._look()
            except Exception:
                if not self._keys:
                    raise
                log.exception("the last good release stays")
            finally:
                self._looked = time.monotonic()
                self._lock.release()
        return self._keys

    def _look(self):
        root = _document(self._read("root.json"), "assetsync root", versions=[1])
        if root["seq"] < self._seq:
            raise ValueError(f"root {root['seq']} is older than {self._seq}, which was seen")
        release = root["current"]
        if release is None:
            raise ValueError("nothing has been published yet")
        if release["manifest"] != self._manifest:
            lines = gzip.decompress(self._read(f"manifests/{release['manifest']}.json.gz")).splitlines()
            head = _document(lines[0], "assetsync release manifest", versions=[1, 2])
            rows = [json.loads(line) for line in lines[1:]]
            if len(rows) != head["objects"]:
                raise ValueError("the manifest isn't whole")
            may_name = {i for i, level in enumerate(head["levels"]) if self._levels is None or level in self._levels}
            # path, key, token, size, digest, headers, level, what is stored
            self._keys = {row[0]: row[1] for row in rows if row[6] in may_name}
            self._manifest = release["manifest"]
        self._seq = root["seq"]


def _document(text, name, versions):
    document = json.loads(text)
    if document.get("format") != name or document.get("version") not in versions:
        raise ValueError(f"not an {name} of a version that is known here, {versions}")
    return document


class LiveReleaseStorage(StaticFilesStorage):
    def __init__(self, base_url, state, levels=None, max_age=10):
        super().__init__(location=None, base_url=base_url)
        folder = None if callable(state) else pathlib.Path(state)
        self._release = LiveRelease(state if folder is None else lambda name: (folder / name).read_bytes(), levels, max_age)

    def url(self, name, force=False):
        path, _, fragment = name.partition("#")
        key = self._release.keys().get(urllib.parse.unquote(path))
        if key is None:
            raise ValueError(f"there is no {path!r} in the release, or its level may not be named")
        return urllib.parse.urljoin(self.base_url, urllib.parse.quote(key)) + (f"#{fragment}" if fragment else "")
