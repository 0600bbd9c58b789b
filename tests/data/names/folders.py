"""Names of keyed folders, made by the format in src/name/folder.rs and by nothing of assetsync's.

    python folders.py KEY_FILE SOURCE MANIFEST PATTERN

prints a line for each folder of the source (one level deep in PATTERN's folder): its path and its token. Headers are those of the manifest
(`assetsync manifest`), content and paths those of the source.
"""

import base64
import json
import pathlib
import struct
import sys

import blake3

CONTEXT = "assetsync 2026-11-28 folder name v1"
LANGUAGE = ("content-language", "tlh")


def prefixed(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def counted(number):
    return prefixed(struct.pack("<Q", number))


def token(key, folder, members):
    message = prefixed("v1") + prefixed(folder) + counted(len(members))
    for path in sorted(members, key=lambda path: path.encode()):
        content, headers, further = members[path]
        message += prefixed(path) + prefixed(blake3.blake3(content).digest())
        message += prefixed(headers["content_type"]) + prefixed(headers["encoding"]) + prefixed(headers["cache_control"])
        message += counted(len(further))
        for name, value in sorted(further):
            message += prefixed(name) + prefixed(value)
    digest = blake3.blake3(message, key=key).digest()
    return base64.b32encode(digest[:16]).decode().rstrip("=").lower()


def main(key_file, source, manifest, above):
    secret = pathlib.Path(key_file).read_bytes().removesuffix(b"\n")
    key = blake3.blake3(secret, derive_key_context=CONTEXT).digest()
    objects = json.loads(pathlib.Path(manifest).read_text())["objects"]
    source = pathlib.Path(source)
    for folder in sorted((source / above).iterdir()):
        members = {}
        for file in folder.rglob("*"):
            if file.is_file():
                path = file.relative_to(source).as_posix()
                further = [LANGUAGE] if path.endswith(".txt") else []
                members[file.relative_to(folder).as_posix()] = (file.read_bytes(), objects[path], further)
        logical = folder.relative_to(source).as_posix()
        print(logical, token(key, logical, members))


main(*sys.argv[1:])
