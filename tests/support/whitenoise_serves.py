"""Serves a folder with WhiteNoise and prints its answer to each path as a line of JSON.

    whitenoise_serves.py FOLDER ACCEPT-ENCODING [PATH]...
"""

import json
import sys
from wsgiref.util import setup_testing_defaults

from whitenoise import WhiteNoise

folder, accept_encoding, *paths = sys.argv[1:]


def nothing_else(environ, start_response):
    start_response("404 Not Found", [])
    return []


# The names of immutable objects end in a token and an extension.
site = WhiteNoise(nothing_else, root=folder, immutable_file_test=r"(^|[/.])[a-z2-7]{26}([/.]|$)")

for path in paths:
    environ = {"PATH_INFO": path, "HTTP_ACCEPT_ENCODING": accept_encoding}
    setup_testing_defaults(environ)
    answer = {}

    def start_response(status, headers):
        answer["status"] = int(status.split()[0])
        answer["headers"] = {name.lower(): value for name, value in headers}

    answer["body"] = b"".join(site(environ, start_response)).hex()
    print(json.dumps(answer))
