"""Static files of a Django site from a release of assetsync, beside those of Django and its apps.

Copy this file into a Django project. To follow the current release, without a new deploy of the site:

    STORAGES = {
        "staticfiles": {
            "BACKEND": "release_storage.LiveReleaseStorage",
            "OPTIONS": {
                "public_url": "https://cdn.example.org/static/",   # the target's public_url
                "state": "/srv/hunt/bucket.releases",              # a folder, or a function from name to bytes
                "levels": ["open"],                                # which levels templates may name; all, if left out
            },
        },
    }

To pin the release that the site was built for, from a file that `assetsync manifest --live --format django` wrote:

            "BACKEND": "release_storage.PinnedReleaseStorage",
            "OPTIONS": {"public_url": "https://cdn.example.org/static/", "manifest": BASE_DIR / "release.json"},

`{% static "puzzle/gears.png" %}` then gives the URL in that release. A path that the release doesn't have is one of Django
or of an app, such as the admin's: `collectstatic` collects these into STATIC_ROOT under hashed names, as with Django's
ManifestStaticFilesStorage, and STATIC_URL is where your server has them. A path that is in neither is an error.

The root of the releases is read every `max_age` seconds. A root with a lower number than one that was seen is refused: it's
an old copy. If anything can't be read, the last good release stays.

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

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

log = logging.getLogger(__name__)


class PinnedRelease:
    """One release: from logical path to object key."""

    def __init__(self, manifest):
        self._keys = json.loads(pathlib.Path(manifest).read_text("utf-8"))["paths"]

    def keys(self):
        return self._keys


class LiveRelease:
    """The current release: from logical path to object key; to None, if its level may not be named."""

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
            self._keys = {row[0]: row[1] if row[6] in may_name else None for row in rows}
            self._manifest = release["manifest"]
        self._seq = root["seq"]


def _document(text, name, versions):
    document = json.loads(text)
    if document.get("format") != name or document.get("version") not in versions:
        raise ValueError(f"not an {name} of a version that is known here, {versions}")
    return document


class ReleaseStorage(ManifestStaticFilesStorage):
    def __init__(self, release, public_url):
        self._release = release
        self._public_url = public_url
        super().__init__()

    def read_manifest(self):
        # A site without files of its own needs no STATIC_ROOT.
        return super().read_manifest() if self.location else None

    def url(self, name, force=False):
        path, _, fragment = name.partition("#")
        path = urllib.parse.unquote(path)
        keys = self._release.keys()
        if path not in keys:
            return self._url_of_an_app(name, force)
        if keys[path] is None:
            raise ValueError(f"{path!r} is in the release, but its level may not be named")
        url = urllib.parse.urljoin(self._public_url, urllib.parse.quote(keys[path]))
        return url + (f"#{fragment}" if fragment else "")

    def _url_of_an_app(self, name, force):
        try:
            return super().url(name, force)
        except ValueError as error:
            raise ValueError(f"there is no {name!r} in the release, nor among the files that collectstatic collected") from error


class LiveReleaseStorage(ReleaseStorage):
    def __init__(self, public_url, state, levels=None, max_age=10):
        read = state if callable(state) else lambda name: (pathlib.Path(state) / name).read_bytes()
        super().__init__(LiveRelease(read, levels, max_age), public_url)


class PinnedReleaseStorage(ReleaseStorage):
    def __init__(self, public_url, manifest):
        super().__init__(PinnedRelease(manifest), public_url)
